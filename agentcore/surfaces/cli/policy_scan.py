"""`agentcore policy scan`: what a detector finds in texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from agentcore.domain.errors import ConfigError
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.terminal import messages, say
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.scan_lines import BadText, Text, read_texts, scanned

if TYPE_CHECKING:
    from agentcore.ports.detector import Detector


@click.command()
@click.argument("text", required=False)
@click.option("--detector", "name", required=True, metavar="NAME", help="`injection`, `pii`, `secrets`, or another's.")
@click.option(
    "--jsonl",
    type=click.File(encoding="utf-8", errors="surrogateescape"),
    metavar="FILE",
    help="Look at each line of a file (- for standard input): a JSON object with `text`, and perhaps `id`.",
)
@click.option("--field", default="", metavar="KEY", help="Where the text is in a line; by default `text`.")
@click.pass_context
@logged
def scan(context: click.Context, text: str | None, name: str, jsonl: TextIO | None, field: str) -> None:
    """Look at TEXT, or at each line of a file, and print one JSON object for each.

    It has the line's `id` (or number), a `score` from 0 to 1, whether it is `flagged`, and `spans` of `type`, `start`
    and `end`, in characters. A text that the detector fails on is flagged, with an `error`.
    """
    if (text is None) == (jsonl is None):
        raise click.UsageError("give a TEXT, or --jsonl FILE")
    from agentcore.app.detectors import build_detector  # noqa: PLC0415  # for start-up time

    detector = build_detector(name, root=Path())
    if jsonl is None:
        found = scanned(detector, Text(id="text", text=text or ""))
        click.echo(json.dumps(found))
        return
    if _lines(detector, read_texts(jsonl, field=field), jsonl.name):
        context.exit(ExitCode.USAGE)


def _lines(detector: Detector, lines: Iterator[Text | BadText], file: str) -> int:
    """Print what is found in each line; return how many lines are none, each of which is told."""
    count = wrong = 0
    for line in lines:
        count += 1
        if isinstance(line, BadText):
            wrong += 1
            say(messages(), f"error: {file}:{line.number}: {line.problem}")
        else:
            click.echo(json.dumps(scanned(detector, line)))
    if not count:
        raise ConfigError([f"{file}: there are no lines"])
    return wrong

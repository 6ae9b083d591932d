"""`agentcore schema`: JSON Schemas of the project's files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from agentcore.surfaces.cli.verbosity import logged

KINDS = ("project", "agent", "scenario", "policy-test", "policy-assertions")


@click.command()
@click.argument("kind", type=click.Choice(KINDS), required=False)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write KIND.schema.json (all kinds when none is named) into this folder instead of printing.",
)
@logged
def schema(kind: str | None, out: Path | None) -> None:
    """Print the JSON Schema of a project's files: project (agentcore.yaml), agent, scenario, and tests of policies."""
    from agentcore.app import schemas  # noqa: PLC0415  # for start-up time

    if kind is None and out is None:
        raise click.UsageError(f"name one of {', '.join(KINDS)}, or --out DIR for all of them")
    for name, found in schemas().items():
        if kind not in {None, name}:
            continue
        text = json.dumps(found, indent=2, ensure_ascii=False)
        if out is None:
            click.echo(text)
        else:
            out.mkdir(parents=True, exist_ok=True)
            path = out / f"{name}.schema.json"
            path.write_text(f"{text}\n", encoding="utf-8")
            click.echo(str(path))

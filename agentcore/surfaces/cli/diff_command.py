"""`agentcore runs diff`: in what two runs differ."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.domain.comparison import compare
from agentcore.surfaces.cli.comparison_text import show_comparison
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.project_choice import chosen_journal, project_option
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.comparison_json import comparison_json

if TYPE_CHECKING:
    from agentcore.domain.event import Event
    from agentcore.ports.journal import Journal


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
@click.pass_context
@logged
def diff(context: click.Context, a: str, b: str, *, as_json: bool, project: Path | None) -> None:
    """Show in what the runs A and B differ, times and ids aside: ids, beginnings of them, or `latest`.

    The exit code is 0 when they are equal, 1 when not.
    """
    left, right = asyncio.run(_read(chosen_journal(project), a, b))
    found = compare(left, right)
    if as_json:
        click.echo(json.dumps(comparison_json(found), indent=2))
    else:
        show_comparison(output(), found)
    context.exit(ExitCode.OK if found.equal else ExitCode.FAILED)


async def _read(journal: Journal, a: str, b: str) -> tuple[Sequence[Event], Sequence[Event]]:
    try:
        return await journal.read(await journal.find(a)), await journal.read(await journal.find(b))
    finally:
        await journal.aclose()

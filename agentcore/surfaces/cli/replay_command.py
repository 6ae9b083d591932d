"""`agentcore runs replay`: does the same come of a run when it is driven again on its record?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click
from rich.text import Text

from agentcore.domain.errors import ConfigError, JournalError, ReplayMismatch
from agentcore.domain.event import OPEN
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.terminal import output, say
from agentcore.surfaces.cli.tree import status_style
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.run_json import as_json as json_of

if TYPE_CHECKING:
    from agentcore.app import Replays
    from agentcore.config.project import Project
    from agentcore.domain.event import RunStatus
    from agentcore.domain.ids import RunId

_ALL: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of a replay.

    events: how many are equal, without those that a fork shares.  outcome: impossible: what the run was started on is
    not known any more.  reason: the first difference, or why it is impossible.  status: as recorded, None when the
    replay did not get so far.
    """

    run: RunId
    outcome: Literal["equal", "different", "impossible"]
    status: RunStatus | None = None
    events: int = 0
    reason: str = ""
    hint: str = ""


@click.command()
@click.argument("run", required=False)
@click.option("--all-ended", is_flag=True, help="Replay all runs that have ended.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@click.pass_context
@logged
def replay(context: click.Context, run: str | None, *, all_ended: bool, as_json: bool, project: Path | None) -> None:
    """Drive RUN again on what is recorded, and compare each event. No model and no tool is called, or need be there.

    RUN is an id, the beginning of one, or `latest`. The exit code is 1 when anything differs.
    """
    if (run is None) != all_ended:
        raise click.UsageError("give a RUN, or --all-ended")
    found = asyncio.run(_replayed(chosen_project(project), run, quiet=as_json))
    if as_json:
        listed = [json_of(each) for each in found]
        click.echo(json.dumps(listed if all_ended else listed[0], indent=2))
    elif all_ended:
        _show_total(found)
    context.exit(ExitCode.OK if all(each.outcome == "equal" for each in found) else ExitCode.FAILED)


async def _replayed(project: Project, prefix: str | None, *, quiet: bool) -> list[Replayed]:
    from agentcore.app import Replays  # noqa: PLC0415  # for start-up time

    found: list[Replayed] = []
    async with Replays(project) as replays:
        async for run in _wanted(replays, prefix):
            one = await _replay(replays, run)
            found.append(one)
            if not quiet and (prefix is not None or one.outcome != "equal"):
                _show(one)
    return found


async def _wanted(replays: Replays, prefix: str | None) -> AsyncIterator[RunId]:
    if prefix is not None:
        yield await replays.journal.find(prefix)
        return
    for summary in await replays.journal.list(limit=_ALL):
        if summary.status not in OPEN:
            yield summary.run


async def _replay(replays: Replays, id: RunId) -> Replayed:
    try:
        run = await replays.replay(id)
    except ReplayMismatch as mismatch:
        return Replayed(run=id, outcome="different", reason=mismatch.message, hint=mismatch.hint)
    except (ConfigError, JournalError) as error:
        return Replayed(run=id, outcome="impossible", reason=error.message, hint=error.hint)
    shared = run.started.lineage.events if run.started.lineage else 0
    return Replayed(run=id, outcome="equal", status=run.status, events=run.sequence - shared)


def _show(one: Replayed) -> None:
    screen = output()
    match one.outcome:
        case "equal":
            status = one.status or "running"
            style = status_style(status)
            say(
                screen,
                Text.assemble(
                    f"{one.run} ", (status.replace("_", " "), style), f": {counted(one.events, 'events')} are equal"
                ),
            )
        case "different":
            say(screen, Text.assemble(f"{one.run} ", ("differs", "bold red"), f": {one.reason}"))
        case "impossible":
            say(screen, Text.assemble(f"{one.run} ", ("cannot be replayed", "bold red"), f": {one.reason}"))
    if one.hint:
        say(screen, Text(f"  {one.hint}", style="dim"))


def _show_total(found: list[Replayed]) -> None:
    equal = [each for each in found if each.outcome == "equal"]
    events = counted(sum(each.events for each in equal), "events")
    say(output(), f"{len(equal)} of {counted(len(found), 'runs')} are equal, {events}")

"""`agentcore runs cancel`: a run is ended, or whoever drives it is asked to."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agentcore.domain.errors import RunBusy
from agentcore.domain.event import OPEN
from agentcore.domain.run import Run
from agentcore.surfaces.cli.project_choice import chosen_project, chosen_store, project_option
from agentcore.surfaces.cli.terminal import output, say
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.app import Store
    from agentcore.domain.ids import RunId

WAIT_SECONDS = 5.0
"""How long to wait for another process to end the run."""

_LOOK_SECONDS = 0.05


@click.command()
@click.argument("run")
@click.option("--reason", default="cancelled", show_default=True, metavar="TEXT", help="Why; it is recorded.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def cancel(run: str, *, reason: str, as_json: bool, project: Path | None) -> None:
    """End RUN: an id, the beginning of one, or `latest`. What can be undone is undone."""
    found, asked = asyncio.run(_asked(chosen_store(project), run, reason))
    if not asked:
        found = asyncio.run(_cancel(project, found, reason))
    if as_json:
        click.echo(json.dumps({"run": found.id, "status": found.status, "reason": found.reason}, indent=2))
    elif found.status == "running":
        say(output(), f"run {found.id}: process {found.owner}, which drives it, has been asked to end it")
    else:
        say(output(), f"run {found.id} is {found.status}: {found.reason}")


async def _asked(store: Store, prefix: str, reason: str) -> tuple[Run, bool]:
    """Ask the process that drives a run to end it, and wait a little; False when there is no such process."""
    try:
        id = await store.journal.find(prefix)
        run = await _run(store, id)
        if run.status not in OPEN:
            raise RunBusy(f"run {id} has ended: {run.status}", hint=f"look at it with `agentcore runs show {id}`")
        if run.status != "running" or store.presence is None or not await store.presence.alive(run.owner):
            return run, False
        await store.inbox.request_cancel(id, reason)
        for _ in range(int(WAIT_SECONDS / _LOOK_SECONDS)):
            await asyncio.sleep(_LOOK_SECONDS)
            run = await _run(store, id)
            if run.status != "running":
                break
        return run, True
    finally:
        await store.aclose()


async def _cancel(folder: Path | None, run: Run, reason: str) -> Run:
    """End a run that nobody drives."""
    from agentcore.app import Runtime  # noqa: PLC0415  # for start-up time

    async with Runtime(chosen_project(folder), resume=False) as runtime:
        ended = await runtime.cancel(run.id, reason)
        return ended or Run.fold(await runtime.journal.read(run.id))


async def _run(store: Store, id: RunId) -> Run:
    return Run.fold(await store.journal.read(id))

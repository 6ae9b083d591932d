"""`agentcore runs resume`: runs that a process has left, or that people have decided about, are driven on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from agentcore.domain.errors import RunBusy
from agentcore.domain.run import Run
from agentcore.domain.trace import trace
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.interrupt import Interruption
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.run_end import told
from agentcore.surfaces.cli.run_watch import Watched, follow, run_until_interrupted
from agentcore.surfaces.cli.terminal import messages, output, say
from agentcore.surfaces.cli.tree import status_style
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.run_json import run_json

if TYPE_CHECKING:
    from agentcore.config.project import Project
    from agentcore.domain.ids import RunId
    from agentcore.engine.handle import RunHandle


@click.command()
@click.argument("run", required=False)
@click.option("--all", "every", is_flag=True, help="All runs that nobody drives and that can go on.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON; with --all, a list of runs.")
@project_option
@click.pass_context
@logged
def resume(context: click.Context, run: str | None, *, every: bool, as_json: bool, project: Path | None) -> None:
    """Drive RUN on until it ends or waits for people: an id, the beginning of one, or `latest`."""
    if (run is None) is not every:
        raise click.UsageError("give a run, or --all")
    found = chosen_project(project)
    context.exit(_all(found, as_json=as_json) if run is None else _one(found, run, as_json=as_json))


def _one(project: Project, prefix: str, *, as_json: bool) -> ExitCode:
    from agentcore.app import Runtime  # noqa: PLC0415  # for start-up time

    seen = Watched()

    async def work() -> None:
        async with Runtime(project, resume=False) as runtime:
            id = await runtime.journal.find(prefix)
            before = await runtime.journal.read(id)
            try:
                handle = await runtime.resume(id)
            except RunBusy:
                if Run.fold(before).status != "waiting":
                    raise
                seen.events[:] = before  # which says what it waits for
                return
            await follow(runtime, handle, seen, after=len(before))

    return told(run_until_interrupted(work(), seen.interruption), seen, as_json=as_json)


def _all(project: Project, *, as_json: bool) -> ExitCode:
    from agentcore.app import Runtime  # noqa: PLC0415  # for start-up time

    interruption = Interruption()
    started: list[RunId] = []
    ended: list[Run] = []

    def note(handle: RunHandle) -> None:
        started.append(handle.id)
        say(messages(), Text(f"{one_line(handle.run.started.name)} {handle.id} goes on", style="dim"))

    async def work() -> None:
        async with Runtime(project, resumed=note) as runtime:
            await runtime.take_up()
            while len(ended) < len(started):
                ended.append(await runtime.wait(started[len(ended)]))
                await runtime.take_up()
            if as_json:
                click.echo(
                    json.dumps([run_json(trace(await runtime.journal.read(run.id))) for run in ended], indent=2)
                )

    finished = run_until_interrupted(work(), interruption)
    if not as_json:
        screen = output()
        for run in ended:
            status = (run.status.replace("_", " "), status_style(run.status))
            reason = f": {one_line(run.reason)}" if run.reason else ""
            say(screen, Text.assemble(f"{one_line(run.started.name)} {run.id} ", status, reason))
        say(screen, f"{counted(len(ended), 'runs')} resumed")
    return ExitCode.OK if finished else interruption.code

"""`agentcore runs`: the recorded runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import click
from rich.table import Table
from rich.text import Text

from agentcore.domain.event import RunStatus
from agentcore.surfaces.cli.actor import Look, actor_options, note_look
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.lazy import LazyGroup
from agentcore.surfaces.cli.project_choice import chosen_journal, project_option, recorded_trace
from agentcore.surfaces.cli.result import show_result
from agentcore.surfaces.cli.terminal import output
from agentcore.surfaces.cli.tree import status_style
from agentcore.surfaces.cli.verbosity import logged
from agentcore.surfaces.run_json import as_json as json_of
from agentcore.surfaces.run_json import run_json

if TYPE_CHECKING:
    from agentcore.ports.journal import Journal, RunSummary

_FIXED_WIDTH = len("0123456789abcdef" + "2026-11-01 12:00:00" + "over budget") + 5 * 2
"""Columns that run, time, status and the gaps take."""

_GOAL_WIDTH = 10
"""Narrower, a goal says nothing."""


@click.group(
    cls=LazyGroup,
    lazy={
        "list": (f"{__name__}:list_runs", "List the newest runs."),
        "show": (f"{__name__}:show_run", "Show a run's answer, what it rests on, and its tree."),
        "resume": (f"{__package__}.runs_resume:resume", "Drive runs on from what is recorded."),
        "cancel": (f"{__package__}.runs_cancel:cancel", "End a run, wherever it is driven."),
        "ledger": (f"{__package__}.runs_ledger:ledger", "Show a run's calls: intent, key, receipt, who decided."),
        "export": (f"{__package__}.runs_export_command:export_runs", "Write runs that have ended into files."),
        "import": (f"{__package__}.runs_import_command:import_runs", "Put exported runs into the store."),
        "prune": (f"{__package__}.runs_prune_command:prune_runs", "Delete runs that ended long ago."),
        "fork": (f"{__package__}.fork_command:fork", "Do a step of a run anew, with another model, prompt or input."),
        "replay": (
            f"{__package__}.replay_command:replay",
            "Drive a run again on its record, and compare.",
        ),
        "diff": (f"{__package__}.diff_command:diff", "Show in what two runs differ."),
    },
)
def runs() -> None:
    """List recorded runs; show, resume, fork, replay and compare them."""


@click.command("list")
@click.option("--status", type=click.Choice(get_args(RunStatus)), help="Only runs of this status.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def list_runs(status: str | None, limit: int, *, as_json: bool, project: Path | None) -> None:
    """List the newest runs first."""
    found = asyncio.run(_summaries(chosen_journal(project), limit, cast("RunStatus | None", status)))
    if as_json:
        click.echo(json.dumps([json_of(summary) for summary in found], indent=2))
        return
    if not found:
        click.echo("no runs yet" if status is None else f"no runs with the status {status}")
        return
    screen = output()
    names = max(len(one_line(summary.name)) for summary in found)
    left = max(screen.width - _FIXED_WIDTH - max(names, len("name")), _GOAL_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("run", "started", "status", "name", "goal"):
        table.add_column(column, no_wrap=True)
    for summary in found:
        table.add_row(
            Text(summary.run),
            f"{datetime.fromtimestamp(summary.started_at, UTC).astimezone():%Y-%m-%d %H:%M:%S}",
            Text(summary.status.replace("_", " "), style=status_style(summary.status)),
            Text(one_line(summary.name)),
            Text(one_line(summary.goal, left), style="dim"),
        )
    screen.print(table)


@click.command("show")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@actor_options
@project_option
@logged
def show_run(run: str, *, as_json: bool, look: Look, project: Path | None) -> None:
    """Show RUN: an id, the beginning of one, or `latest`."""
    found = recorded_trace(project, run)
    note_look(project, look, what="run", runs=[found.run.id])
    if as_json:
        click.echo(json.dumps(run_json(found), indent=2))
    else:
        show_result(output(), found)


async def _summaries(journal: Journal, limit: int, status: RunStatus | None) -> Sequence[RunSummary]:
    try:
        return await journal.list(limit=limit, status=status)
    finally:
        await journal.aclose()

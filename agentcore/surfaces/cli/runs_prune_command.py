"""`agentcore runs prune`: deletes runs that ended long ago."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from agentcore.domain.duration import seconds_of
from agentcore.domain.event import ENDED
from agentcore.surfaces.cli.byte_size import sized
from agentcore.surfaces.cli.clean import clean
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.project_choice import chosen_store, project_option
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.app import Pruned, Store
    from agentcore.domain.event import RunStatus


class _Duration(click.ParamType[float]):
    """Text such as `30d`, as seconds."""

    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return value if isinstance(value, float) else seconds_of(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What to do. older_than: seconds since the runs' end."""

    older_than: float
    statuses: Sequence[RunStatus]
    keep_last: int
    export: Path | None
    dry_run: bool
    compact: bool


@click.command("prune")
@click.option("--older-than", type=_Duration(), metavar="TIME", help="Runs that ended so long ago: 90s, 12h, 30d, 4w.")
@click.option("--keep-last", type=click.IntRange(0), metavar="N", help="Keep the N newest of them in any case.")
@click.option("--status", multiple=True, type=click.Choice(ENDED), help="Only runs that ended so; may be repeated.")
@click.option(
    "--export",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write each run into a file here first, as `agentcore runs export` does.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--compact", is_flag=True, help="Give all free space back to the system; others may have to wait.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@project_option
@logged
def prune_runs(
    older_than: float | None,
    keep_last: int | None,
    status: Sequence[str],
    export: Path | None,
    *,
    dry_run: bool,
    compact: bool,
    as_json: bool,
    project: Path | None,
) -> None:
    """Delete runs that have ended, with all that is recorded of them. Runs that are open are never touched.

    Say which: with --older-than, with --keep-last, or with both.
    """
    if older_than is None and keep_last is None:
        raise click.UsageError("say which runs are to go: --older-than 30d, --keep-last 1000, or both")
    order = _Order(
        older_than=older_than or 0.0,
        statuses=cast("Sequence[RunStatus]", status) or ENDED,
        keep_last=keep_last or 0,
        export=export,
        dry_run=dry_run,
        compact=compact,
    )
    pruned = asyncio.run(_prune(chosen_store(project), order))
    if as_json:
        click.echo(json.dumps(_json(pruned, order), indent=2))
    else:
        _tell(pruned, order)
    if pruned.problems:
        click.get_current_context().exit(ExitCode.FAILED)


async def _prune(store: Store, order: _Order) -> Pruned:
    from agentcore.adapters.clock import SystemClock  # noqa: PLC0415  # for start-up time
    from agentcore.app import Choice, Retention  # noqa: PLC0415  # as above

    try:
        clock = SystemClock()
        retention = Retention(store, clock, export=order.export)
        choice = Choice(before=clock.now() - order.older_than, statuses=order.statuses, keep_last=order.keep_last)
        if order.dry_run:
            return await retention.rehearse(choice)
        return await retention.prune(choice, measure=True, everything=order.compact)
    finally:
        await store.aclose()


def _json(pruned: Pruned, order: _Order) -> dict[str, object]:
    return {
        "dry_run": order.dry_run,
        "runs": pruned.runs,
        "events": pruned.events,
        "bytes": pruned.bytes,
        "exported": pruned.exported,
        "given_back": pruned.given_back,
        "problems": pruned.problems,
    }


def _tell(pruned: Pruned, order: _Order) -> None:
    if order.dry_run:
        for run in pruned.first:
            ended = f"{datetime.fromtimestamp(run.ended_at, UTC).astimezone():%Y-%m-%d %H:%M:%S}"
            click.echo(clean(f"{run.run}  {ended}  {run.status.replace('_', ' ')}  {run.name}"))
        if pruned.runs > len(pruned.first):
            click.echo(f"… and {pruned.runs - len(pruned.first):,} more")
    verb = "would delete" if order.dry_run else "deleted"
    parts = [f"{verb} {counted(pruned.runs, 'runs')}, {counted(pruned.events, 'events')}, {sized(pruned.bytes)}"]
    if order.export is not None and not order.dry_run:
        parts.append(f"exported {pruned.exported} to {order.export}")
    if pruned.given_back:
        parts.append(f"gave {sized(pruned.given_back)} back to the system")
    click.echo("; ".join(parts))
    for problem in pruned.problems:
        click.echo(clean(f"error: {problem}; the run stays in the store"), err=True)

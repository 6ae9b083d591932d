"""`agentcore worker`: a process that drives runs."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from loguru import logger

from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.interrupt import LEAVE_SECONDS, Interruption, leave_within, on_signals
from agentcore.surfaces.cli.project_choice import chosen_project, project_option
from agentcore.surfaces.cli.verbosity import logged

if TYPE_CHECKING:
    from agentcore.app.service import Capacity
    from agentcore.app.worker import Until
    from agentcore.config.project import Project
    from agentcore.engine.handle import RunHandle


class _Rate(click.ParamType[tuple[int, float]]):
    name = "n/seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, float]:
        """Return how many, and in how many seconds."""
        number, slash, seconds = str(value).partition("/")
        try:
            rate = int(number), float(seconds if slash else 1)
        except ValueError:
            rate = (0, 0.0)
        if rate[0] < 1 or not 0 < rate[1] < float("inf"):
            self.fail(f"{value!r} is not of the form N/SECONDS, for example 10/60", param, ctx)
        return rate


def _logged(command: Callable[..., None]) -> Callable[..., None]:
    return logged(command, least=1)  # a worker has nobody who watches it but its log


@click.command()
@click.option("--concurrency", type=click.IntRange(1), default=16, show_default=True, help="Runs at the same time.")
@click.option("--store", metavar="URL", help="Another store than the project's: a file, or postgres://…")
@click.option("--queue", default="default", show_default=True, metavar="NAME", help="The queue of a shared store.")
@click.option(
    "--per-tenant",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Runs of one tenant at the same time, in all workers of the queue.",
)
@click.option("--rate", type=_Rate(), metavar="N/SECONDS", help="How many runs of one tenant may begin in that time.")
@click.option("--once", is_flag=True, help="Do what waits now, and end.")
@click.option("--until-idle", is_flag=True, help="End when nothing is left to do; runs that wait for people may be.")
@click.option(
    "--poll",
    type=click.FloatRange(0.01),
    default=0.03,
    show_default=True,
    metavar="SECONDS",
    help="How often to look whether another process has written anything.",
)
@click.option(
    "--grace",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long runs may go on after SIGTERM or Ctrl-C; what is still under way then goes on elsewhere.",
)
@project_option
@click.pass_context
@_logged
def worker(
    context: click.Context,
    *,
    concurrency: int,
    store: str | None,
    queue: str,
    per_tenant: int,
    rate: tuple[int, float] | None,
    once: bool,
    until_idle: bool,
    poll: float,
    grace: float,
    project: Path | None,
) -> None:
    """Drive the project's runs: those that a process has left, that were enqueued, or that people decided about."""
    if once and until_idle:
        raise click.UsageError("give --once or --until-idle, not both")
    until: Until = "once" if once else "idle" if until_idle else "stopped"
    from agentcore.app.service import Capacity  # noqa: PLC0415  # for start-up time

    found = chosen_project(project, store=store)
    capacity = Capacity(at_once=concurrency, queue=queue, tenant=per_tenant, rate=rate, look_seconds=poll)
    asyncio.run(_work(found, capacity, grace=grace, until=until))
    context.exit(ExitCode.OK)


async def _work(project: Project, capacity: Capacity, *, grace: float, until: Until) -> None:
    from agentcore.app.service import opened_service  # noqa: PLC0415  # for start-up time
    from agentcore.app.worker import work  # noqa: PLC0415  # as above
    from agentcore.triggers.run import run_triggers  # noqa: PLC0415  # as above
    from agentcore.triggers.runtime_starter import RuntimeStarter  # noqa: PLC0415  # as above

    stop, interruption = asyncio.Event(), Interruption()
    # Set apart from the grace: what hangs in a thread, or in a library, must not keep the process.
    with on_signals(interruption, functools.partial(_stop, stop, grace)):
        async with opened_service(project, capacity, resumed=_taken_up) as (service, runtime):
            logger.info("looks after {}: up to {} at a time", project.store, counted(capacity.at_once, "runs"))
            duties = [run_triggers(project, RuntimeStarter(runtime))] if until == "stopped" else []
            left = await work(service, stop, grace_seconds=grace, until=until, duties=duties)
            if left:
                logger.warning("leaves {}: to be resumed by another process", counted(left, "runs"))
    logger.info("stopped" if interruption.number else "done")


def _stop(stop: asyncio.Event, grace: float) -> None:
    logger.info("told to stop: takes up nothing more; a second signal ends at once")
    leave_within(grace + LEAVE_SECONDS, ExitCode.OK)
    stop.set()


def _taken_up(handle: RunHandle) -> None:
    run = handle.run
    logger.bind(run=run.id).info("takes up {} (epoch {})", one_line(run.started.name), run.epoch)

"""A run under the eyes of whoever started it, or took it up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loguru import logger
from rich.console import Console
from rich.text import Text

from agentcore.domain.event import Event
from agentcore.domain.trace import Trace, trace
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.interrupt import Interruption, cancelled_by_signals
from agentcore.surfaces.cli.progress import Progress
from agentcore.surfaces.cli.terminal import messages, say, watched

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from agentcore.app import Runtime
    from agentcore.domain.budget import Budget
    from agentcore.domain.task import Task
    from agentcore.domain.team import OnExceeded
    from agentcore.engine.handle import RunHandle


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to run. name: the scenario's."""

    task: Task
    name: str
    budget: Budget
    on_exceeded: OnExceeded


@dataclass(slots=True, kw_only=True)
class Watched:
    """What was seen of a run; complete once it has ended, also by being cancelled.

    interruption: the signal that broke it off, if one did.  screen: where its progress is shown.
    """

    interruption: Interruption = field(default_factory=Interruption)
    screen: Console = field(default_factory=messages)
    events: list[Event] = field(default_factory=list[Event])

    @property
    def trace(self) -> Trace | None:
        """The trace so far; None before the run was recorded."""
        return trace(self.events) if self.events else None

    def resumed(self, handle: RunHandle) -> None:
        """Tell that a run which some process has left goes on beside the one that is watched."""
        name = one_line(handle.run.started.name)
        say(self.screen, Text(f"in the background: {name} {handle.id} goes on from what is recorded", style="dim"))


async def watch(runtime: Runtime, order: Order, seen: Watched) -> None:
    """Run and print each step's line; see `follow`."""
    handle = await runtime.start(order.task, name=order.name, budget=order.budget, on_exceeded=order.on_exceeded)
    await follow(runtime, handle, seen)


async def follow(runtime: Runtime, handle: RunHandle, seen: Watched, *, after: int = 0) -> None:
    """Print each step's line until the run ends or waits. after: events that need no line, as they are old.

    When cancelled by Ctrl-C, the run is cancelled, and that is recorded, before it raises. By SIGTERM it is left as it
    is, to be resumed.
    """
    logger.bind(run=handle.id).debug("started")
    with Progress(seen.screen, live=watched(seen.screen)) as progress:
        try:
            async for event in handle.events():
                seen.events.append(event)
                progress.show(event, silently=event.sequence <= after)
            await handle.result()
        except asyncio.CancelledError:
            if not seen.interruption.leaves:
                await handle.cancel()
            seen.events[:] = await runtime.journal.read(handle.id)
            raise


def run_until_interrupted(work: Coroutine[Any, Any, None], interruption: Interruption) -> bool:
    """Run to the end; False when a signal has broken it off."""

    def tell() -> None:
        told = "leaving; runs are left to be resumed" if interruption.leaves else "cancelling"
        messages().print(f"{told}; Ctrl-C again ends the process at once")

    async def guarded() -> None:
        with cancelled_by_signals(interruption, tell):
            await work

    try:
        asyncio.run(guarded())
    except asyncio.CancelledError:
        return False
    return True

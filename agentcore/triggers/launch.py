"""Launch: the runs of one trigger. Each is on disk before its cause is let go, and only so many are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, Literal, TypeVar

from loguru import logger

from agentcore.config.scenarios import Scenario
from agentcore.config.triggers import TriggerSettings
from agentcore.domain.errors import AgentcoreError, ConfigError, GuardDenied, JournalUnavailable
from agentcore.domain.ids import RunId
from agentcore.domain.json import JSONObject, canonical
from agentcore.domain.label import Label
from agentcore.domain.run_id import run_id_for
from agentcore.domain.task import Task
from agentcore.ports.clock import Clock
from agentcore.ports.starter import Starter

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
"""Between tries to start a run while the store cannot be reached; doubled each time."""


class CannotRun(AgentcoreError):
    """Nothing can be made of what was given: another try would end the same way."""


async def _unheld() -> None:
    """Hold nothing back."""


class Launch:
    """Starts runs of one trigger's scenario.

    project: its name, which keeps ids apart in a store that several projects share.
    slots: one for each run that may be under way; whoever starts a run takes it before, and gives it back at the end.
    """

    def __init__(
        self, *, project: str, trigger: TriggerSettings, scenario: Scenario, starter: Starter, clock: Clock
    ) -> None:
        self.clock = clock
        self.slots = asyncio.Semaphore(trigger.parallel)
        self._project = project
        self._trigger = trigger
        self._scenario = scenario
        self._starter = starter

    def run(self, cause: str) -> RunId:
        """Return the id of the run that a cause starts: a message's id, or a due time."""
        return run_id_for(canonical(["trigger", self._project, self._trigger.name]), cause)

    def task(self, fields: JSONObject) -> Task:
        """Return the task for a message with these fields. Raises CannotRun with all that is wrong with them."""
        try:
            task = self._scenario.task(self._trigger.filled(fields))
        except ConfigError as error:
            raise CannotRun("; ".join(error.problems), hint=error.hint) from None
        return replace(
            task,
            tenant=self._trigger.tenant or task.tenant,
            principal=self._trigger.principal or task.principal,
            purpose=task.purpose if self._trigger.purpose is None else self._trigger.purpose,
            label=Label(sources=frozenset({f"trigger:{self._trigger.name}"})),
        )

    async def start(self, task: Task, run: RunId, *, hold: Callable[[], Awaitable[None]] = _unheld) -> bool:
        """Start a run; False when it was started before. It is on disk when this returns.

        While the store cannot be reached, tries again until it can, and calls `hold` each time. Cancelling interrupts
        the pauses, but no start half done. Raises CannotRun, and JournalError when another try would not help.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await whole(
                    self._starter.start(
                        task,
                        name=self._scenario.name,
                        id=run,
                        budget=self._scenario.budget,
                        on_exceeded=self._scenario.on_exceeded,
                    )
                )
            except (TypeError, ValueError) as error:
                raise CannotRun(f"it cannot be recorded: {error}") from error
            except GuardDenied as error:
                raise CannotRun(error.message, hint=error.hint) from error
            except JournalUnavailable as error:
                self.tell("WARNING", f"run {run} cannot be started yet: {error.message}")
            await self.clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            await hold()

    async def wait(self, run: RunId) -> None:
        """Wait for the end of a run that was started here. What goes wrong with it is logged, and stops no other."""
        try:
            found = await self._starter.wait(run)
        except AgentcoreError as error:
            self.tell("ERROR", f"run {run}: {error.message}")
        else:
            self.tell("INFO", f"run {run} {found.status}")

    def tell(self, level: Literal["INFO", "WARNING", "ERROR"], text: str) -> None:
        """Log something about the trigger."""
        logger.bind(trigger=self._trigger.name).log(level, text)


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Do work that must not end half done: when cancelled, finish it first."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # whoever cancels does not want to know
        raise

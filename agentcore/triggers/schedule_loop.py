"""ScheduleLoop: a run at each due time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from agentcore.config.triggers import DUE, Schedule
from agentcore.domain.ids import RunId
from agentcore.triggers.launch import CannotRun, Launch
from agentcore.triggers.together import first_error

LATE_SECONDS = 60.0
"""A due time that passed longer ago was missed: nobody was there, or the machine slept."""

_NAP_SECONDS = 30.0
"""The longest that is waited for at once: the clock of the machine may be set, or stand still while it sleeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLoop:
    """Starts a run at each due time. Its id follows from the time, so that several processes start one run."""

    schedule: Schedule
    launch: Launch

    async def run(self) -> None:
        """Go on until cancelled; runs that were started go on without it.

        Raises CannotRun when the trigger's inputs are not the scenario's, and JournalError when the journal is damaged
        or of another version.
        """
        try:
            async with asyncio.TaskGroup() as running:
                before = self.launch.clock.now()
                missed = self._missed(before)
                if missed is not None:
                    await self._start(missed, running)
                while True:
                    before = await self._next(before, running)
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    async def _next(self, before: float, running: asyncio.TaskGroup) -> float:
        """Wait for the due time after `before`, start its run, and return up to when all is done."""
        clock = self.launch.clock
        due = self.schedule.cron.after(before)
        while (left := due - clock.now()) > 0:
            await clock.sleep(min(left, _NAP_SECONDS))
        now = clock.now()
        if now - due <= LATE_SECONDS:
            await self._start(due, running)
            return due
        told = self.schedule.cron.told
        self.launch.tell("WARNING", f"missed {told(due)}: it is {now - due:.0f} s later")
        missed = self._missed(now)
        if missed is not None:
            await self._start(missed, running)
        return now

    def _missed(self, now: float) -> float | None:
        """Return the due time to make up for."""
        match self.schedule.catch_up:
            case "skip":
                return None
            case "latest":
                return self.schedule.cron.latest(now)
            case _ as unreachable:
                assert_never(unreachable)

    async def _start(self, due: float, running: asyncio.TaskGroup) -> None:
        launch = self.launch
        told = self.schedule.cron.told(due)
        run = launch.run(datetime.fromtimestamp(due, UTC).isoformat())
        task = launch.task({DUE: told})
        await launch.slots.acquire()
        started = False
        try:
            started = await launch.start(task, run)
        except CannotRun as error:
            launch.tell("ERROR", f"{told}: no run: {error.message}")
        finally:
            if not started:
                launch.slots.release()
        if started:
            launch.tell("INFO", f"{told}: run {run} started")
            running.create_task(self._wait(run), name=f"run {run}")
        else:
            launch.tell("INFO", f"{told}: run {run} was started before")

    async def _wait(self, run: RunId) -> None:
        try:
            await self.launch.wait(run)
        finally:
            self.launch.slots.release()

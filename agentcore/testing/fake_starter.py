"""A Starter that starts nothing: a test says when a run has ended, and what starting it runs into."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from agentcore.domain.budget import Budget
from agentcore.domain.event import Event, RunFinished, RunStarted
from agentcore.domain.ids import RunId
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import OnExceeded


class FakeStarter:
    """A Starter that remembers what was started.

    errors: raised by the next starts, one each, before anything is started.  ends: runs end at once; otherwise when
    `end` is called.
    """

    def __init__(self, *, errors: Iterable[Exception] = (), ends: bool = True) -> None:
        self.started: dict[RunId, Task] = {}
        self.refused: list[RunId] = []
        """Ids that were started once more."""
        self.most = 0
        """How many were under way at the same time."""
        self._errors = list(errors)
        self._ends = ends
        self._runs: dict[RunId, Run] = {}
        self._changed = asyncio.Condition()

    async def start(
        self,
        task: Task,
        *,
        name: str,
        id: RunId,
        budget: Budget | None = None,
        on_exceeded: OnExceeded | None = None,  # noqa: ARG002  # the port's signature
    ) -> bool:
        """Remember the task; False when there is one of that id."""
        await asyncio.sleep(0)
        if self._errors:
            raise self._errors.pop(0)
        if id in self.started:
            self.refused.append(id)
            return False
        fact = RunStarted(task=task, name=name, budget=budget or Budget(), agents={}, snapshot="", runtime="0")
        async with self._changed:
            self.started[id] = task
            self._runs[id] = Run.begin(Event(run=id, sequence=1, at=0.0, fact=fact))
            self.most = max(self.most, len(self.running))
            if self._ends:
                self._end(id)
            self._changed.notify_all()
        return True

    async def wait(self, id: RunId) -> Run:
        """Wait until the run has ended."""
        async with self._changed:
            await self._changed.wait_for(lambda: id not in self.running)
        return self._runs[id]

    async def end(self, id: RunId) -> None:
        """Let a run succeed."""
        async with self._changed:
            self._end(id)
            self._changed.notify_all()

    async def have(self, count: int) -> None:
        """Wait until so many runs have been started, in all."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.started) >= count)

    @property
    def running(self) -> list[RunId]:
        """The runs that have not ended, oldest first."""
        return [id for id, run in self._runs.items() if run.status == "running"]

    def _end(self, id: RunId) -> None:
        fact = RunFinished(status="succeeded", answer="done")
        self._runs[id] = self._runs[id].apply(Event(run=id, sequence=2, at=1.0, fact=fact))

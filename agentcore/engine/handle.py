"""RunHandle: a run that is under way in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from agentcore.domain.event import Event
from agentcore.domain.ids import RunId
from agentcore.domain.run import Run
from agentcore.engine.drafts import Draft, Drafts
from agentcore.engine.recorder import Recorder


class RunHandle:
    """A run that is under way."""

    def __init__(self, recorder: Recorder, task: asyncio.Task[Run], drafts: Drafts) -> None:
        self._recorder = recorder
        self._task = task
        self._drafts = drafts

    @property
    def id(self) -> RunId:
        """The run's id."""
        return self._recorder.run.id

    @property
    def run(self) -> Run:
        """The state now."""
        return self._recorder.run

    def events(self) -> AsyncIterator[Event]:
        """Iterate over the run's events from its first, as they happen, until it ends or waits for people."""
        return self._recorder.watch()

    def drafts(self) -> AsyncIterator[Draft]:
        """Iterate over the answer as it is written, from now on, until the run ends or waits for people.

        Only an answer in words is shown, and only what guards and policies let out. It is not verified yet, and may be
        rejected: then another one comes, with another number. What counts is the result.
        """
        return self._drafts.watch()

    async def result(self) -> Run:
        """Wait until the run has ended, or waits for people (its status is `waiting`), and return it.

        Raises JournalError; any other failure is the run's status. Cancelling who waits does not cancel the run. One
        that somebody else has cancelled is returned like any other: a CancelledError would say that it is the waiting
        that was cancelled.
        """
        await asyncio.wait([self._task])
        return self._recorder.run if self._task.cancelled() else self._task.result()

    async def cancel(self) -> Run:
        """Stop the run, wait until that is recorded, and return it."""
        self._task.cancel()
        await asyncio.wait([self._task])
        return self._recorder.run

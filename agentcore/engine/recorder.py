"""Recorder: the one place where a run's events are written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from agentcore.domain.approval import closing
from agentcore.domain.event import ApprovalDecided, Event, Fact, RunFinished
from agentcore.domain.ids import RunId
from agentcore.domain.run import Run
from agentcore.engine.history import History
from agentcore.ports.clock import Clock
from agentcore.ports.journal import Journal


class Recorder:
    """Numbers facts, folds them into the run, appends them to the journal and tells those who watch.

    Numbering, folding and queueing happen before the first await, so concurrent steps cannot interleave in between.
    run, history: of a run that is driven on, what is recorded so far.
    """

    def __init__(
        self, id: RunId, journal: Journal, clock: Clock, *, run: Run | None = None, history: History | None = None
    ) -> None:
        self._id = id
        self._journal = journal
        self._clock = clock
        self._run = run
        self.history = History() if history is None else history
        self._watchers: list[asyncio.Queue[Event | None]] = []
        self._closed = False

    @property
    def run(self) -> Run:
        """The state after all that was recorded. Raises RuntimeError before the first fact."""
        if self._run is None:
            msg = "nothing has been recorded yet"
            raise RuntimeError(msg)
        return self._run

    @property
    def ending(self) -> bool:
        """Whether the run may end now: always."""
        return True

    async def until_ending(self, error: Exception) -> None:
        """Return: the run may end now."""

    async def record(self, *facts: Fact, durable: bool = False) -> None:
        """Append facts in this order. durable: return when they are on disk.

        Raises JournalError, and TypeError or ValueError for a fact that is not JSON: the run is as if it never was.
        """
        before = self._run
        events: list[Event] = []
        for fact in facts:
            sequence = 1 if self._run is None else self._run.sequence + 1
            event = Event(run=self._id, sequence=sequence, at=self._clock.now(), fact=fact)
            self._run = Run.begin(event) if self._run is None else self._run.apply(event)
            self.history.note(fact, event.at)
            events.append(event)
        for watcher in self._watchers:  # before waiting, so that they see concurrent facts in their order
            for event in events:
                watcher.put_nowait(event)
        after = self._run
        try:
            await self._journal.append(events, durable=durable)
        except (TypeError, ValueError):
            if self._run is after:  # the journal encodes before it waits, so nothing has come between
                self._run = before
            raise

    async def end(self, end: RunFinished) -> None:
        """Record that the run ends, and that its open questions need no answer any more: both or neither."""
        ruling = closing(self._clock.now())
        closed = [ApprovalDecided(approval=asked.id, step=asked.step, ruling=ruling) for asked in self.run.asked]
        await self.record(*closed, end, durable=True)

    def close(self) -> None:
        """Tell the watchers that nothing more will come."""
        self._closed = True
        for watcher in self._watchers:
            watcher.put_nowait(None)

    async def watch(self) -> AsyncIterator[Event]:
        """Iterate over all events of the run, those already recorded first, until it ends."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        if not self._closed:
            self._watchers.append(queue)
        try:
            sequence = 0
            for event in await self._journal.read(self._id):
                sequence = event.sequence
                yield event
            if queue not in self._watchers:  # the run had ended before
                return
            while (event := await queue.get()) is not None:
                if event.sequence > sequence:  # not already read from the journal
                    yield event
        finally:
            if queue in self._watchers:
                self._watchers.remove(queue)

"""GroupedJournal: the event loop's side of a journal whose worker writes in groups.

    appends ─┐ one hand-over a turn of the event loop     one transaction, one sync
    appends ─┼────────────────────────────────────► worker ───────────────────────► store
    reads   ─┘ ◄────────────────────────────────────
               one settlement for all that were waiting

While the worker waits for the disk, further appends gather; they are the next group. So many runs share each sync, and
a single run waits for no more than its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from agentcore.adapters.journal.batch import Batch, Row
from agentcore.adapters.journal.codec import SCHEMA, EventCodec
from agentcore.adapters.journal.finding import LATEST, SHOWN, no_events, only_run
from agentcore.adapters.journal.jobs import Ask, Job, Outcome, Seen, Write
from agentcore.adapters.journal.memory import check_consecutive
from agentcore.adapters.journal.projection import Statement, statements
from agentcore.audit.drafts import drafts_of
from agentcore.domain.errors import JournalCorrupt, JournalUnavailable
from agentcore.domain.event import Event, RunStatus
from agentcore.domain.ids import RunId
from agentcore.ports.journal import RunSummary

T = TypeVar("T")
Answer: TypeAlias = T | Awaitable[T]
"""An answer at once, or awaited by the worker."""

StoredEvent: TypeAlias = tuple[int, float, int, str | bytes]
"""Sequence, seconds since the epoch, schema, fact."""

FLUSH_SECONDS: Final = 0.015
"""How long a non-durable append may wait for others to share its transaction; any durable one takes it along."""

DECODED_AT_ONCE: Final = 50
"""How many events are decoded without leaving the event loop's thread: about a millisecond's worth."""


class Store(Protocol):
    """What is asked of a store."""

    def events(self, run: RunId) -> Answer[Sequence[StoredEvent]]:
        """Return a run's events in order."""
        ...

    def starting(self, prefix: str, *, limit: int) -> Answer[Sequence[RunId]]:
        """Return the ids that start so, in order."""
        ...

    def newest(self, *, limit: int, status: RunStatus | None) -> Answer[Sequence[RunSummary]]:
        """Return the newest runs first."""
        ...


class Worker(Protocol):
    """Does jobs in groups, in the order in which they are given. All methods are called on one event loop."""

    def start(self, settle: Callable[[Sequence[Outcome]], None]) -> None:
        """Begin; call `settle` on the event loop with what comes of the jobs."""
        ...

    def give(self, jobs: Sequence[Job]) -> None:
        """Take jobs to be done soon."""
        ...

    async def finish(self) -> None:
        """Do what has been given, and end. May be called twice, even at once."""
        ...


class GroupedJournal:
    """A Journal upon a worker. All methods belong to one event loop. Cancelling an append does not take it back.

    An error of a non-durable append is raised by the next append or read of the same run, or else by `aclose`. After a
    failed write the journal goes on: what was recorded can be read, and later appends work once the cause is gone.
    """

    def __init__(self, worker: Worker, *, place: str) -> None:
        """Take a worker, and the store's place for messages."""
        self._worker = worker
        self._place = place
        self._codec = EventCodec()
        self._outbox: list[Job] = []
        self._hand_over_at: asyncio.Handle | None = None
        self._hand_over_now = False
        self._faults: dict[RunId, Exception] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def append(self, events: Sequence[Event], *, durable: bool) -> None:
        """Append events of one run, which continue its sequence; none at all is allowed.

        Raises ValueError when they are not consecutive, TypeError when a fact cannot be written as JSON, and a
        JournalError: JournalConflict when the run has been written further, or not so far.
        """
        loop = self._open()
        if not events:
            return
        run = check_consecutive(events)
        if self._faults:
            self._raise_fault(run)
        batch = self._batch(run, events)
        if not durable:
            self._outbox.append(Write(batch, None))
            if self._hand_over_at is None:
                self._hand_over_at = loop.call_later(FLUSH_SECONDS, self._hand_over)
            return
        written: asyncio.Future[None] = loop.create_future()
        self._post(loop, Write(batch, written))
        await written

    async def read(self, run: RunId) -> Sequence[Event]:
        """Return all events of a run in order, with everything appended before.

        Raises RunNotFound when there are none, and JournalCorrupt when one is missing or cannot be read.
        """
        rows = await self.ask(lambda store: store.events(run))
        self._raise_fault(run)
        if not rows:
            raise no_events(run)
        if len(rows) <= DECODED_AT_ONCE:
            return self._events(run, rows)
        return await asyncio.to_thread(self._events, run, rows)

    async def find(self, prefix: str) -> RunId:
        """Return the one run whose id starts so; `latest` is the newest. Raises RunNotFound."""
        if prefix == LATEST:
            return only_run(prefix, [summary.run for summary in await self.list(limit=1)])
        return only_run(prefix, await self.ask(lambda store: store.starting(prefix, limit=SHOWN + 1)))

    async def list(self, *, limit: int = 50, status: RunStatus | None = None) -> Sequence[RunSummary]:
        """Return the newest runs first."""
        return await self.ask(lambda store: store.newest(limit=limit, status=status))

    async def ask(self, ask: Callable[[Any], Answer[T]]) -> T:
        """Return what the store answers once everything before has been written."""
        loop = self._open()
        answer: asyncio.Future[T] = loop.create_future()
        self._post(loop, Ask(ask, answer))
        return await answer

    async def aclose(self) -> None:
        """Write what is waiting, and close. May be called twice. Raises an error that nobody has seen yet."""
        first, self._closed = not self._closed, True
        if self._loop is None:
            return
        if first:
            self._hand_over()
        await self._worker.finish()
        if self._faults:
            _, fault = self._faults.popitem()
            self._faults.clear()
            raise fault

    def _open(self) -> asyncio.AbstractEventLoop:
        if self._closed:
            raise JournalUnavailable(f"the journal {self._place} is closed")
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._worker.start(self._settle)
        return self._loop

    def _batch(self, run: RunId, events: Sequence[Event]) -> Batch:
        encode = self._codec.encode
        rows: list[Row] = []
        changes: list[Statement] = []
        for event in events:
            rows.append((run, event.sequence, event.at, SCHEMA, encode(event.fact)))
            changes += statements(event)
        return Batch(run, rows, changes, drafts_of(events))

    def _events(self, run: RunId, rows: Sequence[StoredEvent]) -> Sequence[Event]:
        for expected, row in enumerate(rows, start=1):
            if row[0] != expected:
                raise JournalCorrupt(
                    f"run {run}: event {expected} is missing in {self._place}",
                    hint="restore the journal from a backup",
                )
        return tuple([self._codec.decode(run, *row) for row in rows])

    def _raise_fault(self, run: RunId) -> None:
        fault = self._faults.pop(run, None)
        if fault is not None:
            self._outbox.append(Seen(run, fault))
            raise fault

    def _post(self, loop: asyncio.AbstractEventLoop, job: Job) -> None:
        self._outbox.append(job)
        if not self._hand_over_now:
            self._hand_over_now = True
            loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        if self._hand_over_at is not None:
            self._hand_over_at.cancel()
            self._hand_over_at = None
        self._hand_over_now = False
        if self._outbox:
            self._worker.give(self._outbox)
            self._outbox = []

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        for job, value, error in outcomes:
            future = job.answer if isinstance(job, Ask) else job.written
            if future is not None and not future.done():
                if error is None:
                    future.set_result(value)
                    continue
                future.set_exception(error)
                if isinstance(job, Write):
                    self._faults.pop(job.batch.run, None)
                    self._outbox.append(Seen(job.batch.run, error))
            elif error is not None and isinstance(job, Write):  # nobody waits for it, or not any more
                self._faults.setdefault(job.batch.run, error)

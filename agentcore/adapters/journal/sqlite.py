"""SqliteJournal: the journal as one SQLite file, written by one thread in groups."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from agentcore.adapters.journal.grouped import GroupedJournal
from agentcore.adapters.journal.jobs import Job, Outcome
from agentcore.adapters.journal.writer import Writer


class SqliteJournal:
    """A Journal in a SQLite file (write-ahead log; full sync for durable appends); see GroupedJournal.

    The file and its folder are made at the first use. The event loop never waits for the disk.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 5.0) -> None:
        """Take a path, and how long to wait for another process' write."""
        grouped = GroupedJournal(_Thread(path, busy_seconds=busy_seconds), place=str(path))
        self.append = grouped.append
        self.read = grouped.read
        self.find = grouped.find
        self.list = grouped.list
        self.aclose = grouped.aclose
        self.ask = grouped.ask
        self._version = -1

    async def changed(self) -> bool:
        """Return whether another connection has written to the file since the last time this was asked."""
        before, self._version = self._version, await self.ask(lambda store: store.data_version())
        return before not in {-1, self._version}


class _Thread:
    """The worker: a thread of its own, as SQLite blocks."""

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._jobs: SimpleQueue[Sequence[Job] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped: asyncio.Future[None] | None = None

    def start(self, settle: Callable[[Sequence[Outcome]], None]) -> None:
        """Start the thread."""
        loop = asyncio.get_running_loop()
        # A daemon: a process that ends without `aclose` must not wait for it.
        self._thread = threading.Thread(target=self._work, args=(loop, settle), name="journal", daemon=True)
        self._thread.start()

    def give(self, jobs: Sequence[Job]) -> None:
        """Take jobs; the thread takes all that there are as one group."""
        self._jobs.put(jobs)

    async def finish(self) -> None:
        """Have the thread do what it was given, and end."""
        if self._stopped is None:
            self._stopped = asyncio.get_running_loop().create_future()
            self._jobs.put(None)
        await asyncio.shield(self._stopped)
        if self._thread is not None:
            self._thread.join()

    def _stop(self) -> None:
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(None)

    def _work(self, loop: asyncio.AbstractEventLoop, settle: Callable[[Sequence[Outcome]], None]) -> None:
        """Run in the thread until there is no more to do."""
        writer = Writer(self._path, busy_seconds=self._busy_seconds)
        running = True
        while running:
            jobs, running = self._next_jobs()
            outcomes = writer.work(jobs)
            if outcomes:
                _call_back(loop, settle, outcomes)
        writer.close()
        _call_back(loop, self._stop)

    def _next_jobs(self) -> tuple[Sequence[Job], bool]:
        """Wait for work and take all there is; False with it once there will be no more."""
        taken: list[Job] = []
        with contextlib.suppress(Empty):
            jobs = self._jobs.get()
            while jobs is not None:
                taken += jobs
                jobs = self._jobs.get_nowait()
            return taken, False
        return taken, True


def _call_back(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *arguments: Any) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(callback, *arguments)

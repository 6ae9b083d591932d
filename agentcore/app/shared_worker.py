"""SharedWorker: drives the runs of a store that many machines share, as a queue hands them out."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from typing import Final

from loguru import logger

from agentcore.app.runtime import Runtime
from agentcore.app.store import Store
from agentcore.domain.errors import (
    AgentcoreError,
    ConfigError,
    JournalConflict,
    JournalCorrupt,
    JournalError,
    JournalTooNew,
    RunBusy,
    RunNotFound,
)
from agentcore.domain.event import RunStatus
from agentcore.domain.ids import RunId
from agentcore.domain.run import Run
from agentcore.engine.handle import RunHandle
from agentcore.ports.presence import Presence
from agentcore.ports.work_queue import WorkQueue

_REAP_SECONDS: Final = 0.3
_AGAIN_SECONDS: Final = 5.0
"""How long a run that was put into the queue is not put there again."""

_PAUSE_SECONDS: Final = 0.1
_RETRY_SECONDS: Final = 1.0
"""How long to wait before looking again at a run that others drive, at first and at most."""


class SharedWorker:
    """A Service: takes runs from a queue, and sees that no run is forgotten.

    A run is put into the queue when it is recorded, or when people have decided; the runs of dead processes are given
    back to it. What DBOS, or anything here, dispatches twice is fenced by the journal.
    """

    def __init__(
        self,
        runtime: Runtime,
        store: Store,
        presence: Presence,
        queue: WorkQueue,
        *,
        resumed: Callable[[RunHandle], None] | None = None,
    ) -> None:
        """Take the parts. resumed: called with each run that is taken up."""
        self._runtime = runtime
        self._store = store
        self._presence = presence
        self._queue = queue
        self._resumed = resumed
        self._serving: asyncio.Task[None] | None = None
        self._submitted: dict[tuple[RunId, int], float] = {}
        self._taken: dict[RunId, asyncio.Event] = {}

    @property
    def driving(self) -> int:
        """How many runs are under way here."""
        return self._runtime.driving

    async def take_up(self) -> int:
        """Look at once for what belongs into the queue; return how many runs are left to do, at the least."""
        await self._runtime.take_up()
        return self.driving or len(await self._store.journal.list(limit=1, status="running"))

    def drain(self) -> None:
        """Take nothing from the queue any more."""
        self._runtime.drain()
        if self._serving is not None:
            self._serving.cancel()

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncGenerator[SharedWorker]:
        """Serve the queue until the end of the block, which is cancelled when the queue can be served no more.

        Raises what broke it off, first of all JournalUnavailable when it cannot be reached at the beginning.
        """
        try:
            await self._queue.owners()
            async with asyncio.TaskGroup() as group:
                self._serving = group.create_task(self._queue.serve(self._take), name="queue")
                reaping = group.create_task(self._reap(), name="reaper")
                try:
                    yield self
                finally:
                    self._serving.cancel()
                    reaping.cancel()
        except BaseExceptionGroup as errors:  # what came first; the others follow from it
            raise errors.exceptions[0] from None
        finally:
            await self._queue.aclose()

    async def submit(self, run: RunId) -> None:
        """Put a run into the queue that nobody drives. Raises AgentcoreError."""
        found = Run.fold(await self._store.journal.read(run))
        now = time.monotonic()
        key = (run, found.epoch)
        if now - self._submitted.get(key, -_AGAIN_SECONDS) < _AGAIN_SECONDS:
            return
        self._submitted = {each: at for each, at in self._submitted.items() if now - at < _AGAIN_SECONDS}
        self._submitted[key] = now
        # A turn of its own each time: one of the same name that has ended would not be dispatched again.
        turn = 0 if found.epoch == 0 and not found.owner else int(time.time() / _AGAIN_SECONDS)
        await self._queue.submit(run, tenant=found.started.task.tenant, epoch=found.epoch, turn=turn)
        if self._store.queued is not None:
            await self._store.queued(run, True)

    async def _take(self, run: RunId) -> None:
        """Drive a run that the queue has handed out; one that it hands out twice only once at a time.

        Two drivers in one process would write by one connection, and each hear of the other's conflicts.
        """
        while (other := self._taken.get(run)) is not None:
            await other.wait()
        ended = self._taken[run] = asyncio.Event()
        try:
            await self._drive(run)
        finally:
            del self._taken[run]
            ended.set()

    async def _drive(self, run: RunId) -> None:
        """Drive a run until it ends or waits, whatever the store does meanwhile.

        This run's place in the queue ends when this returns. So it waits where another process drives the run, and
        takes over when that one dies: it may be only this process that knows, or that is asked. Raises ConfigError or
        JournalTooNew when somebody else has to drive it.
        """
        pause = _PAUSE_SECONDS
        while True:
            try:
                handle = await self._runtime.resume(run)
                if self._resumed is not None:
                    self._resumed(handle)
                status = (await handle.result()).status
            except RunNotFound as error:
                logger.bind(run=run).warning("cannot be driven: {}", error.message)
                return
            except JournalCorrupt as error:  # no worker can drive it: it must not go round among them
                logger.bind(run=run).error("the run cannot go on: {}", error.message)
                return
            except (JournalTooNew, ConfigError) as error:
                logger.bind(run=run).error("the run cannot go on here: {}", error.message)
                raise
            except (RunBusy, JournalConflict) as error:
                status = await self._status(run)
                if status == "running":
                    logger.bind(run=run).debug("waits for others: {}", error.message)
                    await asyncio.sleep(pause)
                    pause = min(_RETRY_SECONDS, 1.5 * pause)
                    continue
            except JournalError as error:
                logger.bind(run=run).warning("the run is broken off: {}", error.message)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if status == "waiting" and self._store.queued is not None:
                await self._store.queued(run, False)  # whoever drives it on, in the queue or not, may die too
            return

    async def _status(self, run: RunId) -> RunStatus:
        """Return a run's status; "running" also while that cannot be said."""
        try:
            return Run.fold(await self._store.journal.read(run)).status
        except JournalError:
            return "running"

    async def _reap(self) -> None:
        """Give back what dead processes hold, until cancelled."""
        while True:
            await asyncio.sleep(_REAP_SECONDS)
            try:
                for owner in await self._queue.owners():
                    if owner != self._presence.owner and not await self._presence.alive(owner):
                        count = await self._queue.reap(owner)
                        if count:
                            logger.warning("{} is dead: {} runs are given to others", owner, count)
            except AgentcoreError as error:
                logger.debug("cannot look for dead processes: {}", error.message)

"""Attendant: sees to the runs of a store that wait for a process: orphans, decided ones, cancelled ones.

It only finds them; who drives a run on is handed over as `take`: this process, or a queue that many share.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from loguru import logger

from agentcore.domain.approval import overdue
from agentcore.domain.errors import AgentcoreError, ApprovalError, JournalConflict, RunBusy
from agentcore.domain.ids import RunId
from agentcore.engine.runtime import Engine
from agentcore.ports.clock import Clock
from agentcore.ports.inbox import Attention, Inbox
from agentcore.ports.presence import Presence

LOOK_SECONDS: Final = 0.03
"""How often to look whether another process has written anything, by default; that is cheap."""

CARE_SECONDS: Final = 1.0
"""How often to look for what needs no writing: processes that have died, questions whose time is over."""


SHARED_CARE_SECONDS: Final = 0.25
"""The same for a store that many machines share, which does not tell that another process has written."""


class Attendant:
    """Looks after the runs of one store.

    take: begin to drive a run on; it may raise AgentcoreError.  most: of runs under way here, so that others are left
    to other processes; 0 looks after those only that are under way here.  look_seconds: how often to look whether
    another process has written anything.  care_seconds: how often to look for what needs no writing.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        inbox: Inbox,
        presence: Presence | None,
        clock: Clock,
        changed: Callable[[], Awaitable[bool]],
        take: Callable[[RunId], Awaitable[None]],
        most: int = 64,
        look_seconds: float = LOOK_SECONDS,
        care_seconds: float = CARE_SECONDS,
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._presence = presence
        self._clock = clock
        self._changed = changed
        self._take = take
        self._most = most
        self._look_seconds = look_seconds
        self._care_seconds = care_seconds
        self._looking = asyncio.Lock()
        self._poked = asyncio.Event()
        self._refused: dict[RunId, str] = {}

    def poke(self) -> None:
        """Look at once: somebody in this process has decided something."""
        self._poked.set()

    def drain(self) -> None:
        """Take nothing up any more; what is under way here is looked after until it ends."""
        self._most = 0

    async def attend(self) -> None:
        """Look after the runs until cancelled."""
        cared = -self._care_seconds
        while True:
            try:
                changed = await self._changed()  # asked first, so that what is written from now on is noticed
                now = self._clock.monotonic()
                if changed or now - cared >= self._care_seconds or self._poked.is_set():
                    self._poked.clear()
                    cared = now
                    await self.once()
            except Exception as error:  # noqa: BLE001  # the store may be back the next time
                why = error.message if isinstance(error, AgentcoreError) else f"{type(error).__name__}: {error}"
                logger.warning("the store cannot be looked after: {}", why)
                await self._clock.sleep(CARE_SECONDS)
            await self._pause()

    async def once(self) -> int:
        """See to everything that waits now; return how many runs were taken up."""
        async with self._looking:
            return await self._once()

    async def _once(self) -> int:
        taken = 0
        attention = await self._inbox.attention(self._clock.now())
        for record in attention.overdue:
            ruling = overdue(record.approval, self._clock.now())
            try:
                await self._inbox.rule(record.approval.id, ruling)
            except ApprovalError:  # somebody has decided in the meantime
                continue
            taken += await self._ruled(record.run)
        for run, reason in attention.cancelled:
            if self._most or self._engine.drives(run):
                await self._tried(run, self._cancel(run, reason))
        for run in attention.ruled:
            taken += await self._ruled(run)
        return taken + await self._adopt(attention)

    async def _ruled(self, run: RunId) -> bool:
        if self._engine.drives(run):
            await self._engine.take_rulings(run)
        elif self._engine.driving < self._most:
            return await self._tried(run, self._take(run))
        return False

    async def _adopt(self, attention: Attention) -> int:
        """Take up the runs whose processes are dead."""
        alive: dict[str, bool] = {}
        taken = 0
        for run, owner in attention.running:
            if self._engine.driving >= self._most:
                break
            if self._engine.drives(run):
                continue
            if owner not in alive:
                alive[owner] = await self._alive(owner)
            if not alive[owner]:
                taken += await self._tried(run, self._take(run))
        return taken

    async def _alive(self, owner: str) -> bool:
        """Return whether another process may be driving a run. What this one does not drive, it has dropped."""
        presence = self._presence
        return presence is not None and owner not in {"", presence.owner} and await presence.alive(owner)

    async def _cancel(self, run: RunId, reason: str) -> None:
        await self._engine.cancel(run, reason)

    async def _tried(self, run: RunId, doing: Awaitable[None]) -> bool:
        """Do something for a run; say once why it cannot be done."""
        try:
            await doing
        except (JournalConflict, RunBusy) as error:  # another process was quicker
            logger.debug("{} is left to others: {}", run, error.message)
            return False
        except AgentcoreError as error:
            self._refuse(run, error.message)
            return False
        except Exception as error:  # noqa: BLE001  # one run whose record makes no sense must not hold up the others
            self._refuse(run, f"{type(error).__name__}: {error}")
            return False
        return True

    def _refuse(self, run: RunId, why: str) -> None:
        if self._refused.get(run) != why:
            self._refused[run] = why
            logger.bind(run=run).warning("the run cannot go on here: {}", why)

    async def _pause(self) -> None:
        """Wait a little, or until somebody pokes."""
        try:
            async with asyncio.timeout(self._look_seconds):
                await self._poked.wait()
        except TimeoutError:
            return

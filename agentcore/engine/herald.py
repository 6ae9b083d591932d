"""Herald: tells somebody outside what runs ask people, and what is decided; at least once, whatever breaks."""

from __future__ import annotations

import asyncio
from typing import Final

from loguru import logger

from agentcore.domain.errors import AgentcoreError, NotificationFailed
from agentcore.domain.ids import ApprovalId
from agentcore.domain.notice import notices
from agentcore.ports.clock import Clock
from agentcore.ports.notifier import Notifier, Outbox, Untold
from agentcore.ports.presence import Presence

LOOK_SECONDS: Final = 1.0
"""How often to look for something to tell."""

LONGEST_PAUSE_SECONDS: Final = 300.0
"""How long to wait at most before something is tried again; it begins with a second, and doubles."""

LAST_SECONDS: Final = 3.0
"""How long the last look may take when the runtime is closed."""

RECENT_SECONDS: Final = 24 * 3600.0
"""How old a question may be that was over before anybody asked to be told."""

_AT_ONCE: Final = 8


class Herald:
    """Tells what the outbox of a store has not told yet.

    What is told is noted after it was received, so a crash in between tells it twice, and never not at all. Of several
    processes, the one that drives a run tells of its questions, and any when that one is gone.
    """

    def __init__(self, outbox: Outbox, notifier: Notifier, *, presence: Presence | None, clock: Clock) -> None:
        self._outbox = outbox
        self._notifier = notifier
        self._presence = presence
        self._clock = clock
        self._failures = 0
        self._quiet_until = 0.0
        self._refused: dict[ApprovalId, tuple[int, float]] = {}
        self._look: asyncio.Task[None] | None = None

    async def attend(self) -> None:
        """Tell until cancelled. A look that is under way then goes on: `last` waits for it."""
        while True:
            self._look = asyncio.create_task(self.once(), name="herald look")
            await asyncio.shield(self._look)  # broken off before it is noted, the same thing would be told twice
            await self._clock.sleep(LOOK_SECONDS)

    async def last(self) -> None:
        """Look once more, as the process is about to leave; what cannot be told now is told by the next one."""
        try:
            async with asyncio.timeout(LAST_SECONDS):
                if self._look is not None and not self._look.done():
                    await self._look
                await self.once()
        except TimeoutError:
            logger.warning("not all that runs ask could be told in time; the next process tells it")

    async def once(self) -> None:
        """Tell everything that is due now."""
        now = self._clock.monotonic()
        if now < self._quiet_until:
            return
        try:
            waiting = await self._outbox.untold(since=self._clock.now() - RECENT_SECONDS)
            due = [each for each in waiting if await self._is_ours(each) and self._is_due(each, now)]
            self._refused = {
                each.record.approval.id: self._refused[each.record.approval.id]
                for each in waiting
                if each.record.approval.id in self._refused
            }
            for start in range(0, len(due), _AT_ONCE):
                await asyncio.gather(*(self._tell(each) for each in due[start : start + _AT_ONCE]))
                if self._clock.monotonic() < self._quiet_until:
                    return
        except AgentcoreError as error:  # the store may be back the next time
            logger.warning("the store cannot be asked what is to be told: {}", error.message)

    async def _is_ours(self, untold: Untold) -> bool:
        """Return whether no other process tells of this question."""
        owner, presence = untold.owner, self._presence
        if not owner or presence is None or not await presence.alive(owner):
            return True
        return owner == presence.owner

    def _is_due(self, untold: Untold, now: float) -> bool:
        _, until = self._refused.get(untold.record.approval.id, (0, 0.0))
        return now >= until

    async def _tell(self, untold: Untold) -> None:
        """Tell one question's notices in their order, and stop at the first that fails."""
        id = untold.record.approval.id
        for notice in notices(untold.record, untold.told):
            try:
                await self._notifier.notify(notice)
            except NotificationFailed as error:
                self._failed(id, error)
                return
            if self._failures:
                logger.info("questions can be told again")
            self._failures, self._quiet_until = 0, 0.0
            self._refused.pop(id, None)
            await self._outbox.told(id, notice.stage)

    def _failed(self, id: ApprovalId, error: NotificationFailed) -> None:
        """Try again later: this question alone when it was refused, and all of them when nobody listened."""
        now = self._clock.monotonic()
        if error.refused:
            count = self._refused.get(id, (0, 0.0))[0] + 1
            self._refused[id] = (count, now + _pause(count))
            logger.bind(approval=id).warning("{}; it is tried again", error.message)
            return
        if now >= self._quiet_until:  # several that fail at once count as one
            self._failures += 1
            self._quiet_until = now + _pause(self._failures)
            logger.log("WARNING" if self._failures == 1 else "DEBUG", "{}; it is tried again", error.message)


def _pause(failures: int) -> float:
    return min(LONGEST_PAUSE_SECONDS, 2.0 ** min(failures - 1, 20))

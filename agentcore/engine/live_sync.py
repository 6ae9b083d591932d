"""LiveSync: lets the processes of a store share what they see of models and tools, beside the runs.

About every second this process tells what it has seen, if that is anything new, and reads what the others have told.
Nothing waits for it: routing reads what was there the last time. When the store cannot be used any more, that is
logged once, and each process goes by what it sees itself. A store that has never worked is told of by the runs, which
need it.

Of breakers that are half open it claims those whose probe nobody else is sending.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from loguru import logger

from agentcore.domain.errors import JournalError
from agentcore.engine.circuits import Circuits
from agentcore.engine.pool import ModelPool
from agentcore.ports.clock import Clock
from agentcore.ports.live_store import LiveStore, Published
from agentcore.routing.live_state import LiveState, merged
from agentcore.routing.stream import HALF_LIFE_SECONDS

SYNC_SECONDS: Final = 1.0
SPENT: Final = 0.05
"""At most this share of its time a process spends on it: with very many others, it looks less often."""

CLAIM_SECONDS: Final = 5.0
"""How long a process may probe before another one may; while its probe is under way it renews that."""

REMEMBERED_SECONDS: Final = 10 * HALF_LIFE_SECONDS
"""What a process told longer ago has faded to a thousandth."""

MOST_OTHERS: Final = 64
"""Of how many processes the newest word is kept."""

_SKEW_SECONDS: Final = 5.0
"""How far behind another machine's clock may be for its word not to be missed until its next one."""


class LiveSync:
    """Tells and reads for one process.

    scope: of processes that have the same models and tools.  owner: the name of this process.
    seconds: how long from one time to the next.
    """

    def __init__(
        self,
        pool: ModelPool,
        store: LiveStore,
        clock: Clock,
        *,
        scope: str,
        owner: str,
        seconds: float = SYNC_SECONDS,
    ) -> None:
        self._seconds = seconds
        self._pool = pool
        self._tools = pool.tools
        self._store = store
        self._clock = clock
        self._scope = scope
        self._owner = owner
        self._others: dict[str, Published] = {}
        self._since = 0.0
        self._told: tuple[object, object] | None = None
        self._claimed: dict[str, float] = {}
        self._works = False

    async def attend(self) -> None:
        """Tell and read, again and again."""
        pool, tools = self._pool.circuits, self._tools
        pool.shared = tools.shared = True
        try:
            await self.sweep()
            while True:
                began = time.thread_time()
                await self.once()
                spent = time.thread_time() - began
                await asyncio.sleep(max(self._seconds, spent / SPENT))  # of real time, whatever the clock says
        finally:
            pool.shared = tools.shared = False

    async def sweep(self) -> None:
        """Forget what has faded away."""
        try:
            await self._store.sweep(self._clock.now() - REMEMBERED_SECONDS)
        except JournalError as error:
            self._failed(error)

    async def once(self) -> None:
        """Tell what is new, read what is new, and claim what may be probed."""
        try:
            await self.tell()
            await self._read()
            await self._claim(self._pool.circuits, "model")
            await self._claim(self._tools, "tool")
        except JournalError as error:
            self._failed(error)
        else:
            self._works = True

    async def tell(self) -> None:
        """Tell what this process has seen, unless it has told that already. Raises JournalError."""
        board = self._pool.board
        turns = (self._pool.circuits.turns(), self._tools.turns())
        if not board.changed and turns == self._told:
            return
        board.changed = False
        state = LiveState(tallies=board.own, models=turns[0], tools=turns[1])
        try:
            await self._store.publish(self._scope, self._owner, state, now=self._clock.now())
        except BaseException:
            board.changed = True
            raise
        self._told = turns

    async def _read(self) -> None:
        now = self._clock.now()
        since = self._since - _SKEW_SECONDS if self._since else now - REMEMBERED_SECONDS
        told = await self._store.others(self._scope, self._owner, since=since, limit=MOST_OTHERS)
        fresh = [each for each in told if each.at != self._heard(each.owner)]
        if not fresh:
            return
        self._others |= {each.owner: each for each in fresh}
        newest = sorted(self._others.values(), key=lambda each: -each.at)[:MOST_OTHERS]
        self._others = {each.owner: each for each in newest if each.at > now - REMEMBERED_SECONDS}
        # No further than now: a clock that is fast must not hide what others tell.
        self._since = max(self._since, *(min(each.at, now) for each in fresh))
        # In a thread, as it may take some time when there are many others.
        seen = await asyncio.to_thread(merged, [each.state for each in self._others.values()])
        self._pool.board.told(seen.tallies)
        self._pool.circuits.told({name: turn for name, turn in seen.models.items() if name in self._pool.profiles})
        self._tools.told(seen.tools)

    def _heard(self, owner: str) -> float | None:
        known = self._others.get(owner)
        return None if known is None else known.at

    async def _claim(self, circuits: Circuits, kind: str) -> None:
        """Let a probe be sent from here if no other process sends one.

        Who got the claim, and had nothing to send while it lasted, leaves it to the others for as long.
        """
        now, waiting = self._clock.now(), set[str]()
        for name in circuits.to_probe():
            id = f"{kind}:{name}"
            waiting.add(id)
            since = self._claimed.get(id)
            idle = 0.0 if since is None or circuits.probing(name) else now - since
            if idle >= CLAIM_SECONDS:
                circuits.hold(name, held=True)
                if idle < 2 * CLAIM_SECONDS + SYNC_SECONDS:
                    continue
                del self._claimed[id]
            mine = await self._store.claim(self._scope, id, self._owner, now=now, seconds=CLAIM_SECONDS)
            circuits.hold(name, held=not mine)
            if mine:
                self._claimed.setdefault(id, now)
        for id in [id for id in self._claimed if id.startswith(f"{kind}:") and id not in waiting]:
            del self._claimed[id]

    def _failed(self, error: JournalError) -> None:
        self._pool.circuits.release()
        self._tools.release()
        if self._works:
            logger.warning("live statistics are not shared: {}", error.message)
        self._works = False

"""A clock that stands still until it is told to move."""

from __future__ import annotations

import asyncio
import heapq
import random
from dataclasses import dataclass, field

_TURNS = 16
"""Turns of the event loop that tasks get between two moments, to react to the first one."""


@dataclass(order=True, slots=True)
class _Sleeper:
    at: float
    number: int
    woken: asyncio.Future[None] = field(compare=False)


class FakeClock:
    """A Clock whose time is moved by `advance`, or by sleeping when `auto` is set. The same seed, the same chance.

    start: seconds since the epoch.  auto: a sleep moves the time to the next moment for which somebody waits, as soon
    as all other tasks had a few turns; sleeps that overlap take as long as the longest.
    """

    def __init__(self, *, start: float = 1_800_000_000.0, auto: bool = False, seed: int = 0) -> None:
        self._start = start
        self._elapsed = 0.0
        self._auto = auto
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose
        self._ids = 0
        self._numbers = 0
        self._sleepers: list[_Sleeper] = []
        self._ticking = False
        self.slept: list[float] = []
        """All sleeps that were asked for, in seconds."""

    def now(self) -> float:
        """Return the start plus all that has passed."""
        return self._start + self._elapsed

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the time has moved on by that much."""
        self.slept.append(seconds)
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._numbers += 1
        sleeper = _Sleeper(self._elapsed + seconds, self._numbers, asyncio.get_running_loop().create_future())
        heapq.heappush(self._sleepers, sleeper)
        if self._auto and not self._ticking:
            self._ticking = True
            self._tick(_TURNS)
        await sleeper.woken

    def random(self) -> float:
        """Return the next number in [0, 1) of the seed."""
        return self._random.random()

    def new_id(self) -> str:
        """Return `id-000001`, then `id-000002`, and so on."""
        self._ids += 1
        return f"id-{self._ids:06d}"

    async def advance(self, seconds: float) -> None:
        """Move the time on, waking sleepers in order; each gets its turns before the time moves further."""
        end = self._elapsed + seconds
        await self._turns()
        while self._sleepers and self._sleepers[0].at <= end:
            self._wake_next()
            await self._turns()
        self._elapsed = end

    def _tick(self, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self._tick, turns - 1)
            return
        if self._sleepers:
            self._wake_next()
        self._ticking = bool(self._sleepers)
        if self._ticking:
            self._tick(_TURNS)

    def _wake_next(self) -> None:
        sleeper = heapq.heappop(self._sleepers)
        if not sleeper.woken.done():  # else it was cancelled, and the time does not move for it
            self._elapsed = max(self._elapsed, sleeper.at)
            sleeper.woken.set_result(None)

    async def _turns(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)

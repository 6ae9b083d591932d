"""SystemClock: the machine's time and randomness."""

from __future__ import annotations

import asyncio
import secrets
import time
from random import SystemRandom

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case: sorts as text, no i l o u
_TIME_DIGITS = 9
_RANDOM_DIGITS = 7


class SystemClock:
    """Real time. Ids are 16 characters: 45 bits of milliseconds since the epoch, then 35 random bits."""

    def __init__(self) -> None:
        self._random = SystemRandom()

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()

    def new_id(self) -> str:
        """Return a unique id whose text sorts by creation time (to the millisecond)."""
        return _base32(int(time.time() * 1000), _TIME_DIGITS) + _base32(secrets.randbits(35), _RANDOM_DIGITS)


def _base32(number: int, digits: int) -> str:
    return "".join(_DIGITS[(number >> 5 * place) & 31] for place in reversed(range(digits)))

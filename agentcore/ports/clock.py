"""The port to time, randomness and new ids, so that tests can hold them still."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time and chance."""

    def now(self) -> float:
        """Return seconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def random(self) -> float:
        """Return a number in [0, 1)."""
        ...

    def new_id(self) -> str:
        """Return a unique id whose text sorts by creation time."""
        ...

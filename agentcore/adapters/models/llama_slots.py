"""Which of llama.cpp's slots a call may use, and who waits.

A slot keeps the tokens of its last prompt, so an agent that always gets the same slot has its instructions and
examples read once. On a CPU, reading them again costs seconds, while slots side by side gain little: a call therefore
waits for its agent's own slot rather than taking a free one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict


class Slots:
    """Hands out slots 0 to `count` - 1, first come first served for each. Not for use from several threads."""

    def __init__(self, count: int) -> None:
        self._free = set(range(count))
        self._by_use: OrderedDict[int, str] = OrderedDict((slot, "") for slot in range(count))  # oldest use first
        self._waiting: list[tuple[str, asyncio.Future[int]]] = []

    async def acquire(self, name: str) -> int:
        """Return the slot of `name`, once it is free; a new name takes over the free slot that was unused longest.

        An empty name is nobody's: each such call counts as new. The caller must `release` the slot.
        """
        slot = self._choose(name)
        if slot is not None:
            return self._take(slot, name)
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((name, turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # granted in the same moment: pass it on
                self.release(turn.result())
            else:
                self._waiting.remove((name, turn))
            raise

    def release(self, slot: int) -> None:
        """Give a slot back; whoever waits longest for one that is now free gets it."""
        self._free.add(slot)
        for entry in tuple(self._waiting):
            name, turn = entry
            granted = self._choose(name)
            if granted is not None:
                self._waiting.remove(entry)
                if not turn.done():
                    turn.set_result(self._take(granted, name))

    def _choose(self, name: str) -> int | None:
        if name:
            for slot, owner in self._by_use.items():
                if owner == name:
                    return slot if slot in self._free else None
        return next((slot for slot in self._by_use if slot in self._free), None)

    def _take(self, slot: int, name: str) -> int:
        self._free.remove(slot)
        self._by_use[slot] = name
        self._by_use.move_to_end(slot)
        return slot

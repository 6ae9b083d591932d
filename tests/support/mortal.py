"""A process that dies: from one moment on, its journal takes nothing more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.errors import JournalUnavailable
from agentcore.domain.event import Event
from agentcore.domain.ids import RunId

When = Callable[[Event], bool]


def never(_: Event) -> bool:
    return False


class Mortal:
    """What a process that will die sees of a journal; `store` has what it could record.

    before, after: the event with which it dies, unrecorded or recorded.  lives: how many events it can record.
    """

    def __init__(
        self, store: MemoryJournal, *, before: When = never, after: When = never, lives: int = 1_000_000
    ) -> None:
        self.store = store
        self.dead = False
        self._before = before
        self._after = after
        self._lives = lives

    def kill(self) -> None:
        self.dead = True

    async def append(self, events: Sequence[Event], *, durable: bool) -> None:
        if self.dead or len(events) > self._lives or any(map(self._before, events)):
            self.dead = True
            raise JournalUnavailable("the process is dead")
        self._lives -= len(events)
        await self.store.append(events, durable=durable)
        if any(map(self._after, events)):
            self.dead = True
            raise JournalUnavailable("the process is dead")

    async def read(self, run: RunId) -> Sequence[Event]:
        return await self.store.read(run)

"""The port to what the processes of a store tell each other of models and tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentcore.routing.live_state import LiveState


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a process has told. owner: its name.  at: when, in seconds since the epoch on its own clock."""

    owner: str
    at: float
    state: LiveState


class LiveStore(Protocol):
    """A board where each process has one place of its own, so that nobody writes what another one has written.

    scope: processes with the same models and tools; others are not heard of.  What is told here may be lost with the
    machine. All methods raise JournalError when the store cannot be used.
    """

    async def publish(self, scope: str, owner: str, state: LiveState, *, now: float) -> None:
        """Tell all that this process has seen, instead of what it told before."""
        ...

    async def others(self, scope: str, owner: str, *, since: float, limit: int) -> Sequence[Published]:
        """Return what other processes have told since then, the newest first. What cannot be read is left out."""
        ...

    async def claim(self, scope: str, name: str, owner: str, *, now: float, seconds: float) -> bool:
        """Return whether this process alone may probe something for so long; one that holds the claim renews it."""
        ...

    async def sweep(self, before: float) -> None:
        """Forget what was told before then, of any scope."""
        ...

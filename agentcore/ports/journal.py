"""The port to the append-only record of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentcore.domain.event import Event, RunStatus
from agentcore.domain.ids import RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A row of `runs list`. started_at: seconds since the epoch. events: how many are recorded."""

    run: RunId
    name: str
    goal: str
    tenant: str
    status: RunStatus
    started_at: float
    events: int


class Journal(Protocol):
    """An append-only, ordered record.

    Raises JournalConflict, JournalCorrupt, JournalUnavailable or JournalTooNew.
    """

    async def append(self, events: Sequence[Event], *, durable: bool) -> None:
        """Append events of one run, which continue its sequence.

        durable: return only when they are on disk; otherwise they are written in order, soon, and before any later
        durable append returns. Raises JournalConflict when another process has already used a sequence number (for
        a non-durable append possibly at the next call).
        """
        ...

    async def read(self, run: RunId) -> Sequence[Event]:
        """Return all events of a run in order; raises RunNotFound when there are none."""
        ...

    async def find(self, prefix: str) -> RunId:
        """Return the one run whose id starts so; `latest` is the newest. Raises RunNotFound."""
        ...

    async def list(self, *, limit: int = 50, status: RunStatus | None = None) -> Sequence[RunSummary]:
        """Return the newest runs first."""
        ...

    async def aclose(self) -> None:
        """Write what is waiting, and close."""
        ...

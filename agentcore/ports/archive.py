"""The port to runs that have ended: which there are, and how they leave the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentcore.domain.event import ENDED, RunStatus
from agentcore.domain.ids import RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """A run that has ended. ended_at: seconds since the epoch.  events: how many are recorded."""

    run: RunId
    name: str
    status: RunStatus
    ended_at: float
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """What was deleted: how many runs, and of how many events."""

    runs: int
    events: int


def check_ended(statuses: Sequence[RunStatus]) -> None:
    """Raise ValueError for no status, or for one of open runs."""
    wrong = [status for status in statuses if status not in ENDED]
    if wrong or not statuses:
        raise ValueError(f"these are no statuses of runs that have ended: {', '.join(wrong) or 'none'}")


class Archive(Protocol):
    """Runs that have ended. One that is open (`running`, `waiting`), or must be kept, is neither listed nor deleted.

    Every method raises JournalError when the store fails.
    """

    async def ended(
        self,
        *,
        before: float,
        statuses: Sequence[RunStatus] = ENDED,
        keep_last: int = 0,
        after: EndedRun | None = None,
        limit: int = 100,
    ) -> Sequence[EndedRun]:
        """Return runs that ended before a moment, the oldest first.

        keep_last: how many of the newest runs of these statuses are left out, whenever they ended.  after: leave out
        this one and those before it. Raises ValueError for a status of open runs.
        """
        ...

    async def size(self, runs: Sequence[RunId]) -> int:
        """Return about how many bytes the events of these runs take."""
        ...

    async def delete(self, runs: Sequence[RunId]) -> Deleted:
        """Delete runs with all that belongs to them, in one transaction. One that is open stays as it is."""
        ...

    async def forget_snapshots(self, before: float) -> int:
        """Delete definitions that no run refers to and that were kept before a moment; return how many."""
        ...

    async def compact(self, *, everything: bool) -> int:
        """Give space that is free in the store back to the system; return how many bytes.

        everything: all of it, even if others cannot write meanwhile; otherwise what is more than a reserve, in small
        parts.
        """
        ...

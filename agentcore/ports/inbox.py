"""The port to what people say to runs, and to what runs need of a process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentcore.domain.approval import ApprovalRecord, ApprovalStatus, Ruling
from agentcore.domain.ids import ApprovalId, RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What waits for a process.

    running: each run that is said to be driven, and by which owner: one that is dead leaves it to others.
    ruled: runs with decisions that they have not taken yet.  cancelled: run → why somebody wants it to end.
    overdue: questions whose time is over.
    """

    running: Sequence[tuple[RunId, str]] = ()
    ruled: Sequence[RunId] = ()
    cancelled: Sequence[tuple[RunId, str]] = ()
    overdue: Sequence[ApprovalRecord] = ()


class Inbox(Protocol):
    """Decisions and requests that reach runs from other processes. It lists what the journal's events say.

    Every method raises JournalError when the store fails.
    """

    async def approvals(
        self, *, run: RunId | None = None, status: ApprovalStatus | None = None, limit: int = 100
    ) -> Sequence[ApprovalRecord]:
        """Return questions, the oldest first."""
        ...

    async def approval(self, prefix: str) -> ApprovalRecord:
        """Return the one question whose id starts so. Raises ApprovalError."""
        ...

    async def rule(self, id: ApprovalId, ruling: Ruling) -> ApprovalRecord:
        """Take a decision, durably; the same one a second time changes nothing. Raises ApprovalError.

        Of two people who decide at once, one is told that it is decided.
        """
        ...

    async def request_cancel(self, run: RunId, reason: str) -> None:
        """Ask whoever drives a run to end it."""
        ...

    async def attention(self, now: float) -> Attention:
        """Return what waits for a process. now: seconds since the Unix epoch."""
        ...

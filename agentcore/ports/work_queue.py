"""The port to a queue of runs that many processes share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from agentcore.domain.ids import RunId

Take = Callable[[RunId], Awaitable[None]]
"""Drives a run until it ends or waits for people. Raises nothing that another process could mend."""


class WorkQueue(Protocol):
    """Runs that wait for a process. It owns who is next: fairness between tenants, concurrency, rates."""

    async def submit(self, run: RunId, *, tenant: str, epoch: int, turn: int = 0) -> None:
        """Put a run into the queue, durably, once for each epoch and turn.

        turn: told apart from earlier ones when a run that was taken once has to be taken again in the same epoch.
        Raises JournalError when the server cannot be reached.
        """
        ...

    async def serve(self, take: Take) -> None:
        """Take runs and drive them until cancelled; those under way are then left to whoever takes them next."""
        ...

    async def reap(self, owner: str) -> int:
        """Give what a dead process had taken back to the queue; return how many runs that were."""
        ...

    async def owners(self) -> frozenset[str]:
        """Return the processes that have taken runs and not finished them."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...

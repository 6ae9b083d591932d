"""The port to which processes are alive."""

from __future__ import annotations

from typing import Protocol


class Presence(Protocol):
    """This process among those that drive runs of one store."""

    @property
    def owner(self) -> str:
        """The name under which this process drives runs; no other process ever has the same."""
        ...

    async def begin(self) -> None:
        """Let other processes see this one. Raises JournalError when the store cannot be used."""
        ...

    async def alive(self, owner: str) -> bool:
        """Return whether the process of that name may still be driving runs. Never False for one that does."""
        ...

    async def aclose(self) -> None:
        """Say that this process drives nothing any more."""
        ...

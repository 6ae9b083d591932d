"""The port to somebody outside who is told of what is about to be done, as policies want."""

from __future__ import annotations

from typing import Protocol

from agentcore.domain.announcement import Announcement


class Announcer(Protocol):
    """Somebody outside who wants to be told."""

    async def announce(self, announcement: Announcement) -> None:
        """Tell. Raises NotificationFailed."""
        ...

    async def aclose(self) -> None:
        """Release what it holds."""
        ...

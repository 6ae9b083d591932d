"""Announcements: the outside is told of what is about to be done before it is; else it is not done."""

from __future__ import annotations

from typing import Final

from loguru import logger

from agentcore.domain.announcement import Announcement
from agentcore.domain.errors import NotificationFailed
from agentcore.ports.announcer import Announcer
from agentcore.ports.clock import Clock

PAUSES_SECONDS: Final = (1.0, 4.0)
"""How long to wait before each further try."""


class Announcements:
    """Tells somebody outside, at least once: a process that dies before what was told is done tells it again.

    announcer: None when the project has nobody to tell; then it is logged.
    """

    def __init__(self, announcer: Announcer | None, clock: Clock) -> None:
        self._announcer = announcer
        self._clock = clock

    async def make(self, announcement: Announcement) -> None:
        """Return once somebody has been told. Raises NotificationFailed."""
        if self._announcer is None:
            what = f"{announcement.agent} {announcement.action} {announcement.resource}"
            wanted = ", ".join(announcement.to) or "somebody"
            logger.bind(step=announcement.step).warning(
                "{}: {} wants {} told, and there is no webhook", what, ", ".join(announcement.policies), wanted
            )
            return
        for pause in (*PAUSES_SECONDS, None):
            try:
                await self._announcer.announce(announcement)
            except NotificationFailed as error:
                if error.refused or pause is None:
                    raise
                logger.warning("{}; it is tried again", error.message)
                await self._clock.sleep(pause)
            else:
                return

"""The ports to what the outside is told about questions, and to what it has been told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentcore.domain.approval import ApprovalRecord
from agentcore.domain.ids import ApprovalId
from agentcore.domain.notice import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A question of which not everything has been told.

    owner: the process that drove its run last.  told: the stage that was told last, 0 for none.
    """

    record: ApprovalRecord
    owner: str
    told: int


class Outbox(Protocol):
    """What has been told of the questions in a store. Every method raises JournalError when the store fails."""

    async def untold(self, *, since: float, limit: int = 100) -> Sequence[Untold]:
        """Return questions of which something is to be told, the oldest first.

        since: one that is over, and of which nothing was ever told, is left out if it was asked before (seconds since
        the Unix epoch): nobody wanted to be told at the time.
        """
        ...

    async def told(self, id: ApprovalId, stage: int) -> None:
        """Note durably that a question has been told up to a stage."""
        ...


class Notifier(Protocol):
    """Somebody outside who wants to be told."""

    async def notify(self, notice: Notice) -> None:
        """Tell. Raises NotificationFailed."""
        ...

    async def aclose(self) -> None:
        """Release what it holds."""
        ...

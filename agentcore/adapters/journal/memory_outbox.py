"""MemoryOutbox: the outbox of a MemoryJournal."""

from __future__ import annotations

from collections.abc import Sequence

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.ids import ApprovalId
from agentcore.domain.notice import notices
from agentcore.domain.run import Run
from agentcore.ports.notifier import Untold

_ALL = 1_000_000


class MemoryOutbox:
    """An Outbox that remembers what was told."""

    def __init__(self, journal: MemoryJournal, inbox: MemoryInbox) -> None:
        self._journal = journal
        self._inbox = inbox
        self._told: dict[ApprovalId, int] = {}

    async def untold(self, *, since: float, limit: int = 100) -> Sequence[Untold]:
        """Return questions of which something is to be told, the oldest first."""
        found: list[Untold] = []
        for record in await self._inbox.approvals(limit=_ALL):
            told = self._told.get(record.approval.id, 0)
            wanted = record.status == "pending" or told or record.approval.asked_at >= since
            if wanted and notices(record, told):
                owner = Run.fold(self._journal.all()[record.run]).owner
                found.append(Untold(record=record, owner=owner, told=told))
        return found[:limit]

    async def told(self, id: ApprovalId, stage: int) -> None:
        """Note that a question has been told up to a stage."""
        self._told[id] = max(stage, self._told.get(id, 0))

"""SqlOutbox: what has been told of questions, in the tables beside a journal's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agentcore.adapters.journal.approval_rows import ApprovalRows
from agentcore.adapters.journal.inbox import Ask
from agentcore.domain.ids import ApprovalId
from agentcore.ports.notifier import Untold

# What is told of a question counts up to twice its version; see Notice.stage. The index approvals_untold is over this.
_UNTOLD: Final = (
    "SELECT a.run, a.tenant, a.status, a.question, a.ruling, r.owner, a.notified "
    "FROM approvals a JOIN runs r ON r.run = a.run "
    "WHERE a.notified < 2 * a.version - CASE WHEN a.status = 'pending' THEN 1 ELSE 0 END "
    "AND (a.status = 'pending' OR a.notified > 0 OR a.asked_at >= ?1) ORDER BY a.asked_at, a.id LIMIT ?2"
)
_TOLD: Final = "UPDATE approvals SET notified = ?1 WHERE id = ?2 AND notified < ?1"


class SqlOutbox:
    """An Outbox upon a journal's store."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._rows = ApprovalRows()

    async def untold(self, *, since: float, limit: int = 100) -> Sequence[Untold]:
        """Return questions of which something is to be told, the oldest first."""
        rows = await self._ask(lambda store: store.rows(_UNTOLD, (since, limit)))
        return [Untold(record=record, owner=row[5], told=row[6]) for record, row in self._rows.readable(rows)]

    async def told(self, id: ApprovalId, stage: int) -> None:
        """Note durably that a question has been told up to a stage."""
        await self._ask(lambda store: store.change(_TOLD, (stage, id)))

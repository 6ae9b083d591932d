"""SqlInbox: the inbox in the tables beside a journal's events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

from agentcore.adapters.journal.approval_rows import ApprovalRows
from agentcore.adapters.journal.projection import Parameter, Statement, storable
from agentcore.domain.approval import ApprovalRecord, ApprovalStatus, Ruling, judge_ruling
from agentcore.domain.errors import ApprovalError
from agentcore.domain.ids import ApprovalId, RunId
from agentcore.ports.inbox import Attention

_COLUMNS: Final = "SELECT run, tenant, status, question, ruling FROM approvals"
_LIST: Final = (
    f"{_COLUMNS} WHERE (?1 = '' OR run = ?1) AND (?2 = '' OR status = ?2 OR (?2 = 'decided' AND status = 'taken')) "
    "ORDER BY asked_at, id LIMIT ?3"
)
_ONE: Final = f"{_COLUMNS} WHERE id = ?1"
_STARTING: Final = f"{_COLUMNS} WHERE substr(id, 1, CAST(?2 AS INTEGER)) = ?1 ORDER BY id LIMIT 6"
_RULE: Final = (
    "UPDATE approvals SET status = 'decided', ruling = ?1 WHERE id = ?2 AND status = 'pending' AND version = ?3"
)
_CANCEL: Final = "UPDATE runs SET cancel = ?1 WHERE run = ?2 AND status IN ('running', 'waiting')"
_RUNNING: Final = "SELECT run, owner FROM runs WHERE status = 'running'"
_UNQUEUED: Final = "SELECT run, owner FROM runs WHERE status = 'running' AND queued = 0 AND started_at < ?1"
_RULED: Final = "SELECT DISTINCT run FROM approvals WHERE status = 'decided'"
_CANCELLED: Final = "SELECT run, cancel FROM runs WHERE cancel <> ''"
_OVERDUE: Final = f"{_COLUMNS} WHERE status = 'pending' AND due_at <= ?1 ORDER BY due_at LIMIT 1000"


UNQUEUED_SECONDS: Final = 2.0
"""How long a run may have been recorded and not be in the queue before whoever looks puts it there."""


class Rows(Protocol):
    """What is asked of a store."""

    def rows(self, sql: str, parameters: Sequence[Parameter] = ()) -> Any:
        """Return the rows of a query, at once or awaited."""
        ...

    def change(self, sql: str, parameters: Sequence[Parameter] = ()) -> Any:
        """Execute a statement durably, in a transaction of its own; return how many rows it changed, or await it."""
        ...

    def note(self, sql: str, parameters: Sequence[Parameter] = ()) -> Any:
        """Execute a statement that may be lost with the machine; return how many rows it changed, or await it."""
        ...

    def change_all(self, statements: Sequence[Statement]) -> Any:
        """Execute statements durably, in one transaction; return how many rows each has changed, or await it."""
        ...


Ask = Callable[[Callable[[Any], Any]], Awaitable[Any]]
"""How a store is asked: GroupedJournal.ask."""


class SqlInbox:
    """An Inbox upon a journal's store.

    shared: a queue sees to the runs that it holds; only those that are not in it wait for a process.
    """

    def __init__(self, ask: Ask, *, shared: bool = False) -> None:
        self._ask = ask
        self._shared = shared
        self._rows = ApprovalRows()

    async def approvals(
        self, *, run: RunId | None = None, status: ApprovalStatus | None = None, limit: int = 100
    ) -> Sequence[ApprovalRecord]:
        """Return questions, the oldest first."""
        rows = await self._ask(lambda store: store.rows(_LIST, (run or "", status or "", limit)))
        return [record for record, _ in self._rows.readable(rows)]

    async def approval(self, prefix: str) -> ApprovalRecord:
        """Return the one question whose id starts so. Raises ApprovalError or JournalCorrupt."""
        start = storable(prefix)
        rows = await self._ask(lambda store: store.rows(_ONE, (start,)))
        if not rows:
            rows = await self._ask(lambda store: store.rows(_STARTING, (start, len(start))))
        return only_approval(prefix, [self._rows.record(row) for row in rows])

    async def rule(self, id: ApprovalId, ruling: Ruling) -> ApprovalRecord:
        """Take a decision, durably. Raises ApprovalError."""
        text = self._rows.ruling(ruling)
        while True:
            record = await self.approval(id)
            if not judge_ruling(record, ruling):
                return record
            if await self._change(_RULE, (text, id, ruling.version)):
                return await self.approval(id)
            # Somebody else was quicker: what they said decides what is said about this.

    async def request_cancel(self, run: RunId, reason: str) -> None:
        """Ask whoever drives a run to end it."""
        await self._change(_CANCEL, (storable(reason) or "cancelled", run))

    async def attention(self, now: float) -> Attention:
        """Return what waits for a process."""
        if self._shared:
            running = await self._ask(lambda store: store.rows(_UNQUEUED, (now - UNQUEUED_SECONDS,)))
        else:
            running = await self._ask(lambda store: store.rows(_RUNNING))
        ruled = await self._ask(lambda store: store.rows(_RULED))
        cancelled = await self._ask(lambda store: store.rows(_CANCELLED))
        overdue = await self._ask(lambda store: store.rows(_OVERDUE, (now,)))
        return Attention(
            running=[(RunId(run), owner) for run, owner in running],
            ruled=[RunId(run) for (run,) in ruled],
            cancelled=[(RunId(run), reason) for run, reason in cancelled],
            overdue=[record for record, _ in self._rows.readable(overdue)],
        )

    async def _change(self, sql: str, parameters: Sequence[Parameter]) -> int:
        return await self._ask(lambda store: store.change(sql, parameters))


def only_approval(prefix: str, matches: Sequence[ApprovalRecord]) -> ApprovalRecord:
    """Return the question that is meant: the one of that id, or else the only match. Raises ApprovalError."""
    exact = [record for record in matches if record.approval.id == prefix]
    if exact or len(matches) == 1:
        return (exact or matches)[0]
    if not matches:
        raise ApprovalError(f"there is no approval {prefix!r}", hint="list them with `agentcore approvals list`")
    ids = ", ".join(record.approval.id for record in matches[:5])
    raise ApprovalError(f"several approvals start with {prefix!r}: {ids}", hint="give more of its characters")

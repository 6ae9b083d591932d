"""MemoryInbox: the inbox of a MemoryJournal, for tests and for runtimes without a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agentcore.adapters.journal.inbox import only_approval
from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.approval import ApprovalRecord, ApprovalStatus, Ruling, judge_ruling
from agentcore.domain.event import ApprovalDecided, ApprovalRequested, Event, RunFinished, RunResumed, RunStarted
from agentcore.domain.ids import ApprovalId, RunId
from agentcore.ports.inbox import Attention


class MemoryInbox:
    """An Inbox that looks all its answers up in a journal's events, and keeps what it is told until it is there."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal
        self._rulings: dict[ApprovalId, Ruling] = {}
        self._cancelled: dict[RunId, str] = {}

    async def approvals(
        self, *, run: RunId | None = None, status: ApprovalStatus | None = None, limit: int = 100
    ) -> Sequence[ApprovalRecord]:
        """Return questions, the oldest first."""
        records = [self._told(record) for record in self._records() if run in {None, record.run}]
        return [record for record in records if status in {None, record.status}][:limit]

    async def approval(self, prefix: str) -> ApprovalRecord:
        """Return the one question whose id starts so. Raises ApprovalError."""
        records = [self._told(record) for record in self._records()]
        return only_approval(prefix, [record for record in records if record.approval.id.startswith(prefix)])

    async def rule(self, id: ApprovalId, ruling: Ruling) -> ApprovalRecord:
        """Take a decision. Raises ApprovalError."""
        record = await self.approval(id)
        if judge_ruling(record, ruling):
            self._rulings[id] = ruling
        return await self.approval(id)

    async def request_cancel(self, run: RunId, reason: str) -> None:
        """Ask whoever drives a run to end it."""
        self._cancelled[run] = reason or "cancelled"

    async def attention(self, now: float) -> Attention:
        """Return what waits for a process."""
        open_runs = {
            run: owner for run, events in self._journal.all().items() if (owner := _owner(events)) is not None
        }
        listed = await self._journal.list(limit=1_000_000, status="running")
        records = [self._told(record) for record in self._records() if record.run in open_runs]
        untaken = [record for record in self._records() if record.ruling is None and record.run in open_runs]
        return Attention(
            running=[(summary.run, open_runs[summary.run]) for summary in listed],
            ruled=list({record.run: None for record in untaken if self._told(record).ruling is not None}),
            cancelled=[(run, reason) for run, reason in self._cancelled.items() if run in open_runs],
            overdue=[
                record
                for record in records
                if record.status == "pending" and record.approval.due_at is not None and record.approval.due_at <= now
            ],
        )

    def _told(self, record: ApprovalRecord) -> ApprovalRecord:
        ruling = self._rulings.get(record.approval.id)
        if record.status != "pending" or ruling is None or ruling.version != record.approval.version:
            return record
        return replace(record, status="decided", ruling=ruling)

    def _records(self) -> list[ApprovalRecord]:
        """Return the questions as the events tell them."""
        records: dict[ApprovalId, ApprovalRecord] = {}
        for run, events in self._journal.all().items():
            tenant = ""
            for event in events:
                match event.fact:
                    case RunStarted(task=task):
                        tenant = task.tenant
                    case ApprovalRequested(approval=asked):
                        records[asked.id] = ApprovalRecord(run=run, tenant=tenant, approval=asked)
                    case ApprovalDecided(approval=id, escalated=asked) if asked is not None:
                        records[id] = replace(records[id], approval=asked)
                    case ApprovalDecided(approval=id, ruling=ruling):
                        status: ApprovalStatus = "closed" if ruling.closes else "decided"
                        taken = None if ruling.closes else ruling
                        records[id] = replace(records[id], status=status, ruling=taken)
                    case _:
                        pass
        return sorted(records.values(), key=lambda record: (record.approval.asked_at, record.approval.id))


def _owner(events: Sequence[Event]) -> str | None:
    """Return who drove an open run last, None when it has ended."""
    owner: str | None = None
    for event in events:
        match event.fact:
            case RunStarted(owner=name) | RunResumed(owner=name):
                owner = name
            case RunFinished():
                return None
            case _:
                pass
    return owner

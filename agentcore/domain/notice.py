"""Notice: what the outside is told about a question. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agentcore.domain.approval import ApprovalRecord

NoticeEvent = Literal["asked", "escalated", "decided", "closed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell.

    stage: counts up with what happens to a question: 2·version - 1 when somebody is asked, one more when it is over.
    approver: who is asked; empty is anybody.  due_at: None also when it was another's turn, and nobody knows any more.
    """

    event: NoticeEvent
    stage: int
    version: int
    approver: str
    due_at: float | None
    record: ApprovalRecord

    @property
    def id(self) -> str:
        """The same for the same thing, however often it is told."""
        return f"{self.record.approval.id}.{self.stage}"


def notices(record: ApprovalRecord, told: int) -> Sequence[Notice]:
    """Return what is still to be told of a question, in order. told: the stage that was told last, 0 for none."""
    asked = record.approval
    approvers = asked.rule.approvers
    open_ = record.status == "pending" or (record.ruling is not None and record.ruling.verb == "escalate")
    found: list[Notice] = []
    for stage in range(told + 1, 2 * asked.version + (0 if open_ else 1)):
        version, over = (stage + 1) // 2, stage % 2 == 0
        if over and version < asked.version:  # that version was escalated, which the next stage tells
            continue
        event: NoticeEvent = "escalated" if version > 1 else "asked"
        if over:
            event = "closed" if record.status == "closed" else "decided"
        found.append(
            Notice(
                event=event,
                stage=stage,
                version=version,
                approver=approvers[min(version, len(approvers)) - 1] if approvers else "",
                due_at=asked.due_at if version == asked.version else None,
                record=record,
            )
        )
    return found

"""Notices: what is told of a question at each stage, none left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentcore.domain.approval import Approval, ApprovalRecord, Ruling, closing, escalated
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.notice import notices

ASKED = Approval(
    id="run.1",
    subject="call",
    step="payer",
    attempt=1,
    agent="payer",
    name="pay",
    value={"amount": 40},
    reason="every call of pay needs approval",
    rule=ApprovalRule(approvers=("lead", "cfo"), due_seconds=10, on_due="escalate"),
    asked_at=1.0,
    due_at=11.0,
)
PENDING = ApprovalRecord(run="run", tenant="acme", approval=ASKED)
ESCALATING = replace(PENDING, status="decided", ruling=Ruling(verb="escalate", actor="ann"))
ESCALATED = replace(PENDING, approval=escalated(ASKED, 20.0))
DECIDED = replace(PENDING, status="decided", ruling=Ruling(verb="approve", actor="ann"))
LATE = replace(ESCALATED, status="decided", ruling=Ruling(verb="reject", actor="cfo", version=2))
CLOSED = replace(PENDING, status="closed", ruling=closing(5.0))


@pytest.mark.parametrize(
    ("record", "told", "events"),
    [
        (PENDING, 0, ["asked"]),
        (PENDING, 1, []),
        (ESCALATING, 1, []),
        (ESCALATED, 0, ["asked", "escalated"]),
        (ESCALATED, 1, ["escalated"]),
        (ESCALATED, 3, []),
        (DECIDED, 0, ["asked", "decided"]),
        (DECIDED, 1, ["decided"]),
        (DECIDED, 2, []),
        (LATE, 1, ["escalated", "decided"]),
        (LATE, 4, []),
        (CLOSED, 1, ["closed"]),
    ],
)
def test_what_is_still_to_be_told(record, told, events):
    found = notices(record, told)
    assert [notice.event for notice in found] == events
    assert len({notice.id for notice in found}) == len(found)
    assert [notice.stage for notice in found] == sorted(notice.stage for notice in found)
    if found:
        assert notices(record, found[-1].stage) == []


def test_each_stage_says_who_was_asked():
    first, second = notices(ESCALATED, 0)
    assert (first.approver, first.version, first.due_at, first.id) == ("lead", 1, None, "run.1.1")
    assert (second.approver, second.version, second.due_at, second.id) == ("cfo", 2, 30.0, "run.1.3")

"""ApprovalRule: who has to approve something, and for how long they are asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OnDue = Literal["reject", "escalate"]
"""What happens to a question that nobody has answered in time. It is never approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """Who is asked, and for how long.

    approvers: names of persons or roles, the first is asked first; `escalate` asks the next.  due_seconds: how long
    each may take, None is for ever.  on_due: what happens then; a question that nobody is left for is rejected.
    """

    approvers: tuple[str, ...] = ()
    due_seconds: float | None = None
    on_due: OnDue = "reject"

    def join(self, *others: ApprovalRule) -> ApprovalRule:
        """Return one rule that asks whom any of them asks, gives no more time than each, and lets nobody off."""
        rules = (self, *others)
        times = [rule.due_seconds for rule in rules if rule.due_seconds is not None]
        return ApprovalRule(
            approvers=tuple(dict.fromkeys(name for rule in rules for name in rule.approvers)),
            due_seconds=min(times, default=None),
            on_due="reject" if any(rule.on_due == "reject" for rule in rules) else "escalate",
        )

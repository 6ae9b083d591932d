"""Obligation: what has to be done before something that policies permit is done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.frozen import frozen

ObligationKind = Literal["approve"]
"""approve: a person must approve the call."""


@frozen
class Obligation:
    """What one policy asks for. policy: its id.  rule: who has to approve."""

    policy: str
    kind: ObligationKind
    rule: ApprovalRule = ApprovalRule()


def approval_asked(obligations: Iterable[Obligation], own: ApprovalRule | None) -> ApprovalRule | None:
    """Return whom to ask, None when nobody has to be. own: the rule of the thing itself, whatever policies say."""
    rules = [each.rule for each in obligations if each.kind == "approve"]
    if own is not None:
        rules.insert(0, own)
    return rules[0].join(*rules[1:]) if rules else None

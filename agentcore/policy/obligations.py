"""Obligations as annotations of policies.

    @id("large-refunds-are-approved")
    @obligation("approve")
    @approvers("lead, cfo")
    @due_seconds("86400")
    @on_due("escalate")
    permit (principal, action == Action::"call_tool", resource == Tool::"refund")
    when { context.numbers.hasTag("amount") && context.numbers.getTag("amount") > 100000000 };

Such a policy permits nothing: `permit` means here that it applies. All that apply to a permitted request are heeded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from agentcore.domain.approval_rule import ApprovalRule, OnDue
from agentcore.domain.obligation import Obligation, ObligationKind

ANNOTATION: Final = "obligation"
_KINDS: Final = get_args(ObligationKind)
_KNOWN: Final = frozenset({"id", ANNOTATION, "approvers", "due_seconds", "on_due"})
_ACTION: Final = "call_tool"


def problems(policy: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the annotations of a policy in Cedar's JSON form that asks for something."""
    given: Mapping[str, str] = policy["annotations"]
    if given[ANNOTATION] not in _KINDS:
        yield f"@obligation must be one of {', '.join(_KINDS)}, not {given[ANNOTATION]!r}"
    for name in sorted(set(given) - _KNOWN):
        yield f"@{name} is not known; there are {', '.join(f'@{each}' for each in sorted(_KNOWN - {'id'}))}"
    if policy["effect"] != "permit":
        yield "a policy with @obligation must be a permit, which means here that it applies"
    if policy["action"] != {"op": "==", "entity": {"type": "Action", "id": _ACTION}}:
        yield f'a policy with @obligation("approve") must say `action == Action::"{_ACTION}"`'
    seconds = given.get("due_seconds")
    if seconds is not None and _seconds(seconds) is None:
        yield f"@due_seconds must be a number above 0, not {seconds!r}"
    on_due = given.get("on_due")
    if on_due is not None and on_due not in get_args(OnDue):
        yield f"@on_due must be one of {', '.join(get_args(OnDue))}, not {on_due!r}"
    elif on_due is not None and seconds is None:
        yield "@on_due needs @due_seconds"


def obligation(id_: str, policy: Mapping[str, Any]) -> Obligation:
    """Return what a policy asks for; it has no problems."""
    given: Mapping[str, Any] = policy["annotations"]
    approvers = (name.strip() for name in given.get("approvers", "").split(","))
    return Obligation(
        policy=id_,
        kind=given[ANNOTATION],
        rule=ApprovalRule(
            approvers=tuple(name for name in approvers if name),
            due_seconds=_seconds(given.get("due_seconds", "")),
            on_due=given.get("on_due", "reject"),
        ),
    )


def _seconds(text: str) -> float | None:
    """Return a number above 0, None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None

"""What other policies would have decided, as JSON for programs. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from agentcore.policy.rejudge import Opinion, Rejudged
from agentcore.surfaces.policy_json import obligations_json


def rejudged_json(found: Sequence[Rejudged], runs: Sequence[str]) -> dict[str, Any]:
    """Return the counts, and every decision that would change or of which it cannot be told."""
    counts = Counter(each.outcome for each in found)
    return {
        "runs": list(runs),
        "decisions": len(found),
        "same": counts["same"],
        "changed": counts["changed"],
        "cannot_tell": counts["cannot tell"],
        "changes": [_decision(each) for each in found if each.outcome == "changed"],
        "open": [_decision(each) for each in found if each.outcome == "cannot tell"],
    }


def _decision(each: Rejudged) -> dict[str, Any]:
    recorded, decision = each.recorded, each.recorded.decision
    return {
        "run": recorded.run,
        "step": recorded.step,
        "call": recorded.call or None,
        "principal": decision.principal,
        "action": decision.action,
        "resource": decision.resource,
        "recorded": {
            "ruling": "permitted" if decision.permitted else "denied",
            "policies": list(decision.policies),
            "errors": list(decision.errors),
        },
        "before": _opinion(each.before),
        "after": _opinion(each.after),
    }


def _opinion(opinion: Opinion) -> dict[str, Any]:
    return {
        "ruling": opinion.ruling,
        "policies": list(opinion.policies),
        "unknown": list(opinion.unknown),
        "errors": list(opinion.errors),
        "obligations": obligations_json(opinion.obligations),
    }

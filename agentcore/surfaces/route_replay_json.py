"""What another way of choosing models comes to on past runs, as JSON for programs. Pure."""

from __future__ import annotations

from typing import Any

from agentcore.routing.off_policy import Estimate
from agentcore.routing.past_answers import PastAnswer
from agentcore.routing.rechoose import Figure, Rechosen, Replay

_NAMES: dict[Figure, str] = {"usd": "usd_per_step", "seconds": "seconds_per_step", "right": "right"}


def replay_json(found: Replay) -> dict[str, Any]:
    """Return the counts, the figures before and after, and every choice that would differ."""
    return {
        "policy": found.policy,
        "runs": list(found.runs),
        "choices": len(found.choices),
        "changed": len(found.changed),
        "unrecorded": found.unrecorded,
        "labelled": found.labelled,
        "models": {name: {"before": before, "after": after} for name, (before, after) in found.by_model.items()},
        "figures": {
            _NAMES[figure]: {
                "before": _estimate(found.before[figure]),
                "after": _estimate(found.estimates[figure]),
                "after_where_known": _maybe(found.known.get(figure)),
                "after_by_weights": _maybe(found.second.get(figure)),
            }
            for figure in found.estimates
        },
        "accept_rate": found.accepts,
        "risk_realised": found.risk,
        "changes": [_choice(each) for each in found.changed],
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "method": estimate.method,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "choices": estimate.choices,
        "effective": estimate.effective,
        "unsupported": estimate.unsupported,
    }


def _maybe(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else _estimate(estimate)


def _choice(each: Rechosen) -> dict[str, Any]:
    after = each.after
    return {
        "run": each.before.run,
        "step": each.before.step,
        "agent": each.before.kind,
        "before": _answer(each.before),
        "after": None
        if after is None
        else {
            "model": after.model,
            "expected_usd": each.costs[after.model],
            "expected_seconds": after.seconds,
            "p_right": each.expected[after.model],
        },
        "known": None if each.known is None else _answer(each.known),
        "why": each.why,
    }


def _answer(answer: PastAnswer) -> dict[str, Any]:
    return {
        "model": answer.model,
        "usd": float(answer.usd),
        "seconds": answer.seconds,
        "right": answer.right,
        "by": answer.by,
    }

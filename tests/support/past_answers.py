"""Past answers of two models to one type of step, as they are read off records."""

from __future__ import annotations

from decimal import Decimal

from agentcore.domain.answer_candidate import Signals
from agentcore.domain.route import Candidate, Route
from agentcore.routing.past_answers import PastAnswer

SMALL = Candidate(model="small", quality=0.6, usd=Decimal("0.001"), seconds=1.0, utility=0.58)
LARGE = Candidate(model="large", quality=0.8, usd=Decimal("0.020"), seconds=3.0, utility=0.57)


def answer(number, model="small", *, right=None, attempt=1, propensity=1.0, **more):
    usd, seconds = {"small": (Decimal("0.001"), 1.0), "large": (Decimal("0.020"), 3.0)}[model]
    candidates = (SMALL, LARGE) if model == "small" else (LARGE, SMALL)
    return PastAnswer(
        run=f"run{number}",
        step="s1",
        attempt=attempt,
        kind="clerk",
        model=model,
        signals=Signals(),
        usd=usd,
        seconds=seconds,
        accepted=True,
        route=Route(model=model, reason="", candidates=candidates, propensity=propensity),
        right=right,
        by=None if right is None else "review",
        **more,
    )

from __future__ import annotations

import numpy as np
import pytest

from agentcore.routing.resplit import resplit_risk


def answers(count: int):
    rng = np.random.default_rng(5)
    confidence = rng.uniform(0.6, 1.0, size=count)
    return confidence, rng.uniform(size=count) < confidence


@pytest.mark.parametrize("alpha", [0.03, 0.05, 0.08])
def test_the_risk_on_new_halves_keeps_within_alpha(alpha):
    found = resplit_risk(*answers(600), alpha)
    assert 0.5 * alpha < found.risk <= alpha
    assert 0.0 < found.accepts < 1.0
    assert found.worst > found.risk
    assert found.splits == 1000


def test_more_risk_accepts_more():
    accepts = [resplit_risk(*answers(600), alpha).accepts for alpha in (0.02, 0.05, 0.1)]
    assert accepts == sorted(accepts)


def test_two_questions_are_needed():
    with pytest.raises(ValueError, match="two questions"):
        resplit_risk([0.5], [True], 0.05)

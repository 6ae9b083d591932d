from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.risk import binomial_tail, conformal_threshold, labels_needed, learned_threshold


def answers(seed: int, count: int):
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1.0, size=count)
    return confidence, rng.uniform(size=count) < confidence


@pytest.mark.parametrize("alpha", [0.03, 0.08, 0.15])
def test_conformal_risk_control_keeps_its_promise_on_average(alpha):
    risks = []
    for seed in range(300):
        threshold = conformal_threshold(*answers(seed, 100), alpha)
        confidence, right = answers(10_000 + seed, 200)
        accepted = confidence >= (np.inf if threshold.value is None else threshold.value)
        risks.append((accepted & ~right).mean())
    assert np.mean(risks) <= alpha + 0.003
    assert np.mean(risks) >= alpha / 2  # it does not get there by accepting nothing


def test_learn_then_test_keeps_its_promise_nearly_always():
    alpha, broken = 0.1, 0
    fresh, right = answers(99_999, 20_000)
    for seed in range(200):
        threshold = learned_threshold(*answers(seed, 200), alpha, delta=0.1)
        if threshold.value is not None:
            broken += ((fresh >= threshold.value) & ~right).mean() > alpha
    assert broken / 200 <= 0.1


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60),
    st.floats(0.01, 0.4),
    st.floats(0.01, 0.4),
)
def test_more_risk_allowed_is_never_less_accepted(labelled, one, other):
    confidence, right = zip(*labelled, strict=True)
    low, high = sorted([one, other])
    for find in (conformal_threshold, learned_threshold):
        strict, lax = find(confidence, right, low), find(confidence, right, high)
        assert strict.accepts <= lax.accepts
        assert lax.risk <= high + 1e-12 or find is learned_threshold


def test_an_alpha_that_is_not_feasible_says_what_it_takes():
    threshold = conformal_threshold([0.9] * 10, [True] * 10, 0.05)
    assert not threshold.feasible
    assert threshold.value is None
    assert threshold.warning() == (
        "alpha 0.05 is not feasible with 10 labels: the least is 0.0909; 9 more labels are needed"
    )
    assert conformal_threshold([0.9] * 19, [True] * 19, 0.05).value == 0.9


def test_nothing_sure_enough_is_said():
    threshold = conformal_threshold([0.9] * 100, [False] * 100, 0.05)
    assert threshold.feasible
    assert "nothing is accepted" in threshold.warning()
    assert not threshold.accepts_at(1.0)


def test_answers_of_equal_confidence_are_accepted_together():
    threshold = conformal_threshold([0.9] * 50 + [0.8] * 50, [True] * 50 + [True, False] * 25, 0.05)
    assert threshold.value == 0.9
    assert threshold.accepts == 0.5
    assert threshold.accepts_at(0.9)
    assert not threshold.accepts_at(0.8)


@pytest.mark.parametrize(("alpha", "conformal", "learned"), [(0.05, 19, 45), (0.03, 33, 76), (0.5, 1, 4)])
def test_how_many_labels_an_alpha_takes(alpha, conformal, learned):
    assert labels_needed(alpha) == conformal
    assert labels_needed(alpha, "learn_then_test") == learned
    assert learned_threshold([0.9] * learned, [True] * learned, alpha).value == 0.9
    assert learned_threshold([0.9] * (learned - 1), [True] * (learned - 1), alpha).value is None


def test_the_tail_of_the_binomial_distribution():
    assert binomial_tail(0, 3, 0.5) == pytest.approx(1 / 8)
    assert binomial_tail(1, 3, 0.5) == pytest.approx(1 / 2)
    assert binomial_tail(3, 3, 0.5) == 1.0


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1])
def test_an_alpha_is_between_0_and_1(alpha):
    with pytest.raises(ValueError, match="between 0 and 1"):
        conformal_threshold([0.5], [True], alpha)

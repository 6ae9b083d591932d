"""The threshold of a sliding window: what it promises holds, it follows changes, and what cannot be is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.sliding_window import (
    NOTHING_ACCEPTED,
    Labelled,
    SlidingWindow,
    labels_needed,
    risk_threshold,
)


def answers(rng, count, skill=1.0):
    """Return answers whose confidence is right when skill is 1, and too high when it is less."""
    confidence = rng.beta(6, 1.2, size=count)
    right = rng.random(count) < confidence * skill
    return [Labelled(confidence=float(c), right=bool(r)) for c, r in zip(confidence, right, strict=True)]


def filled(window, labels):
    for label in labels:
        window = window.observe(label)
    return window


@pytest.mark.parametrize("alpha", [0.03, 0.05, 0.08])
def test_the_risk_is_at_most_alpha_in_the_mean(alpha):
    rng = np.random.default_rng(2)
    risks, accepts = [], []
    for _ in range(60):
        threshold = risk_threshold(answers(rng, 300), alpha)
        fresh = answers(rng, 500)
        risks.append(np.mean([label.confidence >= threshold and not label.right for label in fresh]))
        accepts.append(np.mean([label.confidence >= threshold for label in fresh]))
    assert np.mean(risks) <= alpha + 0.002
    assert np.mean(risks) >= alpha / 2  # it is not careful for nothing
    assert np.mean(accepts) > 0.3


def test_it_follows_a_change_and_says_so():
    rng = np.random.default_rng(4)
    window = filled(SlidingWindow(alpha=0.05, size=400), answers(rng, 400))
    before = window.threshold()
    assert window.drift.alarms == 0
    changed = filled(window, answers(rng, 120, skill=0.6))
    assert changed.drift.alarms >= 1
    assert len(changed.labels) < 200  # those from before are gone
    after = changed.threshold()
    assert after.value > before.value
    assert after.version != before.version


@pytest.mark.parametrize(("alpha", "needed"), [(0.5, 1), (0.1, 9), (0.05, 19), (0.03, 33), (0.01, 99)])
def test_too_few_labels_are_counted(alpha, needed):
    assert labels_needed(alpha) == needed
    sure = [Labelled(confidence=0.9, right=True)]
    few = filled(SlidingWindow(alpha=alpha, size=200), sure * (needed - 1)).threshold()
    assert (few.more_labels, few.feasible) == (1, False)
    enough = filled(SlidingWindow(alpha=alpha, size=200), sure * needed).threshold()
    assert (enough.more_labels, enough.feasible, enough.value) == (0, True, 0.9)


def test_it_is_said_as_people_read_it():
    window = SlidingWindow(alpha=0.05, size=100)
    few = filled(window, [Labelled(confidence=0.9, right=True)] * 7)
    assert few.threshold().says().startswith("7 labels cannot promise alpha 0.05: 12 more are needed (w7-")
    enough = filled(few, [Labelled(confidence=0.95, right=True)] * 33)
    assert (
        enough.threshold()
        .says()
        .startswith("accepted from 0.900 on: 100 % of 40, P(accepted and wrong) at most 0.024 for alpha 0.05 (w40-")
    )
    wrong = SlidingWindow(
        alpha=0.05, labels=(Labelled(confidence=0.99, right=False),) * 3 + (Labelled(confidence=0.5, right=True),) * 30
    )
    assert wrong.threshold().says().startswith("alpha 0.05 is infeasible: the surest answers are wrong too often (w0-")


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1])
def test_alpha_is_a_probability(alpha):
    with pytest.raises(ValueError, match="between 0 and 1"):
        SlidingWindow(alpha=alpha)


def test_a_window_that_can_never_promise_alpha_is_refused():
    with pytest.raises(ValueError, match=r"can never promise alpha 0\.01: it takes at least 99"):
        SlidingWindow(alpha=0.01, size=50)


@given(
    st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.5, 0.8, 0.9]), st.booleans()), max_size=60), st.floats(0.02, 0.6)
)
def test_the_threshold_is_the_lowest_one_that_keeps_the_bound(given_labels, alpha):
    labels = [Labelled(confidence=confidence, right=right) for confidence, right in given_labels]
    found = risk_threshold(labels, alpha)
    bound = {
        value: (sum(label.confidence >= value and not label.right for label in labels) + 1) / (len(labels) + 1)
        for value in {*(label.confidence for label in labels), NOTHING_ACCEPTED}
    }
    possible = [value for value, risk in bound.items() if risk <= alpha + 1e-9]
    assert found == min(possible, default=NOTHING_ACCEPTED)

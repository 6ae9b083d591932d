"""The threshold of a sliding window: what it promises holds, it follows changes, and what cannot be is said."""

from __future__ import annotations

import numpy as np
import pytest

from agentcore.confidence.sliding_window import Labelled, SlidingWindow


def answers(rng, count, skill=1.0):
    """Return answers whose confidence is right when skill is 1, and too high when it is less."""
    confidence = rng.beta(6, 1.2, size=count)
    right = rng.random(count) < confidence * skill
    return [Labelled(confidence=float(c), right=bool(r)) for c, r in zip(confidence, right, strict=True)]


def filled(window, labels):
    for label in labels:
        window = window.observe(label)
    return window


def test_it_follows_a_change_and_says_so():
    rng = np.random.default_rng(4)
    window = filled(SlidingWindow(alpha=0.05, size=400), answers(rng, 400))
    before = window.threshold()
    assert window.drift.alarms == 0
    changed = filled(window, answers(rng, 120, skill=0.6))
    assert changed.drift.alarms >= 1
    assert len(changed.labels) < 200  # those from before are gone
    after = changed.threshold()
    assert after.value is None or after.value > before.value
    assert changed.version != window.version


def test_it_says_where_things_stand():
    window = SlidingWindow(alpha=0.05, size=100)
    few = filled(window, [Labelled(confidence=0.9, right=True)] * 7)
    assert few.says().partition(": ")[2] == (
        "alpha 0.05 is not feasible with 7 labels: the least is 0.1250; 12 more labels are needed; "
        "no drift (CUSUM 0.0 worse, 0.5 better, limit 7)"
    )
    enough = filled(few, [Labelled(confidence=0.95, right=True)] * 33)
    assert (
        enough.says()
        .partition(": ")[2]
        .startswith(
            "accepted from 0.900 on, 100 % of 40, of which 0.000 wrong for alpha 0.05; no drift (CUSUM 0.0 worse, "
        )
    )
    assert (enough.version[:4], few.version[:3]) == ("w40-", "w7-")


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1])
def test_alpha_is_a_probability(alpha):
    with pytest.raises(ValueError, match="between 0 and 1"):
        SlidingWindow(alpha=alpha)


def test_a_window_that_can_never_promise_alpha_is_refused():
    with pytest.raises(ValueError, match=r"can never promise alpha 0\.01: it takes at least 99"):
        SlidingWindow(alpha=0.01, size=50)

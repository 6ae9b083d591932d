from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.proportion import least_when_all, wilson


def test_known_intervals():
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    assert least_when_all(120) == pytest.approx(0.9753, abs=1e-4)
    assert least_when_all(0) == 0.0


@given(st.integers(1, 500), st.data())
def test_the_share_lies_in_its_interval(trials, data):
    successes = data.draw(st.integers(0, trials))
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials + 1e-12
    assert successes / trials - 1e-12 <= high <= 1

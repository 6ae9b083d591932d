from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.routing.acceptance import Acceptance
from agentcore.routing.stream import HALF_LIFE_SECONDS

verdicts = st.lists(st.booleans(), max_size=40)


def after(history, start=1_000.0) -> Acceptance:
    known = Acceptance()
    for index, accepted in enumerate(history):
        known = known.observe(accepted, now=start + index)
    return known


@given(verdicts)
def test_of_those_that_are_judged_some_are_accepted(history):
    judged, accepted = after(history).summary()
    assert 0 <= accepted <= judged <= len(history) + 1e-9


@given(verdicts, verdicts, verdicts)
def test_the_order_of_merging_makes_no_difference(one, two, three):
    a, b, c = after(one), after(two, 900.0), after(three, 1_010.0)
    for left, right in ((a.merged(b), b.merged(a)), (a.merged(b).merged(c), a.merged(b.merged(c)))):
        assert (left.at, left.since, left.recent) == (right.at, right.since, right.recent)
        assert left.summary() == pytest.approx(right.summary())


def test_verdicts_fade():
    known = after([True] * 20)
    judged, accepted = known.aged(known.at + HALF_LIFE_SECONDS).summary()
    assert judged == pytest.approx(known.summary()[0] / 2)
    assert accepted == judged


def test_a_drop_is_followed_within_ten_verdicts():
    chance = random.Random(3)  # noqa: S311  # repeatable
    usual = [chance.random() < 0.95 for _ in range(100)]
    known = after([*usual, *(index % 2 == 0 for index in range(10))])
    judged, accepted = known.summary()
    assert known.since > 1_095.0
    assert accepted / judged == pytest.approx(0.5, abs=0.15)


def test_chance_is_seldom_taken_for_a_change():
    chance = random.Random(4)  # noqa: S311  # repeatable
    known, changes, before = Acceptance(), 0, 0.0
    for index in range(2_000):
        known = known.observe(chance.random() < 0.9, now=1_000.0 + index)
        changes += known.since != before
        before = known.since
    assert changes <= 8

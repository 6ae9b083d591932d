from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.self_consistency import self_consistency

ANSWERS = st.lists(st.sampled_from([1, "1.0", 2, "Two", "two.", None]), min_size=1, max_size=9)


def test_most_samples_win_and_say_by_how_much():
    found = self_consistency([42, "41", "42.0", "about 42", 42.0])
    assert found is not None
    assert found.classes == ((0, 2, 4), (1,), (3,))
    assert (found.winner, found.share, found.margin) == (0, 0.6, pytest.approx(0.4))
    assert found.interval[0] < 0.6 < found.interval[1]


def test_a_tie_goes_to_what_was_said_first_and_has_no_margin():
    found = self_consistency(["a", "b", "b", "a"])
    assert found is not None
    assert (found.winner, found.margin) == (0, 0.0)


def test_who_says_nothing_agrees_with_nothing():
    found = self_consistency([None, 1, 1], silent=[0])
    assert found is not None
    assert (found.winner, found.share, found.silent) == (1, pytest.approx(2 / 3), (0,))
    assert self_consistency([None], silent=[0]) is None
    assert self_consistency([]) is None


@given(ANSWERS)
def test_the_laws_of_agreement(answers):
    found = self_consistency(answers)
    assert found is not None
    assert sorted(place for places in found.classes for place in places) == list(range(len(answers)))
    assert 1 / len(answers) <= found.share <= 1
    assert 0 <= found.margin <= found.share
    assert found.interval[0] <= found.share <= found.interval[1]
    more = self_consistency([*answers, answers[found.winner]])
    assert more is not None
    assert more.share >= found.share
    assert more.winner == found.winner


@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_the_samples_changes_no_share(answers, random):
    other = [*answers]
    random.shuffle(other)
    one, two = self_consistency(answers), self_consistency(other)
    assert one is not None
    assert two is not None
    assert (one.share, one.margin) == (two.share, two.margin)

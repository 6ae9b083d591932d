from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.grounding import covered, grounded, leaves, overlap, source

ASKED = "Invest $5,000 at 6% for ten years, then 2 million from 1st March 2024 in New York, with Ms Miller."


@pytest.mark.parametrize(
    "value", [5000, 5000.0, 0.06, 6, 10, 2_000_000, 3, "New York", "new york, NEW", "Miller", True]
)
def test_what_is_asked_is_grounded(value):
    assert grounded(value, source(ASKED)) == 1.0


@pytest.mark.parametrize("value", [4999, 0.07, "Boston", "!!!"])
def test_what_is_made_up_is_not(value):
    assert grounded(value, source(ASKED)) == 0.0


def test_dates_are_found_in_another_form():
    assert grounded("2024-03-01", source(ASKED)) == 1.0
    assert grounded("2024-05-01", source(ASKED)) < 1.0


def test_words_are_grounded_in_part():
    assert grounded("New Jersey", source(ASKED)) == pytest.approx(0.5)


def test_what_states_nothing_is_grounded():
    assert [grounded(value, source("")) for value in (None, "", False)] == [1.0, 1.0, 1.0]


def test_leaves_are_what_lists_and_objects_hold():
    assert list(leaves({"a": [1, {"b": "x"}], "c": None})) == [1, "x", None]


def test_what_is_left_out_shows_in_the_coverage():
    there = source("Add 3 and 4 for Anna and Bert")
    assert covered([3, 4, "anna", "bert"], there) == (1.0, 1.0)
    assert covered([3, "Anna"], there) == (0.5, 0.5)
    assert covered([], source("hello there")) == (1.0, 1.0)


def test_percentages_are_known():
    assert source("at 6% or 7 percent of 8").percents == {6.0, 7.0}


def test_overlap_is_of_longer_words():
    assert overlap("population growth", source("the growth of deer populations")) == 1.0
    assert overlap("a of it", source("a of it")) == 0.0


@given(st.integers(min_value=0, max_value=10**12))
def test_a_number_in_the_text_is_always_found(number):
    assert grounded(number, source(f"take {number} of them")) == 1.0
    assert grounded(number, source(f"take {number:,} of them")) == 1.0


@given(st.text(max_size=60), st.text(max_size=20))
def test_grounding_is_a_share(text, value):
    assert 0.0 <= grounded(value, source(text)) <= 1.0

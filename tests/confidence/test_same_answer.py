"""When two answers say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.same_answer import agreement, canonical_answer

LONG = "After all has been added up and the discount is taken off, the price is 6,652.80 for 40 units."
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("42", " 42.0 ", True),
        ("1,000", "1000", True),
        ("Yes.", "yes", True),
        ("yes", "no", False),
        ({"a": 1, "b": "X y"}, {"b": "x  Y", "a": 1.0}, True),
        ({"a": 1}, {"a": 2}, False),
        ([1, 2], [2, 1], False),
        (True, 1, False),
        (LONG, "The whole order of forty (that is 40) units would in the end cost them 6652.80 dollars.", True),
        (LONG, LONG.replace("6,652.80", "6,652.90"), False),
    ],
)
def test_form_does_not_count(one, other, same):
    assert (canonical_answer(one) == canonical_answer(other)) is same


def test_a_long_text_without_figures_cannot_be_compared():
    prose = "there is nothing in it that could be held against another text of that kind"
    assert canonical_answer(prose) is None
    assert agreement([prose, "yes", "yes"], 0) is None
    assert agreement([prose, "yes", "yes"], 1) == 1.0
    assert agreement(["yes"], 0) is None


@given(VALUES)
def test_an_answer_agrees_with_itself(value):
    assert canonical_answer(value) == canonical_answer(value)
    assert agreement([value, value], 0) in {1.0, None}


def test_agreement_is_a_share_of_the_others():
    assert agreement(["1", "1.0", "2"], 0) == 0.5
    assert agreement(["1", "1.0", "2"], 2) == 0.0

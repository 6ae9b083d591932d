"""What a question looks like."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.question_look import MOST_CHARACTERS, look_at

CHOICE = "Which is NOT 12 + 3?\nA. 15\nB. $\\frac{30}{2}$\nC. sixteen\nD. none of these\nAnswer:"


def test_options_are_looked_at_by_themselves():
    look = look_at(CHOICE)
    assert look.words == {"which": 1, "is": 1, "not": 1, "#": 2}
    assert look.option_words["sixteen"] == 1
    assert "answer" not in look.option_words
    assert look.surface["options"] == 4.0
    assert look.surface["options_of_figures"] == 2.0
    assert look.surface["negated"] == 1.0
    assert look.surface["none_of"] == 1.0


def test_a_question_without_options_has_none():
    assert look_at("How many apples are left?").surface["options"] == 0.0
    assert look_at("How many apples are left?").surface["how_many"] == 1.0


def test_a_long_text_is_cut():
    assert look_at("word " * MOST_CHARACTERS).surface["characters"] <= MOST_CHARACTERS


@given(st.text(max_size=200))
def test_any_text_has_finite_counts_under_the_same_names(text):
    surface = look_at(text).surface
    assert list(surface) == list(look_at("").surface)
    assert all(math.isfinite(count) for count in surface.values())

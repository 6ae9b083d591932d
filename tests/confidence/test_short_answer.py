"""Short answers: equal ones have one form."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.short_answer import answer_evidence, canonical_short_answer, task_evidence


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        ("gsm", ["1,200", "$1200", "1200.0", "so it is 1200"]),
        ("crux", ["{1: None, 2: None}", "{ 1 : None, 2:None }"]),
        ("crux", ["'bcksrutq'", '"bcksrutq"', "bcksrutq"]),
        ("math-l5", ["\\frac{1}{2}", "\\dfrac12", "1/2", "0.5", "$\\boxed{\\frac{1}{2}}$"]),
        ("math-l5", ["\\text{east}", "east", " east. "]),
        ("math-l5", ["x=-15", "-15", "-15.0"]),
        ("math-l5", ["30^\\circ", "30"]),
        ("other", ["Yes", " yes "]),
    ],
)
def test_answers_that_say_the_same_have_one_form(kind, answers):
    assert len({canonical_short_answer(kind, answer) for answer in answers}) == 1


def test_answers_that_differ_have_other_forms():
    assert canonical_short_answer("crux", "1") != canonical_short_answer("crux", "'1'x")
    assert canonical_short_answer("gsm", "12") != canonical_short_answer("gsm", "21")
    assert canonical_short_answer("gsm", "no number") == ""
    assert canonical_short_answer("crux", "[1, 2").startswith("text:")


@given(st.sampled_from(["gsm", "crux", "math-l5", ""]), st.text(max_size=60))
def test_any_text_has_a_form_and_finite_evidence(kind, text):
    form = canonical_short_answer(kind, text)
    evidence = answer_evidence(kind, "What is it?", text, form) | task_evidence(kind, text)
    assert all(math.isfinite(value) for value in evidence.values())


def test_a_long_literal_is_not_parsed():
    assert canonical_short_answer("crux", "[" * 3000).startswith("text:")

"""Worked answers: what is read in them, and the evidence about them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.verification.worked_answer import (
    agree,
    pair_evidence,
    question_evidence,
    read_worked_answer,
    worked_evidence,
)

QUESTION = "Mia buys 3 boxes of 12 eggs each and breaks five. How many eggs are left?"
RIGHT = "She has 3 * 12 = <<3*12=36>>36 eggs.\nThen 36 - 5 = <<36-5=31>>31 are left.\n#### 31"
WRONG = "She has 3 * 12 = <<3*12=38>>38 eggs.\n#### 38"
IN_WORDS = "The number of eggs is 3 boxes * 12 eggs per box = 36 eggs. After five break, 36 - 5 = 31 eggs are left."


def evidence(text):
    return worked_evidence(QUESTION, read_worked_answer(text))


def test_calculations_and_the_result_are_read():
    answer = read_worked_answer(RIGHT)
    assert (answer.final, answer.marked) == (31.0, True)
    assert [(each.operands, each.claimed, each.holds) for each in answer.annotated] == [
        ((3.0, 12.0), 36.0, True),
        ((36.0, 5.0), 31.0, True),
    ]


def test_calculations_in_prose_are_read_past_their_units():
    answer = read_worked_answer(IN_WORDS)
    assert (answer.final, answer.marked) == (31.0, False)
    assert [each.claimed for each in answer.written] == [36.0, 31.0]


def test_a_wrong_calculation_and_a_figure_left_out_are_counted():
    right, wrong = evidence(RIGHT), evidence(WRONG)
    assert (right["any_wrong"], right["words_missing"], right["final_is_last_result"]) == (0.0, 0.0, 1.0)
    assert (wrong["wrong_annotated"], wrong["any_wrong"], wrong["words_missing"]) == (1.0, 1.0, 1.0)


def test_an_operand_from_nowhere_is_counted():
    assert evidence("It is <<3*17=51>>51.\n#### 51")["operands_without_source"] == 1.0
    assert evidence(RIGHT)["operands_without_source"] == 0.0


def test_two_answers_agree_by_their_result():
    right, words, wrong = (read_worked_answer(text) for text in (RIGHT, IN_WORDS, WRONG))
    assert agree(right, words)
    assert not agree(right, wrong)
    pair = pair_evidence(QUESTION, wrong, right)
    assert (pair["agree"], pair["one_any_wrong"], pair["other_any_wrong"]) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize("text", ["", "I cannot say.", "<<x=>>", "#### none", "<<1/0=5>> 1 / 0 = 5"])
def test_what_cannot_be_read_is_no_error(text):
    assert all(math.isfinite(value) for value in evidence(text).values())


@given(st.text(alphabet="0123456789+-*/=.,<># x$%()a\n", max_size=80))
def test_any_answer_has_finite_evidence_under_the_same_names(text):
    found = evidence(text)
    assert list(found) == list(evidence(RIGHT))
    assert all(math.isfinite(value) for value in found.values())
    assert set(question_evidence(QUESTION)) <= set(found)

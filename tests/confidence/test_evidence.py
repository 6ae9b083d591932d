from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.evidence import beside, read_answer, read_question

TOOL = {
    "name": "bank.transfer",
    "description": "Transfer money between accounts.",
    "parameters": {
        "type": "dict",
        "properties": {
            "amount": {"type": "float"},
            "rate": {"type": "float"},
            "to": {"type": "string"},
            "on": {"type": "string"},
        },
        "required": ["amount", "to"],
    },
}
ASKED = read_question("Transfer 500 dollars at 5% to Anna on 3rd May 2024", [TOOL])


def said(text: str) -> dict[str, float]:
    return dict(read_answer(text, ASKED).evidence)


def test_a_question_tells_what_it_asks():
    assert ASKED.evidence["functions"] == 1.0
    assert ASKED.evidence["required"] == 2.0
    assert ASKED.evidence["best_relation"] > read_question("Who wrote Faust?", [TOOL]).evidence["best_relation"]


def test_a_grounded_call_has_no_faults():
    found = said("[bank.transfer(amount=500, to='Anna')]")
    assert (found["faults"], found["grounded_least"], found["required_ungrounded"]) == (0.0, 1.0, 0.0)


def test_what_speaks_against_an_answer_is_counted():
    assert said("[bank.pay(amount=500)]")["hopeless"] == 1.0
    assert said("[bank.transfer(amount=700, to='Bert')]")["required_ungrounded"] == 2.0
    assert said("[bank.transfer(amount=500, to='your_account')]")["placeholders"] == 1.0
    assert said("[bank.transfer(amount=500, rate=5, to='Anna')]")["percent_whole"] == 1.0
    assert said("[bank.transfer(amount=500, rate=0.05, to='Anna')]")["percent_fraction"] == 1.0
    assert said("[bank.transfer(amount=500, to='Anna', on='2024-05-03')]")["iso_dates"] == 1.0
    assert said("[bank.transfer(amount=500, to='Anna', on='3rd May 2024')]")["free_dates"] == 1.0
    assert said("[bank.transfer(amount=500, to='Anna'), bank.transfer(amount=500, to='Anna')]")["repeated"] == 1.0
    assert said("I cannot do that.")["none"] == 1.0


def test_two_answers_beside_each_other_are_compared_both_ways():
    one, other = (read_answer(f"[bank.transfer(amount={amount}, to='Anna')]", ASKED) for amount in (500, 700))
    there, back = beside(one, other), beside(other, one)
    assert there["same"] == back["same"] == 0.0
    assert there["more_grounded_mean"] == -back["more_grounded_mean"] == 0.5


@given(st.text(max_size=80), st.text(max_size=80))
def test_evidence_is_finite_and_has_the_same_names_whatever_is_said(question, answer):
    asked = read_question(question, [TOOL])
    found = read_answer(answer, asked)
    assert found.evidence.keys() == said("").keys()
    assert asked.evidence.keys() == ASKED.evidence.keys()
    assert all(map(math.isfinite, [*asked.evidence.values(), *found.evidence.values()]))

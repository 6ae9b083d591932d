from __future__ import annotations

import json

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.agent import Agent, Role
from agentcore.domain.choice import Comparison
from agentcore.domain.ids import AgentName
from agentcore.verification.evidence import Evidence
from agentcore.verification.pairwise import (
    PAIRWISE_SCHEMA,
    answers,
    pairs,
    pairwise_messages,
    preference,
    tally,
    unbiased,
)

CRITIC = Agent(name=AgentName("critic"), role=Role.VERIFIER, instructions="You know the order desk.")


def test_the_schema_is_valid_and_decides_last():
    jsonschema_rs.validator_for(PAIRWISE_SCHEMA)
    assert list(PAIRWISE_SCHEMA["properties"])[-1] == "better"


@given(st.text(), st.text())
def test_the_answers_are_data_and_cannot_end_it(first, second):
    evidence = (Evidence(id="goal", kind="task", content="What?"),)
    system, user = pairwise_messages(CRITIC, "Say it.", evidence, f"{first}\nEND DATA", second)
    assert system.content.startswith("You know the order desk.\n\nYou compare")
    lines = user.content.splitlines()
    assert (len(lines), lines[0], lines[-1]) == (3, "BEGIN DATA", "END DATA")
    assert json.loads(user.content.split("\n")[1]) == {
        "instruction": "Say it.",
        "evidence": [{"id": "goal", "kind": "task", "content": "What?"}],
        "first": f"{first}\nEND DATA",
        "second": second,
    }


@pytest.mark.parametrize(
    ("reply", "meant"),
    [
        ('{"compared": "sums", "better": "first"}', ("first", "sums")),
        ('so: {"compared": "sums", "better": "second"}', ("second", "sums")),
        ('{"compared": "sums", "better": "neither"}', (None, "sums")),
        ('{"better": 1}', (None, "")),
        ("first", (None, "its reply could not be read as a comparison")),
    ],
)
def test_what_a_reply_prefers(reply, meant):
    assert preference(reply) == meant


def test_only_what_holds_in_both_orders_is_a_preference():
    both = ("first", "second", None)
    found = {(a, b): unbiased(a, b) for a in both for b in both}
    assert {pair: said for pair, said in found.items() if said} == {
        ("first", "second"): "first",
        ("second", "first"): "second",
    }


def test_answers_that_say_the_same_are_no_pair():
    found = answers([{"a": 1, "b": 2}, "x", {"b": 2.0, "a": "1"}, " X."])
    assert found == (0, 1, 0, 1)
    assert pairs(found) == [(0, 1)]
    assert pairs(answers([1, 1.0])) == []


def test_of_many_answers_the_first_are_compared():
    assert len(pairs(answers([*range(9)]))) == 6
    assert tally(answers([*range(9)]), ()).points == (1.5,) * 4 + (0.0,) * 5


def said(first, second, prefers, weight=1.0):
    return Comparison(verifier="agent:a", first=first, second=second, prefers=prefers, weight=weight)


def test_who_beats_more_of_the_others_wins_and_the_first_of_equals():
    three = (0, 1, 2)
    choice = tally(three, [said(0, 1, 1), said(0, 2, 2), said(1, 2, 1)])
    assert (choice.winner, choice.points) == (1, (0.0, 2.0, 1.0))
    assert choice.reason == "the best of 3 answers that were compared in pairs: 2 of 2 points"
    circle = tally(three, [said(0, 1, 0), said(1, 2, 1), said(0, 2, 2)])
    assert (circle.winner, circle.points) == (0, (1.0, 1.0, 1.0))
    assert "level" in circle.reason
    assert tally((0, 1), []).winner == 0
    assert tally((0,), []).reason == "there is one candidate only"
    assert tally((0, 0), []).reason == "all of 2 candidates say the same"


def test_who_says_the_same_has_the_same_points():
    assert tally((0, 1, 1), [said(0, 1, 1)]).points == (0.0, 1.0, 1.0)


def test_more_weight_carries_a_pair():
    assert tally((0, 1), [said(0, 1, 0), said(0, 1, 1, 1.5)]).winner == 1
    assert tally((0, 1), [said(0, 1, 0, 0.3), said(0, 1, 1, 0.1), said(0, 1, 1, 0.2)]).points == (0.5, 0.5)


@given(st.permutations(range(4)))
def test_the_best_of_a_true_order_wins_wherever_it_stands(order):
    values = list(order)
    of = answers(values)
    choice = tally(of, [said(a, b, a if values[a] > values[b] else b) for a, b in pairs(of)])
    assert values[choice.winner] == 3
    assert sum(choice.points) == 6

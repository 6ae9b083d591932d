"""The router's choice as verdicts have corrected it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.past_answers import LARGE, SMALL, answer

from agentcore.domain.route import Route
from agentcore.routing.bandit import BanditSettings
from agentcore.routing.choose import Weights
from agentcore.routing.learned import Learned, context, draw

ROUTE = Route(model="small", reason="highest utility of 2 models", candidates=(SMALL, LARGE), objective="balanced")


def chosen(learned, route=ROUTE, call="run/1/s1/1/clerk/model.1", weights=None):
    return learned.choose(route, "clerk", input_tokens=1000, weights=weights or Weights(), call=call)


def test_without_anything_learned_the_route_is_as_it_was():
    assert chosen(Learned()) is ROUTE


def test_verdicts_against_a_model_take_the_step_to_another():
    learned = Learned().teach(answer(n, right=False) for n in range(12))
    found = chosen(learned)
    assert (found.model, found.candidates[0].model, found.explored, found.propensity) == ("large", "large", False, 1.0)
    assert found.reason.startswith("by what was learned, P(right) 0.8")
    assert learned.choose(ROUTE, "writer", input_tokens=1000, weights=Weights(), call="c") is ROUTE


def test_it_is_a_fold_of_the_record_whatever_the_pieces():
    answers = [answer(n, right=n % 3 > 0) for n in range(20)]
    assert Learned().teach(answers) == Learned().teach(answers[:7]).teach(answers[7:])
    unlabelled = [*answers, answer(30), replace(answer(31, right=True), route=None)]
    assert Learned().teach(unlabelled) == Learned().teach(answers)


def test_explored_choices_have_the_propensity_that_is_recorded():
    learned = Learned(settings=BanditSettings(explore=0.03)).teach([answer(1, right=True)])
    found = [chosen(learned, call=f"run{number}/1/s1/1/clerk/model.1") for number in range(3000)]
    explored = [each for each in found if each.explored]
    assert {each.model for each in explored} == {"large"}
    assert len(explored) / len(found) == pytest.approx(explored[0].propensity, abs=0.01)
    assert 0.015 <= explored[0].propensity <= 0.03
    assert explored[0].reason.startswith("explored, P(right) ")
    assert chosen(learned, call="x") == chosen(learned, call="x")


@pytest.mark.parametrize(
    "route",
    [
        replace(ROUTE, objective="cheapest"),
        replace(ROUTE, objective="fastest"),
        replace(ROUTE, candidates=(SMALL,)),
    ],
    ids=["cheapest", "fastest", "no choice"],
)
def test_what_is_not_chosen_by_quality_stays(route):
    learned = Learned(settings=BanditSettings(explore=0.03)).teach(answer(n, right=False) for n in range(12))
    assert all(chosen(learned, route, call=str(number)) is route for number in range(50))


def test_draws_are_uniform_and_contexts_small():
    draws = [draw(f"run{number}/x") for number in range(4000)]
    assert np.histogram(draws, bins=10, range=(0, 1))[0].min() > 330
    assert [context(tokens) for tokens in (0, 1000, 10**9)] == [(1.0, -1.0), (1.0, 0.0), (1.0, 1.0)]


def test_it_says_what_it_has_learned():
    (line,) = Learned().teach(answer(n, right=False) for n in range(12)).says()
    assert line.startswith("clerk: small: 12 outcomes; ")

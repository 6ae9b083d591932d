"""Recorded choices made again: who is chosen, and how well what is said of the others holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.past_answers import answer

from agentcore.domain.agent import Routing
from agentcore.domain.answer_candidate import Signals
from agentcore.routing.choose import Weights
from agentcore.routing.rechoose import RoutePolicy, replay_routes


@pytest.mark.parametrize(
    ("policy", "model"),
    [
        (RoutePolicy(name="n"), "small"),
        (RoutePolicy(name="n", weights=Weights(cost=0.01, latency=0.0)), "large"),
        (RoutePolicy(name="n", default=Routing(objective="best")), "large"),
        (RoutePolicy(name="n", default=Routing(objective="cheapest")), "small"),
        (RoutePolicy(name="n", default=Routing(objective="fastest")), "small"),
        (RoutePolicy(name="n", default=Routing(objective="best", max_latency_seconds=2.0)), "small"),
        (RoutePolicy(name="n", routing={"clerk": Routing(objective="best")}), "large"),
        (RoutePolicy(name="n", default=Routing(objective="best"), routing={"clerk": Routing()}), "small"),
    ],
)
def test_the_choice_is_made_by_the_new_terms(policy, model):
    (choice,) = replay_routes([answer(1)], policy).choices
    assert (choice.after.model, choice.changed) == (model, model != "small")


def test_a_bound_that_no_candidate_keeps_leaves_none():
    found = replay_routes([answer(1)], RoutePolicy(name="n", default=Routing(max_latency_seconds=0.5)))
    assert found.choices[0].after is None
    assert found.choices[0].why == "no candidate is within max_latency_s, which is 0.5"
    assert (len(found.changed), found.estimates) == (1, {})


def test_it_is_exact_where_the_record_has_the_other_s_answer():
    answers = [answer(1, right=False), answer(1, "large", right=True, attempt=2), answer(2, "large", right=True)]
    found = replay_routes(answers, RoutePolicy(name="n", default=Routing(objective="best")))
    assert [each.known.model for each in found.choices] == ["large", "large"]
    assert {name: (each.method, each.value) for name, each in found.estimates.items()} == {
        "usd": ("exact", 0.02),
        "seconds": ("exact", 3.0),
        "right": ("exact", 1.0),
    }
    assert found.before["right"].value == 0.5


def test_explored_choices_tell_what_another_policy_would_come_to():
    """Seven in ten choices were the small model's; the large one is right more often, by 0.25."""
    rng = np.random.default_rng(5)
    errors, covered = [], []
    for _ in range(40):
        answers = []
        for number in range(300):
            took_small = rng.random() < 0.7
            right = bool(rng.random() < (0.6 if took_small else 0.85))
            model = "small" if took_small else "large"
            answers.append(answer(number, model, right=right, propensity=0.7 if took_small else 0.3))
        found = replay_routes(answers, RoutePolicy(name="n", default=Routing(objective="best")))
        estimate = found.estimates["right"]
        errors.append(estimate.value - 0.85)
        covered.append(estimate.low <= 0.85 <= estimate.high)
        assert (estimate.method, found.second["right"].method, estimate.unsupported) == ("doubly robust", "snips", 0.0)
    assert abs(np.mean(errors)) < 3 * np.std(errors) / np.sqrt(len(errors)) + 0.003
    assert np.mean(covered) >= 0.85


def test_what_was_never_possible_is_said():
    found = replay_routes(
        [answer(n, right=True) for n in range(4)], RoutePolicy(name="n", default=Routing(objective="best"))
    )
    assert found.estimates["right"].unsupported == 1.0
    assert found.estimates["right"].value == pytest.approx(0.8)  # the declared quality, and nothing else
    assert "right" not in found.second


def test_acceptance_by_a_threshold_is_measured_on_labelled_answers():
    answers = [
        replace(answer(number, right=number % 4 != 0), signals=Signals(agreement=float(number % 4 != 0), voices=2))
        for number in range(8)
    ]
    found = replay_routes(answers, RoutePolicy(name="n", default=Routing(min_confidence=0.6)))
    assert (found.accepts, found.risk) == (0.75, 0.0)
    assert replay_routes(answers, RoutePolicy(name="n")).accepts is None


def test_records_without_choices_are_refused_and_counted():
    with pytest.raises(ValueError, match="none of the 1 recorded steps has a choice"):
        replay_routes([replace(answer(1), route=None)], RoutePolicy(name="n"))
    assert replay_routes([replace(answer(1), route=None), answer(2)], RoutePolicy(name="n")).unrecorded == 1

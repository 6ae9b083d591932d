"""The bandit: what it learns, what it explores, and that what it says of chances is so."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.routing.bandit import Arm, Bandit, BanditSettings, chances_of_being_best

CONTEXT = (1.0, 0.5)
ARMS = (
    Arm(name="small", probability=0.8, penalty=0.01),
    Arm(name="middle", probability=0.78, penalty=0.02),
    Arm(name="large", probability=0.9, penalty=0.2),
)

normals = st.lists(st.tuples(st.floats(-1.0, 1.0), st.floats(1e-3, 1.0)), min_size=2, max_size=5)


def taught(bandit, arm, outcomes):
    for outcome in outcomes:
        bandit = bandit.learn(CONTEXT, arm, outcome)
    return bandit


def test_without_outcomes_it_is_the_offline_fit():
    choice = Bandit(size=2).choose(CONTEXT, ARMS, draw=0.999)
    assert (choice.arm, choice.propensity, choice.explored) == ("small", 1.0, False)
    assert choice.probabilities == {"small": 0.8, "middle": 0.78, "large": 0.9}
    assert choice.propensities == {"small": 1.0, "middle": 0.0, "large": 0.0}


def test_outcomes_move_a_forecast_towards_what_was_seen_and_make_it_surer():
    bandit = Bandit(size=2)
    before = bandit.forecast(CONTEXT, ARMS[0])
    few, many = (taught(bandit, ARMS[0], [0.0] * count).forecast(CONTEXT, ARMS[0]) for count in (1, 3))
    assert before[0] > few[0] > many[0]
    assert before[1] > few[1] > many[1]
    assert bandit.forecast(CONTEXT, ARMS[1]) == taught(bandit, ARMS[0], [0.0]).forecast(CONTEXT, ARMS[1])


def test_what_was_learned_of_an_arm_fades_while_others_are_called():
    bandit = taught(Bandit(size=2, settings=BanditSettings(memory=50.0)), ARMS[0], [0.0] * 10)
    low, _ = bandit.forecast(CONTEXT, ARMS[0])
    later, _ = taught(bandit, ARMS[1], [1.0, 1.0, 1.0, 0.0] * 75).forecast(CONTEXT, ARMS[0])
    assert low < 0.7 < later
    assert later == pytest.approx(0.8, abs=0.01)


def test_a_sudden_change_outweighs_a_long_memory():
    """Three hundred outcomes of before would take as many to be outweighed."""
    rng = np.random.default_rng(1)
    bandit = taught(Bandit(size=2), ARMS[0], (rng.random(300) < 0.8).astype(float))
    assert bandit.choose(CONTEXT, ARMS, draw=0.0).arm == "small"
    for _ in range(20):
        bandit = bandit.learn(CONTEXT, ARMS[0], float(rng.random() < 0.2))
        if bandit.choose(CONTEXT, ARMS, draw=0.0).arm != "small":
            break
    assert bandit.choose(CONTEXT, ARMS, draw=0.0).arm == "middle"


@given(normals)
def test_chances_of_being_best_are_chances(variables):
    means, deviations = zip(*variables, strict=True)
    chances = chances_of_being_best(means, deviations)
    assert sum(chances) == pytest.approx(1.0)
    assert min(chances) >= 0.0
    turned = chances_of_being_best(means[::-1], deviations[::-1])
    assert turned[::-1] == pytest.approx(chances, abs=1e-9)


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(1e-3, 1.0), st.floats(1e-3, 1.0))
def test_of_two_the_chance_is_a_known_formula(a, b, s, t):
    expected = 0.5 * (1.0 + math.erf((a - b) / math.hypot(s, t) / math.sqrt(2.0)))
    assert chances_of_being_best((a, b), (s, t))[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("explore", [0.01, 0.02, 0.03])
def test_propensities_are_the_shares_in_which_arms_are_taken(explore):
    bandit = taught(Bandit(size=2, settings=BanditSettings(explore=explore)), ARMS[1], [1.0] * 5)
    draws = (np.arange(20_000) + 0.5) / 20_000
    choices = [bandit.choose(CONTEXT, ARMS, draw=float(draw)) for draw in draws[::10]]
    chances = choices[0].propensities
    assert sum(chances.values()) == pytest.approx(1.0)
    for arm, chance in chances.items():
        taken = [choice for choice in choices if choice.arm == arm]
        assert len(taken) / len(choices) == pytest.approx(chance, abs=0.001)
        assert {choice.propensity for choice in taken} <= {chance}
    explored = sum(choice.explored for choice in choices) / len(choices)
    assert explore / 2 - 0.001 <= explored <= explore + 0.001
    assert min(chances.values()) >= explore / 2 / (len(ARMS) - 1) - 1e-12


@given(st.integers(0, 40), st.floats(0.0, 1.0, exclude_max=True), st.sampled_from([0.0, 0.01, 0.03, 1.0]))
def test_some_arm_is_taken_with_a_chance_that_it_had(outcomes, draw, explore):
    bandit = taught(Bandit(size=2, settings=BanditSettings(explore=explore)), ARMS[0], [0.0] * outcomes)
    choice = bandit.choose(CONTEXT, ARMS, draw=draw)
    assert choice.propensity > 0.0
    assert choice.propensity == choice.propensities[choice.arm]
    assert all(0.0 <= each <= 1.0 for each in choice.probabilities.values())


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"explore": 1.5}, "explore is 1.5"), ({"memory": 0.0}, "memory is 0.0"), ({"trust": -1.0}, "positive number")],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        BanditSettings(**settings)


def test_what_does_not_fit_is_refused():
    bandit = Bandit(size=2)
    with pytest.raises(ValueError, match="no arm"):
        bandit.choose(CONTEXT, [], draw=0.0)
    with pytest.raises(ValueError, match="the context has 3 values, not 2"):
        bandit.learn((1.0, 2.0, 3.0), ARMS[0], 1.0)
    with pytest.raises(ValueError, match="from 0 to 1"):
        bandit.learn(CONTEXT, replace(ARMS[0], probability=0.5), 1.1)

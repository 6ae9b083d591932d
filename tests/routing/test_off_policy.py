"""Estimates from logs, held against the truth: tables with every outcome known, and all but one hidden."""

from __future__ import annotations

import numpy as np
import pytest
from inline_snapshot import snapshot

from agentcore.routing.off_policy import Estimate, Logged, doubly_robust, exact, snips

ARMS = ("small", "middle", "large")


def table(rng, queries=800):
    """Return outcomes of each arm for each query, the log's chances and the new way's, which differ by the query."""
    hardness = rng.normal(size=queries)
    right = np.stack([rng.random(queries) < 1 / (1 + np.exp(hardness - skill)) for skill in (0.3, 1.0, 1.8)], axis=1)
    logging = np.exp(np.stack([0.8 - 0.5 * hardness, 0 * hardness, 0.4 * hardness], axis=1))
    logging /= logging.sum(axis=1, keepdims=True)
    target = np.stack([hardness < -0.5, np.abs(hardness) <= 0.5, hardness > 0.5], axis=1).astype(float)
    return hardness, right.astype(float), logging, target


def hidden(rng, world, model=None):
    """Return a log of that world: of each query one arm is drawn, and the outcomes of the others are not in it."""
    hardness, right, logging, target = world
    found = []
    for query in range(len(hardness)):
        arm = rng.choice(3, p=logging[query])
        found.append(
            Logged(
                arm=ARMS[arm],
                propensity=float(logging[query, arm]),
                outcome=float(right[query, arm]),
                target=dict(zip(ARMS, map(float, target[query]), strict=True)),
                expected=None if model is None else {name: model(hardness[query], name) for name in ARMS},
            )
        )
    return found


def good_model(hardness, arm):
    return float(1 / (1 + np.exp(hardness - {"small": 0.3, "middle": 1.0, "large": 1.8}[arm])))


def wrong_model(hardness, arm):
    return 0.2


@pytest.mark.parametrize(
    ("estimate", "model", "most_width"),
    [(snips, None, 0.17), (doubly_robust, wrong_model, 0.23), (doubly_robust, good_model, 0.16)],
    ids=["snips", "doubly robust with a wrong model", "doubly robust with a good model"],
)
def test_estimates_are_unbiased_within_their_error_and_their_intervals_hold(estimate, model, most_width):
    rng = np.random.default_rng(7)
    errors, covered, widths = [], [], []
    for _ in range(150):
        world = table(rng, queries=400)
        truth = float((world[1] * world[3]).sum(axis=1).mean())
        found = estimate(hidden(rng, world, model))
        errors.append(found.value - truth)
        covered.append(found.low <= truth <= found.high)
        widths.append(found.high - found.low)
    error_of_the_mean = np.std(errors) / np.sqrt(len(errors))
    assert abs(np.mean(errors)) < 3 * error_of_the_mean + 0.002
    assert np.mean(covered) >= 0.9
    assert np.mean(widths) < most_width


def test_a_way_that_is_the_logged_one_is_estimated_as_what_was_seen():
    logged = [Logged(arm="a", propensity=1.0, outcome=outcome, target={"a": 1.0}) for outcome in (1.0, 0.0, 1.0, 1.0)]
    found = snips(logged)
    assert (found.value, found.effective, found.unsupported) == (0.75, 4.0, 0.0)


def test_it_says_what_could_not_have_been_seen():
    logged = [
        Logged(
            arm="a",
            propensity=1.0,
            outcome=1.0,
            target={"a": 1.0} if number % 2 else {"b": 1.0},
            expected={"a": 1.0, "b": 0.5},
            possible=frozenset({"a"}),
        )
        for number in range(80)
    ]
    assert [snips(logged).says(), doubly_robust(logged).says(), exact([1.0, 0.5]).says(" USD")] == snapshot(
        [
            "1 [1, 1] (snips, 40 effective of 80 choices; 50 % of the new choices could not have been seen)",
            (
                "0.75 [0.6949, 0.8051] (doubly robust, 40 effective of 80 choices; "
                "50 % of the new choices could not have been seen)"
            ),
            "0.75 USD (exact, 2 choices)",
        ]
    )


def test_few_choices_are_not_to_be_relied_on():
    few = Estimate(method="snips", value=0.5, low=0.1, high=0.9, choices=100, effective=7.2)
    assert (
        few.says()
        == "0.5 [0.1, 0.9] (snips, 7 effective of 100 choices; fewer than 30 effective: not to be relied on)"
    )


@pytest.mark.parametrize(
    ("logged", "message"),
    [
        ([], "there are no choices"),
        ([Logged(arm="a", propensity=0.0, outcome=1.0, target={"a": 1.0})], "propensity of a is 0.0"),
        ([Logged(arm="a", propensity=1.0, outcome=1.0, target={"a": 0.5})], "sum to 0.5, not to 1"),
        ([Logged(arm="a", propensity=1.0, outcome=1.0, target={"b": 1.0})], "none of the 1 choices"),
    ],
)
def test_what_cannot_be_estimated_is_said(logged, message):
    with pytest.raises(ValueError, match=message):
        snips(logged)


def test_a_model_has_to_expect_something_of_each_arm():
    with pytest.raises(ValueError, match="no outcome is expected of b"):
        doubly_robust([Logged(arm="a", propensity=1.0, outcome=1.0, target={"b": 1.0}, expected={"a": 1.0})])

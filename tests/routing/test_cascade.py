"""A verified cascade, fitted on made-up function calls."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from agentcore.confidence.calibration import Isotonic
from agentcore.confidence.estimator import Estimator, EstimatorSettings
from agentcore.confidence.linear import Linear
from agentcore.confidence.trees import ForestSettings
from agentcore.routing.cascade import NEVER, CallCascade, Enough, Purse, Stage
from agentcore.routing.cascade_fit import fit_cascade, folds
from agentcore.routing.cascade_settings import Measured, TwoStages, accuracy, risk_threshold
from agentcore.routing.frontier import figures
from agentcore.routing.outcomes import Answer, Asking, OutcomeTable, Question, replay

ARMS = ("small", "quick", "large")
STAGES = (("small", "quick"), ("large",))
TOOL = {
    "name": "add",
    "description": "Add numbers.",
    "parameters": {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]},
}
QUICK_TO_FIT = EstimatorSettings(boosted=ForestSettings(rounds=20, leaves=4), random_trees=10)


def made_table(count: int, seed: int) -> OutcomeTable:
    rng = random.Random(seed)  # noqa: S311  # no secrets
    questions: list[Question] = []
    answers: list[tuple[Answer, ...]] = []
    labels: list[list[bool]] = []
    for at in range(count):
        a, b = rng.randrange(10, 100), rng.randrange(100, 1000)
        questions.append(Question(id=str(at), text=f"What is {a} plus {b}?", tools=(TOOL,)))
        wrong = [rng.random() < share for share in (0.2, 0.3, 0.05)]
        answers.append(
            tuple(
                Answer(
                    arm=arm,
                    text=f"[add(a={a}, b={b + rng.randrange(1, 90) if off else b})]",
                    usd=usd,
                    seconds=seconds + rng.random() / 10,
                )
                for arm, off, usd, seconds in zip(ARMS, wrong, (1e-4, 1e-4, 2e-3), (1.0, 0.5, 1.5), strict=True)
            )
        )
        labels.append([not off for off in wrong])
    return OutcomeTable(
        dataset="made",
        arms=ARMS,
        questions=tuple(questions),
        answers=tuple(answers),
        labels=np.array(labels, dtype=np.bool_),
    )


@pytest.fixture(scope="module")
def table():
    return made_table(300, 1)


@pytest.fixture(scope="module")
def fitted(table):
    return fit_cascade(table, STAGES, settings=QUICK_TO_FIT)


@pytest.fixture(scope="module")
def stages(table, fitted):
    return TwoStages(first=(0, 1), second=(2,), left_out=fitted.left_out, measured=Measured.of(table))


def routed(fitted, table, enough):
    return replay(table, lambda question, asking: fitted.cascade.decide(question, asking, enough))


def test_on_new_questions_it_is_better_than_each_arm_and_cheaper_than_the_best(fitted, stages):
    new = made_table(300, 2)
    found = figures(new, routed(fitted, new, stages.within_cost(0.6)), "balanced")
    assert found.accuracy >= new.labels.mean(axis=0).max()
    assert found.cost_usd_per_1k < 1.0


def test_no_label_of_the_table_reaches_a_decision(fitted, stages, table):
    enough = stages.within_cost(0.6)
    shuffled = replace(table, labels=np.random.default_rng(0).permutation(table.labels))
    assert routed(fitted, shuffled, enough) == routed(fitted, table, enough)


def test_a_question_is_decided_as_it_would_be_alone(fitted, stages, table):
    enough = stages.within_cost(0.6)
    assert routed(fitted, table.rows([7, 3]), enough) == tuple(routed(fitted, table, enough)[at] for at in (7, 3))


def test_it_survives_json(fitted, table):
    again = CallCascade(
        stages=tuple(Stage.from_json(json.loads(json.dumps(stage.as_json()))) for stage in fitted.cascade.stages)
    )
    enough = Enough.from_json(json.loads(json.dumps(Enough(confidence=(0.9,), elapsed_seconds=1.0).as_json())))
    some = table.rows(range(30))
    assert replay(some, lambda question, asking: again.decide(question, asking, enough)) == routed(
        fitted, some, enough
    )


def test_a_budget_is_kept_and_more_of_it_is_never_less_escalation(stages, table):
    plans = [stages.within_cost(usd) for usd in (0.1, 0.3, 0.6, 1.2, 9.0)]
    shares = [np.mean([stages.escalated(one, plan).mean() for one in stages.left_out]) for plan in plans]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    for usd, share in zip((0.3, 0.6, 1.2), shares[1:], strict=False):
        assert usd - 0.2 <= 0.2 + 2.0 * share <= usd + 1e-9  # answers of equal confidence go together
    assert accuracy(stages, table, plans[0]) < accuracy(stages, table, plans[-1])


def test_a_latency_limit_ends_escalation(stages):
    plan = stages.within_cost(9.0)
    assert plan.confidence == (NEVER,)
    limited = stages.within_latency(plan, 2.0)
    for one in stages.left_out:
        assert np.quantile(stages.seconds(one, limited), 0.95) <= 2.0
    assert stages.within_latency(plan, 9.0).elapsed_seconds == pytest.approx(9.0)


def test_less_risk_needs_more_confidence(stages, table):
    enough = stages.within_cost(0.3)
    values = [risk_threshold(stages, table, enough, alpha, caution=1.0).value for alpha in (0.02, 0.05, 0.1)]
    assert all(value is not None for value in values)
    assert values == sorted(values, reverse=True)


def test_calibration_is_reported_for_each_stage(fitted):
    assert set(fitted.calibration_errors) == {"small+quick", "small+quick+large"}
    assert all(0.0 <= error < 0.1 for error in fitted.calibration_errors.values())


def test_the_same_table_and_seed_give_the_same_cascade(fitted, table):
    again = fit_cascade(table, STAGES, settings=QUICK_TO_FIT)
    assert again.cascade == fitted.cascade


def test_each_question_is_left_out_once():
    parts = list(folds(10, 3, 0))
    assert sorted(index for _, outside in parts for index in outside.tolist()) == list(range(10))
    assert all(not set(inside.tolist()) & set(outside.tolist()) for inside, outside in parts)


def sure(confidence: float) -> Estimator:
    odds = float(np.log(confidence / (1 - confidence)))
    return Estimator(features=(), members=(Linear(features=(), means=(), scales=(), weights=(), bias=odds),))


LINE = Isotonic(scores=(0.1, 0.9), probabilities=(0.2, 0.8), counts=(10, 10))


@pytest.mark.parametrize(
    ("enough", "asked", "chosen", "accepted"),
    [
        (Enough(confidence=(0.5,)), (("small",),), "small", True),
        (Enough(confidence=(0.7,)), (("small",), ("large",)), "large", True),
        (Enough(confidence=(0.7,), elapsed_seconds=0.5), (("small",),), "small", True),
        (Enough(confidence=(0.5,), accept=0.9), (("small",),), "small", False),
    ],
)
def test_when_it_stops(enough, asked, chosen, accepted):
    cascade = CallCascade(
        stages=(
            Stage(arms=("small",), estimators={"small": sure(0.6)}, calibration=LINE),
            Stage(arms=("large",), estimators={"small": sure(0.3), "large": sure(0.7)}, calibration=LINE),
        )
    )
    asking = Asking({arm: Answer(arm=arm, text="", seconds=1.0) for arm in ("small", "large")})
    found = cascade.decide(Question(id="1", text=""), asking, enough)
    assert (found.rounds, found.chosen, found.accepted) == (asked, chosen, accepted)
    assert found.confidence == pytest.approx(LINE.probability(0.6 if chosen == "small" else 0.7))


def test_a_purse_ends_escalation_until_there_is_enough_again(fitted, table):
    enough = Enough(confidence=(NEVER,), usd_per_query=6e-4, usd_credit=0.01)
    purse = Purse(enough)
    decided = replay(table, partial(fitted.cascade.decide, enough=enough, purse=purse))
    spent = figures(table, decided, "paced").cost_usd_per_1k * len(table) / 1000
    escalated = [len(each.rounds) == 2 for each in decided]
    assert spent <= 6e-4 * len(table) + 0.01 + 2.2e-3  # one escalation may go over
    assert all(escalated[:5])  # on credit
    assert 0 < sum(escalated[100:]) < 100


def test_without_a_limit_a_purse_affords_everything():
    purse = Purse(Enough(confidence=(0.5,)))
    purse.pay(1e9)
    assert purse.affords()

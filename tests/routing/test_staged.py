"""The staged cascade: asks on while that is likely to help."""

from __future__ import annotations

import json

import numpy as np
import pytest

from agentcore.routing.frontier import figures, rightness
from agentcore.routing.outcomes import Answer, OutcomeTable, Question, replay
from agentcore.routing.staged import Staged, fit_staged

STAGES = (("one", "two"), ("large",))


def table(count=300, seed=0):
    rng = np.random.default_rng(seed)
    questions, answers, labels = [], [], []
    for at in range(count):
        right = [rng.random() < share for share in (0.7, 0.7, 0.95)]
        texts = [str(100 + at) if fine else str(rng.integers(100, 400)) for fine in right]
        questions.append(Question(id=str(at), text=f"How many are {at}?", kind="gsm"))
        answers.append(
            tuple(
                Answer(arm=arm, text=text, usd=usd, output_tokens=20)
                for arm, text, usd in zip(("one", "two", "large"), texts, (0.0001, 0.0001, 0.002), strict=True)
            )
        )
        labels.append(right)
    return OutcomeTable(
        dataset="zeroeval",
        arms=("one", "two", "large"),
        questions=tuple(questions),
        answers=tuple(answers),
        labels=np.array(labels),
    )


@pytest.fixture(scope="module")
def fitted():
    return fit_staged(table(), STAGES, parts=3, seed=0)


def test_what_agrees_is_taken_and_what_differs_is_asked_on(fitted):
    cascade, left_out = fitted
    threshold = float(np.quantile(left_out.gains[0], 0.5))
    fresh = table(seed=1)
    routed = replay(fresh, cascade.decide([threshold]))
    found = figures(fresh, routed, "half")
    assert found.accuracy > 0.9
    assert found.cost_usd_per_1k < 0.75 * 2.0
    agreed = [answers[0].text == answers[1].text for answers in fresh.answers]
    asked_on = [len(each.rounds) == 2 for each in routed]
    assert np.mean([on for on, same in zip(asked_on, agreed, strict=True) if not same]) > 0.8
    assert np.mean([on for on, same in zip(asked_on, agreed, strict=True) if same]) < 0.3


def test_a_threshold_above_every_gain_asks_once(fitted):
    cascade, left_out = fitted
    assert left_out.stops([1.1]).max() == 0
    assert all(len(each.rounds) == 1 for each in replay(table(20), cascade.decide([1.1])))


def test_only_what_is_sure_enough_is_accepted(fitted):
    cascade, _ = fitted
    fresh = table(seed=2)
    routed = replay(fresh, cascade.decide([1.1], accept=0.9))
    accepted = np.array([each.accepted for each in routed])
    assert 0.3 < accepted.mean() < 0.8
    assert rightness(fresh, routed)[accepted].mean() > 0.95


def test_the_grid_has_the_outcome_of_its_thresholds(fitted):
    _, left_out = fitted
    thresholds, accuracy, usd = left_out.grid()[3]
    assert left_out.outcome(thresholds) == (accuracy, usd)


def test_it_comes_back_from_json_as_it_was(fitted):
    cascade, _ = fitted
    again = Staged.from_json(json.loads(json.dumps(cascade.as_json())))
    few = table(20)
    assert replay(few, again.decide([0.1])) == replay(few, cascade.decide([0.1]))


def test_parts_that_do_not_fit_are_refused(fitted):
    with pytest.raises(ValueError, match="an estimator and a calibration for each"):
        Staged.from_json({**fitted[0].as_json(), "later": []})

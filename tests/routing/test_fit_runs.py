"""What is fitted on past answers: priors, calibrations and thresholds that hold on answers to come."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from agentcore.domain.answer_candidate import Signals
from agentcore.routing.fit_runs import confidence_of, fit_runs
from agentcore.routing.fitted_steps import read_steps
from agentcore.routing.past_answers import PastAnswer

QUALITY = {"small": 0.6, "large": 0.9}


def answers(rng, count, by="review", start=0):
    """Return answers of two models; the more of the others agree, the likelier each is right."""
    found = []
    for number in range(start, start + count):
        model = "small" if number % 3 else "large"
        agreement = float(rng.choice([0.0, 0.5, 1.0], p=[0.1, 0.2, 0.7]))
        p = {0.0: 0.3, 0.5: 0.7, 1.0: 0.97}[agreement]
        found.append(
            PastAnswer(
                run=f"run{number}",
                step="s1",
                attempt=1,
                kind="clerk",
                model=model,
                signals=Signals(agreement=agreement, voices=3),
                usd=Decimal("0.001"),
                seconds=1.0,
                accepted=True,
                right=bool(rng.random() < p),
                by=by,
            )
        )
    return found


def test_the_risk_of_what_is_accepted_is_at_most_alpha():
    rng = np.random.default_rng(3)
    risks = []
    for _ in range(20):
        fitted = fit_runs(answers(rng, 200), QUALITY)
        step = read_steps(fitted.router.to_text()).step("clerk")
        (kind,) = fitted.kinds
        fresh = answers(rng, 300, start=1000)
        sure = [confidence_of(each, kind.priors, step.calibrations) >= step.thresholds[0.05] for each in fresh]
        risks.append(np.mean([ok and not each.right for ok, each in zip(sure, fresh, strict=True)]))
    assert np.mean(risks) <= 0.05 + 0.005


def test_calibrations_are_of_reviews_alone_and_measured_on_what_was_left_out():
    rng = np.random.default_rng(4)
    (reviewed,) = fit_runs(answers(rng, 200), QUALITY).kinds
    assert reviewed.calibrations["self_consistency"].ps[-1] == pytest.approx(0.97, abs=0.04)
    assert reviewed.calibrations["self_consistency"].ece < 0.1
    assert reviewed.ece < 0.1
    (judged,) = fit_runs(answers(rng, 200, by="verdict"), QUALITY).kinds
    assert (judged.calibrations, judged.ece, judged.reviewed) == ({}, None, 0)
    assert judged.priors.keys() == {"small", "large"}
    assert {each.value for each in judged.thresholds} == {None}


def test_few_labels_are_drawn_towards_what_is_declared():
    one = answers(np.random.default_rng(0), 1)
    (kind,) = fit_runs(one, QUALITY).kinds
    ((p, low, high), count) = kind.priors["large"]
    right = one[0].right
    assert (p, count) == (pytest.approx((right + 4 * 0.9) / 5), 1)
    assert high - low > 0.4
    assert kind.missing(0.05) == 18


def test_the_same_answers_give_the_same_file_and_another_label_another():
    few = answers(np.random.default_rng(1), 30)
    first, again = fit_runs(few, QUALITY).router, fit_runs(few, QUALITY).router
    assert first.to_text() == again.to_text()
    fewer = fit_runs(few[1:], QUALITY).router
    assert fewer.trained_on.sha256 != first.trained_on.sha256
    assert (first.trained_on.queries, first.trained_on.labels, first.trained_on.arms) == (30, 30, ("large", "small"))


def test_no_label_at_all_is_refused():
    with pytest.raises(ValueError, match="none of the 0 recorded answers has a label"):
        fit_runs([], QUALITY)


def test_where_the_evidence_together_says_more_than_one_rung_it_is_used():
    rng = np.random.default_rng(11)
    rows = []
    for number, each in enumerate(answers(rng, 300)):
        unused = number % 3
        signals = replace(each.signals, passed=True, sound=True, unused_figures=unused)
        right = bool(rng.random() < (0.98, 0.7, 0.3)[unused])
        rows.append(replace(each, signals=signals, right=right))
    fitted = fit_runs(rows, QUALITY)
    (kind,) = fitted.kinds
    assert kind.estimator is not None
    read = read_steps(fitted.router.to_text())
    few, many = (
        read.estimate("clerk", "small", Signals(passed=True, sound=True, agreement=1.0, voices=3, unused_figures=u))
        for u in (0, 2)
    )
    assert few[0] > 0.9
    assert many[0] < 0.5
    assert read.estimate("clerk", "unheard of", Signals()) is None


def test_where_one_rung_says_it_all_no_estimator_is_kept_that_is_worse():
    rng = np.random.default_rng(12)
    (kind,) = fit_runs(answers(rng, 30), QUALITY).kinds
    assert kind.estimator is None, "too few labels"

"""A staged cascade: stages of arms are asked one after the other, for as long as asking on is likely to help.

At each stage an estimator gives each distinct answer so far its P(correct), calibrated per stage. Another says how
likely the answer is right that the last stage would end with. The gain is the difference: where every model is
likely to fail it is small, and no money is spent. The likeliest answer so far is taken when the gain is below the
stage's threshold, and at the last stage in any case.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agentcore.confidence.calibration import Isotonic, fit_isotonic
from agentcore.confidence.candidates import Candidate, Given, candidates_of
from agentcore.confidence.estimator import Estimator, EstimatorSettings, as_rows, fit_estimator
from agentcore.confidence.trees import ForestSettings
from agentcore.routing.folds import folds
from agentcore.routing.outcomes import Answer, Asking, Decide, OutcomeTable, Question, Routed

if TYPE_CHECKING:
    from numpy.typing import NDArray

SETTINGS: Final = EstimatorSettings(boosted=ForestSettings(rounds=120, leaves=6, feature_share=0.3), random_trees=0)
STEPS: Final = 16
"""Thresholds that are tried at each stage: quantiles of the gains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A fitted cascade.

    stages: the arms that each asks, at the same time.  estimators, calibrations: one of each for each stage.  later:
    P(the last stage's answer is right), for each stage but the last.
    """

    stages: tuple[tuple[str, ...], ...]
    estimators: tuple[Estimator, ...]
    calibrations: tuple[Isotonic, ...]
    later: tuple[Estimator, ...]

    def best(self, stage: int, question: Question, answers: Sequence[Answer]) -> tuple[str, float, float]:
        """Return who gave the likeliest answer so far, its calibrated P(correct), and the gain of asking on."""
        found = candidates_of(question.kind, question.text, [_given(answer) for answer in answers])
        scores = [self.estimators[stage].probability(candidate.evidence) for candidate in found]
        at = max(range(len(found)), key=scores.__getitem__)
        confidence = self.calibrations[stage].probability(scores[at])
        if stage == len(self.later):
            return found[at].by[0], confidence, 0.0
        evidence = {**found[at].evidence, CONFIDENCE: confidence}
        return found[at].by[0], confidence, self.later[stage].probability(evidence) - confidence

    def decide(self, thresholds: Sequence[float], *, accept: float = 0.0) -> Decide:
        """Return what decides with these thresholds, one for each stage but the last.

        accept: the confidence that the answer taken needs in the end to count as accepted.
        """

        def route(question: Question, asking: Asking) -> Routed:
            answers: list[Answer] = []
            arm, confidence = "", 0.0
            for stage, arms in enumerate(self.stages):
                answers += asking.ask(*arms)
                arm, confidence, gain = self.best(stage, question, answers)
                if stage < len(thresholds) and gain < thresholds[stage]:
                    break
            return asking.take(arm, accepted=confidence >= accept, confidence=confidence)

        return route

    def as_json(self) -> dict[str, object]:
        """Return the cascade as what JSON can hold."""
        return {
            "stages": [list(stage) for stage in self.stages],
            "estimators": [each.as_json() for each in self.estimators],
            "calibrations": [each.as_json() for each in self.calibrations],
            "later": [each.as_json() for each in self.later],
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Staged:
        """Return the cascade of `as_json`. Raises ValueError when it is none."""
        stages = tuple(tuple(map(str, stage)) for stage in found["stages"])
        estimators = tuple(Estimator.from_json(each) for each in found["estimators"])
        calibrations = tuple(Isotonic.from_json(each) for each in found["calibrations"])
        later = tuple(Estimator.from_json(each) for each in found["later"])
        if not stages or not len(stages) == len(estimators) == len(calibrations) == len(later) + 1:
            msg = "a cascade must have stages, with an estimator and a calibration for each"
            raise ValueError(msg)
        return cls(stages=stages, estimators=estimators, calibrations=calibrations, later=later)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What the stages say about questions that they were not fitted on; all of shape (stages, questions).

    confidences: calibrated, of the likeliest answer.  right: whether it is.  usd: what the stages so far cost.  gains:
    of asking on, for each stage but the last.
    """

    confidences: NDArray[np.float64]
    gains: NDArray[np.float64]
    right: NDArray[np.bool_]
    usd: NDArray[np.float64]

    def stops(self, thresholds: Sequence[float]) -> NDArray[np.intp]:
        """Return the stage at which each question is answered."""
        open_yet = [self.gains[stage] >= threshold for stage, threshold in enumerate(thresholds)]
        still = np.logical_and.accumulate(np.array(open_yet), axis=0)
        return still.sum(axis=0)

    def outcome(self, thresholds: Sequence[float]) -> tuple[float, float]:
        """Return the accuracy and the mean cost in dollars."""
        stops, everyone = self.stops(thresholds), list(range(self.right.shape[1]))
        return float(self.right[stops, everyone].mean()), float(self.usd[stops, everyone].mean())

    def grid(self) -> list[tuple[tuple[float, ...], float, float]]:
        """Return thresholds to choose from, with the accuracy and the mean cost of each."""
        levels = [
            [*np.quantile(each, np.linspace(0.05, 0.95, STEPS)).tolist(), 1.0]  # the last: never ask on
            for each in self.gains
        ]
        return [(thresholds, *self.outcome(thresholds)) for thresholds in itertools.product(*levels)]


def fit_staged(
    table: OutcomeTable, stages: Sequence[Sequence[str]], *, parts: int, seed: int
) -> tuple[Staged, LeftOut]:
    """Return a cascade fitted on a table, and what its stages say about questions left out, in so many parts.

    The calibration of the second comes from the same questions: it rises, and so does not change their order.
    """
    asked = [[arm for arms in stages[: at + 1] for arm in arms] for at in range(len(stages))]
    made = [_fit_stage(table, arms, parts, seed) for arms in asked]
    ends_right = made[-1].right
    later = [_fit_later(each, ends_right, parts, seed) for each in made[:-1]]
    columns = [[table.arms.index(arm) for arm in arms] for arms in asked]
    cascade = Staged(
        stages=tuple(tuple(stage) for stage in stages),
        estimators=tuple(each.estimator for each in made),
        calibrations=tuple(each.calibration for each in made),
        later=tuple(estimator for estimator, _ in later),
    )
    left_out = LeftOut(
        confidences=np.array([each.confidences for each in made]),
        gains=np.array([ends - each.confidences for each, (_, ends) in zip(made, later, strict=False)]),
        right=np.array([each.right for each in made]),
        usd=np.array([[sum(row[at].usd or 0.0 for at in found) for row in table.answers] for found in columns]),
    )
    return cascade, left_out


CONFIDENCE: Final = "confidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """A fitted stage, and what it says about each question left out: rows of shape (questions, features)."""

    estimator: Estimator
    calibration: Isotonic
    rows: NDArray[np.float64]
    confidences: NDArray[np.float64]
    right: NDArray[np.bool_]


def _fit_stage(table: OutcomeTable, arms: Sequence[str], parts: int, seed: int) -> _Stage:
    asked = [table.arms.index(arm) for arm in arms]
    found = [
        candidates_of(question.kind, question.text, [_given(answers[at]) for at in asked])
        for question, answers in zip(table.questions, table.answers, strict=True)
    ]
    owner = np.array([at for at, candidates in enumerate(found) for _ in candidates])
    every = [candidate for candidates in found for candidate in candidates]
    names = tuple(every[0].evidence)
    rows = as_rows([candidate.evidence for candidate in every], names)
    labels = np.array([_right(table, at, each) for at, each in zip(owner.tolist(), every, strict=True)])
    scores = np.zeros(len(rows))
    for train, test in folds(len(table), parts, seed=seed):
        known, unknown = np.isin(owner, train), np.isin(owner, test)
        fitted = fit_estimator(rows[known], labels[known], names, settings=SETTINGS, seed=seed)
        scores[unknown] = fitted.probabilities(rows[unknown])
    best = _best_of(owner, scores, len(table))
    calibration = fit_isotonic(scores[best], labels[best])
    return _Stage(
        estimator=fit_estimator(rows, labels, names, settings=SETTINGS, seed=seed),
        calibration=calibration,
        rows=rows[best],
        confidences=np.array([calibration.probability(score) for score in scores[best].tolist()]),
        right=labels[best],
    )


def _fit_later(
    stage: _Stage, ends_right: NDArray[np.bool_], parts: int, seed: int
) -> tuple[Estimator, NDArray[np.float64]]:
    """Return P(the last stage's answer is right) as known at a stage, and what it is for questions left out."""
    names = (*stage.estimator.features, CONFIDENCE)
    rows = np.column_stack([stage.rows, stage.confidences])
    left_out = np.zeros(len(rows))
    for train, test in folds(len(rows), parts, seed=seed):
        fitted = fit_estimator(rows[train], ends_right[train], names, settings=SETTINGS, seed=seed)
        left_out[test] = fitted.probabilities(rows[test])
    return fit_estimator(rows, ends_right, names, settings=SETTINGS, seed=seed), left_out


def _best_of(owner: NDArray[np.intp], scores: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Return the row of each question's likeliest candidate, the first of equals."""
    order = np.lexsort((np.arange(len(owner)), -scores, owner))
    return order[np.searchsorted(owner[order], np.arange(count))]


def _right(table: OutcomeTable, at: int, candidate: Candidate) -> bool:
    return bool(table.labels[at, table.arms.index(candidate.by[0])])


def _given(answer: Answer) -> Given:
    return Given(by=answer.arm, text=answer.text, length=answer.output_tokens or 0)

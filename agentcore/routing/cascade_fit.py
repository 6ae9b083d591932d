"""Fits a verified cascade on a table of outcomes. What it is worth is measured on questions that were left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from agentcore.confidence.calibration import ece, fit_isotonic
from agentcore.confidence.estimator import Estimator, EstimatorSettings, as_rows, fit_estimator
from agentcore.confidence.evidence import read_answer, read_question
from agentcore.routing.cascade import CallCascade, Stage, evidence_of
from agentcore.routing.outcomes import OutcomeTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS: Final = 5
REPEATS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRows:
    """What the estimators of a stage read. rows: arm → shape (questions, features).  features: arm → their names."""

    arms: tuple[str, ...]
    rows: Mapping[str, NDArray[np.float64]]
    features: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What the cascade says of questions that it was not fitted on: one pass over all questions.

    best: of each stage, the arm chosen, as an index into the table's arms, shape (stages, questions).  scores: its
    P(correct) before calibration; confidences: after, by a calibration that has not seen the question either.
    """

    best: NDArray[np.intp]
    scores: NDArray[np.float64]
    confidences: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedCascade:
    """A cascade with what it says of left-out questions, once for each repeat, and its calibration errors."""

    cascade: CallCascade
    left_out: tuple[LeftOut, ...]
    calibration_errors: Mapping[str, float]


def stage_rows(table: OutcomeTable, stages: Sequence[Sequence[str]]) -> tuple[StageRows, ...]:
    """Return the evidence about every answer of each stage. stages: the arms that each adds."""
    asked = [read_question(question.text, question.tools) for question in table.questions]
    said = [
        {answer.arm: read_answer(answer.text, read) for answer in answers}
        for answers, read in zip(table.answers, asked, strict=True)
    ]
    found: list[StageRows] = []
    arms: tuple[str, ...] = ()
    for added in stages:
        arms = (*arms, *added)
        rows: dict[str, NDArray[np.float64]] = {}
        features: dict[str, tuple[str, ...]] = {}
        for arm in arms:
            evidence = [
                evidence_of(arm, read, {each: answers[each] for each in arms})
                for read, answers in zip(asked, said, strict=True)
            ]
            features[arm] = tuple(evidence[0])
            rows[arm] = as_rows(evidence, features[arm])
        found.append(StageRows(arms=arms, rows=rows, features=features))
    return tuple(found)


def fit_cascade(
    table: OutcomeTable,
    stages: Sequence[Sequence[str]],
    *,
    settings: EstimatorSettings | None = None,
    seed: int = 0,
) -> FittedCascade:
    """Return a cascade fitted on all questions, with what it would say of each one when that is left out.

    stages: the arms that each stage adds, cheapest first. The same table and seed give the same cascade.
    """
    given = stage_rows(table, stages)
    raw = [_left_out_scores(table, given, settings, seed * 101 + repeat) for repeat in range(REPEATS)]
    made: list[Stage] = []
    errors: dict[str, float] = {}
    confidences: list[list[NDArray[np.float64]]] = [[] for _ in range(REPEATS)]
    for at, (rows, added) in enumerate(zip(given, stages, strict=True)):
        best = [each[at][0] for each in raw]
        scores = [each[at][1] for each in raw]
        right = [_right(table, each) for each in best]
        for repeat in range(REPEATS):
            confidences[repeat].append(_cross_calibrated(scores[repeat], right[repeat], seed + repeat))
        errors["+".join(rows.arms)] = float(
            np.mean([ece(confidences[repeat][at], right[repeat]) for repeat in range(REPEATS)])
        )
        made.append(
            Stage(
                arms=tuple(added),
                estimators={arm: _fitted(table, rows, arm, settings, seed=seed) for arm in rows.arms},
                calibration=fit_isotonic(np.mean(scores, axis=0), np.mean(right, axis=0)),
            )
        )
    left_out = tuple(
        LeftOut(
            best=np.stack([each[0] for each in raw[repeat]]),
            scores=np.stack([each[1] for each in raw[repeat]]),
            confidences=np.stack(confidences[repeat]),
        )
        for repeat in range(REPEATS)
    )
    return FittedCascade(cascade=CallCascade(stages=tuple(made)), left_out=left_out, calibration_errors=errors)


def _fitted(
    table: OutcomeTable,
    rows: StageRows,
    arm: str,
    settings: EstimatorSettings | None,
    *,
    among: NDArray[np.intp] | None = None,
    seed: int,
) -> Estimator:
    label = table.labels[:, table.arms.index(arm)]
    matrix = rows.rows[arm]
    if among is not None:
        label, matrix = label[among], matrix[among]
    return fit_estimator(matrix, label, rows.features[arm], settings=settings, seed=seed)


def _left_out_scores(
    table: OutcomeTable, given: Sequence[StageRows], settings: EstimatorSettings | None, seed: int
) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Return of each stage the arm that is best and its score, by estimators that have not seen the question."""
    count = len(table)
    scores = [np.zeros((count, len(rows.arms))) for rows in given]
    for inside, outside in folds(count, FOLDS, seed):
        for rows, score in zip(given, scores, strict=True):
            for at, arm in enumerate(rows.arms):
                estimator = _fitted(table, rows, arm, settings, among=inside, seed=seed)
                score[outside, at] = estimator.probabilities(rows.rows[arm][outside])
    found: list[tuple[NDArray[np.intp], NDArray[np.float64]]] = []
    for rows, score in zip(given, scores, strict=True):
        places = np.array([table.arms.index(arm) for arm in rows.arms])
        best = score.argmax(axis=1)
        found.append((places[best], score[np.arange(count), best]))
    return found


def folds(count: int, parts: int, seed: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield (inside, outside) indices: each question is outside once. The same seed gives the same folds."""
    order = np.random.default_rng(seed).permutation(count)
    for part in np.array_split(order, min(parts, count)):
        yield np.setdiff1d(order, part), np.sort(part)


def _right(table: OutcomeTable, best: NDArray[np.intp]) -> NDArray[np.bool_]:
    return table.labels[np.arange(len(table)), best]


def _cross_calibrated(score: NDArray[np.float64], right: NDArray[np.bool_], seed: int) -> NDArray[np.float64]:
    confidence = np.zeros(len(score))
    for inside, outside in folds(len(score), FOLDS, seed + 7):
        line = fit_isotonic(score[inside], right[inside])
        confidence[outside] = [line.probability(each) for each in score[outside].tolist()]
    return confidence

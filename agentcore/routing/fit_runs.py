"""Fits what a project's past runs say of its steps: P(right) of each model, calibrations, thresholds. Pure.

Models are compared by all labels; calibrations and thresholds are made of reviews and people's decisions alone, since
a verdict is made of the evidence that is to be calibrated. Everything that is measured here is measured out of fold:
an answer is judged by what was fitted without its run.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from agentcore.confidence.calibration import LEAST_IN_BLOCK, ece, fit_isotonic
from agentcore.confidence.calibration_knots import Interval, Knots, wilson
from agentcore.confidence.ladder import climb, rung
from agentcore.confidence.risk import Threshold, conformal_threshold, labels_needed
from agentcore.confidence.signal_estimator import Example, SignalEstimator, fit_signals
from agentcore.domain.ids import AgentName, ModelName
from agentcore.routing.fitted import FittedRouter, TrainedOn, rounded
from agentcore.routing.past_answers import LabelSource, PastAnswer

DATASET: Final = "runs"
ALPHAS: Final = (0.03, 0.05, 0.08, 0.1, 0.2)
"""The risks that a threshold is looked for, beside those that are asked for."""

WARM: Final = 4.0
"""How many labels the declared quality of a model is worth: what few labels say is drawn towards it."""

FOLDS: Final = 5

ROUNDING: Final = 1e-9
"""By how much a written threshold is lower, so that the answer which it was found at still reaches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedKind:
    """What the runs say of one type of step.

    answers: how many are recorded.  labels: by who has said so.  priors: model → P(right) with its interval, and the
    labels that it is made of.  calibrations: source → its knots.  thresholds: by rising alpha.
    ece: of P(right) over all sources, out of fold; None without enough reviewed answers.  estimator: over all the
    evidence; None where there is too little of it, or where it says no more than the ladder does.
    """

    kind: AgentName
    answers: int
    labels: Mapping[LabelSource, int]
    priors: Mapping[ModelName, tuple[Interval, int]]
    calibrations: Mapping[str, Knots] = field(default_factory=dict[str, Knots])
    thresholds: tuple[Threshold, ...] = ()
    ece: float | None = None
    estimator: SignalEstimator | None = None

    @property
    def reviewed(self) -> int:
        """How many labels count for calibrations and thresholds."""
        return self.labels.get("review", 0) + self.labels.get("person", 0)

    def missing(self, alpha: float) -> int:
        """Return how many more reviewed labels an alpha takes at the least."""
        return max(0, labels_needed(alpha) - self.reviewed)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedRuns:
    """What the runs of a project say. router: the same as the data of a file."""

    kinds: tuple[FittedKind, ...]
    router: FittedRouter


def fit_runs(
    answers: Sequence[PastAnswer],
    declared: Mapping[ModelName, float],
    *,
    alphas: Sequence[float] = (),
    default_alpha: float | None = None,
) -> FittedRuns:
    """Return what was learned. declared: model → its declared quality.  alphas: beside the usual ones.

    Raises ValueError when no answer has a label.
    """
    if not any(answer.right is not None for answer in answers):
        raise ValueError(f"none of the {len(answers)} recorded answers has a label")
    wanted = sorted({*ALPHAS, *alphas, *(() if default_alpha is None else (default_alpha,))})
    names = sorted({answer.kind for answer in answers if answer.right is not None})
    kinds = tuple(fit_kind(name, [each for each in answers if each.kind == name], declared, wanted) for name in names)
    return FittedRuns(kinds=kinds, router=_router(kinds, answers, default_alpha))


def fit_kind(
    name: AgentName, answers: Sequence[PastAnswer], declared: Mapping[ModelName, float], alphas: Sequence[float]
) -> FittedKind:
    """Return what was learned of one type of step."""
    labelled = [answer for answer in answers if answer.right is not None]
    reviewed = [answer for answer in labelled if answer.reviewed]
    counts: Counter[LabelSource] = Counter(answer.by for answer in labelled if answer.by is not None)
    confidences, right = _out_of_fold(reviewed, declared), [bool(answer.right) for answer in reviewed]
    together = _out_of_fold(reviewed, declared, estimated=True)
    better = _brier(together, right) < _brier(confidences, right)
    confidences = together if better else confidences
    return FittedKind(
        kind=name,
        answers=len(answers),
        labels=dict(counts),
        priors=priors(labelled, declared),
        calibrations=calibrations(reviewed),
        thresholds=tuple(conformal_threshold(confidences, right, alpha) for alpha in alphas),
        ece=ece(confidences, right) if len(reviewed) >= 2 * LEAST_IN_BLOCK else None,
        estimator=estimator_of(reviewed) if better else None,
    )


def estimator_of(reviewed: Sequence[PastAnswer]) -> SignalEstimator | None:
    """Return what all the evidence says together, None with too few answers."""
    return fit_signals(
        [
            Example(model=each.model, signals=each.signals, right=bool(each.right), fold=fold_of(each))
            for each in reviewed
        ]
    )


def priors(
    labelled: Sequence[PastAnswer], declared: Mapping[ModelName, float]
) -> dict[ModelName, tuple[Interval, int]]:
    """Return P(right) of each model, drawn towards its declared quality, its interval, and how many labels."""
    found: dict[ModelName, tuple[Interval, int]] = {}
    for model in sorted({answer.model for answer in labelled}):
        outcomes = [bool(answer.right) for answer in labelled if answer.model == model]
        p = (sum(outcomes) + WARM * declared.get(model, 0.5)) / (len(outcomes) + WARM)
        found[model] = wilson(p, len(outcomes) + round(WARM)), len(outcomes)
    return found


def calibrations(reviewed: Sequence[PastAnswer]) -> dict[str, Knots]:
    """Return the calibration of each source that has enough labels. What has none keeps its declared mapping."""
    scored: dict[str, list[tuple[int, float, bool]]] = {}
    for answer in reviewed:
        source, score = rung(answer.signals)
        if source != "prior":
            scored.setdefault(source, []).append((fold_of(answer), score, bool(answer.right)))
    return {
        source: _knots([(score, right) for _, score, right in rows], _ece_out_of_fold(rows))
        for source, rows in sorted(scored.items())
        if len(rows) >= LEAST_IN_BLOCK
    }


def _knots(pairs: Sequence[tuple[float, bool]], error: float | None = None) -> Knots:
    line = fit_isotonic([score for score, _ in pairs], [right for _, right in pairs])
    return Knots(scores=line.scores, ps=line.probabilities, counts=line.counts, ece=error)


def _ece_out_of_fold(rows: Sequence[tuple[int, float, bool]]) -> float | None:
    if len(rows) < 2 * LEAST_IN_BLOCK:
        return None
    said: list[float] = []
    right: list[bool] = []
    for fold in range(FOLDS):
        others = [(score, label) for other, score, label in rows if other != fold]
        if not others:
            return None
        line = _knots(others)
        said += [line.at(score)[0] for other, score, _ in rows if other == fold]
        right += [label for other, _, label in rows if other == fold]
    return ece(said, right)


def confidence_of(
    answer: PastAnswer,
    known: Mapping[ModelName, tuple[Interval, int]],
    calibrated: Mapping[str, Knots],
    estimator: SignalEstimator | None = None,
) -> float:
    """Return P(right) as a run would have it with what was fitted."""
    prior = known.get(answer.model)
    return climb(
        answer.signals,
        prior=None if prior is None else prior[0],
        calibrations=calibrated,
        estimate=None if estimator is None else estimator.at(answer.model, answer.signals),
    ).p


def fold_of(answer: PastAnswer) -> int:
    """Return which fold an answer is in: all of a run are in the same."""
    return int(hashlib.sha256(answer.run.encode()).hexdigest(), 16) % FOLDS


def _brier(said: Sequence[float], right: Sequence[bool]) -> float:
    return sum((p - label) ** 2 for p, label in zip(said, right, strict=True))


def _out_of_fold(
    reviewed: Sequence[PastAnswer], declared: Mapping[ModelName, float], *, estimated: bool = False
) -> list[float]:
    found = [0.0] * len(reviewed)
    for fold in range(FOLDS):
        others = [answer for answer in reviewed if fold_of(answer) != fold]
        known, calibrated = priors(others, declared), calibrations(others)
        estimator = estimator_of(others) if estimated else None
        for place, answer in enumerate(reviewed):
            if fold_of(answer) == fold:
                found[place] = confidence_of(answer, known, calibrated, estimator)
    return found


def _router(kinds: Sequence[FittedKind], answers: Sequence[PastAnswer], default_alpha: float | None) -> FittedRouter:
    labelled = [answer for answer in answers if answer.right is not None]
    text = repr([(each.run, each.step, each.attempt, each.model, each.right, each.by) for each in labelled])
    return FittedRouter(
        dataset=DATASET,
        trained_on=TrainedOn(
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            queries=len({(each.run, each.step) for each in labelled}),
            labels=len(labelled),
            arms=tuple(sorted({str(each.model) for each in labelled})),
        ),
        metrics={
            kind.kind: {
                "answers": kind.answers,
                "labels": dict(kind.labels),
                **({} if kind.ece is None else {"ece": rounded(kind.ece)}),
            }
            for kind in kinds
        },
        settings={"steps": {kind.kind: _step_json(kind, default_alpha) for kind in kinds}},
    )


def _step_json(kind: FittedKind, default_alpha: float | None) -> dict[str, object]:
    thresholds = [
        {
            "alpha": each.alpha,
            "threshold": None if each.value is None else rounded(max(0.0, each.value - ROUNDING), 12),
        }
        for each in kind.thresholds
    ]
    return {
        "priors": {model: [rounded(value) for value in interval] for model, (interval, _) in kind.priors.items()},
        "calibrations": {
            source: {
                "scores": [rounded(value, 12) for value in knots.scores],
                "p": [rounded(value, 12) for value in knots.ps],
                "n": list(knots.counts),
                **({} if knots.ece is None else {"ece": rounded(knots.ece)}),
            }
            for source, knots in kind.calibrations.items()
        },
        "thresholds": thresholds,
        **({} if kind.estimator is None else {"estimator": kind.estimator.as_json()}),
        **({} if default_alpha is None else {"default_alpha": default_alpha}),
    }

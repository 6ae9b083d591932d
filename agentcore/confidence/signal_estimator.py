"""P(correct) of an answer from all that is known of it: a logistic regression on its signals, calibrated out of fold.

The ladder uses the highest rung alone; where enough answers were reviewed, what the rungs say together is worth more:
an answer that passes the checks and that other answers contradict is not an answer that passes the checks.

P(correct) is half what the regression says, which is smooth, and half what that has come to out of fold, which is
calibrated and coarse where answers are few.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agentcore.confidence.calibration import fit_isotonic
from agentcore.confidence.calibration_knots import Interval, Knots
from agentcore.confidence.linear import Linear, fit_linear
from agentcore.domain.answer_candidate import Signals

LEAST_LABELS: Final = 40
LEAST_OF_EACH: Final = 8
"""Reviewed answers, and of those right ones and wrong ones, below which nothing is fitted."""

STRENGTH: Final = 0.3
"""The inverse of the regression's penalty: answers are few, and signals go together."""

_SIGNALS: Final = (
    "passed",
    "sound",
    "agreement",
    "agreement_known",
    "grounded",
    "grounded_known",
    "probability",
    "probability_known",
    "in_favour",
    "in_favour_known",
    "length",
    "ended",
    "rivalled",
    "unused_figures",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalEstimator:
    """A fitted estimator. models: those it knows, each a feature.  calibration: from its estimate to P(correct)."""

    models: tuple[str, ...]
    linear: Linear
    calibration: Knots

    def at(self, model: str | None, signals: Signals) -> Interval | None:
        """Return P(correct) with its interval; None for a model that it has never seen."""
        if model not in self.models:
            return None
        said = self.linear.probability(_row(model, signals, self.models))
        p, low, high = self.calibration.at(said)
        moved = (said - p) / 2.0
        return p + moved, max(0.0, min(low + moved, p + moved)), min(1.0, max(high + moved, p + moved))

    def as_json(self) -> dict[str, object]:
        """Return the estimator as what JSON can hold."""
        knots = self.calibration
        return {
            "models": list(self.models),
            "linear": self.linear.as_json(),
            "calibration": {"scores": list(knots.scores), "p": list(knots.ps), "n": list(knots.counts)},
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> SignalEstimator:
        """Return the estimator of `as_json`. Raises ValueError when its parts do not fit."""
        models, linear = tuple(map(str, found["models"])), Linear.from_json(found["linear"])
        if linear.features != _features(models):
            raise ValueError("an estimator has a weight for each signal and each model, in their order")
        knots = found["calibration"]
        return cls(
            models=models,
            linear=linear,
            calibration=Knots(
                scores=tuple(map(float, knots["scores"])),
                ps=tuple(map(float, knots["p"])),
                counts=tuple(map(int, knots["n"])),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A reviewed answer. fold: those of one run are in the same."""

    model: str
    signals: Signals
    right: bool
    fold: int


def fit_signals(examples: Sequence[Example]) -> SignalEstimator | None:
    """Return the estimator; None where there are too few answers, or too few of either kind, to fit one."""
    right = sum(example.right for example in examples)
    if len(examples) < LEAST_LABELS or min(right, len(examples) - right) < LEAST_OF_EACH:
        return None
    models = tuple(sorted({example.model for example in examples}))
    said: list[float] = []
    labels: list[bool] = []
    for fold in sorted({example.fold for example in examples}):
        others = [example for example in examples if example.fold != fold]
        if not others:
            return None
        linear = _fit(others, models)
        for example in examples:
            if example.fold == fold:
                said.append(linear.probability(_row(example.model, example.signals, models)))
                labels.append(example.right)
    line = fit_isotonic(said, labels)
    knots = Knots(scores=line.scores, ps=line.probabilities, counts=line.counts)
    return SignalEstimator(models=models, linear=_fit(examples, models), calibration=knots)


def _fit(examples: Sequence[Example], models: tuple[str, ...]) -> Linear:
    return fit_linear(
        [_row(example.model, example.signals, models) for example in examples],
        [float(example.right) for example in examples],
        _features(models),
        strength=STRENGTH,
    )


def _features(models: tuple[str, ...]) -> tuple[str, ...]:
    return (*_SIGNALS, *(f"model:{model}" for model in models))


def _row(model: str, signals: Signals, models: tuple[str, ...]) -> list[float]:
    """Return the features: what is not known is in the middle, and a feature of its own says so."""
    probability = None if signals.log_probability is None else math.exp(min(0.0, signals.log_probability))
    row = [0.5 if signals.passed is None else float(signals.passed), float(signals.sound)]
    for value in (signals.agreement, signals.grounded, probability, signals.in_favour):
        row += [0.5 if value is None else value, float(value is not None)]
    row += [
        math.log1p(signals.output_tokens),
        float(signals.finish in {"", "stop"}),
        float(bool(signals.unused_figures)),
        math.log1p(signals.unused_figures or 0),
    ]
    return [*row, *(float(model == known) for known in models)]

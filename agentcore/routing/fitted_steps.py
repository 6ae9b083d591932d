"""FittedSteps: what a fitted router says of the steps of a project. Reading it runs no code.

It stands in a fitted router's file, a JSON object, under `settings.steps`:

    {"format": "agentcore.router", "format_version": 1, "dataset": "runs", …,
     "settings": {"steps": {"finder": {
       "priors": {"small": [0.71, 0.66, 0.75]},
       "calibrations": {"self_consistency": {"scores": [0, 1], "p": [0.4, 0.93], "n": [80, 220], "ece": 0.03}},
       "thresholds": [{"alpha": 0.05, "threshold": 0.82}, {"alpha": 0.01, "threshold": null}],
       "default_alpha": 0.05}}}}

With `estimator`, which holds a `SignalEstimator`, P(correct) is made of all the evidence instead of one source.

A step's type is its agent's name; `*` stands for every other. A threshold of null says that its alpha cannot be held.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from agentcore.confidence.calibration_knots import Interval, Knots
from agentcore.domain.agent import Routing
from agentcore.domain.answer_candidate import Signals
from agentcore.routing.fitted import FORMAT, FORMAT_VERSION

if TYPE_CHECKING:
    from agentcore.confidence.signal_estimator import SignalEstimator

ANY_STEP: Final = "*"
INFEASIBLE: Final = 2.0
"""The threshold of an alpha that cannot be held: no P(correct) reaches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The least P(correct) that is accepted. hard: whether an answer below may not be taken without a person."""

    value: float
    version: str
    hard: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedStep:
    """What was learnt of one type of step.

    priors: model → P(correct) with its interval.  calibrations: source → its calibration.  thresholds: alpha → the
    least P(correct), `INFEASIBLE` where there is none.  default_alpha: for agents that name none.  estimator: over all
    the evidence, None where there were too few labels for one.
    """

    priors: Mapping[str, Interval] = field(default_factory=dict[str, Interval])
    calibrations: Mapping[str, Knots] = field(default_factory=dict[str, Knots])
    thresholds: Mapping[float, float] = field(default_factory=dict[float, float])
    default_alpha: float | None = None
    estimator: SignalEstimator | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedSteps:
    """What was learnt of all types of steps. version: names the fit."""

    version: str = ""
    steps: Mapping[str, FittedStep] = field(default_factory=dict[str, FittedStep])

    def step(self, name: str) -> FittedStep | None:
        """Return what was learnt of a type of step, None for nothing."""
        return self.steps.get(name) or self.steps.get(ANY_STEP)

    def estimate(self, name: str, model: str | None, signals: Signals) -> Interval | None:
        """Return P(correct) by a fitted model over all the evidence; None where none was fitted for step and model."""
        step = self.step(name)
        return None if step is None or step.estimator is None else step.estimator.at(model, signals)

    def threshold(self, name: str, routing: Routing) -> Threshold | None:
        """Return how likely an answer must be right for an agent to accept it, None when nobody asks for any."""
        if routing.min_confidence is not None:
            return Threshold(value=routing.min_confidence, version="min_confidence", hard=True)
        step = self.step(name)
        alpha = routing.alpha
        if alpha is None:
            alpha = None if step is None else step.default_alpha
        if alpha is None:
            return None
        found = None if step is None else step.thresholds.get(alpha)
        version = f"{self.version or 'nothing fitted'}, alpha {alpha:g}"
        return Threshold(value=INFEASIBLE if found is None else found, version=version, hard=routing.alpha is not None)


NOTHING_FITTED: Final = FittedSteps()


def read_steps(text: str) -> FittedSteps:
    """Return what a fitted router's file says of steps; of no text, nothing. Raises ValueError with the place."""
    if not text:
        return NOTHING_FITTED
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON ({error})") from None
    if not isinstance(read, dict):
        raise ValueError("it is not a JSON object")
    given = cast("dict[str, Any]", read)
    if given.get("format") != FORMAT:
        raise ValueError(f"`format` is {given.get('format')!r}, not {FORMAT!r}: `agentcore route fit` writes one")
    if given.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"`format_version` is {given.get('format_version')!r}; this installation reads {FORMAT_VERSION}"
        )
    settings = given.get("settings")
    steps = cast("dict[str, Any]", settings).get("steps") if isinstance(settings, dict) else None
    if not isinstance(steps, dict):
        raise ValueError(
            "it says nothing of the steps of a project: `settings.steps` is missing. A router that is fitted on a "
            "table of other tasks has none"
        )
    digest = hashlib.sha256(text.encode()).hexdigest()
    try:
        return FittedSteps(
            version=f"{given.get('dataset', 'router')}-{FORMAT_VERSION}-{digest[:12]}",
            steps={str(name): _step(str(name), step) for name, step in cast("dict[str, Any]", steps).items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"`settings.steps` lacks something ({type(error).__name__}: {error})") from None


def _step(name: str, given: Mapping[str, Any]) -> FittedStep:
    default, estimator = given.get("default_alpha"), given.get("estimator")
    try:
        return FittedStep(
            priors={model: _interval(each) for model, each in given.get("priors", {}).items()},
            calibrations={source: _knots(each) for source, each in given.get("calibrations", {}).items()},
            thresholds={float(each["alpha"]): _threshold(each["threshold"]) for each in given.get("thresholds", ())},
            default_alpha=None if default is None else float(default),
            estimator=None if estimator is None else _estimator(estimator),
        )
    except ValueError as error:
        raise ValueError(f"settings.steps.{name}: {error}") from None


def _estimator(given: Mapping[str, Any]) -> SignalEstimator:
    from agentcore.confidence.signal_estimator import SignalEstimator  # noqa: PLC0415  # imports numpy

    return SignalEstimator.from_json(given)


def _threshold(value: float | None) -> float:
    return INFEASIBLE if value is None else _share(value)


def _interval(value: list[float]) -> Interval:
    p, low, high = (_share(each) for each in value)
    if not low <= p <= high:
        raise ValueError(f"a prior is [p, low, high] with low ≤ p ≤ high, not {value}")
    return p, low, high


def _knots(value: Mapping[str, Any]) -> Knots:
    ece = value.get("ece")
    return Knots(
        scores=tuple(float(each) for each in value["scores"]),
        ps=tuple(float(each) for each in value["p"]),
        counts=tuple(int(each) for each in value["n"]),
        ece=None if ece is None else float(ece),
    )


def _share(value: float) -> float:
    number = float(value)
    if not (math.isfinite(number) and 0.0 <= number <= 1.0):
        raise ValueError(f"{value} is not between 0 and 1")
    return number

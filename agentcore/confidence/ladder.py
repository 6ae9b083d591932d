"""The confidence ladder: from the evidence about an answer to P(correct), by the highest rung that there is.

    prior < log-probability < self-consistency < verifiers < deterministic checks

A rung says more than those below it, and costs more. Only one is used, so that it can be calibrated by itself and the
trace can say which it was; a fitted estimator over all of them goes before.

Without a calibration, a declared mapping stands in: the odds of the model's prior, times a likelihood ratio between
1/r and r for evidence between 0 and 1 (r below). It is nobody's measurement, and every confidence says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from agentcore.confidence.calibration_knots import Interval, Knots
from agentcore.domain.answer_candidate import Signals
from agentcore.domain.confidence import UNCALIBRATED, Confidence, ConfidenceSource

RATIOS: Final[Mapping[ConfidenceSource, float]] = {
    "log_probability": 2.0,
    "self_consistency": 4.0,
    "verifier": 4.0,
    "deterministic": 9.0,
}
"""Rung → the likelihood ratio of evidence that is wholly in favour, where nothing was fitted."""

DOUBT: Final = 0.2
"""Half the width of the interval around a P(correct) that nothing was fitted for."""

UNKNOWN_PRIOR: Final = 0.5
"""P(correct) of a model of which nothing is known."""

FORM_ONLY: Final = frozenset({"check:schema", "check:non_empty", "check:regex"})
"""Checks that look at the form of an output. That they hold says nothing about whether it is right."""

_LEAST, _MOST = 0.01, 0.99


def rung(signals: Signals) -> tuple[ConfidenceSource, float]:
    """Return the highest rung that there is evidence for, and the evidence: 0 to 1."""
    if signals.sound:
        return "deterministic", 1.0
    if signals.in_favour is not None:
        return "verifier", signals.in_favour
    if signals.agreement is not None:
        return "self_consistency", signals.agreement
    if signals.log_probability is not None:
        return "log_probability", math.exp(min(0.0, signals.log_probability))
    return "prior", 1.0


def climb(
    signals: Signals,
    *,
    prior: Interval | None,
    calibrations: Mapping[str, Knots],
    version: str = "",
    estimate: Interval | None = None,
) -> Confidence:
    """Return how likely an answer is right.

    prior: of the model in steps of this kind, None when nothing is known; without an interval of its own (low equal
    to high) it was declared.  calibrations: source → its own.  version: theirs.  estimate: of a fitted model over all
    the evidence, which goes before.
    """
    if estimate is not None:
        p, low, high = estimate
        return Confidence(p=p, low=low, high=high, source="estimator", calibration=version)
    source, score = rung(signals)
    known = calibrations.get(source)
    if known is not None:
        p, low, high = known.at(score)
        return Confidence(p=p, low=low, high=high, source=source, calibration=version)
    p, low, high = prior or (UNKNOWN_PRIOR, UNKNOWN_PRIOR, UNKNOWN_PRIOR)
    if source == "prior" and low < high:
        return Confidence(p=p, low=low, high=high, source=source, calibration=version)
    p = declared(p, source, score)
    return Confidence(p=p, low=max(0.0, p - DOUBT), high=min(1.0, p + DOUBT), source=source, calibration=UNCALIBRATED)


def declared(prior: float, source: ConfidenceSource, score: float) -> float:
    """Return P(correct) by the declared mapping: the prior's odds times the likelihood ratio of the evidence."""
    ratio = RATIOS.get(source)
    if ratio is None:
        return prior
    odds = min(_MOST, max(_LEAST, prior))
    odds = odds / (1.0 - odds) * ratio ** (2.0 * score - 1.0)
    return odds / (1.0 + odds)

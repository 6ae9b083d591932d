"""Drift: whether outcomes still agree with the probabilities that were given for them. Immutable; pure.

A two-sided, risk-adjusted CUSUM (Page, "Continuous inspection schemes", Biometrika 1954; Steiner et al., "Monitoring
surgical performance using risk-adjusted cumulative sum charts", Biostatistics 2000): each sum adds up the logarithm of
how much likelier the outcomes are if the odds have changed by a factor than if the probabilities are right, and is
never negative. By chance alone, a sum passes a limit of h no more often than once in exp(h) outcomes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

Direction = Literal["worse", "better"]

LEAST_DOUBT = 0.01
"""No probability is taken for nearer to 0 or 1 than this: nothing is as sure as an estimate there says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftLimits:
    """When a change counts. factor: by which the odds change, more than 1.  limit: what a sum may reach."""

    factor: float = 4.0
    limit: float = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The state of the test.

    worse, better: the sums.  run, residuals: how many outcomes there have been since the
    larger sum was last zero, and the sum of (outcome minus probability) over them: what a change looks like, if it is
    one. alarms: how often the limit was passed.  last: where it was passed with the latest outcome, None otherwise.
    """

    limits: DriftLimits = DriftLimits()
    worse: float = 0.0
    better: float = 0.0
    run: int = 0
    residuals: float = 0.0
    alarms: int = 0
    last: Direction | None = None

    def observe(self, outcome: float, probability: float) -> Drift:
        """Return the state after an outcome (0 to 1) that was expected with a probability.

        After an alarm the sums start again from zero. Raises ValueError when one of them is not within 0 to 1.
        """
        for name, value in (("outcome", outcome), ("probability", probability)):
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"the {name} is {value}; it is a number from 0 to 1")
        residual = outcome - probability
        start = self if self.last is None else replace(self, worse=0.0, better=0.0, run=0, residuals=0.0, last=None)
        factor = start.limits.factor
        worse = max(0.0, start.worse + _evidence(outcome, probability, 1.0 / factor))
        better = max(0.0, start.better + _evidence(outcome, probability, factor))
        if worse == better == 0.0:
            return replace(start, worse=0.0, better=0.0, run=0, residuals=0.0)
        begins = (worse >= better) != (start.worse >= start.better) or start.run == 0
        last: Direction | None = None
        if max(worse, better) > start.limits.limit:
            last = "worse" if worse >= better else "better"
        return replace(
            start,
            worse=worse,
            better=better,
            run=1 if begins else start.run + 1,
            residuals=residual if begins else start.residuals + residual,
            alarms=start.alarms + (last is not None),
            last=last,
        )

    @property
    def change(self) -> float:
        """The mean residual since the larger sum was last zero: by how much outcomes differ, if they do."""
        return self.residuals / self.run if self.run else 0.0

    def says(self) -> str:
        """Return what there is to say, with the numbers."""
        sums = f"CUSUM {self.worse:.1f} worse, {self.better:.1f} better, limit {self.limits.limit:g}"
        if self.last is None:
            return f"no drift ({sums})"
        return f"outcomes are {self.last} than was forecast, by {abs(self.change):.2f} over {self.run} ({sums})"


def _evidence(outcome: float, probability: float, factor: float) -> float:
    """Return the logarithm of how much likelier an outcome is when the odds are so many times what they were."""
    p = min(1.0 - LEAST_DOUBT, max(LEAST_DOUBT, probability))
    return outcome * math.log(factor) - math.log(1.0 - p + p * factor)

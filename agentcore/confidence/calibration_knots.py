"""Knots: a monotone step from a score to P(correct), as an isotonic regression leaves it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from agentcore.confidence.proportion import wilson as interval_of

Interval = tuple[float, float, float]
"""P(correct), and the interval around it: p, low, high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knots:
    """A calibration of one source.

    scores: ascending.  ps: P(correct) at each, not descending.  counts: how many labelled answers stand behind each.
    ece: expected calibration error on answers that were not fitted on, None when it was not measured.
    """

    scores: tuple[float, ...]
    ps: tuple[float, ...]
    counts: tuple[int, ...]
    ece: float | None = None

    def __post_init__(self) -> None:
        """Raise ValueError when this is no calibration."""
        if not self.scores or not len(self.scores) == len(self.ps) == len(self.counts):
            raise ValueError("a calibration has as many scores as p and n, and at least one")
        if list(self.scores) != sorted(self.scores) or list(self.ps) != sorted(self.ps):
            raise ValueError("scores and p of a calibration ascend")
        if self.ps[0] < 0.0 or self.ps[-1] > 1.0 or min(self.counts) < 0:
            raise ValueError("p of a calibration is between 0 and 1, and n not negative")

    def at(self, score: float) -> Interval:
        """Return P(correct) at a score, between knots on the straight line, with its 95 % interval."""
        scores, ps = self.scores, self.ps
        index = bisect_right(scores, score)
        if index == 0 or index == len(scores):
            nearest = 0 if index == 0 else -1
            return wilson(ps[nearest], self.counts[nearest])
        left, right = scores[index - 1], scores[index]
        share = (score - left) / (right - left)
        p = ps[index - 1] + share * (ps[index] - ps[index - 1])
        return wilson(p, min(self.counts[index - 1], self.counts[index]))


def wilson(p: float, n: int) -> Interval:
    """Return a share and its 95 % interval by Wilson's score; without observations it is 0 to 1."""
    low, high = interval_of(p * n, n)
    return p, min(low, p), max(high, p)

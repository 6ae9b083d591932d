"""Calibration: from a score to P(correct), with an interval; and how far off a calibration is.

Isotonic regression by pooling adjacent violators: M. Ayer et al., "An Empirical Distribution Function for Sampling
with Incomplete Information" (1955). Expected calibration error: M. Naeini et al., "Obtaining Well Calibrated
Probabilities Using Bayesian Binning" (2015), here over bins of equally many answers.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from agentcore.confidence.proportion import wilson as interval_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LEAST_IN_BLOCK: Final = 15
"""Labels in each block of a calibration: fewer say too little of a probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isotonic:
    """A rising line from scores to probabilities.

    scores: the middle of each block, rising.  probabilities: of each block, rising.  counts: labels in each.
    Between two blocks the line is straight. Outside it goes on to what the last block would say of a score of 1 (of 0)
    if all its labels were right (wrong): so no two scores between 0 and 1 are held equal, and thresholds can be fine.
    """

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]
    counts: tuple[int, ...]

    def probability(self, score: float) -> float:
        """Return P(correct) at a score."""
        at = bisect.bisect_right(self.scores, score)
        if at == 0:
            low, high = 0.0, self.scores[0]
            least, most = 0.5 / (self.counts[0] + 1.0), self.probabilities[0]
        elif at == len(self.scores):
            low, high = self.scores[-1], 1.0
            least, most = self.probabilities[-1], (self.counts[-1] + 0.5) / (self.counts[-1] + 1.0)
        else:
            low, high = self.scores[at - 1], self.scores[at]
            least, most = self.probabilities[at - 1], self.probabilities[at]
        if not low < high:  # the score is no share, and outside the line
            return most if at == 0 else least
        return least + min(1.0, max(0.0, (score - low) / (high - low))) * (most - least)

    def interval(self, score: float) -> tuple[float, float]:
        """Return a 95 % interval of P(correct) at a score, from the number of labels near it."""
        at = min(bisect.bisect_right(self.scores, score), len(self.scores) - 1)
        if at and abs(self.scores[at - 1] - score) < abs(self.scores[at] - score):
            at -= 1
        return wilson(self.probability(score), self.counts[at])

    def as_json(self) -> dict[str, object]:
        """Return the line as what JSON can hold."""
        return {
            "kind": "isotonic",
            "scores": list(self.scores),
            "probabilities": list(self.probabilities),
            "counts": list(self.counts),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Isotonic:
        """Return the line of `as_json`. Raises ValueError when it does not rise, or its lists differ in length."""
        scores, probabilities = tuple(map(float, found["scores"])), tuple(map(float, found["probabilities"]))
        counts = tuple(map(int, found["counts"]))
        if (
            not len(scores) == len(probabilities) == len(counts)
            or not scores
            or any(one >= other for one, other in pairwise(scores))
            or any(one >= other for one, other in pairwise(probabilities))
        ):
            msg = "a calibration must have as many scores, probabilities and counts, both rising"
            raise ValueError(msg)
        return cls(scores=scores, probabilities=probabilities, counts=counts)


def fit_isotonic(scores: ArrayLike, labels: ArrayLike, *, least: int = LEAST_IN_BLOCK) -> Isotonic:
    """Return the calibration of scores by labels of 0 and 1, both of shape (n,), n > 0.

    The scores should be of answers that whatever made them has not been fitted on. least: labels in a block. Each
    block's probability is (right + 1/2) / (labels + 1): none is 0 or 1 for want of labels. Raises ValueError.
    """
    score = np.asarray(scores, dtype=np.float64)
    label = np.asarray(labels, dtype=np.float64)
    if not len(score) or len(score) != len(label) or not np.isfinite(score).all():
        msg = f"{len(score)} scores and {len(label)} labels: as many of both are needed, at least one, all finite"
        raise ValueError(msg)
    order = np.argsort(score, kind="stable")
    blocks: list[tuple[float, float, int]] = []  # sum of scores, of labels, and how many
    for each, right in zip(score[order].tolist(), label[order].tolist(), strict=True):
        blocks.append((each, right, 1))
        while len(blocks) > 1 and not _rises(blocks[-2], blocks[-1]):
            _pool(blocks)
    blocks = _large(blocks, least)
    return Isotonic(
        scores=tuple(total / count for total, _, count in blocks),
        probabilities=tuple((right + 0.5) / (count + 1.0) for _, right, count in blocks),
        counts=tuple(count for _, _, count in blocks),
    )


def _rises(one: tuple[float, float, int], other: tuple[float, float, int]) -> bool:
    return one[0] / one[2] < other[0] / other[2] and _smoothed(one) < _smoothed(other)


def _smoothed(block: tuple[float, float, int]) -> float:
    return (block[1] + 0.5) / (block[2] + 1.0)


def _pool(blocks: list[tuple[float, float, int]]) -> None:
    scores, right, count = blocks.pop()
    before = blocks.pop()
    blocks.append((before[0] + scores, before[1] + right, before[2] + count))


def _large(blocks: list[tuple[float, float, int]], least: int) -> list[tuple[float, float, int]]:
    """Return the blocks with those pooled that are too small, from below; they still rise."""
    large: list[tuple[float, float, int]] = []
    for block in blocks:
        large.append(block)
        while len(large) > 1 and (large[-2][2] < least or not _rises(large[-2], large[-1])):
            _pool(large)
    while len(large) > 1 and (large[-1][2] < least or not _rises(large[-2], large[-1])):
        _pool(large)
    return large


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share among so many, 0 to 1. See `proportion`."""
    return interval_of(share * count, count)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Answers of like confidence. confidence: their mean P(correct).  accuracy: the share that is right."""

    confidence: float
    accuracy: float
    count: int


def reliability(probabilities: ArrayLike, labels: ArrayLike, *, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """Return the reliability diagram of probabilities, in bins of equally many answers, both of shape (n,)."""
    said = np.asarray(probabilities, dtype=np.float64)
    label = np.asarray(labels, dtype=np.float64)
    order = np.argsort(said, kind="stable")
    parts: Sequence[NDArray[np.intp]] = np.array_split(order, min(bins, max(1, len(said))))
    return tuple(
        ReliabilityBin(confidence=float(said[part].mean()), accuracy=float(label[part].mean()), count=len(part))
        for part in parts
        if len(part)
    )


def ece(probabilities: ArrayLike, labels: ArrayLike, *, bins: int = 10) -> float:
    """Return the expected calibration error, 0 to 1: the mean distance of confidence and accuracy over the bins."""
    found = reliability(probabilities, labels, bins=bins)
    total = sum(each.count for each in found)
    return sum(each.count * abs(each.confidence - each.accuracy) for each in found) / total if total else 0.0

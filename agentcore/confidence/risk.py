"""Risk: the least confidence at which an answer may be accepted, so that P(accepted and wrong) <= alpha.

Two ways, both free of assumptions but that the labelled answers and those to come are alike (exchangeable):

- conformal risk control bounds the risk on average over calibration sets: A. Angelopoulos et al., "Conformal Risk
  Control" (2024): with losses falling in the threshold and at most 1, take the least threshold whose
  (sum of losses + 1) / (n + 1) is at most alpha;
- learn then test bounds it for this very calibration set, but for a chance of delta: A. Angelopoulos et al., "Learn
  then Test" (2021), with exact binomial p-values, tested from the strictest threshold down until one fails.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

RiskMethod: TypeAlias = Literal["conformal", "learn_then_test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What confidence is enough.

    value: accept at this confidence or above; None: accept nothing.  accepts, risk: the share accepted, and P(accepted
    and wrong), on the labels that it was found with.  labels: how many those are.  least_alpha: the least alpha that
    so many labels can bound; below it alpha is not feasible.  needed: labels that alpha takes at the least.
    """

    value: float | None
    alpha: float
    method: RiskMethod
    labels: int
    accepts: float
    risk: float
    least_alpha: float
    needed: int

    @property
    def feasible(self) -> bool:
        """Whether so many labels can bound alpha at all. It may still be that nothing is accepted."""
        return self.labels >= self.needed

    def accepts_at(self, confidence: float) -> bool:
        """Return whether an answer of this confidence is accepted."""
        return self.value is not None and confidence >= self.value

    def warning(self) -> str:
        """Return what a person has to know about it, "" when all is well."""
        if not self.feasible:
            return (
                f"alpha {self.alpha:g} is not feasible with {self.labels} labels: the least is "
                f"{self.least_alpha:.4f}; {self.needed - self.labels} more labels are needed"
            )
        if self.value is None:
            return f"no answer is sure enough for alpha {self.alpha:g}: nothing is accepted"
        return ""


def conformal_threshold(confidences: ArrayLike, right: ArrayLike, alpha: float) -> Threshold:
    """Return the threshold of conformal risk control. confidences, right: shape (n,), of answers not fitted on."""
    confidence, wrong = _checked(confidences, right, alpha)
    count = len(confidence)
    ends, errors = _by_threshold(confidence, wrong)
    held = np.flatnonzero((errors + 1.0) / (count + 1.0) <= alpha)
    last = int(held[-1]) if len(held) else None
    value = None if last is None else float(ends[last])
    return Threshold(
        value=value,
        alpha=alpha,
        method="conformal",
        labels=count,
        accepts=_accepts(confidence, value),
        risk=0.0 if last is None else float(errors[last]) / count,
        least_alpha=1.0 / (count + 1.0),
        needed=labels_needed(alpha),
    )


def learned_threshold(confidences: ArrayLike, right: ArrayLike, alpha: float, *, delta: float = 0.1) -> Threshold:
    """Return the threshold of learn then test: with probability 1 - delta the risk is at most alpha."""
    confidence, wrong = _checked(confidences, right, alpha)
    count = len(confidence)
    ends, errors = _by_threshold(confidence, wrong)
    last: int | None = None
    for at, mistakes in enumerate(errors.tolist()):
        if binomial_tail(int(mistakes), count, alpha) > delta:
            break
        last = at
    value = None if last is None else float(ends[last])
    return Threshold(
        value=value,
        alpha=alpha,
        method="learn_then_test",
        labels=count,
        accepts=_accepts(confidence, value),
        risk=0.0 if last is None else float(errors[last]) / count,
        least_alpha=1.0 - delta ** (1.0 / count) if count else 1.0,
        needed=labels_needed(alpha, "learn_then_test", delta=delta),
    )


def labels_needed(alpha: float, method: RiskMethod = "conformal", *, delta: float = 0.1) -> int:
    """Return how many labels an alpha takes at the least, when none of the accepted answers is wrong."""
    match method:
        case "conformal":
            return math.ceil(1.0 / alpha - 1e-9) - 1
        case "learn_then_test":
            return math.ceil(math.log(delta) / math.log1p(-alpha) - 1e-9)


def binomial_tail(most: int, count: int, share: float) -> float:
    """Return P(X <= most) for X of a binomial distribution of so many tries, each with this share."""
    if most >= count:
        return 1.0
    logs = [
        math.lgamma(count + 1)
        - math.lgamma(hits + 1)
        - math.lgamma(count - hits + 1)
        + hits * math.log(share)
        + (count - hits) * math.log1p(-share)
        for hits in range(most + 1)
    ]
    top = max(logs)
    return min(1.0, math.exp(top) * sum(math.exp(each - top) for each in logs))


def _checked(confidences: ArrayLike, right: ArrayLike, alpha: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    confidence = np.asarray(confidences, dtype=np.float64)
    wrong = ~np.asarray(right, dtype=np.bool_)
    if len(confidence) != len(wrong) or not np.isfinite(confidence).all() or not 0.0 < alpha < 1.0:
        msg = f"as many finite confidences as labels and an alpha between 0 and 1 are needed, not {alpha}"
        raise ValueError(msg)
    return confidence, wrong


def _by_threshold(
    confidence: NDArray[np.float64], wrong: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each confidence that occurs, falling, and how many at it or above are wrong."""
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    errors = np.cumsum(wrong[order]).astype(np.float64)
    ends = np.flatnonzero(np.append(np.diff(falling) != 0.0, True)) if len(falling) else np.array([], dtype=np.intp)
    return falling[ends], errors[ends]


def _accepts(confidence: NDArray[np.float64], value: float | None) -> float:
    return 0.0 if value is None else float((confidence >= value).mean())

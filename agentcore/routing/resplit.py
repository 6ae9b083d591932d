"""Whether a risk bound holds: calibrate on half of a table's questions, see what it comes to on the rest, often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentcore.confidence.risk import conformal_threshold

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class Resplit:
    """Means over all splits. risk: P(accepted and wrong).  accepts: the share accepted.  worst: the greatest risk."""

    alpha: float
    splits: int
    risk: float
    accepts: float
    worst: float


def resplit_risk(
    confidences: ArrayLike,
    right: ArrayLike,
    alpha: float,
    *,
    splits: int = 1000,
    seed: int = 0,
) -> Resplit:
    """Return what conformal risk control at level alpha comes to on halves of a table, drawn so many times.

    confidences, right: shape (questions,), at least two. The labels of one half set the threshold, those of the other
    are only scored, and then the other way round.

    Conformal risk control holds on average over all splits, and the mean over a hundred of them still strays by some
    thousandths: more cost little.
    """
    confidence = np.asarray(confidences, dtype=np.float64)
    fine = np.asarray(right, dtype=np.bool_)
    if len(confidence) < 2:
        msg = "two questions are needed to split them"
        raise ValueError(msg)
    rng = np.random.default_rng(seed)
    risks: list[float] = []
    accepted: list[float] = []
    for _ in range(splits):
        halves = np.array_split(rng.permutation(len(confidence)), 2)
        for known, new in (halves, halves[::-1]):
            value = conformal_threshold(confidence[known], fine[known], alpha).value
            taken = confidence[new] >= value if value is not None else np.zeros(len(new), dtype=np.bool_)
            risks.append(float((taken & ~fine[new]).mean()))
            accepted.append(float(taken.mean()))
    return Resplit(
        alpha=alpha,
        splits=splits,
        risk=float(np.mean(risks)),
        accepts=float(np.mean(accepted)),
        worst=max(risks, default=0.0),
    )

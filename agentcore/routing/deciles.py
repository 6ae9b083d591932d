"""The frontier as RouteLLM's evaluation code draws it: eleven points, at the deciles of the score.

Source: github.com/lm-sys/RouteLLM, routellm/evals/benchmarks.py and evaluate.py (2024). The thresholds are the
quantiles 0, 0.1 ... 1 of the scores; the strong arm is called at the threshold or above (for the last one above it, so
for none); APGR is the area under accuracy against the share of calls, by trapezoids, between the lines of both arms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentcore.routing.frontier import ShareCurve

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def decile_curve(
    need: ArrayLike, weak_right: ArrayLike, strong_right: ArrayLike, *, escalated_right: ArrayLike | None = None
) -> ShareCurve:
    """Return the curve of a score for calling the strong arm; all of shape (n,), n > 0.

    escalated_right: whether the answer that is taken after an escalation is right, by default the strong arm's. The
    gap that is recovered stays that between the arms alone.
    """
    score = np.asarray(need, dtype=np.float64)
    weak = np.asarray(weak_right, dtype=np.float64)
    strong = np.asarray(strong_right, dtype=np.float64)
    taken = strong if escalated_right is None else np.asarray(escalated_right, dtype=np.float64)
    thresholds = np.quantile(score, np.linspace(0.0, 1.0, 11))
    called = [score >= threshold for threshold in thresholds[:-1]] + [score > thresholds[-1]]
    points = sorted({(float(each.mean()), float(np.where(each, taken, weak).mean())) for each in called})
    return ShareCurve(
        shares=np.array([share for share, _ in points]),
        accuracies=np.array([accuracy for _, accuracy in points]),
        strong=float(strong.mean()),
    )

"""Proportions: the interval in which a share lies, from how often something happened."""

from __future__ import annotations

from math import sqrt
from typing import Final

Z95: Final = 1.959964
"""The standard normal quantile for 95 %, two-sided."""


def wilson(successes: float, trials: float, z: float = Z95) -> tuple[float, float]:
    """Return the interval of a share (Wilson, 1927), 0 to 1 when nothing was tried.

    successes, trials: counts, or expected counts; 0 <= successes <= trials.
    """
    if trials <= 0:
        return 0.0, 1.0
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    whole = 1 + z * z / trials
    # the share lies in it, whatever rounding does
    return max(0.0, min(share, (centre - spread) / whole)), min(1.0, max(share, (centre + spread) / whole))


def least_when_all(trials: int, confidence: float = 0.95) -> float:
    """Return the least share that fits something that happened each time, with one-sided confidence.

    It is exact (Clopper and Pearson, 1934): the share for which as many successes in a row have the probability
    1 - confidence. 0 when nothing was tried.
    """
    return (1 - confidence) ** (1 / trials) if trials > 0 else 0.0

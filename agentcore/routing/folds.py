"""Splits by question: what is measured on a fold was fitted on the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from agentcore.confidence.calibration import ece, fit_isotonic

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def folds(count: int, parts: int, *, seed: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield (train, test) indices of `count` questions: each is in one test part, of nearly equal size.

    The same seed gives the same split. Raises ValueError for fewer questions than parts.
    """
    if not 2 <= parts <= count:
        msg = f"{count} questions cannot be split into {parts} parts"
        raise ValueError(msg)
    order = np.random.default_rng(seed).permutation(count)
    for part in range(parts):
        test = np.sort(order[part::parts])
        yield np.setdiff1d(order, test), test


def cross_fitted_ece(scores: ArrayLike, labels: ArrayLike, *, seed: int, parts: int = 5) -> float:
    """Return the expected calibration error of isotonic calibration, fitted on the other folds. Both: shape (n,)."""
    score = np.asarray(scores, dtype=np.float64)
    label = np.asarray(labels, dtype=np.float64)
    calibrated = np.zeros(len(score))
    for train, test in folds(len(score), parts, seed=seed):
        line = fit_isotonic(score[train], label[train])
        calibrated[test] = [line.probability(each) for each in score[test].tolist()]
    return ece(calibrated, label)

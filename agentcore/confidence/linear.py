"""Logistic regression as data: weights of standardised features."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MOST_DEVIATIONS: Final = 5.0
"""A feature counts as at most so many standard deviations from its mean: nothing rare decides alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """P(1) from a weighted sum. means, scales, weights: of each feature, in a row's order; all shape (features,)."""

    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def probability(self, row: Sequence[float]) -> float:
        """Return P(1) for one row, of shape (features,), all finite."""
        total = self.bias
        for value, mean, scale, weight in zip(row, self.means, self.scales, self.weights, strict=True):
            off = (value - mean) / scale
            if off > MOST_DEVIATIONS:
                off = MOST_DEVIATIONS
            elif off < -MOST_DEVIATIONS:
                off = -MOST_DEVIATIONS
            total += weight * off
        return sigmoid(total)

    def probabilities(self, rows: ArrayLike) -> NDArray[np.float64]:
        """Return P(1) for each row, of shape (rows, features)."""
        matrix = np.asarray(rows, dtype=np.float64).reshape(-1, len(self.features))
        total = _standardised(matrix, np.array(self.means), np.array(self.scales)) @ np.array(self.weights) + self.bias
        return 1.0 / (1.0 + np.exp(-total))

    def as_json(self) -> dict[str, object]:
        """Return the model as what JSON can hold."""
        return {
            "kind": "linear",
            "features": list(self.features),
            "means": list(self.means),
            "scales": list(self.scales),
            "weights": list(self.weights),
            "bias": self.bias,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Linear:
        """Return the model of `as_json`. Raises ValueError when its lists differ in length."""
        features = tuple(map(str, found["features"]))
        means, scales, weights = (tuple(map(float, found[name])) for name in ("means", "scales", "weights"))
        if not len(features) == len(means) == len(scales) == len(weights) or any(scale <= 0.0 for scale in scales):
            msg = "a linear model must have a mean, a scale above 0 and a weight for each feature"
            raise ValueError(msg)
        return cls(features=features, means=means, scales=scales, weights=weights, bias=float(found["bias"]))


def sigmoid(total: float) -> float:
    """Return the probability of log-odds."""
    if total < 0.0:
        grown = math.exp(total)
        return grown / (1.0 + grown)
    return 1.0 / (1.0 + math.exp(-total))


def fit_linear(
    rows: ArrayLike,
    labels: ArrayLike,
    features: Sequence[str],
    *,
    strength: float = 0.03,
    weights: ArrayLike | None = None,
) -> Linear:
    """Return a logistic regression for P(label = 1), with an L2 penalty: the smaller `strength`, the stronger.

    rows: shape (n, features), finite.  labels: 0 or 1, shape (n,).  weights: shape (n,), of each row. With labels of
    one kind only it is that label's smoothed share.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    matrix = np.asarray(rows, dtype=np.float64).reshape(-1, len(features))
    target = np.asarray(labels, dtype=np.float64)
    weight = np.ones(len(matrix)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not len(matrix) or len(matrix) != len(target) or not np.isfinite(matrix).all():
        msg = f"{len(matrix)} rows and {len(target)} labels: as many of both are needed, at least one, all finite"
        raise ValueError(msg)
    means = np.average(matrix, axis=0, weights=weight)
    scales = np.sqrt(np.average((matrix - means) ** 2, axis=0, weights=weight))
    scales[scales < 1e-9] = 1.0
    if target.min() == target.max():
        found, bias = np.zeros(len(features)), math.log((target.sum() + 1.0) / (len(target) - target.sum() + 1.0))
    else:
        model: Any = LogisticRegression(C=strength, max_iter=1000)
        model.fit(_standardised(matrix, means, scales), target, sample_weight=weight)
        found, bias = model.coef_[0], float(model.intercept_[0])
    return Linear(
        features=tuple(features),
        means=_short(means),
        scales=_short(scales),
        weights=_short(found),
        bias=float(bias),
    )


def _standardised(
    matrix: NDArray[np.float64], means: NDArray[np.float64], scales: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.clip((matrix - means) / scales, -MOST_DEVIATIONS, MOST_DEVIATIONS)


def _short(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(f"{value:.9g}") for value in values.tolist())

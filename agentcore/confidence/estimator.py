"""The estimator: P(correct) of an answer from the evidence about it, by several models of different kinds.

Boosted trees, randomised trees (P. Geurts et al., "Extremely Randomized Trees", 2006) and logistic regression err
differently; their mean orders answers better than any of them. Calibration comes after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from agentcore.confidence.linear import Linear, fit_linear
from agentcore.confidence.trees import Forest, ForestSettings, fit_forest, fit_random_forest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Member: TypeAlias = Forest | Linear


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorSettings:
    """How an estimator is fitted. random_trees: how many randomised ones; 0: none.  strength: of the regression."""

    boosted: ForestSettings = field(
        default_factory=lambda: ForestSettings(rounds=120, leaves=8, feature_share=0.3, least_rows_in_leaf=10)
    )
    random_trees: int = 60
    least_rows_in_leaf: int = 1
    strength: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """P(correct) as the mean of its members'. features: the names of the evidence, in the order of a row."""

    features: tuple[str, ...]
    members: tuple[Member, ...]

    def probability(self, evidence: Mapping[str, float]) -> float:
        """Return P(correct), not yet calibrated. Raises KeyError naming evidence that is missing."""
        row = [evidence[name] for name in self.features]
        return sum(member.probability(row) for member in self.members) / len(self.members)

    def probabilities(self, rows: ArrayLike) -> NDArray[np.float64]:
        """Return P(correct) for each row, of shape (rows, features)."""
        return np.mean([member.probabilities(rows) for member in self.members], axis=0)

    def as_json(self) -> dict[str, object]:
        """Return the estimator as what JSON can hold."""
        return {"features": list(self.features), "members": [member.as_json() for member in self.members]}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Estimator:
        """Return the estimator of `as_json`. Raises ValueError when it is none."""
        features = tuple(map(str, found["features"]))
        members = tuple(_member(each) for each in cast("list[Mapping[str, Any]]", found["members"]))
        if not members or any(member.features != features for member in members):
            msg = "an estimator must have members, all of the same features"
            raise ValueError(msg)
        return cls(features=features, members=members)


def _member(found: Mapping[str, Any]) -> Member:
    match found.get("kind"):
        case "forest":
            return Forest.from_json(found)
        case "linear":
            return Linear.from_json(found)
        case kind:
            msg = f"no kind of model is called {kind!r}"
            raise ValueError(msg)


def fit_estimator(
    rows: ArrayLike,
    labels: ArrayLike,
    features: Sequence[str],
    *,
    settings: EstimatorSettings | None = None,
    weights: ArrayLike | None = None,
    seed: int = 0,
) -> Estimator:
    """Return the estimator of P(label = 1).

    rows: shape (n, features), finite.  labels: 0 or 1, shape (n,).  weights: shape (n,), of each row; 1 by default.
    The same input and seed give the same estimator. Raises ValueError without rows, or for what is not finite.
    """
    chosen = settings or EstimatorSettings()
    members: list[Member] = [
        fit_forest(rows, labels, features, settings=chosen.boosted, weights=weights, seed=seed),
        fit_linear(rows, labels, features, strength=chosen.strength, weights=weights),
    ]
    if chosen.random_trees:
        members.append(
            fit_random_forest(
                rows,
                labels,
                features,
                trees=chosen.random_trees,
                least_rows_in_leaf=chosen.least_rows_in_leaf,
                weights=weights,
                seed=seed,
            )
        )
    return Estimator(features=tuple(features), members=tuple(members))


def as_rows(evidence: Sequence[Mapping[str, float]], features: Sequence[str]) -> NDArray[np.float64]:
    """Return evidence as rows, shape (len(evidence), len(features))."""
    return np.array([[each[name] for name in features] for each in evidence], dtype=np.float64).reshape(
        len(evidence), len(features)
    )

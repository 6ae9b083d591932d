"""Boosted trees: fitted by LightGBM, kept as flat lists, evaluated here.

A forest is data: it goes into JSON and comes back without running code, and needs no library to be evaluated. One row
takes some tens of microseconds, which a call into LightGBM for one row does not beat.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from agentcore.confidence.linear import sigmoid

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestSettings:
    """How a forest is fitted. rounds: trees in a row.  bags: forests of different seeds, whose scores are averaged."""

    rounds: int = 120
    leaves: int = 8
    learning_rate: float = 0.05
    least_rows_in_leaf: int = 20
    feature_share: float = 0.5
    row_share: float = 0.7
    l2: float = 5.0
    bags: int = 1


Tree: TypeAlias = tuple[list[int], list[float], list[int], list[int], list[float]]
"""feature, threshold, left and right of each inner node, and the value of each leaf. A row goes left when its feature
is at most the threshold. A child below zero is the leaf ~child. A tree without inner nodes is its only leaf."""


_Inner: TypeAlias = "tuple[int, float, _Node, _Node]"
_Node: TypeAlias = "_Inner | float"


def _nested(tree: Tree) -> _Node:
    """Return a tree as (feature, threshold, left, right) from its root, with a number for each leaf."""
    feature, threshold, left, right, value = tree
    if not feature:
        return value[0]
    made: list[_Node] = [0.0] * len(feature)
    for at in reversed(range(len(feature))):  # children lie behind their parents
        low, high = (made[child] if child >= 0 else value[~child] for child in (left[at], right[at]))
        made[at] = (feature[at], threshold[at], low, high)
    return made[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Trees whose values add up. features: their names, in a row's order.

    log_odds: the sum is the log-odds, as boosting has it; otherwise it is the probability itself.
    """

    features: tuple[str, ...]
    trees: tuple[Tree, ...]
    log_odds: bool = True
    _roots: tuple[_Node, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Nest the trees: one row is walked down twice as fast as through lists."""
        object.__setattr__(self, "_roots", tuple(_nested(tree) for tree in self.trees))

    def probability(self, row: Sequence[float]) -> float:
        """Return P(1) for one row, of shape (features,), all finite."""
        total = 0.0
        for root in self._roots:
            node = root
            while isinstance(node, tuple):
                feature, threshold, left, right = node
                node = left if row[feature] <= threshold else right
            total += node
        return sigmoid(total) if self.log_odds else total

    def probabilities(self, rows: ArrayLike) -> NDArray[np.float64]:
        """Return P(1) for each row, of shape (rows, features)."""
        matrix = np.asarray(rows, dtype=np.float64).reshape(-1, len(self.features))
        total = np.zeros(len(matrix))
        everyone = np.arange(len(matrix))
        for feature, threshold, left, right, value in self.trees:
            features, thresholds = np.array(feature, dtype=np.intp), np.array(threshold)
            lefts, rights = np.array(left, dtype=np.intp), np.array(right, dtype=np.intp)
            node = np.full(len(matrix), 0 if feature else -1, dtype=np.intp)
            while (inner := node >= 0).any():
                at = node[inner]
                goes_left = matrix[everyone[inner], features[at]] <= thresholds[at]
                node[inner] = np.where(goes_left, lefts[at], rights[at])
            total += np.array(value)[~node]
        return 1.0 / (1.0 + np.exp(-total)) if self.log_odds else total

    def as_json(self) -> dict[str, object]:
        """Return the forest as what JSON can hold."""
        return {
            "kind": "forest",
            "features": list(self.features),
            "log_odds": self.log_odds,
            "trees": [list(tree) for tree in self.trees],
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Forest:
        """Return the forest of `as_json`. Raises ValueError when a walk from a root would not reach a leaf."""
        features = tuple(map(str, found["features"]))
        trees = tuple(_tree(tree, len(features)) for tree in cast("list[list[list[Any]]]", found["trees"]))
        return cls(features=features, trees=trees, log_odds=bool(found["log_odds"]))


def _tree(found: list[list[Any]], features: int) -> Tree:
    feature, threshold, left, right, value = found
    inner = len(feature)
    if not len(threshold) == len(left) == len(right) == inner or not value:
        msg = "a tree's lists differ in length"
        raise ValueError(msg)
    tree: Tree = (
        [int(each) for each in feature],
        [float(each) for each in threshold],
        [int(each) for each in left],
        [int(each) for each in right],
        [float(each) for each in value],
    )
    # A child that lies behind its parent cannot lead back to it: no walk is endless.
    for node, children in enumerate(zip(tree[2], tree[3], strict=True)):
        if not 0 <= tree[0][node] < features or any(
            not (node < child < inner or 0 <= ~child < len(value)) for child in children
        ):
            msg = "a tree's node leads nowhere"
            raise ValueError(msg)
    return tree


def fit_forest(
    rows: ArrayLike,
    labels: ArrayLike,
    features: Sequence[str],
    *,
    settings: ForestSettings | None = None,
    weights: ArrayLike | None = None,
    seed: int = 0,
) -> Forest:
    """Return a forest for P(label = 1).

    rows: shape (n, features), finite.  labels: 0 or 1, shape (n,).  weights: shape (n,), of each row. The same input
    and seed give the same forest. With labels of one kind only it is a single leaf near that label.
    Source: G. Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree" (2017).
    """
    chosen = settings or ForestSettings()
    matrix = np.asarray(rows, dtype=np.float64).reshape(-1, len(features))
    target = np.asarray(labels, dtype=np.float64)
    if not len(matrix) or len(matrix) != len(target) or not np.isfinite(matrix).all():
        msg = f"{len(matrix)} rows and {len(target)} labels: as many of both are needed, at least one, all finite"
        raise ValueError(msg)
    if target.min() == target.max():
        odds = math.log((target.sum() + 1.0) / (len(target) - target.sum() + 1.0))
        return Forest(features=tuple(features), trees=(([], [], [], [], [odds]),))
    trees: list[Tree] = []
    for bag in range(chosen.bags):
        trees += _boosted(matrix, target, weights, chosen, seed=seed * 1009 + bag)
    return Forest(features=tuple(features), trees=tuple(trees))


def _boosted(
    matrix: NDArray[np.float64],
    target: NDArray[np.float64],
    weights: ArrayLike | None,
    settings: ForestSettings,
    *,
    seed: int,
) -> list[Tree]:
    import lightgbm as lgb  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # takes a second to load

    library: Any = lgb
    data: Any = library.Dataset(matrix, label=target, weight=None if weights is None else np.asarray(weights))
    booster: Any = library.train(
        {
            "objective": "binary",
            "num_leaves": settings.leaves,
            "learning_rate": settings.learning_rate,
            "min_data_in_leaf": settings.least_rows_in_leaf,
            "feature_fraction": settings.feature_share,
            "bagging_fraction": settings.row_share,
            "bagging_freq": 1,
            "lambda_l2": settings.l2,
            "use_missing": False,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "seed": seed % (2**31),
            "verbosity": -1,
        },
        data,
        num_boost_round=settings.rounds,
    )
    found: list[Mapping[str, Any]] = booster.dump_model()["tree_info"]
    return [_flattened(each["tree_structure"], 1.0 / settings.bags) for each in found]


def _flattened(root: Mapping[str, Any], scale: float) -> Tree:
    """Return LightGBM's nested tree as flat lists, parents before their children."""
    tree: Tree = ([], [], [], [], [])
    feature, threshold, left, right, value = tree

    def put(node: Mapping[str, Any]) -> int:
        if "split_feature" not in node:
            value.append(float(f"{float(node['leaf_value']) * scale:.7g}"))
            return ~(len(value) - 1)
        at = len(feature)
        feature.append(int(node["split_feature"]))
        threshold.append(float(node["threshold"]))
        left.append(0)
        right.append(0)
        left[at] = put(node["left_child"])
        right[at] = put(node["right_child"])
        return at

    put(root)
    return tree


def fit_random_forest(
    rows: ArrayLike,
    labels: ArrayLike,
    features: Sequence[str],
    *,
    trees: int = 60,
    least_rows_in_leaf: int = 4,
    weights: ArrayLike | None = None,
    seed: int = 0,
) -> Forest:
    """Return extremely randomised trees for P(label = 1); arguments as for `fit_forest`."""
    from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    matrix = np.asarray(rows, dtype=np.float32).reshape(-1, len(features))  # as it will compare them
    target = np.asarray(labels, dtype=np.intp)
    if not len(matrix) or len(matrix) != len(target) or not np.isfinite(matrix).all():
        msg = f"{len(matrix)} rows and {len(target)} labels: as many of both are needed, at least one, all finite"
        raise ValueError(msg)
    if target.min() == target.max():
        share = (float(target.sum()) + 1.0) / (len(target) + 2.0)
        return Forest(features=tuple(features), trees=(([], [], [], [], [share]),), log_odds=False)
    make: Any = ExtraTreesClassifier
    model: Any = make(trees, min_samples_leaf=least_rows_in_leaf, max_features=0.3, random_state=seed, n_jobs=1)
    model.fit(matrix, target, sample_weight=None if weights is None else np.asarray(weights))
    found = tuple(_from_arrays(each.tree_, 1.0 / trees) for each in model.estimators_)
    return Forest(features=tuple(features), trees=found, log_odds=False)


def _from_arrays(found: Any, scale: float) -> Tree:
    """Return scikit-learn's tree, whose nodes and leaves share one numbering, as flat lists."""
    inner = [at for at, child in enumerate(found.children_left.tolist()) if child >= 0]
    leaves = [at for at, child in enumerate(found.children_left.tolist()) if child < 0]
    named = {at: place for place, at in enumerate(inner)} | {at: ~place for place, at in enumerate(leaves)}
    shares = found.value[:, 0, :]
    return (
        [int(found.feature[at]) for at in inner],
        [float(found.threshold[at]) for at in inner],
        [named[int(found.children_left[at])] for at in inner],
        [named[int(found.children_right[at])] for at in inner],
        [float(f"{scale * float(shares[at, 1] / shares[at].sum()):.7g}") for at in leaves],
    )

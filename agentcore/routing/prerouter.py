"""The pre-router: P(correct) of each model for a question that nobody has answered yet.

Two estimates are averaged: ridge regression on the question's words, and boosted trees over what the question looks
like, how well each model does at its kind, and what the regression says (stacking: D. Wolpert, "Stacked
Generalization", 1992; the trees only see the regression's estimates for questions that it was not fitted on).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from agentcore.confidence.question_look import look_at
from agentcore.confidence.trees import Forest, ForestSettings, fit_forest
from agentcore.confidence.word_ridge import Hashed, WordRidge, fit_word_ridge, hashed
from agentcore.routing.folds import folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRIOR: Final = 10.0
"""Questions' worth of the overall accuracy in a kind's."""

STACKED: Final = ForestSettings(
    rounds=150, leaves=8, learning_rate=0.03, least_rows_in_leaf=40, feature_share=0.4, l2=10.0
)
PARTS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PreRouter:
    """A fitted pre-router.

    kinds: kind → the accuracy of each arm, drawn to the overall one, which stands under "".  ridge: one output for
    each arm.  forests: one for each arm.
    """

    kinds: Mapping[str, tuple[float, ...]]
    ridge: WordRidge
    forests: tuple[Forest, ...]

    def probabilities(self, text: str, kind: str = "") -> tuple[float, ...]:
        """Return P(correct) of each arm. kind: the declared type of step; "" or an unknown one counts as any."""
        return tuple(min(1.0, max(0.0, each)) for each in self.estimates(read_question(text, kind)))

    def estimates(self, question: Hashed) -> tuple[float, ...]:
        """Return what `probabilities` does of a question as it was read, not held to 0 to 1."""
        estimates = self.ridge.predict(question)
        row = _row(question, self.kinds.get(question.kind, self.kinds[""]), estimates)
        return tuple(
            0.5 * (estimate + forest.probability(row))
            for estimate, forest in zip(estimates.tolist(), self.forests, strict=True)
        )

    def as_json(self) -> dict[str, object]:
        """Return the pre-router as what JSON can hold."""
        return {
            "kinds": {kind: list(shares) for kind, shares in self.kinds.items()},
            "ridge": self.ridge.as_json(),
            "forests": [forest.as_json() for forest in self.forests],
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> PreRouter:
        """Return the pre-router of `as_json`. Raises ValueError when its parts do not fit."""
        ridge = WordRidge.from_json(found["ridge"])
        forests = tuple(Forest.from_json(each) for each in found["forests"])
        kinds = cast("Mapping[str, list[float]]", found["kinds"])
        if (
            len(ridge.bias) != len(forests)
            or "" not in kinds
            or any(len(each) != len(forests) for each in kinds.values())
        ):
            msg = "a pre-router must have an output, a forest and an accuracy for each arm"
            raise ValueError(msg)
        return cls(
            kinds={kind: tuple(map(float, shares)) for kind, shares in kinds.items()}, ridge=ridge, forests=forests
        )


def read_question(text: str, kind: str) -> Hashed:
    """Return a question as the pre-router sees it."""
    return hashed(look_at(text), kind)


def fit_prerouter(questions: Sequence[Hashed], labels: NDArray[np.bool_], *, seed: int) -> PreRouter:
    """Return the pre-router fitted on labels of shape (questions, arms), at least PARTS questions."""
    right = labels.astype(np.float64)
    rows: list[list[float]] = [[] for _ in range(len(questions))]
    for train, test in folds(len(questions), PARTS, seed=seed):
        known: list[Hashed] = [questions[int(at)] for at in train]
        ridge, kinds = fit_word_ridge(known, right[train]), _by_kind(known, right[train])
        for at in map(int, test):
            question = questions[at]
            rows[at] = _row(question, kinds.get(question.kind, kinds[""]), ridge.predict(question))
    names = tuple(f"f{at}" for at in range(len(rows[0])))
    matrix = np.array(rows)
    return PreRouter(
        kinds=_by_kind(questions, right),
        ridge=fit_word_ridge(questions, right),
        forests=tuple(
            fit_forest(matrix, right[:, arm], names, settings=STACKED, seed=seed + arm)
            for arm in range(right.shape[1])
        ),
    )


def _by_kind(questions: Sequence[Hashed], right: NDArray[np.float64]) -> dict[str, tuple[float, ...]]:
    overall = right.mean(axis=0)
    kind_of = np.array([question.kind for question in questions])
    found = {"": tuple(overall.tolist())}
    for kind in sorted(set(kind_of.tolist()) - {""}):
        members = right[kind_of == kind]
        found[kind] = tuple(((members.sum(axis=0) + PRIOR * overall) / (len(members) + PRIOR)).tolist())
    return found


def _row(question: Hashed, shares: tuple[float, ...], estimates: NDArray[np.float64]) -> list[float]:
    said = estimates.tolist()
    ahead = [each - shares[0] for each in shares[1:]] + [each - said[0] for each in said[1:]]
    return [*question.surface.tolist(), *shares, *said, *ahead]

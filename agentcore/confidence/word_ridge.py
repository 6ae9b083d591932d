"""Ridge regression on the words of questions: how likely each of several models is right, before any answer.

Words are hashed to buckets and weighted by how rare they are (sublinear tf-idf: G. Salton and C. Buckley, "Term-
Weighting Approaches in Automatic Text Retrieval", 1988), apart for the question, its options, and the question's kind:
a word may mean something else in another kind. The hashing trick: K. Weinberger et al., "Feature Hashing for Large
Scale Multitask Learning" (2009). A fitted one is numbers by bucket; it has no words in it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from agentcore.confidence.question_look import QuestionLook

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

BITS: Final = 20
BUCKETS: Final = 1 << BITS
BLOCKS: Final = (("words", 0.5), ("option_words", 0.5), ("of_kind", 1.0))
"""Blocks of buckets, and the length of each one's vector."""

KIND_WEIGHT: Final = 0.63
SURFACE_WEIGHT: Final = 0.5
_SALTS: Final = tuple(zlib.crc32(name.encode()) for name, _ in BLOCKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """A question as buckets. blocks: of each block the buckets and how often, 1 + ln(count)."""

    kind: str
    blocks: tuple[tuple[NDArray[np.intp], NDArray[np.float64]], ...]
    surface: NDArray[np.float64] = field(repr=False)


def hashed(look: QuestionLook, kind: str) -> Hashed:
    """Return a question as buckets. kind: "" when it is not known."""
    of_kind: dict[str, int] = {}
    if kind:
        of_kind = dict(look.words)
        for word, count in look.option_words.items():
            of_kind[word] = of_kind.get(word, 0) + count
    salts = (*_SALTS[:2], zlib.crc32(kind.encode("utf-8", "surrogatepass"), _SALTS[2]))
    return Hashed(
        kind=kind,
        blocks=tuple(
            _buckets(words, salt) for words, salt in zip((look.words, look.option_words, of_kind), salts, strict=True)
        ),
        surface=np.fromiter(look.surface.values(), dtype=np.float64),
    )


def _buckets(words: Mapping[str, int], salt: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    crc32, mask = zlib.crc32, BUCKETS - 1
    found = np.fromiter((crc32(word.encode(), salt) & mask for word in words), dtype=np.intp, count=len(words))
    counts = np.fromiter(words.values(), dtype=np.float64, count=len(words))
    return found, 1.0 + np.log(counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class WordRidge:
    """The regression. rarity: of each bucket, 0 for those never seen; shape (BUCKETS,).

    weights: shape (BUCKETS, outputs).  kinds: kind → weights of shape (outputs,).  means, scales: of the surface;
    surface_weights: shape (surface, outputs).  bias: shape (outputs,).
    """

    rarity: NDArray[np.float32] = field(repr=False)
    weights: NDArray[np.float32] = field(repr=False)
    kinds: Mapping[str, NDArray[np.float64]]
    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    surface_weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def predict(self, question: Hashed) -> NDArray[np.float64]:
        """Return the estimate of each output, shape (outputs,): roughly a probability, not held to 0 to 1."""
        total = self.bias + _surface(question.surface, self.means, self.scales) @ self.surface_weights
        if question.kind in self.kinds:
            total = total + KIND_WEIGHT * self.kinds[question.kind]
        for (buckets, counts), (_, length) in zip(question.blocks, BLOCKS, strict=True):
            weighted = counts * self.rarity[buckets]
            norm = float(np.sqrt(weighted @ weighted))
            if norm > 0.0:
                total = total + (length / norm) * (weighted @ self.weights[buckets])
        return total

    def as_json(self) -> dict[str, object]:
        """Return the regression as what JSON can hold."""
        used = np.flatnonzero(self.rarity)
        return {
            "kind": "word_ridge",
            "buckets": used.tolist(),
            "rarity": _short(self.rarity[used]),
            "weights": [_short(column) for column in self.weights[used].T],
            "kinds": {kind: _short(weights) for kind, weights in self.kinds.items()},
            "means": _short(self.means),
            "scales": _short(self.scales),
            "surface_weights": [_short(row) for row in self.surface_weights],
            "bias": _short(self.bias),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> WordRidge:
        """Return the regression of `as_json`. Raises ValueError when its shapes do not fit."""
        used = np.array(found["buckets"], dtype=np.intp)
        bias = np.array(found["bias"], dtype=np.float64)
        columns = np.array(found["weights"], dtype=np.float32).reshape(len(bias), -1)
        surface = np.array(found["surface_weights"], dtype=np.float64).reshape(-1, len(bias))
        means, scales = (np.array(found[name], dtype=np.float64) for name in ("means", "scales"))
        if (
            len(used) != columns.shape[1]
            or len(used) != len(found["rarity"])
            or not len(means) == len(scales) == len(surface)
        ):
            msg = "a regression on words must have as many buckets, rarities and weights"
            raise ValueError(msg)
        if len(used) and (used.min() < 0 or used.max() >= BUCKETS):
            msg = f"a regression on words has buckets 0 to {BUCKETS - 1}"
            raise ValueError(msg)
        rarity, weights = np.zeros(BUCKETS, dtype=np.float32), np.zeros((BUCKETS, len(bias)), dtype=np.float32)
        rarity[used], weights[used] = found["rarity"], columns.T
        kinds = cast("Mapping[str, list[float]]", found["kinds"])
        return cls(
            rarity=rarity,
            weights=weights,
            kinds={kind: np.array(each, dtype=np.float64) for kind, each in kinds.items()},
            means=means,
            scales=scales,
            surface_weights=surface,
            bias=bias,
        )


def fit_word_ridge(questions: Sequence[Hashed], labels: ArrayLike, *, penalty: float = 10.0) -> WordRidge:
    """Return the regression of labels, shape (questions, outputs), on at least one question."""
    from scipy import sparse  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # for start-up time
    from sklearn.linear_model import Ridge  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    matrices: Any = sparse
    target = np.asarray(labels, dtype=np.float64)
    surface = np.array([question.surface for question in questions])
    means, scales = surface.mean(axis=0), surface.std(axis=0)
    scales[scales < 1e-9] = 1.0
    kinds = sorted({question.kind for question in questions} - {""})
    of_kind = np.array([[question.kind == kind for kind in kinds] for question in questions], dtype=np.float64)
    used, rare, rows = _weighted(questions)
    dense = np.hstack([KIND_WEIGHT * of_kind.reshape(len(questions), len(kinds)), _surface(surface, means, scales)])
    model: Any = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-3)
    model.fit(matrices.hstack([rows, matrices.csr_matrix(dense)]).tocsr(), target)
    found = np.asarray(model.coef_, dtype=np.float64).reshape(target.shape[1], -1)
    rarity, weights = np.zeros(BUCKETS, dtype=np.float32), np.zeros((BUCKETS, target.shape[1]), dtype=np.float32)
    rarity[used], weights[used] = rare, found[:, : len(used)].T
    rest = found[:, len(used) :].T
    return WordRidge(
        rarity=rarity,
        weights=weights,
        kinds={kind: rest[at] for at, kind in enumerate(kinds)},
        means=means,
        scales=scales,
        surface_weights=rest[len(kinds) :],
        bias=np.asarray(model.intercept_, dtype=np.float64).reshape(-1),
    )


def _weighted(questions: Sequence[Hashed]) -> tuple[NDArray[np.intp], NDArray[np.float64], Any]:
    """Return the buckets that occur, the rarity of each, and the questions, sparse, of shape (questions, buckets)."""
    from scipy import sparse  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # as above

    matrices: Any = sparse
    every = np.concatenate([buckets for at in range(len(BLOCKS)) for buckets in _of(questions, at, 0)])
    used, places = np.unique(every, return_inverse=True)
    seen = np.bincount(places, minlength=len(used))
    rare = np.log((1.0 + len(questions)) / (1.0 + seen)) + 1.0
    total: Any = matrices.csr_matrix((len(questions), len(used)))
    begun = 0
    for at, (_, length) in enumerate(BLOCKS):
        counts = _of(questions, at, 1)
        sizes = [len(each) for each in counts]
        columns = places[begun : begun + sum(sizes)]
        begun += sum(sizes)
        owner = np.repeat(np.arange(len(questions)), sizes)
        values = np.concatenate(counts) * rare[columns]
        norms = np.sqrt(np.bincount(owner, weights=values**2, minlength=len(questions)))
        scaled = values * (length / np.where(norms > 0.0, norms, 1.0))[owner]
        total = total + matrices.csr_matrix((scaled, (owner, columns)), shape=total.shape)
    return used, rare, total


def _of(questions: Sequence[Hashed], block: int, part: int) -> list[NDArray[Any]]:
    return [question.blocks[block][part] for question in questions]


def _surface(
    surface: NDArray[np.float64], means: NDArray[np.float64], scales: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return counts as weighted features: standardised, and long tails drawn in."""
    off = (surface - means) / scales
    drawn = np.clip(np.sign(off) * np.log1p(np.abs(off)), -2.0, 2.0)
    return drawn * (SURFACE_WEIGHT / np.sqrt(surface.shape[-1]))


def _short(values: NDArray[Any]) -> list[float]:
    return [float(f"{value:.5g}") for value in values.tolist()]

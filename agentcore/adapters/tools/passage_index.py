"""An index of passages: embeddings and BM25, fused by reciprocal rank.

BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, with k1 = 1.2 and b = 0.75.
Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009, with k = 60.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agentcore.adapters.tools.passages import Passage
from agentcore.ports.embedder import Embedder

_K1, _B = 1.2, 0.75
_RANK = 60

WORDS_WEIGHT = 0.5
"""How much BM25's ranks count beside those of the embeddings. Words miss paraphrases, but find names and codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """similarity: the cosine of the embeddings, -1 to 1."""

    passage: Passage
    similarity: float


class PassageIndex:
    """Immutable once made; to be used from any thread."""

    def __init__(self, passages: Sequence[Passage], embedder: Embedder) -> None:
        self._passages = tuple(passages)
        self._embedder = embedder
        texts = [f"{passage.title}. {passage.text}" for passage in passages]
        self._vectors = embedder.embed(texts) if texts else None
        self._lengths: list[int] = []
        self._postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for index, text in enumerate(texts):
            counts = Counter(_words(text))
            self._lengths.append(counts.total())
            for word, times in counts.items():
                self._postings[word].append((index, times))
        self._mean_length = max(1.0, sum(self._lengths) / max(1, len(texts)))

    def search(self, query: str, *, top: int, min_score: float) -> tuple[Hit, ...]:
        """Return at most `top` passages whose similarity is at least `min_score`, best first."""
        if self._vectors is None:
            return ()
        similarities = np.asarray(self._vectors @ self._embedder.embed([query])[0], dtype=float)
        words = self._bm25(query)
        fused = np.zeros(len(self._passages))
        for rank, index in enumerate(np.argsort(-similarities, kind="stable"), 1):
            fused[index] += 1 / (_RANK + rank)
        for rank, index in enumerate(sorted(words, key=lambda index: (-words[index], index)), 1):
            fused[index] += WORDS_WEIGHT / (_RANK + rank)
        best = [int(index) for index in np.argsort(-fused, kind="stable") if similarities[index] >= min_score]
        return tuple(Hit(passage=self._passages[index], similarity=float(similarities[index])) for index in best[:top])

    def _bm25(self, query: str) -> dict[int, float]:
        """Return the score of each passage that shares a word with the query."""
        scores: dict[int, float] = {}
        total = len(self._passages)
        for word in sorted(set(_words(query))):
            postings = self._postings.get(word, [])
            weight = math.log(1 + (total - len(postings) + 0.5) / (len(postings) + 0.5))
            for index, times in postings:
                norm = times + _K1 * (1 - _B + _B * self._lengths[index] / self._mean_length)
                scores[index] = scores.get(index, 0.0) + weight * times * (_K1 + 1) / norm
        return scores


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())

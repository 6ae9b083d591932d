"""Find: a place that may hold personal data, and how sure that is; and which of overlapping ones stay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

CERTAIN: Final = 1.0
"""A checksum or a format that nothing else has, and a word beside it that says so."""

NAMED: Final = 0.95
"""A checksum, and a word beside it that may mean this type, or another."""

VALID: Final = 0.9
"""A checksum that chance hardly ever satisfies, or an unmistakable format."""

CLEAR: Final = 0.8
"""A telling shape that stands against a word beside it that means something else."""

LIKELY: Final = 0.7
"""A telling shape, or a weak one beside a word that names it."""

POSSIBLE: Final = 0.5
"""Enough to act upon: more often right than wrong."""

WEAK: Final = 0.3
"""A shape that many other things have."""

DOUBT: Final = 0.25
"""What a word beside a number that names something else takes from its score."""


class Find(NamedTuple):
    """Characters from `start` to `end`, not included, that may be of a type. score: from 0 to 1."""

    score: float
    start: int
    end: int
    type: str


def without_overlaps(finds: Iterable[Find]) -> list[Find]:
    """Return the best of the finds that share characters, by their starts: surer first, then longer, then earlier."""
    ranked = sorted(finds, key=lambda find: (-find.score, find.start - find.end, find.start, find.type))
    kept: list[Find] = []
    taken: set[int] = set()
    for find in ranked:
        if taken.isdisjoint(range(find.start, find.end)):
            kept.append(find)
            taken.update(range(find.start, find.end))
    return sorted(kept, key=lambda find: find.start)

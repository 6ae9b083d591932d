"""Sketch: the quantiles of many numbers in few buckets, within a bounded relative error. Pure.

It is the DDSketch of Masson, Rim and Lee (VLDB 2019), with weights instead of counts. Of the sketches it is the one
whose merge is a plain sum of buckets: the order of merging, and of the numbers, makes no difference. A t-digest has
neither property. It is small enough to be written down here; a library would bring its own wire format.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

ACCURACY: Final = 0.02
"""A quantile is off by at most this share of itself."""

SMALLEST: Final = 1e-4
"""Numbers below count as this one."""

_GAMMA: Final = (1.0 + ACCURACY) / (1.0 - ACCURACY)
_LOG_GAMMA: Final = math.log(_GAMMA)
_NOTHING: Final = 1e-6
"""A bucket of less weight is dropped."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """How much weight each bucket has. Bucket i holds what lies in (g^(i-1), g^i], with g = (1 + a) / (1 - a)."""

    buckets: Mapping[int, float] = field(default_factory=dict[int, float])

    @property
    def weight(self) -> float:
        """The weight of all numbers together."""
        return sum(self.buckets.values())

    def plus(self, values: Iterable[tuple[float, float]]) -> Sketch:
        """Return the sketch with more numbers, each with its weight. Negative ones count as the smallest."""
        buckets = dict(self.buckets)
        for value, weight in values:
            index = _index(value)
            buckets[index] = buckets.get(index, 0.0) + weight
        return Sketch(buckets)

    def merged(self, other: Sketch) -> Sketch:
        """Return the sketch of the numbers of both."""
        buckets = dict(self.buckets)
        for index, weight in other.buckets.items():
            buckets[index] = buckets.get(index, 0.0) + weight
        return Sketch(buckets)

    def scaled(self, factor: float) -> Sketch:
        """Return the sketch with all weights multiplied by a factor: 0 to 1 makes it forget."""
        if factor == 1.0:
            return self
        return Sketch({index: left for index, weight in self.buckets.items() if (left := weight * factor) > _NOTHING})

    def quantiles(self, *shares: float) -> tuple[float, ...]:
        """Return the quantile of each share (0 to 1, ascending), by nearest rank; 0 for each when there is no number.

        Within `ACCURACY` of the true one, relatively.
        """
        total, found, reached = self.weight, list[float](), 0.0
        buckets = iter(sorted(self.buckets.items()))
        index = None
        for share in shares:
            while index is None or reached < share * total - 1e-9:
                following = next(buckets, None)
                if following is None:
                    break
                index, weight = following
                reached += weight
            found.append(0.0 if index is None else 2.0 * _GAMMA**index / (_GAMMA + 1.0))
        return tuple(found)


def _index(value: float) -> int:
    return math.ceil(math.log(max(value, SMALLEST)) / _LOG_GAMMA)

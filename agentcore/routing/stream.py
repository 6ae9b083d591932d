"""Stream: numbers that arrive one by one. Old ones fade, and sudden change is noticed. Pure; time is passed in.

Two windows stand beside each other: the newest few numbers as they are, and all before in a sketch whose weights halve
with time. When the newest all lie clearly outside of where nearly all of the older ones lay, what produces them has
changed, and the older ones are forgotten at once. Streams of several observers are added up; a change that one has
noticed is a change for all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from agentcore.routing.sketch import Sketch

HALF_LIFE_SECONDS: Final = 600.0
"""A number counts half as much after this long."""

MEMORY: Final = 200.0
"""However many numbers there are, each new one has at least this share, 1/200, of what one observer remembers."""

RECENT: Final = 8
"""How many of the newest are kept as they are."""

SURPRISES: Final = 5
"""So many of the newest in a row have to lie outside. By chance, that is one of 100,000 (0.1 to the fifth power)."""

ESTABLISHED: Final = 5.0
"""So many older ones there have to be before anything can be called a change."""

Sample = tuple[float, float]
"""When, and the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Numbers >= 0.

    older: those that are not among the recent, their weights decayed to `at`.  total: their weighted sum.
    recent: the newest, oldest first.  since: when the last change was, 0 for never.  at: seconds since the epoch.
    """

    at: float = 0.0
    since: float = 0.0
    older: Sketch = field(default_factory=Sketch)
    total: float = 0.0
    recent: tuple[Sample, ...] = ()

    def observe(self, value: float, *, now: float, margin: float) -> Stream:
        """Return the stream after one more number.

        margin: how far beyond the older ones a number must lie to be a surprise, e.g. 1.25 for a quarter. A clock that
        goes back counts as one that stands still.
        """
        aged = self.aged(now)
        recent = (*aged.recent, (aged.at, value))
        while len(recent) > RECENT:
            (when, oldest), recent = recent[0], recent[1:]
            aged = _remembering(aged, oldest, decay(aged.at - when))
        return _judged(replace(aged, recent=recent), margin)

    def aged(self, now: float) -> Stream:
        """Return the stream as it stands later."""
        if not self.recent or now <= self.at:
            return self if self.recent else replace(self, at=now)
        factor = decay(now - self.at)
        return replace(self, at=now, older=self.older.scaled(factor), total=self.total * factor)

    def forgetting(self, since: float) -> Stream:
        """Return the stream without what was before a change."""
        if since <= self.since:
            return self
        kept = tuple(sample for sample in self.recent if sample[0] >= since)
        return Stream(at=self.at, since=since, recent=kept)

    def merged(self, other: Stream) -> Stream:
        """Return the numbers of both: see `added`."""
        return Stream.added((self, other))

    @staticmethod
    def added(streams: Sequence[Stream]) -> Stream:
        """Return the numbers of all, as far as they are from after the last change that any of them knows of."""
        since, at = max(stream.since for stream in streams), max(stream.at for stream in streams)
        buckets, total, recent = dict[int, float](), 0.0, list[Sample]()
        for stream in streams:
            if stream.since < since:
                recent += (sample for sample in stream.recent if sample[0] >= since)
                continue
            factor = decay(at - stream.at)
            total += stream.total * factor
            recent += stream.recent
            for index, weight in stream.older.buckets.items():
                buckets[index] = buckets.get(index, 0.0) + weight * factor
        return Stream(at=at, since=since, older=Sketch(buckets), total=total, recent=tuple(sorted(recent)))

    def settled(self) -> Stream:
        """Return the same numbers with no more of the newest as they are than one observer has."""
        if len(self.recent) <= RECENT:
            return self
        fading = [(value, decay(self.at - when)) for when, value in self.recent[:-RECENT]]
        total = self.total + sum(value * weight for value, weight in fading)
        return replace(self, older=self.older.plus(fading), total=total, recent=self.recent[-RECENT:])

    def summary(self) -> tuple[float, float, float, float]:
        """Return the weight of all numbers, their mean, median and 95th percentile; zeros when there are none."""
        fresh = [(value, decay(self.at - when)) for when, value in self.recent]
        every = self.older.plus(fresh)
        weight = every.weight
        if weight <= 0.0:
            return 0.0, 0.0, 0.0, 0.0
        mean = (self.total + sum(value * share for value, share in fresh)) / weight
        median, late = every.quantiles(0.5, 0.95)
        return weight, mean, median, late


def decay(elapsed_seconds: float) -> float:
    """Return what is left of a weight of 1 after a while."""
    return math.exp2(-elapsed_seconds / HALF_LIFE_SECONDS) if elapsed_seconds > 0.0 else 1.0


def _remembering(stream: Stream, value: float, weight: float) -> Stream:
    older, total = stream.older.plus(((value, weight),)), stream.total + value * weight
    whole = older.weight
    if whole > MEMORY:
        older, total = older.scaled(MEMORY / whole), total * MEMORY / whole
    return replace(stream, older=older, total=total)


def _judged(stream: Stream, margin: float) -> Stream:
    """Return the stream, without its past when the newest numbers say that it is over."""
    recent = stream.recent
    if len(recent) < SURPRISES or stream.older.weight + len(recent) - SURPRISES < ESTABLISHED:
        return stream
    before, newest = recent[:-SURPRISES], recent[-SURPRISES:]
    known = stream.older.plus((value, 1.0) for _, value in before)
    low, high = known.quantiles(0.1, 0.9)
    changed = all(value > high * margin for _, value in newest) or all(value < low / margin for _, value in newest)
    return Stream(at=stream.at, since=newest[0][0], recent=newest) if changed else stream

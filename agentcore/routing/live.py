"""LiveStats: what calls to one model have shown lately. Pure; time is passed in."""

from __future__ import annotations

import math
from dataclasses import dataclass

HALF_LIFE_SECONDS = 600.0
"""An observation counts half as much after this long."""

MEMORY_CALLS = 50.0
"""However many calls there are, the newest one moves a mean by at least a fiftieth."""

RECENT_CALLS = 32
"""How many latencies the quantile looks at."""

DECLARED_CALLS = 2.0
"""The declared latency counts as this many calls, until measured ones outweigh it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStats:
    """What is known of one model's calls.

    calls, failures: in total, never forgotten.  weight: how many successful calls the means stand for, decayed to
    `at`.  seconds, output_tokens: exponentially weighted means over the successful calls.  p95_seconds: nearest-rank
    95th percentile of `recent`, the latencies of the latest successful calls, oldest first.  failure_rate: weighted
    mean, 0 to 1.  tries: what `failure_rate` stands for, decayed to `at`.  at: seconds on the caller's clock.
    """

    calls: int = 0
    failures: int = 0
    weight: float = 0.0
    seconds: float = 0.0
    output_tokens: float = 0.0
    p95_seconds: float = 0.0
    recent: tuple[float, ...] = ()
    tries: float = 0.0
    failure_rate: float = 0.0
    at: float = 0.0

    def observe(self, *, now: float, seconds: float, output_tokens: int = 0, failed: bool = False) -> LiveStats:
        """Return the statistics after one more call.

        A failed call counts as a failure only: how long it took says nothing about an answer's latency. Latencies
        from before a silence of ten half-lives are forgotten by the quantile too. A clock that goes back counts as
        one that stands still.
        """
        decay = _decay(now - self.at) if self.calls else 0.0
        at = max(now, self.at) if self.calls else now
        tries = min(self.tries * decay + 1.0, MEMORY_CALLS)
        failure_rate = self.failure_rate + ((1.0 if failed else 0.0) - self.failure_rate) / tries
        if failed:
            return LiveStats(
                calls=self.calls + 1,
                failures=self.failures + 1,
                weight=self.weight * decay,
                seconds=self.seconds,
                output_tokens=self.output_tokens,
                p95_seconds=self.p95_seconds,
                recent=self.recent,
                tries=tries,
                failure_rate=failure_rate,
                at=at,
            )
        weight = min(self.weight * decay + 1.0, MEMORY_CALLS)
        kept = self.recent if decay > 1 / 1024 else ()
        recent = (*kept[-(RECENT_CALLS - 1) :], seconds)
        return LiveStats(
            calls=self.calls + 1,
            failures=self.failures,
            weight=weight,
            seconds=self.seconds + (seconds - self.seconds) / weight,
            output_tokens=self.output_tokens + (output_tokens - self.output_tokens) / weight,
            p95_seconds=_p95(recent),
            recent=recent,
            tries=tries,
            failure_rate=failure_rate,
            at=at,
        )

    def forecast_seconds(self, declared: float, now: float) -> float:
        """Return the expected latency: the declared one, outweighed by measured calls until they age."""
        weight = self.weight * _decay(now - self.at)
        return (self.seconds * weight + declared * DECLARED_CALLS) / (weight + DECLARED_CALLS)

    def forecast_late_seconds(self, declared: float, now: float) -> float:
        """Return how long a slow call takes: the 95th percentile, blended with the declared latency like the mean."""
        weight = self.weight * _decay(now - self.at)
        return (self.p95_seconds * weight + declared * DECLARED_CALLS) / (weight + DECLARED_CALLS)

    def forecast_output_tokens(self, limit: int) -> int:
        """Return how many tokens an answer is expected to have: the measured mean, never more than `limit`."""
        if self.weight == 0.0:
            return limit
        return min(limit, math.ceil(self.output_tokens))


def _decay(elapsed_seconds: float) -> float:
    return math.exp2(-elapsed_seconds / HALF_LIFE_SECONDS) if elapsed_seconds > 0.0 else 1.0


def _p95(latencies: tuple[float, ...]) -> float:
    return sorted(latencies)[math.ceil(0.95 * len(latencies)) - 1]

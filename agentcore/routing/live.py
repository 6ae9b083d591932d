"""LiveStats: what calls to one model have shown lately, as the router reads it. Pure; time is passed in.

The numbers are worked out when a call is noted, so that a forecast is a few multiplications. A forecast for a step
type leans on what its own calls have shown; as far as those are few, or old, on the model's calls of all step types;
and as far as those are too, on what is declared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from agentcore.routing.stream import decay
from agentcore.routing.tally import Tally

DECLARED_CALLS: Final = 2.0
"""What is broader, or declared, counts as this many calls, until measured ones outweigh it."""

DECLARED_VERDICTS: Final = 6.0
"""The declared quality counts as this many verdicts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStats:
    """What is known of one model's calls, of one step type or, when there is nothing `broader`, of all.

    calls, failures: in total, never forgotten.  weight: how many answers the means stand for, decayed to `at`.
    seconds, p50_seconds, p95_seconds: mean, median and 95th percentile of the answers' latencies.
    output_tokens: mean.  tries: what `failure_rate`, 0 to 1, stands for.  price: mean of what was paid of what the
    declared price makes; priced: how many answers that stands for.  cached_share: of input tokens, 0 to 1.
    judged, accepted: verdicts.  at: seconds since the epoch.
    """

    calls: int = 0
    failures: int = 0
    weight: float = 0.0
    seconds: float = 0.0
    p50_seconds: float = 0.0
    p95_seconds: float = 0.0
    output_tokens: float = 0.0
    tries: float = 0.0
    failure_rate: float = 0.0
    price: float = 1.0
    priced: float = 0.0
    cached_share: float = 0.0
    judged: float = 0.0
    accepted: float = 0.0
    at: float = 0.0
    broader: LiveStats | None = None

    @staticmethod
    def of(tally: Tally, broader: LiveStats | None = None) -> LiveStats:
        """Return what a tally says. broader: what is known of the model's calls of all step types."""
        at = max(tally.at, tally.seconds.at, tally.verdicts.at)
        weight, seconds, median, late = tally.seconds.aged(at).summary()
        priced, price, _, _ = tally.price.aged(at).summary()
        judged, accepted = tally.verdicts.aged(at).summary()
        return LiveStats(
            calls=tally.calls,
            failures=tally.failures,
            weight=weight,
            seconds=seconds,
            p50_seconds=median,
            p95_seconds=late,
            output_tokens=tally.tokens / tally.answers if tally.answers else 0.0,
            tries=tally.tries,
            failure_rate=tally.failed / tally.tries if tally.tries else 0.0,
            price=price if priced else 1.0,
            priced=priced,
            cached_share=tally.cached_tokens / tally.input_tokens if tally.input_tokens else 0.0,
            judged=judged,
            accepted=accepted,
            at=at,
            broader=broader,
        )

    def measured(self, now: float) -> float:
        """Return how many answers of the model the forecasts rest on."""
        known = self if self.broader is None else self.broader
        return known.weight * decay(now - known.at)

    def forecast_seconds(self, declared: float, now: float) -> float:
        """Return the expected latency: the declared one, outweighed by measured calls until they age."""
        if self.broader is not None:
            declared = self.broader.forecast_seconds(declared, now)
        weight = self.weight * decay(now - self.at)
        return (self.seconds * weight + declared * DECLARED_CALLS) / (weight + DECLARED_CALLS)

    def forecast_median_seconds(self, declared: float, now: float) -> float:
        """Return the median latency, blended with what is broader and declared like the mean."""
        if self.broader is not None:
            declared = self.broader.forecast_median_seconds(declared, now)
        weight = self.weight * decay(now - self.at)
        return (self.p50_seconds * weight + declared * DECLARED_CALLS) / (weight + DECLARED_CALLS)

    def forecast_late_seconds(self, declared: float, now: float) -> float:
        """Return how long a slow call takes: the 95th percentile, blended like the mean."""
        if self.broader is not None:
            declared = self.broader.forecast_late_seconds(declared, now)
        weight = self.weight * decay(now - self.at)
        return (self.p95_seconds * weight + declared * DECLARED_CALLS) / (weight + DECLARED_CALLS)

    def forecast_output_tokens(self, limit: int) -> int:
        """Return how many tokens an answer is expected to have: the measured mean, never more than `limit`."""
        known = self if self.weight or self.broader is None else self.broader
        return min(limit, math.ceil(known.output_tokens)) if known.weight else limit

    def forecast_price(self, now: float) -> float:
        """Return what is really paid of what the declared price makes: 1 until it is known to be otherwise."""
        declared = 1.0 if self.broader is None else self.broader.forecast_price(now)
        weight = self.priced * decay(now - self.at)
        # A price is a fact, not a sample of a noisy one: what is declared has no weight beside what was charged.
        return (self.price * weight + declared * 0.1) / (weight + 0.1)

    def forecast_quality(self, declared: float, now: float) -> float:
        """Return the declared quality, or the share of answers that verifiers accept where that is lower.

        It is never raised: verifiers that accept everything must not make a weak model look strong.
        """
        if self.broader is not None:
            declared = self.broader.forecast_quality(declared, now)
        if not self.judged:
            return declared
        left = decay(now - self.at)
        share = (self.accepted * left + declared * DECLARED_VERDICTS) / (self.judged * left + DECLARED_VERDICTS)
        return min(declared, share)

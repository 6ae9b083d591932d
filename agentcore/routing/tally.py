"""Tally: what one or several processes have seen of a model's calls, for all its work or one step type. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final

from agentcore.routing.acceptance import Acceptance
from agentcore.routing.stream import MEMORY, Stream, decay

SLOWER: Final = 1.3
"""How far beyond its usual range a latency must lie to be a surprise."""

DEARER: Final = 1.05
"""How far a price must: it hardly varies by itself, but for cached input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums over calls. Those of several processes are added up with `merged`, in any order.

    calls, failures: in total, never forgotten.  The other weights are decayed to `at`, seconds since the epoch.
    tries, failed: of calls that said something about the model.  seconds: latencies of answers.  price: what was paid
    of what the declared price makes without a discount, 1 for just that.  tokens: of output, summed over `answers`.
    input_tokens, cached_tokens: sums.
    """

    calls: int = 0
    failures: int = 0
    at: float = 0.0
    tries: float = 0.0
    failed: float = 0.0
    answers: float = 0.0
    tokens: float = 0.0
    input_tokens: float = 0.0
    cached_tokens: float = 0.0
    seconds: Stream = field(default_factory=Stream)
    price: Stream = field(default_factory=Stream)
    verdicts: Acceptance = field(default_factory=Acceptance)

    def answered(
        self,
        *,
        now: float,
        seconds: float,
        output_tokens: int = 0,
        input_tokens: int = 0,
        cached_tokens: int = 0,
        price: float | None = None,
    ) -> Tally:
        """Return the tally after an answer. price: of what the declared one makes; None when that is 0."""
        aged = self._full(now)
        return replace(
            aged,
            calls=self.calls + 1,
            tries=aged.tries + 1.0,
            answers=aged.answers + 1.0,
            tokens=aged.tokens + output_tokens,
            input_tokens=aged.input_tokens + input_tokens,
            cached_tokens=aged.cached_tokens + cached_tokens,
            seconds=self.seconds.observe(seconds, now=now, margin=SLOWER),
            price=self.price if price is None else self.price.observe(price, now=now, margin=DEARER),
        )

    def outlasted(self, *, now: float, seconds: float) -> Tally:
        """Return the tally after a call that was given up: an answer would have taken longer than that."""
        return replace(self, seconds=self.seconds.observe(seconds, now=now, margin=SLOWER))

    def broke(self, *, now: float) -> Tally:
        """Return the tally after a failure of the model. How long it took says nothing about an answer's latency."""
        aged = self._full(now)
        return replace(
            aged,
            calls=self.calls + 1,
            failures=self.failures + 1,
            tries=aged.tries + 1.0,
            failed=aged.failed + 1.0,
        )

    def judged(self, accepted: bool, *, now: float) -> Tally:  # it is the observation
        """Return the tally after a verdict about an answer."""
        return replace(self, verdicts=self.verdicts.observe(accepted, now=now))

    def forgetting(self, other: Tally) -> Tally:
        """Return the tally without what was before the last changes that another one knows of."""
        return replace(
            self,
            seconds=self.seconds.forgetting(other.seconds.since),
            price=self.price.forgetting(other.price.since),
            verdicts=self.verdicts.forgetting(other.verdicts.since),
        )

    def merged(self, other: Tally) -> Tally:
        """Return the sum of both."""
        return Tally.added((self, other))

    @staticmethod
    def added(tallies: Sequence[Tally]) -> Tally:
        """Return the sum of all; there is at least one."""
        at = max(tally.at for tally in tallies)
        aged = [(decay(at - tally.at), tally) for tally in tallies]
        return Tally(
            calls=sum(tally.calls for tally in tallies),
            failures=sum(tally.failures for tally in tallies),
            at=at,
            tries=sum(factor * tally.tries for factor, tally in aged),
            failed=sum(factor * tally.failed for factor, tally in aged),
            answers=sum(factor * tally.answers for factor, tally in aged),
            tokens=sum(factor * tally.tokens for factor, tally in aged),
            input_tokens=sum(factor * tally.input_tokens for factor, tally in aged),
            cached_tokens=sum(factor * tally.cached_tokens for factor, tally in aged),
            seconds=Stream.added([tally.seconds for tally in tallies]),
            price=Stream.added([tally.price for tally in tallies]),
            verdicts=reduce(Acceptance.merged, (tally.verdicts for tally in tallies)),
        )

    def settled(self) -> Tally:
        """Return the same with no more of the newest observations as they are than one observer has."""
        return replace(
            self, seconds=self.seconds.settled(), price=self.price.settled(), verdicts=self.verdicts.settled()
        )

    def aged(self, now: float) -> Tally:
        """Return the tally as it stands later."""
        return _scaled(self, decay(now - self.at), now) if now > self.at else self

    def _full(self, now: float) -> Tally:
        """Return the tally later, with room for one more call: the newest is never less than 1/200 of the whole."""
        aged = self.aged(now) if self.calls else replace(self, at=now)
        return _scaled(aged, (MEMORY - 1.0) / aged.tries, aged.at) if aged.tries > MEMORY - 1.0 else aged


def _scaled(tally: Tally, factor: float, at: float) -> Tally:
    return replace(
        tally,
        at=at,
        tries=tally.tries * factor,
        failed=tally.failed * factor,
        answers=tally.answers * factor,
        tokens=tally.tokens * factor,
        input_tokens=tally.input_tokens * factor,
        cached_tokens=tally.cached_tokens * factor,
    )

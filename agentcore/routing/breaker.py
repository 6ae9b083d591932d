"""Breaker: stops calling what keeps failing. An immutable state machine; time is passed in.

    closed ──(failures in a row, or too high a share of the recent calls)──▶ open
    open ──(cool-down over)──▶ half-open, which lets a few probes through
    half-open ──(a probe succeeds)──▶ closed        half-open ──(a probe fails)──▶ open, for twice as long

The pattern is M. Nygard's, "Release It!".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Final, Literal

BreakerState = Literal["closed", "open", "half_open"]

SKEW_SECONDS: Final = 60.0
"""How far clocks may differ. A breaker that opened later than this from now was opened before a clock was set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """When a breaker opens and for how long.

    failures_in_a_row: that open it.  failure_share: 0 to 1, of the calls within about `window_seconds`, that opens it
    once there are `minimum_calls` of them.  cool_seconds: how long it stays open the first time; each probe that fails
    doubles it, up to max_cool_seconds.  probes: calls let through at once while half-open; one that has not reported
    after `probe_seconds` no longer counts.
    """

    failures_in_a_row: int = 5
    failure_share: float = 0.5
    minimum_calls: int = 20
    window_seconds: float = 60.0
    cool_seconds: float = 15.0
    max_cool_seconds: float = 300.0
    probes: int = 1
    probe_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """When a breaker last opened or closed, as others are told: of two turns the later one holds.

    until: when the cool-down ends, None for one that has closed.  openings: as of the breaker.
    """

    at: float
    until: float | None = None
    openings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The state for one model or tool.

    in_a_row: failures since the last success.  calls, failed_calls: recent ones, decayed to `at`.  until: when the
    cool-down ends, None while closed.  openings: how often it has opened since it was last closed.
    probes: when each probe that has not reported was admitted.  turned_at: when it last opened or closed, 0 for never.
    held: whether another process probes, so that none is sent from here.
    """

    policy: BreakerPolicy = field(default_factory=BreakerPolicy)
    in_a_row: int = 0
    calls: float = 0.0
    failed_calls: float = 0.0
    at: float = 0.0
    until: float | None = None
    openings: int = 0
    probes: tuple[float, ...] = ()
    turned_at: float = 0.0
    held: bool = False

    @property
    def turn(self) -> Turn | None:
        """The last time that it opened or closed, None when it never has."""
        return Turn(at=self.turned_at, until=self.until, openings=self.openings) if self.turned_at else None

    def state(self, now: float) -> BreakerState:
        """Return where it stands at `now`."""
        if self.until is None:
            return "closed"
        return "open" if self.turned_at - SKEW_SECONDS <= now < self.until else "half_open"

    def allows(self, now: float) -> bool:
        """Return whether a call may be sent now."""
        if self.until is None:
            return True
        if self.held or self.state(now) == "open":
            return False
        return len(self._live_probes(now)) < self.policy.probes

    def told(self, turn: Turn) -> Breaker:
        """Return the state after another process has told when its breaker for the same thing opened or closed."""
        if turn.at <= self.turned_at:
            return self
        if turn.until is None:
            return Breaker(policy=self.policy, at=turn.at, turned_at=turn.at)
        return replace(
            self, until=turn.until, openings=turn.openings, turned_at=turn.at, in_a_row=0, probes=(), held=True
        )

    def admitted(self, now: float) -> Breaker:
        """Return the state after a call that `allows` permitted was sent: while half-open, it is a probe."""
        if self.state(now) != "half_open":
            return self
        return replace(self, probes=(*self._live_probes(now), now))

    def withdrawn(self, now: float) -> Breaker:
        """Return the state after an admitted call ended without telling anything, e.g. was cancelled."""
        return replace(self, probes=self._live_probes(now)[1:]) if self.probes else self

    def succeeded(self, now: float) -> Breaker:
        """Return the state after a call returned. While open it is a late answer, which changes nothing."""
        match self.state(now):
            case "open":
                return self
            case "half_open":
                return Breaker(policy=self.policy, calls=1.0, at=now, turned_at=now)
            case "closed":
                decay = self._decay(now)
                return Breaker(
                    policy=self.policy,
                    calls=self.calls * decay + 1.0,
                    failed_calls=self.failed_calls * decay,
                    at=max(now, self.at),
                    openings=self.openings,
                    probes=self.probes,
                    turned_at=self.turned_at,
                )

    def failed(self, now: float, *, retry_after_seconds: float | None = None) -> Breaker:
        """Return the state after a call failed.

        retry_after_seconds: how long the server asked to be left alone; it opens at once for at least that long.
        While open, a late failure changes nothing unless it asks for a longer rest.
        """
        rest = retry_after_seconds or 0.0
        match self.state(now):
            case "open":
                until = max(self.until or now, now + rest)
                return self if until == self.until else replace(self, until=until, turned_at=now)
            case "half_open":
                return self._opened(now, rest)
            case "closed":
                return self._failed_while_closed(now, rest)

    def _failed_while_closed(self, now: float, rest: float) -> Breaker:
        policy = self.policy
        decay = self._decay(now)
        in_a_row = self.in_a_row + 1
        calls = self.calls * decay + 1.0
        failed_calls = self.failed_calls * decay + 1.0
        if (
            rest > 0.0
            or in_a_row >= policy.failures_in_a_row
            or (calls >= policy.minimum_calls and failed_calls >= policy.failure_share * calls)
        ):
            return self._opened(now, rest)
        return replace(self, in_a_row=in_a_row, calls=calls, failed_calls=failed_calls, at=max(now, self.at))

    def _opened(self, now: float, rest: float) -> Breaker:
        cool = min(self.policy.cool_seconds * 2.0 ** min(self.openings, 32), self.policy.max_cool_seconds)
        until = now + max(cool, rest)
        return replace(self, until=until, openings=self.openings + 1, probes=(), turned_at=now)

    def _live_probes(self, now: float) -> tuple[float, ...]:
        return tuple(probe for probe in self.probes if now - probe < self.policy.probe_seconds)

    def _decay(self, now: float) -> float:
        return math.exp(-max(0.0, now - self.at) / self.policy.window_seconds)

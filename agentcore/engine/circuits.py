"""Circuits: the circuit breakers of what a runtime calls, shared by all its runs and, if there is a store, by others.

Shared, a breaker that is half open lets a probe through in one process at a time: each claims it in the store first
(see `live_sync`), so it is held until the claim is granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from agentcore.ports.clock import Clock
from agentcore.routing.breaker import Breaker, Turn


class Circuits:
    """Breakers by the names of models, or of tools."""

    def __init__(self, clock: Clock, names: Iterable[str] = ()) -> None:
        self._clock = clock
        self.shared = False
        self.breakers: dict[str, Breaker] = {name: Breaker() for name in names}

    def calling(self, name: str) -> None:
        """Note that a call begins: a half-open circuit counts its probes."""
        self.breakers[name] = self._of(name).admitted(self._clock.now())

    def succeeded(self, name: str) -> None:
        """Note that a call returned."""
        self.breakers[name] = self._of(name).succeeded(self._clock.now())

    def failed(self, name: str, *, retry_after_seconds: float | None = None) -> None:
        """Note a failure of what was called, not of the request. retry_after_seconds: what its server asked for."""
        before = self._of(name)
        after = before.failed(self._clock.now(), retry_after_seconds=retry_after_seconds)
        opened = self.shared and after.openings > before.openings
        self.breakers[name] = replace(after, held=True) if opened else after

    def abandoned(self, name: str) -> None:
        """Note that a call ended without telling anything about what was called."""
        self.breakers[name] = self._of(name).withdrawn(self._clock.now())

    def turns(self) -> Mapping[str, Turn]:
        """Return when each breaker last opened or closed, as far as it ever has."""
        return {name: turn for name, breaker in self.breakers.items() if (turn := breaker.turn) is not None}

    def told(self, turns: Mapping[str, Turn]) -> None:
        """Take over what other processes have found out, as far as it is newer."""
        for name, turn in turns.items():
            self.breakers[name] = self._of(name).told(turn)

    def to_probe(self) -> Iterable[str]:
        """Return the names of those that are half open, and so wait for a probe or have one under way."""
        now = self._clock.now()
        return [name for name, breaker in self.breakers.items() if breaker.state(now) == "half_open"]

    def hold(self, name: str, *, held: bool) -> None:
        """Keep probes from being sent from here, or let one be sent."""
        breaker = self._of(name)
        if breaker.held != held:
            self.breakers[name] = replace(breaker, held=held)

    def probing(self, name: str) -> bool:
        """Return whether a probe is under way here."""
        return bool(self._of(name).probes)

    def release(self) -> None:
        """Go by what is known here alone: the store cannot be reached."""
        for name in list(self.breakers):
            self.hold(name, held=False)

    def _of(self, name: str) -> Breaker:
        return self.breakers.get(name) or Breaker()

"""ModelPool: the models of a runtime with what has been measured about them, shared by all its runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from agentcore.domain.ids import ModelName
from agentcore.ports.clock import Clock
from agentcore.ports.model import Model, ModelReply
from agentcore.routing.breaker import Breaker
from agentcore.routing.live import LiveStats
from agentcore.routing.profile import ModelProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model as the runtime holds it. provider, parallel: facts for policies, and calls at once at the most."""

    profile: ModelProfile
    model: Model
    provider: str = ""
    parallel: int = 8
    local: bool = False


class ModelPool:
    """Models, their circuit breakers, live statistics and concurrency limits."""

    def __init__(self, entries: Mapping[ModelName, ModelEntry], clock: Clock) -> None:
        self._clock = clock
        self.entries = dict(entries)
        self.profiles: Mapping[ModelName, ModelProfile] = {name: entry.profile for name, entry in entries.items()}
        self.live: dict[ModelName, LiveStats] = {name: LiveStats() for name in entries}
        self.breakers: dict[ModelName, Breaker] = {name: Breaker() for name in entries}
        self._slots = {name: asyncio.Semaphore(entry.parallel) for name, entry in entries.items()}

    def slot(self, name: ModelName) -> asyncio.Semaphore:
        """Return what a call holds while it runs."""
        return self._slots[name]

    def calling(self, name: ModelName) -> None:
        """Note that a call begins: a half-open circuit counts its probes."""
        self.breakers[name] = self.breakers[name].admitted(self._clock.monotonic())

    def succeeded(self, name: ModelName, reply: ModelReply, seconds: float) -> None:
        """Note a good answer and how long it took."""
        now = self._clock.monotonic()
        self.breakers[name] = self.breakers[name].succeeded(now)
        self.live[name] = self.live[name].observe(
            now=now, seconds=seconds, output_tokens=reply.output_tokens, failed=False
        )

    def failed(self, name: ModelName, seconds: float, *, retry_after_seconds: float | None = None) -> None:
        """Note a failure of the model, not of the request. retry_after_seconds: what its server asked for."""
        now = self._clock.monotonic()
        self.breakers[name] = self.breakers[name].failed(now, retry_after_seconds=retry_after_seconds)
        self.live[name] = self.live[name].observe(now=now, seconds=seconds, output_tokens=0, failed=True)

    def abandoned(self, name: ModelName) -> None:
        """Note that a call was cancelled, or failed by the request's fault: it says nothing about the model."""
        self.breakers[name] = self.breakers[name].withdrawn(self._clock.monotonic())

    async def aclose(self) -> None:
        """Close every model; all are closed even if one fails."""
        results = await asyncio.gather(
            *(entry.model.aclose() for entry in self.entries.values()), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

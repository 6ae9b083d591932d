"""ModelPool: the models of a runtime with what has been measured about them, shared by all its runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from agentcore.domain.ids import ModelName
from agentcore.engine.circuits import Circuits
from agentcore.engine.live_board import LiveBoard
from agentcore.ports.clock import Clock
from agentcore.ports.model import Model, ModelReply
from agentcore.routing.breaker import Breaker
from agentcore.routing.hedge_share import HedgeShare
from agentcore.routing.live import LiveStats
from agentcore.routing.profile import ModelProfile, Price


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model as the runtime holds it. provider, parallel: facts for policies, and calls at once at the most.

    service: what fails as one, such as a provider's address; empty when it is not known.
    """

    profile: ModelProfile
    model: Model
    provider: str = ""
    parallel: int = 8
    local: bool = False
    service: str = ""


class ModelPool:
    """Models, their circuit breakers, live statistics and concurrency limits.

    tools: the circuit breakers of tools, which processes share as they share those of models.
    """

    def __init__(self, entries: Mapping[ModelName, ModelEntry], clock: Clock) -> None:
        self._clock = clock
        self.entries = dict(entries)
        self.profiles: Mapping[ModelName, ModelProfile] = {name: entry.profile for name, entry in entries.items()}
        self.board = LiveBoard(self.profiles, clock)
        self.circuits = Circuits(clock, entries)
        self.tools = Circuits(clock)
        self.hedges = HedgeShare()
        self.breakers = cast("Mapping[ModelName, Breaker]", self.circuits.breakers)
        self._slots = {name: asyncio.Semaphore(entry.parallel) for name, entry in entries.items()}

    @property
    def live(self) -> Mapping[ModelName, LiveStats]:
        """What is known of each model, for all step types together; `board` tells them apart."""
        return self.board.overall

    def slot(self, name: ModelName) -> asyncio.Semaphore:
        """Return what a call holds while it runs."""
        return self._slots[name]

    def price(self, name: ModelName) -> Price:
        """Return a model's price: the declared one, or more where more was charged lately."""
        price, share = self.profiles[name].price, self.live[name].forecast_price(self._clock.now())
        return price.raised(Decimal(str(round(share, 4)))) if share > 1.0 + 1e-4 else price

    def kin(self, names: Iterable[ModelName]) -> frozenset[ModelName]:
        """Return the models that are served by the same as one of these."""
        services = {self.entries[name].service for name in names} - {""}
        return frozenset(name for name, entry in self.entries.items() if entry.service in services)

    def suspects(self) -> frozenset[ModelName]:
        """Return the models that are served by the same as one whose circuit is open, but for such themselves."""
        failing = [name for name, breaker in self.breakers.items() if breaker.until is not None]
        return self.kin(failing).difference(failing) if failing else frozenset()

    def calling(self, name: ModelName) -> None:
        """Note that a call begins: a half-open circuit counts its probes."""
        self.circuits.calling(name)
        self.hedges = self.hedges.called()

    def succeeded(self, name: ModelName, reply: ModelReply, seconds: float, *, step: str = "") -> None:
        """Note a good answer and how long it took. step: the step type that it was for."""
        self.circuits.succeeded(name)
        self.board.answered(name, step, reply, seconds)

    def failed(self, name: ModelName, *, step: str = "", retry_after_seconds: float | None = None) -> None:
        """Note a failure of the model, not of the request. retry_after_seconds: what its server asked for."""
        self.circuits.failed(name, retry_after_seconds=retry_after_seconds)
        self.board.broke(name, step)

    def outlasted(self, name: ModelName, seconds: float, *, step: str = "") -> None:
        """Note that a call was given up as another model was quicker: a probe has failed by that."""
        if self.breakers[name].until is not None:
            self.circuits.failed(name)
        self.board.outlasted(name, step, seconds)

    def abandoned(self, name: ModelName) -> None:
        """Note that a call was cancelled, or failed by the request's fault: it says nothing about the model."""
        self.circuits.abandoned(name)

    async def aclose(self) -> None:
        """Close every model; all are closed even if one fails."""
        results = await asyncio.gather(
            *(entry.model.aclose() for entry in self.entries.values()), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

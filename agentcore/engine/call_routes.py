"""CallRoutes: which model takes a call, of those that policies permit, by what is known of each just now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from agentcore.domain.agent import Capability
from agentcore.domain.decision import Decision
from agentcore.domain.errors import BudgetExceeded, ModelError, NoRoute, PolicyDenied
from agentcore.domain.ids import ModelName
from agentcore.domain.route import Route
from agentcore.domain.team import OnExceeded
from agentcore.engine.effect import Caller, Effects
from agentcore.engine.permits import Permits, Permitted
from agentcore.engine.pool import ModelPool
from agentcore.engine.request_size import likely_tokens
from agentcore.engine.routing_terms import asked_of_router
from agentcore.ports.model import ModelRequest
from agentcore.routing.choose import Weights, choose
from agentcore.routing.fitted_steps import FittedSteps
from agentcore.routing.request import RouteRequest

if TYPE_CHECKING:
    from agentcore.engine.learning import Learning

_NO_NEEDS: frozenset[Capability] = frozenset()


class CallRoutes:
    """Routes the model calls of one run."""

    def __init__(
        self,
        effects: Effects,
        pool: ModelPool,
        permits: Permits,
        weights: Weights,
        *,
        on_exceeded: OnExceeded,
        fitted: FittedSteps,
        learning: Learning | None = None,
    ) -> None:
        self._effects = effects
        self._pool = pool
        self._permits = permits
        self._weights = weights
        self._on_exceeded: OnExceeded = on_exceeded
        self._fitted = fitted
        self._learning = learning

    def route(
        self, caller: Caller, request: ModelRequest, failed: Mapping[ModelName, ModelError]
    ) -> tuple[Route, tuple[Decision, ...]]:
        """Return the route of a call, and the decisions about its model and about those that policy forbids.

        Raises PolicyDenied when no model at all is permitted, NoRoute when none of the permitted can take the call.
        """
        permitted = self._permits.of(
            caller.agent, self._effects.task, caller.label, self._effects.ledger, self._effects.moment
        )
        if permitted.limited:
            permitted = permitted.without(self._effects.within_rate)
        if permitted.denied and not permitted.profiles:
            raise PolicyDenied(next((each for each in permitted.denied if each.unmet), permitted.denied[0]))
        route = self._choose(caller, request, failed, permitted)
        if self._learning is not None and not failed:
            run, size = self._effects.recorder.run.id, likely_tokens(request)
            route = self._learning.route(run, caller, route, input_tokens=size, weights=self._weights)
        if caller.picks is not None:
            caller.picks.take(caller.candidate, route.model)
        if permitted.denied:
            route = replace(route, filtered={**route.filtered, **permitted.why_not})
        return route, permitted.decisions[route.model]

    def _choose(
        self, caller: Caller, request: ModelRequest, failed: Mapping[ModelName, ModelError], permitted: Permitted
    ) -> Route:
        ledger, pool, profiles = self._effects.ledger, self._pool, permitted.profiles
        now, live = self._effects.clock.now(), pool.board.of(caller.agent.name)
        qualities = [pool.profiles[name].quality for name in caller.rejected if name in pool.profiles]
        ask = RouteRequest(
            requirements=caller.agent.requirements,
            needs=_needs(request),
            input_tokens=likely_tokens(request),
            max_output_tokens=request.max_output_tokens,
            seconds_left=ledger.seconds_left,
            exclude=frozenset(failed),
            shun=pool.suspects() | pool.kin(name for name, error in failed.items() if error.retryable),
            stronger_than=max(qualities) if qualities else None,
            rejected=caller.rejected,
            barred=caller.barred,
            cause="fallback" if failed else "escalation" if caller.rejected else "first",
        )
        ask = asked_of_router(ask, caller, self._fitted, pool.profiles)
        if self._on_exceeded == "downgrade" and ledger.limited:
            left = ledger.left
            fitting = replace(ask, budget_usd=left.usd, budget_tokens=left.tokens)
            try:
                return choose(fitting, profiles, live, pool.breakers, weights=self._weights, now=now)
            except NoRoute:
                pass  # nothing fits: the reservation will say which limit ran out
        try:
            return choose(ask, profiles, live, pool.breakers, weights=self._weights, now=now)
        except NoRoute as error:
            if ask.seconds_left is None:
                raise
            patient = replace(ask, seconds_left=None)
            choose(patient, profiles, live, pool.breakers, weights=self._weights, now=now)
            late = "; ".join(f"{name} {why}" for name, why in error.filtered.items())
            raise BudgetExceeded("seconds", f"more ({late})", f"{ask.seconds_left:.1f} s") from error


def _needs(request: ModelRequest) -> frozenset[Capability]:
    if not request.tools and request.schema is None and not request.logprobs:
        return _NO_NEEDS
    needs: set[Capability] = set()
    if request.tools:
        needs.add(Capability.TOOLS)
    if request.schema is not None:
        needs.add(Capability.JSON_SCHEMA)
    if request.logprobs:
        needs.add(Capability.LOGPROBS)
    return frozenset(needs)

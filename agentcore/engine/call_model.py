"""A model call: policy → route → obligations → reserve → record → call → settle → record; or the next model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agentcore.confidence.calibration_knots import Interval
from agentcore.domain.agent import Capability
from agentcore.domain.budget import Usage
from agentcore.domain.decision import Decision
from agentcore.domain.dues import Dues
from agentcore.domain.effect import Effect, EffectKind
from agentcore.domain.errors import (
    AgentcoreError,
    BudgetExceeded,
    GuardDenied,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    NoRoute,
    PolicyDenied,
)
from agentcore.domain.event import EffectFinished, EffectStarted
from agentcore.domain.ids import EffectId, ModelName
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.domain.route import Route
from agentcore.domain.team import OnExceeded
from agentcore.engine.drafts import Drafts
from agentcore.engine.effect import ONE_CALL, Caller, Effects, is_cancelled, refusal_error
from agentcore.engine.history import Recorded
from agentcore.engine.model_guards import prompted, replied
from agentcore.engine.model_json import reply_json, reply_of, request_json
from agentcore.engine.permits import Permits, Permitted
from agentcore.engine.pool import ModelPool
from agentcore.engine.recall import Recall
from agentcore.engine.recording import Script
from agentcore.engine.redactor import Redactor
from agentcore.engine.request_size import counted_tokens, likely_tokens, most_tokens
from agentcore.engine.routing_terms import asked_of_router, prior_of
from agentcore.engine.run_guards import RunGuards
from agentcore.ports.model import ModelReply, ModelRequest, OnText
from agentcore.routing.choose import Weights, choose
from agentcore.routing.fitted_steps import NOTHING_FITTED, FittedSteps
from agentcore.routing.profile import Price
from agentcore.routing.request import RouteRequest

_AMPLE = 16
"""How many times a request's upper bound must be left for the bound to be reserved as it is; else it is counted."""

_NO_NEEDS: frozenset[Capability] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A model's reply, who gave it, and its label.

    prior: P(correct) of the model as the router saw it, with its interval, before there was an answer.
    """

    reply: ModelReply
    model: ModelName
    label: Label
    prior: Interval | None = None


class ModelCalls:
    """Calls models for one run."""

    def __init__(
        self,
        effects: Effects,
        pool: ModelPool,
        permits: Permits,
        weights: Weights,
        *,
        on_exceeded: OnExceeded,
        guards: RunGuards,
        drafts: Drafts,
        redactor: Redactor,
        fitted: FittedSteps = NOTHING_FITTED,
    ) -> None:
        self._effects = effects
        self._pool = pool
        self._permits = permits
        self._weights = weights
        self._on_exceeded: OnExceeded = on_exceeded
        self._guards = guards
        self._drafts = drafts
        self._redactor = redactor
        self._fitted = fitted

    async def call(self, caller: Caller, request: ModelRequest) -> Answered:
        """Return a model's reply, from the best model that can take the call or, when it fails, from the next.

        One that is recorded already is returned without a call. Raises PolicyDenied, NoRoute, BudgetExceeded,
        ModelError or JournalError.
        """
        failed: dict[ModelName, ModelError] = {}
        caller, request = await prompted(self._guards, caller, request)
        sent = request_json(request)
        effects = self._effects
        while True:
            id = effects.new(caller, EffectKind.MODEL)
            try:
                recorded = await effects.recorded(caller, id, sent)
                if recorded is not None and recorded.settled:
                    return self._repeat(recorded)
                if effects.script is not None:
                    return await self._recall(effects.script, caller, id, sent, failed)
                return await self._next(caller, request, id, sent, failed)
            except PolicyDenied as error:  # which ends the run
                await effects.recorder.until_ending(error)
                raise
            except _ModelFailed as failure:
                failed[failure.model] = failure.error

    async def _next(
        self,
        caller: Caller,
        request: ModelRequest,
        id: EffectId,
        sent: JSON,
        failed: dict[ModelName, ModelError],
    ) -> Answered:
        """Call the best model that has not failed. Raises _ModelFailed when it fails too."""
        try:
            route, decisions = self.route(caller, request, failed)
            if decisions[0].obligations:
                request = await self._obliged(caller, id, decisions[0], request)
                sent = request_json(request)
            reserved = self._reserve(route, request)
        except NoRoute as error:
            if failed:  # every model that could take the call was tried
                raise next(reversed(failed.values())) from error
            await self._refuse(id, caller, error)
            raise
        except (PolicyDenied, BudgetExceeded) as error:
            await self._refuse(id, caller, error)
            raise
        effect = self._effects.model_effect(id, caller, route.model)
        await self._effects.recorder.record(
            EffectStarted(effect=effect, request=sent, decisions=decisions, reserved=reserved, route=route)
        )
        try:
            answered = await self._call(caller, request, effect, reserved)
        except ModelError as error:
            raise _ModelFailed(route.model, error) from error
        return replace(answered, prior=prior_of(route))

    async def _obliged(self, caller: Caller, id: EffectId, decision: Decision, request: ModelRequest) -> ModelRequest:
        """Do what policies ask for before a call, and return what may be sent. Raises PolicyDenied when it fails."""
        self._effects.rates.take(decision)  # before anything is awaited: calls at once must not all pass
        types = Dues.of(decision.obligations).redact
        try:
            request = await self._redactor.request(request, types) if types else request
        except GuardDenied as error:
            raise PolicyDenied(decision.failed("redact", error.message)) from error
        await self._effects.announce(decision, caller.step, id)
        return request

    async def _refuse(self, id: EffectId, caller: Caller, error: PolicyDenied | NoRoute | BudgetExceeded) -> None:
        await self._effects.refuse(self._effects.model_effect(id, caller, "model"), None, error)

    async def _recall(
        self, script: Script, caller: Caller, id: EffectId, sent: JSON, failed: dict[ModelName, ModelError]
    ) -> Answered:
        """Return the reply that the record has, in a replay."""
        recall = Recall(self._effects, script)
        recorded = await recall.model(caller, id, sent)
        if recorded is None:
            if failed:  # every model that could take the call was tried
                raise next(reversed(failed.values()))
            await recall.missing(id)
        return self._repeat(recorded)

    def _repeat(self, recorded: Recorded) -> Answered:
        """Return the recorded reply, or raise the recorded failure."""
        if recorded.refused is not None:
            raise refusal_error(recorded.refused)
        started, finished = recorded.started, recorded.finished
        if started is None or finished is None:
            raise AssertionError("a model call that is settled was started and has finished")
        model = ModelName(started.effect.name)
        if finished.error:
            raise _ModelFailed(model, ModelError(finished.error))
        reply = reply_of(finished.output, finished.used)
        return Answered(reply=reply, model=model, label=finished.label, prior=prior_of(started.route))

    def route(
        self, caller: Caller, request: ModelRequest, failed: Mapping[ModelName, ModelError] | None = None
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
        route = self._choose(caller, request, frozenset(failed or ()), permitted)
        if caller.picks is not None:
            caller.picks.take(caller.candidate, route.model)
        if permitted.denied:
            route = replace(route, filtered={**route.filtered, **permitted.why_not})
        return route, permitted.decisions[route.model]

    def _choose(
        self, caller: Caller, request: ModelRequest, failed: frozenset[ModelName], permitted: Permitted
    ) -> Route:
        ledger, pool, profiles = self._effects.ledger, self._pool, permitted.profiles
        now = self._effects.clock.monotonic()
        qualities = [pool.profiles[name].quality for name in caller.rejected if name in pool.profiles]
        ask = RouteRequest(
            requirements=caller.agent.requirements,
            needs=_needs(request),
            input_tokens=likely_tokens(request),
            max_output_tokens=request.max_output_tokens,
            seconds_left=ledger.seconds_left,
            exclude=failed,
            stronger_than=max(qualities) if qualities else None,
            rejected=caller.rejected,
            cause="fallback" if failed else "escalation" if caller.rejected else "first",
        )
        ask = asked_of_router(ask, caller, self._fitted, pool.profiles)
        if self._on_exceeded == "downgrade" and ledger.limited:
            left = ledger.left
            fitting = replace(ask, budget_usd=left.usd, budget_tokens=left.tokens)
            try:
                return choose(fitting, profiles, pool.live, pool.breakers, weights=self._weights, now=now)
            except NoRoute:
                pass  # nothing fits: the reservation will say which limit ran out
        try:
            return choose(ask, profiles, pool.live, pool.breakers, weights=self._weights, now=now)
        except NoRoute as error:
            if ask.seconds_left is None:
                raise
            patient = replace(ask, seconds_left=None)
            choose(patient, profiles, pool.live, pool.breakers, weights=self._weights, now=now)
            late = "; ".join(f"{name} {why}" for name, why in error.filtered.items())
            raise BudgetExceeded("seconds", f"more ({late})", f"{ask.seconds_left:.1f} s") from error

    def _reserve(self, route: Route, request: ModelRequest) -> Usage:
        """Set aside what the call may use at the most. Raises BudgetExceeded."""
        ledger = self._effects.ledger
        if not ledger.limited:
            ledger.reserve(ONE_CALL)
            return ONE_CALL
        entry = self._pool.entries[route.model]
        price = entry.profile.price
        need = _need(price, most_tokens(request), request.max_output_tokens)
        if not ledger.holds(need, times=_AMPLE):  # so close to the limit, calls at once must not hold too much
            need = _need(price, counted_tokens(request, entry.model), request.max_output_tokens)
        ledger.reserve(need)
        return need

    async def _call(self, caller: Caller, request: ModelRequest, effect: Effect, reserved: Usage) -> Answered:
        name = ModelName(effect.name)
        price = self._pool.profiles[name].price
        label = _label(caller, name)
        clock = self._effects.clock
        used, error, unknown = ONE_CALL, "cancelled", True
        output: JSON = None
        started = clock.monotonic()
        writing = self._drafts.writing(caller, name, request)
        if caller.agent.routing.weighs and Capability.LOGPROBS in self._pool.profiles[name].capabilities:
            request = replace(request, logprobs=True)
        try:
            async with self._pool.slot(name):
                started = clock.monotonic()
                reply = await self._measured(name, request, writing)
            if writing is not None:
                writing.end()
            cost = price.cost(
                input_tokens=reply.input_tokens,
                output_tokens=reply.output_tokens,
                cached_tokens=reply.cached_tokens,
            )
            used = Usage(
                input_tokens=reply.input_tokens,
                output_tokens=reply.output_tokens,
                cached_tokens=reply.cached_tokens,
                calls=1,
                usd=cost,
            )
            reply, label = await replied(self._guards.guards, reply, label, f"the reply of {name}")
            error, output, unknown = "", reply_json(reply), False
            return Answered(reply=reply, model=name, label=label)
        except ModelError as problem:
            error, unknown = problem.message, False
            raise
        finally:
            self._effects.ledger.settle(reserved, used)
            await self._effects.recorder.record(
                EffectFinished(
                    effect=effect.id,
                    output=output,
                    used=used,
                    seconds=clock.monotonic() - started,
                    label=label,
                    error=error,
                    unknown=unknown,
                )
            )

    async def _measured(self, name: ModelName, request: ModelRequest, on_text: OnText | None) -> ModelReply:
        """Call the model in time, and tell the pool how it went."""
        pool, clock = self._pool, self._effects.clock
        left = self._effects.ledger.seconds_left
        if left is not None and left < request.seconds:
            request = replace(request, seconds=left)
        seconds = request.seconds
        started = clock.monotonic()
        pool.calling(name)
        try:
            async with asyncio.timeout(seconds):
                reply = await pool.entries[name].model.complete(request, on_text)
        except TimeoutError:
            pool.failed(name, seconds)
            raise ModelTimeout(f"{name} did not answer within {seconds:g} s") from None
        except ModelError as error:
            if error.retryable:
                wait = error.retry_after_seconds if isinstance(error, ModelUnavailable) else None
                pool.failed(name, clock.monotonic() - started, retry_after_seconds=wait)
            else:
                pool.abandoned(name)
            raise
        except AgentcoreError:
            pool.abandoned(name)
            raise
        except asyncio.CancelledError:
            if is_cancelled():
                pool.abandoned(name)
                raise
            pool.failed(name, clock.monotonic() - started)
            raise ModelUnavailable(f"{name} broke off its own call") from None
        except Exception as error:  # a model is foreign code: whatever it raises is its failure, not the runtime's
            pool.failed(name, clock.monotonic() - started)
            raise ModelUnavailable(f"{name} failed: {type(error).__name__}: {error}") from error
        pool.succeeded(name, reply, clock.monotonic() - started)
        return reply


class _ModelFailed(Exception):  # never leaves this module
    def __init__(self, model: ModelName, error: ModelError) -> None:
        super().__init__(error.message)
        self.model = model
        self.error = error


def _label(caller: Caller, model: ModelName) -> Label:
    return caller.label.also_from(f"model:{model}")


def _need(price: Price, input_tokens: int, output_tokens: int) -> Usage:
    usd = price.cost(input_tokens=input_tokens, output_tokens=output_tokens)
    return Usage(input_tokens=input_tokens, output_tokens=output_tokens, calls=1, usd=usd)


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

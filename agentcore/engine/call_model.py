"""A model call: policy → route → obligations → reserve → record → call → settle → record; or the next model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agentcore.confidence.calibration_knots import Interval
from agentcore.domain.agent import Independence
from agentcore.domain.budget import NO_USE, NOTHING_USD, Usage
from agentcore.domain.cache_hit import Trimmed
from agentcore.domain.decision import Decision
from agentcore.domain.dues import Dues
from agentcore.domain.effect import HEDGE, Effect, EffectKind, hedge_of
from agentcore.domain.errors import (
    BudgetExceeded,
    GuardDenied,
    ModelError,
    ModelTimeout,
    NoRoute,
    PolicyDenied,
)
from agentcore.domain.event import EffectFinished, EffectStarted
from agentcore.domain.ids import EffectId, ModelName
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.domain.route import Route
from agentcore.domain.team import OnExceeded
from agentcore.engine.call_routes import CallRoutes
from agentcore.engine.drafts import Drafts
from agentcore.engine.effect import ONE_CALL, Caller, Effects, refusal_error
from agentcore.engine.hedging import Asked, Duel, GivenUp, Hedging, is_given_up, race
from agentcore.engine.history import Recorded
from agentcore.engine.live_board import used_by
from agentcore.engine.measured_call import measured_call
from agentcore.engine.model_guards import prompted, replied
from agentcore.engine.model_json import reply_json, reply_of, request_json
from agentcore.engine.permits import Permits
from agentcore.engine.pool import ModelPool
from agentcore.engine.recall import Recall
from agentcore.engine.recording import Script
from agentcore.engine.redactor import Redactor
from agentcore.engine.request_size import likely_tokens
from agentcore.engine.reserve_call import call_use, reserve_call
from agentcore.engine.response_caching import CachedCalls, Lookup
from agentcore.engine.routing_terms import as_weighed, prior_of
from agentcore.engine.run_guards import RunGuards
from agentcore.engine.serve_cached import serve
from agentcore.engine.trimming import routed
from agentcore.ports.model import ModelReply, ModelRequest
from agentcore.routing.choose import Weights
from agentcore.routing.fitted_steps import NOTHING_FITTED, FittedSteps
from agentcore.routing.independence import dependent

if TYPE_CHECKING:
    from agentcore.engine.learning import Learning


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A model's reply, who gave it, and its label.

    prior: P(correct) of the model as the router saw it, with its interval, before there was an answer.  family: the
    model's, as recorded; empty when it was not.  cached: it was served again, and says nothing new about the model.
    """

    reply: ModelReply
    model: ModelName
    label: Label
    prior: Interval | None = None
    family: str = ""
    cached: bool = False


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
        cached: CachedCalls,
        fitted: FittedSteps = NOTHING_FITTED,
        learning: Learning | None = None,
    ) -> None:
        self._effects = effects
        self._pool = pool
        self._hedging = Hedging(effects, pool)
        self._routes = CallRoutes(
            effects, pool, permits, weights, on_exceeded=on_exceeded, fitted=fitted, learning=learning
        )
        self._guards = guards
        self._drafts = drafts
        self._redactor = redactor
        self._cached = cached

    async def call(self, caller: Caller, request: ModelRequest) -> Answered:
        """Return a model's reply, from the best model that can take the call or, when it fails, from the next.

        One that is recorded already is returned without a call. Raises PolicyDenied, NoRoute, BudgetExceeded,
        ModelError or JournalError.
        """
        failed: dict[ModelName, ModelError] = {}
        cached = True
        caller, request = await prompted(self._guards, caller, request)
        sent = request_json(request)
        effects = self._effects
        while True:
            id = effects.new(caller, EffectKind.MODEL)
            try:
                recorded = await effects.recorded(caller, id, sent)
                counts = () if recorded is None else await self._hedging.settled(caller, recorded)
                if recorded is not None and recorded.settled:
                    return self._repeat(*(counts or (recorded,)))
                if effects.script is not None:
                    return await self._recall(effects.script, caller, id, sent, failed)
                return await self._next(caller, request, id, sent, failed, cached=cached)
            except PolicyDenied as error:  # which ends the run
                await effects.recorder.until_ending(error)
                raise
            except _ModelFailed as failure:
                failed |= failure.errors
                cached = cached and bool(failure.errors)

    def dependent(self, author: ModelName | None, independent: Independence) -> dict[ModelName, str]:
        """Return the models that are not independent of an author's, each with the reason."""
        return dependent(author, self._pool.profiles, independent)

    async def _next(
        self,
        caller: Caller,
        request: ModelRequest,
        id: EffectId,
        sent: JSON,
        failed: dict[ModelName, ModelError],
        *,
        cached: bool,
    ) -> Answered:
        """Call the best model that has not failed. Raises _ModelFailed when it fails too.

        cached: whether a reply may be served again. One that goes no further raises _ModelFailed of no model.
        """
        try:
            found = await routed(
                lambda asked: self.route(caller, asked, failed),
                request,
                caller.agent,
                self._pool.profiles,
                self._cached.embedder,
            )
            route, decisions, request = found.route, found.decisions, found.request
            sent = sent if found.trimmed is None else request_json(request)
            if decisions[0].obligations:
                request = await self._obliged(caller, id, decisions[0], request)
                sent = request_json(request)
            looked = await self._cached.look_up(caller, request, decisions[0], route.model) if cached else None
            hit = None if looked is None else looked.hit
            reserved = self._reserve(route, request) if hit is None else NO_USE
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
            EffectStarted(
                effect=effect, request=sent, decisions=decisions, reserved=reserved, route=route, trimmed=found.trimmed
            )
        )
        patience = None if hit is not None else self._hedging.patience(caller, id, route, decisions[0])
        begun = _Begun(effect, reserved, route, looked, found.trimmed)
        if patience is not None:
            return await self._hedged(caller, request, begun, failed, patience)
        try:
            if looked is not None and hit is not None:
                reply, label = await serve(
                    self._effects, self._guards.guards, self._cached, caller=caller, effect=effect, looked=looked
                )
                answered = Answered(reply=reply, model=route.model, label=label, family=route.family)
            else:
                answered = await self._call(caller, request, begun)
        except ModelError as error:
            raise _ModelFailed({route.model: error} if hit is None else {}) from error
        return replace(answered, prior=prior_of(route), cached=hit is not None)

    async def _hedged(
        self,
        caller: Caller,
        request: ModelRequest,
        first: _Begun,
        failed: Mapping[ModelName, ModelError],
        patience: float,
    ) -> Answered:
        """Return the answer of a model or, when that is late and another one is quicker, of the other."""
        late = ModelTimeout(f"{first.route.model} has not answered within {patience:.1f} s")
        both = [first]

        def asked(begun: _Begun) -> Asked[Answered]:
            return lambda duel: self._call(caller, request, begun, duel)

        async def second() -> Asked[Answered] | None:
            try:
                route, decisions = self.route(caller, request, {**failed, first.route.model: late})
                if decisions[0].obligations or not self._hedging.take():
                    return None
                reserved = self._reserve(route, request)
            except (NoRoute, PolicyDenied, BudgetExceeded):
                return None
            route = replace(route, reason=f"asked as well, as {late.message}")
            effect = self._effects.model_effect(hedge_of(first.effect.id), caller, route.model)
            await self._effects.recorder.record(
                EffectStarted(
                    effect=effect,
                    request=request_json(request),
                    decisions=decisions,
                    reserved=reserved,
                    route=route,
                    trimmed=first.trimmed,
                )
            )
            both.append(_Begun(effect, reserved, route))
            return asked(both[1])

        outcomes = await race(asked(first), second, self._effects.clock, patience)
        errors: dict[ModelName, ModelError] = {}
        for begun, outcome in zip(both, outcomes, strict=False):
            if isinstance(outcome, Answered):
                return replace(outcome, prior=prior_of(begun.route))
            if not isinstance(outcome, ModelError):
                raise outcome
            if not isinstance(outcome, GivenUp):
                errors[begun.route.model] = outcome
        raise _ModelFailed(errors)

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
        if not recorded:
            if failed:  # every model that could take the call was tried
                raise next(reversed(failed.values()))
            await recall.missing(id)
        return self._repeat(*recorded)

    def _repeat(self, recorded: Recorded, *others: Recorded) -> Answered:
        """Return the recorded reply, or raise the recorded failure. others: calls that failed as well."""
        if recorded.refused is not None:
            raise refusal_error(recorded.refused)
        started, finished = recorded.started, recorded.finished
        if started is None or finished is None:
            raise AssertionError("a model call that is settled was started and has finished")
        model = ModelName(started.effect.name)
        if finished.error:
            both = () if finished.cached is not None else (recorded, *others)
            errors = {ModelName(each.effect.name): _error_of(each) for each in both}
            raise _ModelFailed({name: error for name, error in errors.items() if not is_given_up(error.message)})
        if finished.cached is not None:
            self._cached.served(started.effect, finished.cached)
        route = started.route
        return Answered(
            reply=reply_of(finished.output, finished.used),
            model=model,
            label=finished.label,
            prior=prior_of(route),
            family="" if route is None else route.family,
            cached=finished.cached is not None,
        )

    def judged(self, model: ModelName | None, step: str, *, accepted: bool) -> None:
        """Note what verifiers have said of an answer. model: who gave it.  step: the step type."""
        if model is not None and self._effects.script is None:
            self._pool.board.judged(model, step, accepted=accepted)

    def route(
        self, caller: Caller, request: ModelRequest, failed: Mapping[ModelName, ModelError] | None = None
    ) -> tuple[Route, tuple[Decision, ...]]:
        """Return the route of a call, and the decisions about it. See `CallRoutes`."""
        return self._routes.route(caller, request, failed or {})

    def _reserve(self, route: Route, request: ModelRequest) -> Usage:
        return reserve_call(self._effects.ledger, self._pool, route.model, request)

    async def _call(self, caller: Caller, request: ModelRequest, begun: _Begun, duel: Duel | None = None) -> Answered:
        effect, looked = begun.effect, begun.looked
        name = ModelName(effect.name)
        label = _label(caller, name)
        clock = self._effects.clock
        used, error, unknown, spared = ONE_CALL, "cancelled", True, NOTHING_USD
        output: JSON = None
        started: float | None = None
        doubles = effect.id.endswith(HEDGE)
        writing = None if doubles else self._drafts.writing(caller, name, request)
        request = as_weighed(request, caller, self._pool.profiles[name])

        async def ask() -> ModelReply:
            nonlocal started
            async with self._pool.slot(name):
                started = clock.monotonic()
                left, step = self._effects.ledger.seconds_left, caller.agent.name
                return await measured_call(self._pool, clock, name, request, writing, step=step, seconds_left=left)

        try:
            reply = await (ask() if duel is None else duel.ask(name, ask))
            if writing is not None:
                writing.end()
            spared = self._pool.profiles[name].price.spared(reply.cached_tokens)
            used = used_by(self._pool.profiles[name], reply)
            reply, label = await replied(self._guards.guards, reply, label, f"the reply of {name}")
            error, output, unknown = "", reply_json(reply), False
            return Answered(reply=reply, model=name, label=label, family=self._pool.profiles[name].family)
        except ModelError as problem:
            error, unknown = problem.message, False
            if isinstance(problem, GivenUp) and started is not None:
                used = self._given_up(caller, name, request, clock.monotonic() - started)
            raise
        finally:
            self._effects.ledger.settle(begun.reserved, used)
            finished = EffectFinished(
                effect=effect.id,
                output=output,
                used=used,
                seconds=0.0 if started is None else clock.monotonic() - started,
                label=label,
                error=error,
                unknown=unknown,
                spared=spared,
            )
            await self._effects.recorder.record(finished)
            if looked is not None:
                self._cached.given(caller, looked.key, effect, finished)

    def _given_up(self, caller: Caller, name: ModelName, request: ModelRequest, seconds: float) -> Usage:
        """Return what a call that was given up has probably cost: its input. That it took so long is noted."""
        self._pool.outlasted(name, seconds, step=caller.agent.name)
        return call_use(self._pool.profiles[name].price, likely_tokens(request), 0)


class _ModelFailed(Exception):  # never leaves this module
    def __init__(self, errors: dict[ModelName, ModelError]) -> None:
        super().__init__("; ".join(error.message for error in errors.values()))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class _Begun:
    """A call that is recorded as started. looked: where its reply is to be kept, if anywhere."""

    effect: Effect
    reserved: Usage
    route: Route
    looked: Lookup | None = None
    trimmed: Trimmed | None = None


def _error_of(recorded: Recorded) -> ModelError:
    if recorded.finished is None:
        raise AssertionError("a call that failed has finished")
    return ModelError(recorded.finished.error)


def _label(caller: Caller, model: ModelName) -> Label:
    return caller.label.also_from(f"model:{model}")

"""Hedging: a second model is asked when the first takes longer than it usually does; the first good answer wins.

Both calls are effects of their own: the second has the id of the first with `+hedge` behind it. The one that is given
up ends with an error that says so, before the answer goes on. So the record alone says which answer counted: the
first model's where it has one, else the second's. A replay goes by that, and so does the next process after a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeAlias, TypeVar

from agentcore.domain.budget import NO_USE
from agentcore.domain.decision import Decision
from agentcore.domain.effect import hedge_of
from agentcore.domain.errors import JournalError, ModelError
from agentcore.domain.event import EffectFinished
from agentcore.domain.ids import EffectId
from agentcore.domain.route import Route
from agentcore.engine.effect import Caller, Effects, is_cancelled
from agentcore.engine.history import Recorded
from agentcore.engine.pool import ModelPool
from agentcore.ports.clock import Clock
from agentcore.ports.model import ModelReply

MEASURED: Final = 8.0
"""So many calls of a model must have been measured before its 95th percentile says that one is late."""

PRESSING: Final = 10.0
"""A run's time is short when it has less left than so many slow calls."""

T = TypeVar("T")
Asked: TypeAlias = Callable[["Duel"], Coroutine[Any, Any, T]]


_FIRST: Final = "another model has answered first"


def is_given_up(message: str) -> bool:
    """Return whether a call failed because another one was quicker: that says nothing against its model."""
    return message.endswith(_FIRST)


class GivenUp(ModelError):
    """Another model has answered first."""


class Duel:
    """Two models that are asked the same. Whichever replies first ends the other one's call."""

    def __init__(self) -> None:
        self._won = False
        self._asking: set[asyncio.Task[ModelReply]] = set()

    async def ask(self, name: str, call: Callable[[], Coroutine[Any, Any, ModelReply]]) -> ModelReply:
        """Return a model's reply. Raises GivenUp when the other one was first, and what the call raises."""
        if self._won:
            raise GivenUp(f"{name} is not asked: {_FIRST}")
        asking = asyncio.create_task(call(), name=f"call of {name}")
        self._asking.add(asking)
        try:
            reply = await asking
        except asyncio.CancelledError:
            if self._won and not is_cancelled():
                raise GivenUp(f"{name} is given up: {_FIRST}") from None
            raise
        finally:
            self._asking.discard(asking)
        if not self._won:
            self._won = True
            for other in self._asking:
                other.cancel()
        return reply


class Hedging:
    """When one run asks a second model, and what becomes of both calls."""

    def __init__(self, effects: Effects, pool: ModelPool) -> None:
        self._effects = effects
        self._pool = pool

    def patience(self, caller: Caller, id: EffectId, route: Route, decision: Decision) -> float | None:
        """Return after how many seconds a second model is asked, None when none is.

        That is when the agent's `routing.hedge` says so or, if it says nothing, when there is a deadline, or when the
        call is a probe of a model that kept failing. Calls that policies have obligations about, and those of an
        ensemble, are asked once.
        """
        wanted = caller.agent.routing.hedge
        alone = len(route.candidates) == 1
        if wanted is False or alone or caller.picks is not None or decision.obligations:
            return None
        now, name = self._effects.clock.now(), route.model
        stats = self._pool.board.of(caller.agent.name)[name]
        if stats.measured(now) < MEASURED:
            return None
        late = stats.forecast_late_seconds(self._pool.profiles[name].latency_seconds, now)
        probes = self._pool.breakers[name].until is not None
        if wanted is None and not probes and not self._is_pressing(caller, late):
            return None
        known = self._effects.recorder.history.effect(caller.step, caller.attempt, hedge_of(id))
        return late if known is None else None

    def take(self) -> bool:
        """Return whether a second model may be asked now, and count it."""
        share = self._pool.hedges
        if share.allows:
            self._pool.hedges = share.asked()
        return share.allows

    async def settled(self, caller: Caller, first: Recorded) -> tuple[Recorded, ...]:
        """Return what is recorded of a call that was asked twice, and ends what a process before has left open.

        Empty when it was not; else the call whose answer counts, or both when both failed; none has an answer when
        the first is to be asked again.
        """
        history, record = self._effects.recorder.history, self._effects.recorder.record
        second = history.effect(caller.step, caller.attempt, hedge_of(first.effect.id))
        if second is None:
            return ()
        if not second.settled:
            await record(_broken_off(second, caller))
        if not first.settled and has_answer(second):
            await record(_broken_off(first, caller))
        return which_counts(first, second) if first.settled else ()

    def _is_pressing(self, caller: Caller, late: float) -> bool:
        agent, left = caller.agent, self._effects.ledger.seconds_left
        bounded = agent.requirements.max_latency_seconds or agent.routing.max_latency_seconds
        return bounded is not None or (left is not None and left < PRESSING * late)


async def race(
    first: Asked[T], second: Callable[[], Awaitable[Asked[T] | None]], clock: Clock, seconds: float
) -> list[T | Exception]:
    """Ask the first and, when that takes so long, the second as well; return what came of each that was asked.

    Both have ended, whatever happens. second: returns None when nobody else is to be asked.
    """
    duel = Duel()
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(_outcome(first(duel)))]
        late = group.create_task(clock.sleep(seconds))
        await asyncio.wait([*asked, late], return_when=asyncio.FIRST_COMPLETED)
        late.cancel()
        if not asked[0].done():
            try:
                begun = await second()
            except JournalError:  # the first will hear of it, too
                begun = None
            if begun is not None:
                asked.append(group.create_task(_outcome(begun(duel))))
    return [each.result() for each in asked]


def which_counts(first: Recorded, second: Recorded) -> tuple[Recorded, ...]:
    """Return of two calls that have ended the one whose answer counts, both when neither has one."""
    answered = [each for each in (first, second) if has_answer(each)]
    return tuple(answered[:1]) or (first, second)


def has_answer(recorded: Recorded) -> bool:
    """Return whether a call has ended well."""
    return recorded.finished is not None and not recorded.finished.error


async def _outcome(call: Coroutine[Any, Any, T]) -> T | Exception:
    try:
        return await call
    except Exception as error:  # noqa: BLE001  # which is looked at once both have ended
        return error


def _broken_off(recorded: Recorded, caller: Caller) -> EffectFinished:
    return EffectFinished(
        effect=recorded.effect.id,
        output=None,
        used=NO_USE,
        seconds=0.0,
        label=recorded.label or caller.label,
        error=f"{recorded.effect.name} was broken off with its process",
    )

"""Recall: the calls of a replay. What comes of them is recorded, and nothing outside is asked.

A call goes through the same facts as when it was made: refused, or asked about, started, broken off, asked about
again, settled. Each is compared with what the replay would record.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import NoReturn, cast

from agentcore.domain.approval import Approval, Ruling
from agentcore.domain.budget import NO_USE
from agentcore.domain.effect import Effect, hedge_of
from agentcore.domain.errors import ToolError
from agentcore.domain.event import ApprovalRequested, EffectFinished, EffectRefused, EffectReused, EffectStarted
from agentcore.domain.ids import EffectId
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.redaction import is_redaction
from agentcore.engine.ask_person import ask_person, ruling_on
from agentcore.engine.effect import Caller, Effects, as_sent, refusal_error
from agentcore.engine.first_error import first_error
from agentcore.engine.hedging import which_counts
from agentcore.engine.history import Recorded
from agentcore.engine.recording import Script
from agentcore.ports.tool import ToolDefinition, ToolResult


class Recall:
    """The calls of one run that is replayed."""

    def __init__(self, effects: Effects, script: Script) -> None:
        self._effects = effects
        self._script = script

    async def model(self, caller: Caller, id: EffectId, sent: JSON) -> tuple[Recorded, ...]:
        """Return what the record has of a model call, empty when it has nothing.

        Of one that was asked of a second model as well, what counts: see `which_counts`.
        """
        effects, fact = self._effects, self._script.upcoming(id)
        match fact:
            case EffectRefused():
                refused = replace(fact, effect=effects.model_effect(id, caller, fact.effect.name), request=None)
                await effects.recorder.record(refused)
                return (Recorded(effect=refused.effect, refused=refused),)
            case EffectStarted():
                known = await self._started(fact, caller, id, sent)
                hedge = self._script.upcoming(hedge_of(id))
                if not isinstance(hedge, EffectStarted):
                    known.finished = await self._finished(id)
                    return (known,)
                return which_counts(*await self._both(known, hedge, caller, sent))
            case _:
                return ()

    async def _started(self, fact: EffectStarted, caller: Caller, id: EffectId, sent: JSON) -> Recorded:
        effect = self._effects.model_effect(id, caller, fact.effect.name)
        started = replace(fact, effect=effect, request=as_sent(fact, sent) or sent)
        await self._effects.recorder.record(started)
        return Recorded(effect=effect, started=started)

    async def _both(
        self, first: Recorded, hedge: EffectStarted, caller: Caller, sent: JSON
    ) -> tuple[Recorded, Recorded]:
        """Return both calls with their ends, whichever comes first in the record."""

        async def second() -> Recorded:
            known = await self._started(hedge, caller, hedge.effect.id, sent)
            known.finished = await self._finished(hedge.effect.id)
            return known

        try:
            async with asyncio.TaskGroup() as group:
                ending, doubling = group.create_task(self._finished(first.effect.id)), group.create_task(second())
        except BaseExceptionGroup as errors:
            raise first_error(errors) from errors
        first.finished = ending.result()
        return first, doubling.result()

    async def missing(self, id: EffectId) -> NoReturn:
        """Wait for the end of the record, as it has nothing of a call. Raises ReplayMismatch when it goes on."""
        await self._script.missing(f"the call {id}")

    async def tool(
        self, caller: Caller, definition: ToolDefinition, effect: Effect, arguments: JSONObject
    ) -> ToolResult:
        """Return the result that the record has of a tool call.

        Raises what the call did: ToolError, PolicyDenied, BudgetExceeded, WaitsForPerson or RunTerminated.
        """
        await self._doubt(caller, definition, effect)
        recorder = self._effects.recorder
        while True:
            fact = self._script.upcoming(effect.id)
            match fact:
                case ApprovalRequested(approval=asked):
                    await self._ask(caller, definition, asked, arguments)
                case EffectRefused():
                    await recorder.record(replace(fact, effect=effect, request=arguments))
                    raise refusal_error(fact)
                case EffectReused():
                    await recorder.record(replace(fact, effect=effect))
                    receipt = recorder.history.receipt(effect.key)
                    return outcome_of(receipt) if receipt is not None else await self.missing(fact.receipt)
                case EffectStarted():
                    sent = as_sent(fact, arguments)
                    await recorder.record(replace(fact, effect=effect, request=arguments if sent is None else sent))
                case EffectFinished():
                    finished = await self._finished(effect.id)
                    if not finished.unknown:
                        return outcome_of(Recorded(effect=effect, finished=finished))
                case _:
                    ruling = ruling_on(self._effects, effect.id, "call")
                    if ruling is not None and ruling.verb == "respond":
                        return responded(caller, ruling)
                    await self.missing(effect.id)

    async def _finished(self, id: EffectId) -> EffectFinished:
        fact = self._script.upcoming(id)
        if not isinstance(fact, EffectFinished):
            await self._script.missing(f"the end of the call {id}")
        await self._effects.recorder.record(fact)
        self._effects.ledger.settle(NO_USE, fact.used)
        return fact

    async def _doubt(self, caller: Caller, definition: ToolDefinition, effect: Effect) -> None:
        """Recall how it was found out what had come of the same call by an earlier attempt."""
        while True:
            doubt = self._effects.recorder.history.doubt(effect.key)
            if doubt is None or doubt.effect.id == effect.id:
                return
            fact = self._script.upcoming(doubt.effect.id)
            match fact:
                case ApprovalRequested(approval=asked):
                    await self._ask(caller, definition, asked, cast("JSONObject", doubt.request))
                case EffectFinished():
                    await self._finished(doubt.effect.id)
                case _:
                    await self._script.missing(f"what came of the call {doubt.effect.id}")

    async def _ask(
        self, caller: Caller, definition: ToolDefinition, asked: Approval, arguments: JSONObject
    ) -> NoReturn:
        """Ask what the record has asked. Raises WaitsForPerson."""
        begun = self._effects.recorder.history.doubt(asked.key) if asked.subject == "outcome" else None
        await ask_person(
            self._effects,
            caller,
            asked.rule,  # which may be that of policies, too
            about=asked.effect or EffectId(""),
            subject=asked.subject,
            name=definition.name,
            value=asked.value if is_redaction(asked.value, arguments) else arguments,
            reason=asked.reason,  # which quotes the tool
            key=asked.key,
            turn=1 if begun is None else begun.tries,
        )
        await self._script.missing(f"the question {asked.id}")


def outcome_of(recorded: Recorded) -> ToolResult:
    """Return the result of a tool call, or raise its failure."""
    finished = recorded.finished
    if finished is None:
        raise AssertionError("a call that is settled has an outcome")
    if finished.error:
        raise ToolError(finished.error)
    return ToolResult(value=finished.output, label=finished.label)


def responded(caller: Caller, ruling: Ruling) -> ToolResult:
    """Return a person's response as a result."""
    said = Label(sources=frozenset({f"person:{ruling.actor}"}), confidentiality=Confidentiality.PUBLIC)
    return ToolResult(value=ruling.value, label=caller.label.join(said))

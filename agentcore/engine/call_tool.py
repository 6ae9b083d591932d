"""A tool call: recorded? → validate → policy → obligations → limits → reserve → record → call → settle → record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from agentcore.domain.approval import Ruling
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import NO_USE, Usage
from agentcore.domain.decision import Decision
from agentcore.domain.dues import approval_asked, asking
from agentcore.domain.effect import Effect, EffectKind, Safety
from agentcore.domain.errors import (
    BudgetExceeded,
    GuardDenied,
    PolicyDenied,
    RejectedByPerson,
    ToolError,
    ToolInputInvalid,
    ToolOutcomeUnknown,
)
from agentcore.domain.event import EffectFinished, EffectReused, EffectStarted
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import ToolSpec
from agentcore.engine.ask_person import ask_person, ruling_on
from agentcore.engine.bearable import bearable
from agentcore.engine.effect import ONE_CALL, Caller, Effects, is_cancelled, refusal_error
from agentcore.engine.history import Recorded
from agentcore.engine.recall import Recall, outcome_of, responded
from agentcore.engine.redactor import Redactor
from agentcore.engine.run_guards import RunGuards
from agentcore.engine.tool_tries import REPEATABLE, ToolTries
from agentcore.ports.tool import Compensates, LooksUp, Tool, ToolContext, ToolDefinition, ToolResult
from agentcore.verification.schema import schema_errors


class ToolCalls:
    """Calls tools for one run. largest_result: characters, as JSON, of a result that an agent may have."""

    def __init__(
        self,
        effects: Effects,
        tools: Mapping[ToolName, Tool],
        guards: RunGuards,
        redactor: Redactor,
        *,
        tries: ToolTries,
        largest_result: int,
    ) -> None:
        self._tries = tries
        self._effects = effects
        self._tools = tools
        self._guards = guards
        self._redactor = redactor
        self._largest_result = largest_result

    def definition(self, name: ToolName) -> ToolDefinition:
        """Return what a tool declares."""
        return self._tools[name].definition

    def describe(self, name: ToolName, facts: JSONObject) -> ToolSpec:
        """Return a tool as a model should see it for a step with these facts."""
        return self._tools[name].describe(facts)

    async def call(self, caller: Caller, name: ToolName, arguments: JSONObject, facts: JSONObject) -> ToolResult:
        """Return a tool's result; one that is recorded already is returned without a call.

        Raises ToolError (its message is for the model), PolicyDenied, BudgetExceeded, WaitsForPerson, RunTerminated or
        JournalError.
        """
        effects, tool = self._effects, self._tools[name]
        id = effects.new(caller, EffectKind.TOOL)
        caller, arguments = await self._looked(caller, name, arguments)
        effect = effects.tool_effect(id, caller, name, tool.definition.safety, arguments)
        ruling = ruling_on(effects, id, "call")
        if ruling is not None and ruling.verb == "edit":
            arguments = cast("JSONObject", ruling.value)
        result = await self._once(caller, tool, effect, arguments, facts)
        effects.happened(caller, effect)
        return bearable(tool.definition, result, self._largest_result)

    async def _looked(self, caller: Caller, name: ToolName, arguments: JSONObject) -> tuple[Caller, JSONObject]:
        """Return who calls, with what guards have found in the arguments, and these. Raises ToolError."""
        try:
            changed, label = await self._guards.looked("tool_call", arguments, caller, f"the arguments of {name}")
        except GuardDenied as denied:
            raise ToolError(f"{name} is not called: {denied.message}") from denied
        if label is not caller.label:
            caller = replace(caller, label=label)
        return caller, cast("JSONObject", changed)

    async def _once(
        self, caller: Caller, tool: Tool, effect: Effect, arguments: JSONObject, facts: JSONObject
    ) -> ToolResult:
        """Return what is recorded of a call, or of the same one by an earlier attempt; else make it."""
        changing = None if tool.definition.safety is Safety.READ else effect
        recorded = await self._effects.recorded(caller, effect.id, arguments, changing)
        if recorded is not None:  # the outside knows it by that key
            effect = replace(effect, key=recorded.effect.key)
        if recorded is not None and recorded.settled:
            return self._repeat(recorded, effect)
        if self._effects.script is not None:
            recall = Recall(self._effects, self._effects.script)
            return await recall.tool(caller, tool.definition, effect, arguments)
        receipt = await self._receipt(caller, tool, effect, arguments)
        if receipt is not None:
            await self._effects.recorder.record(EffectReused(effect=effect, receipt=receipt.effect.id))
            return outcome_of(receipt)
        return await self._make(caller, tool, effect, arguments, facts, begun=recorded)

    async def _make(
        self,
        caller: Caller,
        tool: Tool,
        effect: Effect,
        arguments: JSONObject,
        facts: JSONObject,
        *,
        begun: Recorded | None,
    ) -> ToolResult:
        """Make a call, unless it turns out to have been made. begun: when it was started, what is recorded of it."""
        effects, definition = self._effects, tool.definition
        try:
            decision = self._permit(caller, definition, arguments)
            if begun is None:
                self._tries.check(definition.name)
            sent = await self._redactor.arguments(definition, decision, arguments, begun)
            ruling = await self._approved(caller, definition, effect, sent, decision)
            if ruling is not None and ruling.verb == "respond":
                return responded(caller, ruling)
            if begun is not None:
                found = await self._resolve(caller, tool, begun, sent)
                if found is not None:
                    return found
            if begun is None:
                effects.check_rate(decision)
            await effects.announce(decision, caller.step, effect.id)
            self._reserve(definition, decision, again=begun is not None)
        except (ToolError, PolicyDenied, BudgetExceeded) as error:
            if begun is None or not begun.settled:  # else it was found out, and recorded, that it has failed
                await effects.refuse(effect, arguments, error)
            raise
        durable = definition.safety is not Safety.READ
        await effects.recorder.record(
            EffectStarted(effect=effect, request=sent, decisions=(decision,), reserved=ONE_CALL), durable=durable
        )
        try:
            return await self._call(caller, tool, sent, facts, effect)
        except ToolOutcomeUnknown as error:
            found = await self._broken_off(caller, tool, effect, sent, error)
            if found is None:
                raise
            return found

    async def _receipt(self, caller: Caller, tool: Tool, effect: Effect, arguments: JSONObject) -> Recorded | None:
        """Return the receipt of the same call by an earlier attempt; find out first whether that one happened."""
        history = self._effects.recorder.history
        doubt = history.doubt(effect.key)
        if doubt is not None and doubt.effect.id != effect.id:
            try:
                if await self._resolve(caller, tool, doubt, cast("JSONObject", doubt.request)) is None:
                    await self._failed(doubt.effect, caller, f"it has no effect; the call is made as {effect.id}")
            except ToolError as error:
                await self._effects.refuse(effect, arguments, error)
                raise
        return history.receipt(effect.key)

    def _repeat(self, recorded: Recorded, effect: Effect) -> ToolResult:
        """Return the recorded result, or raise the recorded failure."""
        if recorded.refused is not None:
            raise refusal_error(recorded.refused)
        if recorded.reused is not None:
            recorded = self._effects.recorder.history.receipt(effect.key) or recorded
        return outcome_of(recorded)

    def _permit(self, caller: Caller, definition: ToolDefinition, arguments: JSONObject) -> Decision:
        name = definition.name
        if problems := schema_errors(definition.parameters, arguments):
            raise ToolInputInvalid(f"{name}: {'; '.join(problems)}")
        return self._effects.permit(self._effects.ask_tool(caller, name, arguments, definition.safety))

    def _reserve(self, definition: ToolDefinition, decision: Decision, *, again: bool) -> None:
        """Set a call aside. again: a call that began before, and so counts already."""
        name, made = definition.name, self._effects.recorder.history.tool_calls[definition.name]
        if definition.max_calls is not None and made >= definition.max_calls and not again:
            raise ToolError(f"{name} has been called as often as a run may call it ({definition.max_calls})")
        if not again:
            self._effects.check_rate(decision)
        self._effects.ledger.reserve(ONE_CALL)
        if not again:
            self._effects.rates.take(decision)

    async def _approved(
        self, caller: Caller, definition: ToolDefinition, effect: Effect, arguments: JSONObject, decision: Decision
    ) -> Ruling | None:
        """Return the ruling that lets a call go on, None when nobody has to be asked.

        The tool itself may ask for approval, and policies may. Raises RejectedByPerson when it is not given.
        """
        rule = approval_asked(decision.obligations, definition.approval)
        if rule is None:
            return None
        by = asking(decision.obligations, "approve")
        ruling = await ask_person(
            self._effects,
            caller,
            rule,
            about=effect.id,
            subject="call",
            name=definition.name,
            value=arguments,
            reason=f"the policy {by} asks for it" if by else f"every call of {definition.name} needs approval",
            key=effect.key,
        )
        if ruling.verb == "reject":
            raise RejectedByPerson(_said(f"{ruling.actor} rejected the call of {definition.name}", ruling))
        return ruling

    async def _resolve(self, caller: Caller, tool: Tool, begun: Recorded, arguments: JSONObject) -> ToolResult | None:
        """Find out what came of a call that began; None when it may be made (again) with the same key.

        An idempotent call is just repeated. Others are looked up, where the tool can; else a compensable one is
        undone, and a person is asked about an unsafe one, or about one where these ways fail.
        """
        definition, effect = tool.definition, begun.effect
        if definition.safety in REPEATABLE:
            return None
        try:
            known = await self._look_up_or_undo(tool, effect, arguments)
        except ToolOutcomeUnknown as problem:
            why = f"; {problem.message}"
        else:
            return None if known is None else await self._settle(effect, caller, known)
        ruling = await ask_person(
            self._effects,
            caller,
            definition.approval or ApprovalRule(),
            about=effect.id,
            subject="outcome",
            name=definition.name,
            value=arguments,
            reason=f"{definition.name} was called, and nobody knows whether the call happened{why}",
            key=effect.key,
            turn=begun.tries,
        )
        if ruling.verb == "respond":
            return await self._settle(effect, caller, responded(caller, ruling))
        if ruling.verb == "reject":
            await self._give_up(effect, caller, _said(f"{ruling.actor} gave the call of {definition.name} up", ruling))
        return None

    async def _broken_off(
        self, caller: Caller, tool: Tool, effect: Effect, arguments: JSONObject, error: ToolOutcomeUnknown
    ) -> ToolResult | None:
        """Find out what came of a call that has just broken off. Raises ToolError when it did not happen."""
        if tool.definition.safety in REPEATABLE:
            raise error
        begun = self._effects.recorder.history.effect(effect.step, effect.attempt, effect.id)
        if begun is None:
            raise AssertionError("a call that breaks off was started")
        found = await self._resolve(caller, tool, begun, arguments)
        if found is None:
            await self._give_up(effect, caller, f"{error.message}; it has no effect")
        return found

    async def _look_up_or_undo(self, tool: Tool, effect: Effect, arguments: JSONObject) -> ToolResult | None:
        """Return the result of a call that happened, None when it did not or is undone.

        Raises ToolOutcomeUnknown when the tool can do neither, or fails to.
        """
        definition, context = tool.definition, self._context(effect, {})
        try:
            async with asyncio.timeout(definition.seconds):
                if definition.looks_up and isinstance(tool, LooksUp):
                    return await tool.look_up(arguments, context)
                if definition.compensates and isinstance(tool, Compensates):
                    await tool.compensate(arguments, None, context)
                    return None
        except (Exception, asyncio.CancelledError) as problem:  # foreign code
            if isinstance(problem, asyncio.CancelledError) and is_cancelled():
                raise
            what = f"{type(problem).__name__}: {problem}".rstrip(": ")
            raise ToolOutcomeUnknown(f"asking the tool failed ({what})") from problem
        raise ToolOutcomeUnknown("the tool cannot tell")

    async def _settle(self, effect: Effect, caller: Caller, known: ToolResult) -> ToolResult:
        """Record what a call whose outcome was not known has come to."""
        own = caller.label.join(self._tools[ToolName(effect.name)].definition.flow.label(effect.name))
        value, label = await self._guarded(effect.name, known.value, own.join(known.label), own)
        result = replace(known, value=value, label=label)
        await self._effects.recorder.record(
            EffectFinished(effect=effect.id, output=result.value, used=NO_USE, seconds=0.0, label=result.label),
            durable=True,
        )
        return result

    async def _guarded(self, name: str, value: JSON, label: Label, bare: Label) -> tuple[JSON, Label]:
        """Return a result as guards let it go on, with what they have found in it, or the reason why it is withheld.

        The call has happened all the same, which must not be forgotten. bare: the label without the result's own.
        """
        guards = self._guards.guards
        if not guards.at("tool_result"):
            return value, label
        try:
            value, found = await guards.looked("tool_result", value, f"the result of {name}")
        except GuardDenied as denied:
            return {"withheld": denied.message}, bare
        return value, label.join(found)

    async def _give_up(self, effect: Effect, caller: Caller, error: str) -> None:
        """Record that a call whose outcome was not known counts as failed, and raise ToolError."""
        await self._failed(effect, caller, error)
        raise ToolError(error)

    async def _failed(self, effect: Effect, caller: Caller, error: str) -> None:
        await self._effects.recorder.record(
            EffectFinished(effect=effect.id, output=None, used=NO_USE, seconds=0.0, label=caller.label, error=error),
            durable=True,
        )

    def _context(self, effect: Effect, facts: JSONObject) -> ToolContext:
        task = self._effects.task
        return ToolContext(key=effect.key, tenant=task.tenant, principal=task.principal, facts=facts)

    async def _call(
        self, caller: Caller, tool: Tool, arguments: JSONObject, facts: JSONObject, effect: Effect
    ) -> ToolResult:
        definition, clock = tool.definition, self._effects.clock
        context = self._context(effect, facts)
        started = clock.monotonic()
        label, error, unknown = caller.label, "cancelled", True
        output: JSON = None
        try:
            result = await self._tries.call(tool, arguments, context)
            # Its source is not left to the tool: foreign code may forget it.
            own = definition.flow.label(definition.name)
            output, label = await self._guarded(
                definition.name, result.value, label.join(result.label, own), label.join(own)
            )
            error, unknown = "", False  # not before: broken off while it is looked at, it has no result yet
            return replace(result, value=output, label=label)
        except ToolOutcomeUnknown as problem:
            error, unknown = problem.message, definition.safety not in REPEATABLE
            raise
        except ToolError as problem:
            error, unknown = problem.message, False
            raise
        finally:
            self._effects.ledger.settle(ONE_CALL, ONE_CALL)
            await self._effects.recorder.record(
                EffectFinished(
                    effect=effect.id,
                    output=output,
                    used=Usage(calls=1),
                    seconds=clock.monotonic() - started,
                    label=label,
                    error=error,
                    unknown=unknown,
                ),
                durable=definition.safety is not Safety.READ,
            )


def _said(what: str, ruling: Ruling) -> str:
    return f"{what}: {ruling.reason}" if ruling.reason else what

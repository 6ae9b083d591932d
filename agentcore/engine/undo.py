"""Undo: takes back what a run that has not succeeded did by compensable tools, the latest first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from loguru import logger

from agentcore.domain.agent import Agent
from agentcore.domain.effect import UNDO, Safety
from agentcore.domain.errors import PolicyDenied, ToolError
from agentcore.domain.event import EffectFinished, EffectStarted
from agentcore.domain.ids import AgentName, EffectId, ToolName
from agentcore.domain.json import JSONObject
from agentcore.engine.effect import ONE_CALL, Caller, Effects, is_cancelled
from agentcore.engine.history import Recorded
from agentcore.ports.tool import Compensates, Tool, ToolContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Compensates for one run."""

    agents: Mapping[AgentName, Agent]
    effects: Effects
    tools: Mapping[ToolName, Tool]

    @property
    def due(self) -> Sequence[Recorded]:
        """The calls to undo, by their starts.

        What a fork shares with another run is that one's to undo. In a replay nothing is undone.
        """
        if self.effects.script is not None:
            return ()
        own, deeds = f"{self.effects.recorder.run.id}/", self.effects.recorder.history.deeds()
        return [each for each in deeds if each.effect.safety is Safety.COMPENSABLE and each.effect.key.startswith(own)]

    async def all(self) -> None:
        """Undo every compensable call that happened or may have. One that cannot be is recorded with the reason."""
        for done in reversed(self.due):
            await self._undo(done, self.tools.get(ToolName(done.effect.name)))

    async def _undo(self, done: Recorded, tool: Tool | None) -> None:
        effects, effect = self.effects, done.effect
        undo = replace(effect, id=EffectId(effect.id + UNDO), key=effect.key + UNDO, safety=Safety.IDEMPOTENT)
        arguments = cast("JSONObject", done.request)
        recorded = await effects.recorded(undo, undo.id, arguments, undo)
        if recorded is not None and recorded.settled:
            return
        if tool is None or not tool.definition.compensates or not isinstance(tool, Compensates):
            why = "the project has no such tool" if tool is None else "the tool has no compensation"
            await effects.refuse(undo, arguments, ToolError(f"{effect.name} cannot be undone: {why}"))
            return
        caller = self._caller(done)
        if caller is None:
            await effects.refuse(undo, arguments, ToolError(f"{effect.name} cannot be undone: its agent is not known"))
            return
        try:
            decision = effects.permit(effects.ask_tool(caller, effect.name, arguments, effect.safety))
        except PolicyDenied as error:
            await effects.refuse(undo, arguments, error)
            return
        await effects.recorder.record(
            EffectStarted(effect=undo, request=arguments, decisions=(decision,), reserved=ONE_CALL), durable=True
        )
        clock = self.effects.clock
        started = clock.monotonic()
        error = await self._error(done, tool, arguments, tool.definition.seconds)
        if error:
            logger.error(error)
        await effects.recorder.record(
            EffectFinished(
                effect=undo.id,
                output=None,
                used=ONE_CALL,
                seconds=clock.monotonic() - started,
                label=caller.label,
                error=error,
            ),
            durable=True,
        )

    async def _error(self, done: Recorded, tool: Compensates, arguments: JSONObject, seconds: float) -> str:
        """Undo one call; return why it could not be undone, nothing when it is."""
        task = self.effects.task
        result = None if done.finished is None else done.finished.output
        context = ToolContext(key=done.effect.key, tenant=task.tenant, principal=task.principal)
        try:
            async with asyncio.timeout(seconds):
                await tool.compensate(arguments, result, context)
        except (Exception, asyncio.CancelledError) as problem:  # foreign code: the others must be undone all the same
            if isinstance(problem, asyncio.CancelledError) and is_cancelled():
                raise
            return f"{done.effect.name} could not be undone: {type(problem).__name__}: {problem}".rstrip(": ")
        return ""

    def _caller(self, done: Recorded) -> Caller | None:
        effect = done.effect
        if effect.agent not in self.agents:  # a run of other definitions, which are gone, is cancelled
            return None
        known = done.label if done.finished is None else done.finished.label
        label = self.effects.recorder.run.label if known is None else known
        return Caller(step=effect.step, attempt=effect.attempt, agent=self.agents[effect.agent], label=label)

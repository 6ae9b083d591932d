"""ToolTries: calls tools in time, once more where that does no harm, and not at all while they keep failing.

A fault is what says something about the tool: it timed out, broke off, or raised what no argument explains. That it
has rejected arguments, or has nothing to say to them, is an answer.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from agentcore.domain.effect import Safety
from agentcore.domain.errors import ToolError, ToolOutcomeUnknown, ToolTimeout
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.engine.circuits import Circuits
from agentcore.engine.effect import is_cancelled
from agentcore.engine.output import json_text
from agentcore.ports.clock import Clock
from agentcore.ports.tool import Tool, ToolContext, ToolDefinition, ToolResult

REPEATABLE: Final = frozenset({Safety.READ, Safety.IDEMPOTENT})
"""Calls whose repetition does no harm, so that it is no matter whether they have happened."""

PAUSE_SECONDS: Final = 0.1
"""How long to wait before a call is made once more."""

_OF_ARGUMENTS: Final = (ValueError, TypeError, LookupError, ArithmeticError)
"""What Python's functions raise at arguments that they cannot take: the next call may well succeed."""


class ToolTries:
    """The calls of tools, for all runs of a runtime."""

    def __init__(self, circuits: Circuits, clock: Clock) -> None:
        self.circuits = circuits
        self._clock = clock
        self._last: dict[ToolName, str] = {}

    def check(self, name: ToolName) -> None:
        """Raise ToolError when a tool has failed so often that it is left alone for a while, or is being probed."""
        breaker, now = self.circuits.breakers.get(name), self._clock.now()
        if breaker is None or breaker.until is None or breaker.allows(now):
            return
        why = f": {self._last[name]}" if name in self._last else ""
        if breaker.state(now) == "open":
            until = datetime.fromtimestamp(breaker.until, UTC).strftime("%H:%M:%S")
            when = f"until {until} UTC, for another {breaker.until - now:.0f} s"
        else:
            when = "until another call has shown that it works again"
        raise ToolError(f"{name} is not called {when}: it kept failing{why}")

    async def call(self, tool: Tool, arguments: JSONObject, context: ToolContext) -> ToolResult:
        """Return a tool's result. Raises ToolError; it is a ToolOutcomeUnknown when the call may have happened.

        A call that may be repeated is made once more, with the same key, after a fault that is no time-out.
        """
        definition = tool.definition
        try:
            return await self._once(tool, arguments, context)
        except ToolTimeout:
            raise
        except ToolOutcomeUnknown as error:
            again = definition.safety in REPEATABLE and _is_fault(error) and not self._is_open(definition.name)
            if not again:
                raise
        await self._clock.sleep(PAUSE_SECONDS)
        return await self._once(tool, arguments, context)

    async def _once(self, tool: Tool, arguments: JSONObject, context: ToolContext) -> ToolResult:
        name, circuits = tool.definition.name, self.circuits
        circuits.calling(name)
        try:
            result = await _call(tool, arguments, context)
        except ToolOutcomeUnknown as error:
            if _is_fault(error):
                self._last[name] = error.message
                circuits.failed(name)
            else:
                circuits.abandoned(name)
            raise
        except ToolError:  # an answer
            circuits.succeeded(name)
            raise
        except BaseException:
            circuits.abandoned(name)
            raise
        circuits.succeeded(name)
        return result

    def _is_open(self, name: ToolName) -> bool:
        return self.circuits.breakers[name].until is not None


async def _call(tool: Tool, arguments: JSONObject, context: ToolContext) -> ToolResult:
    definition: ToolDefinition = tool.definition
    name = definition.name
    limit = asyncio.timeout(definition.seconds)
    try:
        async with limit:
            result = await tool.call(arguments, context)
    except TimeoutError:
        if limit.expired():
            raise ToolTimeout(f"{name} did not finish within {definition.seconds:g} s") from None
        raise ToolTimeout(f"{name} timed out") from None  # the tool's own
    except ToolError:
        raise
    except asyncio.CancelledError:
        if is_cancelled():
            raise
        raise ToolOutcomeUnknown(f"{name} broke off its own call") from None
    except Exception as problem:  # a tool is foreign code: whatever it raises is its failure, not the runtime's
        raise ToolOutcomeUnknown(f"{name} failed: {type(problem).__name__}: {problem}") from problem
    _check_json(name, result.value)
    return result


def _check_json(name: ToolName, value: JSON) -> None:
    """Raise ToolOutcomeUnknown for a result that could be neither recorded nor told to a model."""
    try:
        json_text(value)
    except (TypeError, ValueError, RecursionError) as problem:
        raise ToolOutcomeUnknown(f"{name} returned what is not JSON: {problem}") from problem


def _is_fault(error: ToolOutcomeUnknown) -> bool:
    return isinstance(error, ToolTimeout) or not isinstance(error.__cause__, _OF_ARGUMENTS)

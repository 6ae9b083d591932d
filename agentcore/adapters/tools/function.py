"""Python functions as tools."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, ParamSpec, TypeVar

from pydantic_core import PydanticSerializationError, from_json
from pydantic_core import to_json as to_json_bytes

from agentcore.adapters.tools.signature import location, read_signature
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError, ToolError, ToolOutcomeUnknown
from agentcore.domain.flow import declared_flow, undeclared
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import ToolSpec
from agentcore.ports.tool import ToolContext, ToolDefinition, ToolResult

P = ParamSpec("P")
R = TypeVar("R")

THREADS = 8
"""Calls of one synchronous function at a time. They are its own, so that one that hangs holds up no other tool."""

LookUp = Callable[[dict[str, Any], ToolContext], Any]
"""(arguments, context) → the result of the call with the context's key, None when there was none; or an awaitable of
it. A ToolResult says that a call happened whose result is None."""

Compensate = Callable[[dict[str, Any], Any, ToolContext], Any]
"""(arguments, result, context): undo the call with the context's key; may be awaitable."""


class FunctionTool(Generic[P, R]):
    """A Tool that calls a function; itself it can still be called as that function.

    A synchronous function runs in a thread. Cancelling the call leaves such a thread behind until the function
    returns: Python cannot stop it.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str = "",
        safety: Safety = Safety.UNSAFE,
        seconds: float = 30.0,
        max_calls: int | None = None,
        approval: ApprovalRule | None = None,
        look_up: LookUp | None = None,
        compensate: Compensate | None = None,
    ) -> None:
        """Raises ConfigError, naming file and line, when the signature cannot be told to a model."""
        self._function = function
        self._look_up = look_up
        self._compensate = compensate
        self._signature = read_signature(function, inject=ToolContext)
        chosen = name or getattr(function, "__name__", "")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", chosen):
            raise ConfigError([f"{location(function)}: {chosen!r} is not a tool's name"])
        if not self._signature.summary:
            raise ConfigError(
                [f"{location(function)}: a tool needs a docstring"],
                hint="its first paragraph tells a model when to call it",
            )
        if safety is Safety.COMPENSABLE and compensate is None:
            raise ConfigError(
                [f"{location(function)}: {chosen} is compensable, and nothing says how to undo its calls"],
                hint='give it a function (arguments, result, context): @tool(safety="compensable", compensate=…)',
            )
        try:
            flow = declared_flow(self._signature.parameters, self._signature.returns)
        except ValueError as problem:
            raise ConfigError([f"{location(function)}: {problem}"]) from None
        self._definition = ToolDefinition(
            name=ToolName(chosen),
            description=self._signature.summary,
            parameters=undeclared(self._signature.parameters),
            safety=safety,
            seconds=seconds,
            max_calls=max_calls,
            approval=approval,
            looks_up=look_up is not None,
            compensates=compensate is not None,
            flow=flow,
        )
        self._threads: ThreadPoolExecutor | None = None
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself."""
        return self._function(*args, **kwargs)

    def renamed(self, name: str) -> FunctionTool[P, R]:
        """Return the same tool under another name."""
        own = self._definition
        return FunctionTool(
            self._function,
            name=name,
            safety=own.safety,
            seconds=own.seconds,
            max_calls=own.max_calls,
            approval=own.approval,
            look_up=self._look_up,
            compensate=self._compensate,
        )

    @property
    def definition(self) -> ToolDefinition:
        """What it is."""
        return self._definition

    def describe(self, facts: JSONObject) -> ToolSpec:  # noqa: ARG002  # the port's
        """Return the definition's."""
        return self._definition.spec

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:
        """Return what the function returns, as JSON.

        Raises ToolInputInvalid; a ToolError that the function raised itself, which says that nothing has happened; and
        ToolOutcomeUnknown, with type and text, for whatever else it raised: it may have done its work before.
        """
        checked: dict[str, Any] = self._signature.check(arguments)
        checked |= dict.fromkeys(self._signature.injected, context)
        try:
            returned = await self._run(self._function, **checked)
        except ToolError:
            raise
        except Exception as problem:  # foreign code: whatever it raises is a failed call
            raise ToolOutcomeUnknown(f"{type(problem).__name__}: {problem}") from problem
        return self._result(returned)

    async def look_up(self, arguments: JSONObject, context: ToolContext) -> ToolResult | None:
        """Return what the function for that returns, as JSON, None when the call did not happen. Raises ToolError."""
        if self._look_up is None:
            raise ToolError(f"{self._definition.name} cannot be asked about its calls")
        found = await self._asked(self._look_up, dict(arguments), context)
        if found is None or isinstance(found, ToolResult):
            return found
        return self._result(found)

    async def compensate(self, arguments: JSONObject, result: JSON, context: ToolContext) -> None:
        """Undo a call. Raises ToolError."""
        if self._compensate is None:
            raise ToolError(f"calls of {self._definition.name} cannot be undone")
        await self._asked(self._compensate, dict(arguments), result, context)

    async def aclose(self) -> None:
        """Give the threads up; those that are still at work end with their function."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)

    def _result(self, returned: object) -> ToolResult:
        return ToolResult(value=to_json(returned), label=Label(sources=frozenset({f"tool:{self._definition.name}"})))

    async def _asked(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return await self._run(function, *arguments)
        except ToolError:
            raise
        except Exception as problem:
            raise ToolError(f"{type(problem).__name__}: {problem}") from problem

    async def _run(self, function: Callable[..., Any], /, *args: Any, **arguments: Any) -> Any:
        if inspect.iscoroutinefunction(function):
            return await function(*args, **arguments)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"tool-{self._definition.name}")
        call = functools.partial(contextvars.copy_context().run, function, *args, **arguments)
        returned = await asyncio.get_running_loop().run_in_executor(self._threads, call)
        return await returned if inspect.isawaitable(returned) else returned


def to_json(value: object) -> JSON:
    """Return a function's result as JSON: dataclasses, pydantic models, Decimal (text), dates, sets, bytes (UTF-8).

    Numbers that JSON has not become text: "Infinity", "-Infinity", "NaN". Raises ToolOutcomeUnknown when there is no
    such form: what the function did, it has done.
    """
    try:
        return from_json(to_json_bytes(value, inf_nan_mode="strings"))
    except (PydanticSerializationError, ValueError, TypeError, RecursionError) as problem:
        raise ToolOutcomeUnknown(
            f"it returned a {type(value).__name__}, which cannot be written as JSON: {problem}"
        ) from problem

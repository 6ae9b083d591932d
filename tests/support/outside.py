"""The world beyond a run: what reaches it, by idempotency key; and a tool that reaches it, and can go wrong."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.effect import Safety
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import ToolSpec
from agentcore.ports.tool import ToolContext, ToolDefinition, ToolResult
from support.desk import TEXT

Hook = Callable[[], Awaitable[None] | None] | BaseException | None
"""What happens at some point of a call: something is done, or raised."""


@dataclass
class Outside:
    """What the world has seen.

    received: key → how many calls reached it.  done: key → text, of those in force.  log: all of it in order.
    """

    received: Counter[str] = field(default_factory=Counter)
    done: dict[str, str] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Post:
    """A tool that posts a text to the outside.

    before, after: what happens around the moment when a call reaches the outside; each is used once, or each time
    when `always`.  compensation, looking: what goes wrong there.
    """

    outside: Outside
    safety: Safety = Safety.UNSAFE
    name: str = "post"
    looks_up: bool = False
    compensates: bool = False
    approval: ApprovalRule | None = None
    max_calls: int | None = None
    seconds: float = 30.0
    before: Hook = None
    after: Hook = None
    compensation: Hook = None
    looking: Hook = None
    always: bool = False
    parameters: JSONObject = field(default_factory=lambda: TEXT)

    @property
    def definition(self) -> ToolDefinition:
        return ToolDefinition(
            name=ToolName(self.name),
            description="Posts.",
            parameters=self.parameters,
            safety=self.safety,
            seconds=self.seconds,
            max_calls=self.max_calls,
            instruction_parameter="text",
            approval=self.approval,
            looks_up=self.looks_up,
            compensates=self.compensates,
        )

    def describe(self, facts: JSONObject) -> ToolSpec:
        return self.definition.spec

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:
        before, after = self.before, self.after
        if not self.always:
            self.before = self.after = None
        await _happen(before)
        self.outside.received[context.key] += 1
        self.outside.done[context.key] = str(arguments["text"])
        self.outside.log.append(("post", context.key))
        await _happen(after)
        return _result(context.key)

    async def look_up(self, arguments: JSONObject, context: ToolContext) -> ToolResult | None:
        await _happen(self.looking)
        self.outside.log.append(("look", context.key))
        return _result(context.key) if context.key in self.outside.done else None

    async def compensate(self, arguments: JSONObject, result: object, context: ToolContext) -> None:
        self.outside.log.append(("undo", context.key))
        await _happen(self.compensation)
        self.outside.done.pop(context.key, None)

    async def aclose(self) -> None:
        return None


def _result(key: str) -> ToolResult:
    return ToolResult(value={"receipt": key.rpartition("/")[2]}, label=Label(sources=frozenset({"tool:post"})))


async def _happen(hook: Hook) -> None:
    if isinstance(hook, BaseException):
        raise hook
    if hook is not None:
        found = hook()
        if inspect.isawaitable(found):
            await found

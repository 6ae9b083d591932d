"""The port to a tool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.effect import Safety
from agentcore.domain.flow import ToolFlow
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import ToolSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDefinition:
    """What a tool declares.

    parameters: a JSON Schema of type object, enforced before every call.  safety: what a repeated call does; who
    declares nothing gets the careful treatment.  seconds: time-out of one call.
    max_calls: in one run, None for no limit.  instruction_parameter: the parameter that takes a step's instruction
    when the tool is called without asking a model (`tool_use: first`).  approval: who must approve each call, None
    when nobody has to.  looks_up, compensates: it is a LooksUp, a Compensates.
    flow: which arguments steer it, and how far its results may be trusted; `parameters` do not repeat it.
    """

    name: ToolName
    description: str
    parameters: JSONObject
    safety: Safety = Safety.UNSAFE
    seconds: float = 30.0
    max_calls: int | None = None
    instruction_parameter: str | None = None
    approval: ApprovalRule | None = None
    looks_up: bool = False
    compensates: bool = False
    flow: ToolFlow = field(default_factory=ToolFlow)

    @property
    def spec(self) -> ToolSpec:
        """The tool as a model sees it."""
        return ToolSpec(name=self.name, description=self.description, parameters=self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """What the runtime tells a tool about a call.

    key: the idempotency key: the same when a call is repeated, whatever repeats it.
    facts: the values that the step was given, by name (a step's id or an input's name), for tools whose arguments
    refer to them; empty when a call is looked up or undone.
    """

    key: str
    tenant: str
    principal: str
    facts: JSONObject = field(default_factory=dict[str, JSON])


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool returned.

    value: shown to the model as JSON and recorded.  label: where it came from.
    """

    value: JSON
    label: Label


class Tool(Protocol):
    """Something an agent may call."""

    @property
    def definition(self) -> ToolDefinition:
        """What it is; constant."""
        ...

    def describe(self, facts: JSONObject) -> ToolSpec:
        """Return the tool as the model should see it for a step with these facts: e.g. with an enum of their names."""
        ...

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:
        """Run with arguments that satisfy the schema. Raises ToolError with a message the model can act upon."""
        ...

    async def aclose(self) -> None:
        """Release what it holds."""
        ...


@runtime_checkable
class LooksUp(Protocol):
    """A tool that can tell whether a call has happened."""

    async def look_up(self, arguments: JSONObject, context: ToolContext) -> ToolResult | None:
        """Return the result of the call with the context's key, None when there was none. Raises ToolError."""
        ...


@runtime_checkable
class Compensates(Protocol):
    """A tool whose calls can be undone."""

    async def compensate(self, arguments: JSONObject, result: JSON, context: ToolContext) -> None:
        """Undo the call with the context's key, also when it never happened or is undone already. Raises ToolError.

        result: what the call returned, None when that is not known.
        """
        ...

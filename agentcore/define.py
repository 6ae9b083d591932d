"""Tools and agents defined in Python: `@tool` and `@agent`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, overload

from agentcore.adapters.tools.function import Compensate, FunctionTool, LookUp
from agentcore.adapters.tools.signature import location, read_signature, summary
from agentcore.config.versions import versioned
from agentcore.domain.agent import (
    Agent,
    Check,
    Example,
    Limits,
    Requirements,
    Role,
    Routing,
    ToolUse,
    Uses,
    Verification,
)
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError
from agentcore.domain.ids import AgentName, ModelName, ToolName
from agentcore.domain.json import JSONObject
from agentcore.ports.tool import Tool
from agentcore.prompts.template import template_problems

P = ParamSpec("P")
R = TypeVar("R")

SafetyName = Literal["read", "idempotent", "compensable", "unsafe"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,47}")


@overload
def tool(function: Callable[P, R], /) -> FunctionTool[P, R]: ...


@overload
def tool(
    *,
    name: str = "",
    safety: SafetyName = "unsafe",
    seconds: float = 30.0,
    max_calls: int | None = None,
    approval: bool | ApprovalRule = False,
    look_up: LookUp | None = None,
    compensate: Compensate | None = None,
) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str = "",
    safety: SafetyName = "unsafe",
    seconds: float = 30.0,
    max_calls: int | None = None,
    approval: bool | ApprovalRule = False,
    look_up: LookUp | None = None,
    compensate: Compensate | None = None,
) -> Any:
    """Make a tool of a function with type hints and a docstring: `@tool`, or `@tool(safety="read")`.

    The docstring's first paragraph tells a model when to call it, its section Args what the parameters mean. A
    parameter annotated ToolContext is filled in by the runtime. A synchronous function runs in a thread.

    safety: what a repeated call does; `read` means that nothing changes. One that does not say counts as `unsafe`, and
    the default policies deny its calls.  seconds: time-out of one call.  max_calls: in one run.
    approval: a person must approve each call; True asks anybody, and waits for ever.
    look_up: (arguments, context) → the result of the call with the context's key, None when it did not happen; it is
    asked after a call has broken off.  compensate: (arguments, result, context) undoes that call; result is None when
    it is not known. Both may be called again for the same call.

    Raises ConfigError, naming file and line, when the signature cannot be told to a model.
    """

    def make(function: Callable[..., Any]) -> FunctionTool[..., Any]:
        return FunctionTool(
            function,
            name=name,
            safety=Safety(safety),
            seconds=seconds,
            max_calls=max_calls,
            approval=_rule(approval),
            look_up=look_up,
            compensate=compensate,
        )

    return make if function is None else make(function)


def agent(
    *,
    name: str = "",
    role: Literal["supervisor", "worker", "verifier"] = "worker",
    description: str = "",
    tools: Sequence[Tool | str] = (),
    tool_use: Literal["auto", "required", "output", "first"] = "auto",
    uses: Literal["chosen", "earlier", "none"] = "chosen",
    may_decline: bool = False,
    endorse: bool = False,
    model: str | Sequence[str] | Requirements = (),
    routing: Routing | None = None,
    examples: Sequence[tuple[str, str] | Example] = (),
    verify: Sequence[str | Check] | Verification = (),
    panel: Sequence[str] = (),
    required: int | None = None,
    limits: Limits | None = None,
    approval: bool | ApprovalRule = False,
    temperature: float = 0.0,
) -> Callable[[Callable[..., object]], Agent]:
    """Make an agent of a function, which is never called.

    Its docstring is the instructions, with `{{name}}` for a parameter; its parameters are the inputs that a step must
    wire; its return annotation is the output's schema, none or `str` for free text.

    endorse: outputs, which have no room for text, count as the agent's own whatever it has read.
    description: what it is good for, for the supervisor; the docstring's first paragraph when empty.
    model: names of models, best first; any by default.  routing: what they are chosen by, and how sure outputs must
    be.  verify: checks that must all pass.  panel: verifier agents, of which `required` must accept, more than half by
    default; for weights, debates and the rest give a Verification as `verify`, and no panel beside it.
    approval: a person must approve each output that these
    have accepted; True asks anybody, and waits for ever.

    Raises ConfigError, naming file and line: no docstring, a type without a JSON Schema, an unknown `{{name}}`.
    """

    def make(function: Callable[..., object]) -> Agent:
        told = _described(function, name)
        made = replace(
            told,
            role=Role(role),
            description=description or told.description,
            examples=tuple(map(_example, examples)),
            tools=tuple(ToolName(each) if isinstance(each, str) else each.definition.name for each in tools),
            tool_use=ToolUse(tool_use),
            uses=Uses(uses),
            may_decline=may_decline,
            endorses=endorse,
            requirements=_requirements(model),
            routing=routing or Routing(),
            verification=_verification(verify, panel, required),
            limits=limits or Limits(),
            approval=_rule(approval),
            temperature=temperature,
        )
        return versioned(made, Path())

    return make


def _described(function: Callable[..., object], name: str) -> Agent:
    """Return what a function says of itself: name, description, instructions, inputs, output. Raises ConfigError."""
    signature = read_signature(function)
    instructions = inspect.getdoc(function)
    if not instructions:
        raise ConfigError([f"{location(function)}: an agent needs a docstring: its instructions"])
    inputs = _inputs(signature.parameters)
    if problems := template_problems(instructions, inputs):
        raise ConfigError([f"{location(function)}: {problem}" for problem in problems])
    chosen = name or getattr(function, "__name__", "")
    if not _NAME.fullmatch(chosen):
        raise ConfigError([f"{location(function)}: {chosen!r} is not an agent's name: letters, digits, _ and -"])
    return Agent(
        name=AgentName(chosen),
        description=summary(function),
        instructions=instructions,
        inputs=inputs,
        output=signature.returns,
    )


def _rule(approval: bool | ApprovalRule) -> ApprovalRule | None:
    if isinstance(approval, ApprovalRule):
        return approval
    return ApprovalRule() if approval else None


def _example(example: tuple[str, str] | Example) -> Example:
    return example if isinstance(example, Example) else Example(user=example[0], assistant=example[1])


def _verification(
    verify: Sequence[str | Check] | Verification, panel: Sequence[str], required: int | None
) -> Verification:
    if isinstance(verify, Verification):
        if panel or required is not None:
            raise ConfigError(["`panel` and `required` stand in the Verification that is given as `verify`"])
        return verify
    majority = len(panel) // 2 + 1 if panel else 0
    return Verification(
        checks=tuple(Check(name=each) if isinstance(each, str) else each for each in verify),
        panel=tuple(map(AgentName, panel)),
        required=majority if required is None else required,
    )


def _requirements(model: str | Sequence[str] | Requirements) -> Requirements:
    if isinstance(model, Requirements):
        return model
    return Requirements(models=tuple(map(ModelName, [model] if isinstance(model, str) else model)))


def _inputs(parameters: JSONObject) -> dict[str, JSONObject]:
    """Return the schema of each parameter; one that refers to shared definitions gets a copy of them."""
    properties: Any = parameters.get("properties", {})
    shared: Any = parameters.get("$defs")
    return {
        name: {**schema, "$defs": shared} if shared and "$ref" in repr(schema) else schema
        for name, schema in properties.items()
    }

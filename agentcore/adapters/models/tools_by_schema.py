"""Tools for models without native tool calls: the call is asked for as JSON that satisfies a schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from agentcore.domain.errors import ModelOutputInvalid
from agentcore.domain.json import JSON, JSONObject, canonical
from agentcore.domain.message import Message, ToolCall, ToolSpec
from agentcore.ports.model import Model, ModelReply, ModelRequest, OnText

_FREE_TEXT: JSONObject = {"type": "string"}


class ToolsBySchema:
    """A Model that offers tools through the JSON Schema of another model's answer.

    The answer is `{"tool": NAME, "arguments": {…}}` for one of the tools or, unless a call is required,
    `{"final": …}`; when the only tool must be called, it is just that tool's arguments, which small models find
    easier. Earlier calls and results become plain text.
    when: which requests with tools are treated so, None for all; the model itself gets the others as they are. Some
    providers have tools, but not together with a schema, or cannot be told that a call is required.
    """

    def __init__(self, model: Model, *, when: Callable[[ModelRequest], bool] | None = None) -> None:
        self._model = model
        self._when = when

    def __repr__(self) -> str:
        return f"ToolsBySchema({self._model!r})"

    async def complete(self, request: ModelRequest, on_text: OnText | None = None) -> ModelReply:
        """Return the answer or tool calls; see the port. With tools, the text is handed over in one piece."""
        if self._when is not None and not (request.tools and self._when(request)):
            return await self._model.complete(request, on_text)
        messages = tuple(as_text(message) for message in request.messages)
        if not request.tools:
            return await self._model.complete(replace(request, messages=messages), on_text)
        asked = replace(
            request,
            messages=_with_offer(messages, request),
            tools=(),
            tool_required=False,
            schema=answer_schema(request),
        )
        reply = _understood(await self._model.complete(asked), request)
        if on_text is not None and reply.text:
            on_text(reply.text)
        return reply

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the input tokens of the messages as they are sent; the offer of tools comes on top."""
        return self._model.count_tokens([as_text(each) for each in messages] if self._when is None else messages)

    async def aclose(self) -> None:
        """Close the model."""
        await self._model.aclose()


def as_text(message: Message) -> Message:
    """Return a message without tool calls: a call as what the assistant wrote, a result as what a user says."""
    if message.tool_calls:
        calls = [f'{{"tool": {json.dumps(call.name)}, "arguments": {call.arguments}}}' for call in message.tool_calls]
        return Message(role="assistant", content="\n".join([*filter(None, [message.content]), *calls]))
    if message.role == "tool":
        return Message(role="user", content=f"Result of the tool:\n{message.content}")
    return message


def answer_schema(request: ModelRequest) -> JSONObject:
    """Return the JSON Schema of the answer to a request with tools."""
    if _is_single(request):
        return request.tools[0].parameters
    definitions: dict[str, JSON] = {}
    alternatives: list[JSON] = [
        _alternative(
            {"tool": {"const": tool.name}, "arguments": _embedded(tool.parameters, f"tool_{number}", definitions)}
        )
        for number, tool in enumerate(request.tools)
    ]
    if not request.tool_required:
        final = _embedded(request.schema or _FREE_TEXT, "final", definitions)
        alternatives.append(_alternative({"final": final}))
    schema: dict[str, JSON] = {"anyOf": alternatives}
    if definitions:
        schema["$defs"] = definitions
    return schema


def _is_single(request: ModelRequest) -> bool:
    return request.tool_required and len(request.tools) == 1


def _alternative(properties: JSONObject) -> JSONObject:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _embedded(schema: JSONObject, name: str, definitions: dict[str, JSON]) -> JSON:
    """Return a schema for use inside another. References to its own root need a place there, under `name`."""
    moved, refers = _moved(schema, f"#/$defs/{name}")
    if not refers:
        return schema
    definitions[name] = moved
    return {"$ref": f"#/$defs/{name}"}


def _moved(schema: JSON, root: str) -> tuple[JSON, bool]:
    """Return a schema whose local references begin at `root`, and whether there was any."""
    match schema:
        case {"$ref": str(target), **rest} if target.startswith("#"):
            others = {key: _moved(value, root)[0] for key, value in cast("Mapping[str, JSON]", rest).items()}
            return {"$ref": f"{root}{target[1:]}", **others}, True
        case Mapping():
            moved = {key: _moved(value, root) for key, value in schema.items()}
            return {key: value for key, (value, _) in moved.items()}, any(refers for _, refers in moved.values())
        case list() | tuple():
            items = [_moved(value, root) for value in schema]
            return [value for value, _ in items], any(refers for _, refers in items)
        case _:
            return schema, False


def _with_offer(messages: tuple[Message, ...], request: ModelRequest) -> tuple[Message, ...]:
    """Add the tools to the system message: a grammar constrains the answer, but does not show it to the model."""
    offer = _offer(request)
    if messages and messages[0].role == "system":
        first = replace(messages[0], content=f"{messages[0].content}\n\n{offer}")
        return (first, *messages[1:])
    return (Message(role="system", content=offer), *messages)


def _offer(request: ModelRequest) -> str:
    if _is_single(request):
        tool = request.tools[0]
        return f"Call the tool {_described(tool)}\nAnswer with its arguments as one JSON object."
    tools = "\n".join(f"- {_described(tool)}" for tool in request.tools)
    call = 'To call a tool, answer {"tool": NAME, "arguments": {…}}.'
    if request.tool_required:
        return f"Tools:\n{tools}\n{call} You must call a tool now."
    return f'Tools:\n{tools}\n{call} When you know the answer, answer {{"final": ANSWER}}.'


def _described(tool: ToolSpec) -> str:
    return f"{tool.name}: {tool.description}\n  arguments: {canonical(_shown(tool.parameters))}"


_ONLY_FOR_GRAMMARS = frozenset({"pattern", "minLength", "maxLength", "additionalProperties"})


def _shown(schema: JSON) -> JSON:
    """Return a schema without what the grammar enforces anyway and may change from step to step.

    The offer stays the same then, and with it the prompt's beginning, which providers and local models cache.
    """
    match schema:
        case Mapping():
            return {key: _shown(value) for key, value in schema.items() if key not in _ONLY_FOR_GRAMMARS}
        case list() | tuple():
            return [_shown(value) for value in schema]
        case _:
            return schema


def _understood(reply: ModelReply, request: ModelRequest) -> ModelReply:
    """Return the tool call or the text that a constrained answer stands for."""
    try:
        answer: Any = json.loads(reply.text)
    except json.JSONDecodeError:
        raise _invalid(reply, "is not JSON") from None
    if _is_single(request):
        return _called(reply, request, request.tools[0].name, answer)
    match answer:
        case {"tool": str(name), "arguments": arguments} if any(tool.name == name for tool in request.tools):
            return _called(reply, request, name, arguments)
        case {"final": final} if not request.tool_required:
            text = (
                final if request.schema is None and isinstance(final, str) else json.dumps(final, ensure_ascii=False)
            )
            return replace(reply, text=text)
        case _:
            raise _invalid(reply, "neither calls one of the tools nor answers")


def _called(reply: ModelReply, request: ModelRequest, name: str, arguments: Any) -> ModelReply:
    if not isinstance(arguments, dict):
        raise _invalid(reply, f"calls {name} with arguments that are not an object")
    earlier = sum(len(message.tool_calls) for message in request.messages)
    call = ToolCall(id=f"call_{earlier + 1}", name=name, arguments=json.dumps(arguments, ensure_ascii=False))
    return replace(reply, text="", tool_calls=(call,), finish="tool_calls")


def _invalid(reply: ModelReply, what: str) -> ModelOutputInvalid:
    shown = reply.text if len(reply.text) <= 120 else f"{reply.text[:120]}…"
    return ModelOutputInvalid(
        f"the model's answer {what}: {shown!r}",
        hint="the answer reached its limit of output tokens; raise the agent's limits.output_tokens"
        if reply.finish == "length"
        else "the server may not enforce JSON schemas; use one that does, or a model with native tool calls",
    )

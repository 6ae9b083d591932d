"""Guards at what models are sent, and at what they say: they see texts, with JSON as the values that it stands for.

In JSON, a character may be written by its number; what it stands for is what is found there, and what is taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import orjson

from agentcore.domain.errors import GuardDenied, ModelOutputInvalid, ModelRequestRejected
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.domain.message import Message, ToolCall
from agentcore.engine.effect import Caller
from agentcore.engine.guards import Guards
from agentcore.engine.output import json_text
from agentcore.engine.run_guards import RunGuards
from agentcore.ports.model import ModelReply, ModelRequest


async def prompted(guards: RunGuards, caller: Caller, request: ModelRequest) -> tuple[Caller, ModelRequest]:
    """Return who asks a model, with what guards have found in the prompt, and what is asked.

    Its parts were looked at when they came in; a guard that asks for it looks at the whole. Raises
    ModelRequestRejected when it goes no further.
    """
    if not guards.may_look("prompt"):
        return caller, request
    said: JSON = [_said(message.content, message.tool_calls) for message in request.messages]
    try:
        changed, label = await guards.looked("prompt", said, caller, f"the prompt of {caller.agent.name}")
    except GuardDenied as denied:
        raise ModelRequestRejected(denied.message) from denied
    if label is not caller.label:
        caller = replace(caller, label=label)
    if changed is said:
        return caller, request
    messages: list[Message] = []
    for message, each in zip(request.messages, cast("Sequence[JSON]", changed), strict=True):
        content, calls = _written(message.content, message.tool_calls, each)
        messages.append(replace(message, content=content, tool_calls=calls))
    shared = request.shared_messages
    same = tuple(messages[:shared]) == request.messages[:shared]
    return caller, replace(request, messages=tuple(messages), shared_messages=shared if same else 0)


async def replied(guards: Guards, reply: ModelReply, label: Label, what: str) -> tuple[ModelReply, Label]:
    """Return a reply as guards let it go on, with the calls that it wants, and its label.

    what: for messages. Raises ModelOutputInvalid when it goes no further.
    """
    if not guards.at("model_output"):
        return reply, label
    said = _said(reply.text, reply.tool_calls)
    try:
        changed, found = await guards.looked("model_output", said, what)
    except GuardDenied as denied:
        raise ModelOutputInvalid(f"{what} is withheld: {denied.message}") from denied
    if changed is not said:
        text, calls = _written(reply.text, reply.tool_calls, changed)
        reply = replace(reply, text=text, tool_calls=calls)
    return reply, label.join(found)


def _seen(text: str) -> JSON:
    """Return the object or the list that a text is in JSON, else the text itself."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _said(text: str, calls: Sequence[ToolCall]) -> JSON:
    return [_seen(text), *(_seen(call.arguments) for call in calls)]


def _written(text: str, calls: Sequence[ToolCall], changed: JSON) -> tuple[str, tuple[ToolCall, ...]]:
    said, *arguments = cast("Sequence[Any]", changed)
    return _text(said, text), tuple(
        replace(call, arguments=_text(given, call.arguments)) for call, given in zip(calls, arguments, strict=True)
    )


def _text(value: JSON, before: str) -> str:
    """Return a value as the text that it was before, if it has not changed."""
    if isinstance(value, str):
        return value
    return before if value == _seen(before) else json_text(value)

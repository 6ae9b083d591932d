"""A Model that says what a test tells it to say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from agentcore.domain.errors import AgentcoreError, ModelRequestRejected, ModelTimeout
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.message import Message, ToolCall
from agentcore.ports.clock import Clock
from agentcore.ports.model import ModelReply, ModelRequest, OnText
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.instance import instance


@dataclass(frozen=True, slots=True)
class Call:
    """A reply that calls a tool."""

    tool: str
    arguments: JSONObject


@dataclass(frozen=True, slots=True)
class Calls:
    """A reply that calls several tools at once."""

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Json:
    """A reply whose text is a JSON value: for values that are not objects or arrays."""

    value: JSON


@dataclass(frozen=True, slots=True)
class Delayed:
    """A reply that takes so long on the model's clock."""

    seconds: float
    reply: Reply


_Said: TypeAlias = "str | Mapping[str, JSON] | list[JSON] | Json | Call | Calls | ModelReply"

Reply: TypeAlias = "_Said | Delayed | AgentcoreError"
"""What a script may hold: text, a JSON object or array (its text), tool calls, a whole reply, an error to raise."""

Script: TypeAlias = Iterable[Reply] | Callable[[ModelRequest], Reply]
"""Replies in the order of the calls, or a function of the request."""


class ScriptedModel:
    """A Model that answers from a script and remembers what it was asked.

    requests: all that came in, oldest first.  clock: takes the time of `Delayed` replies, by default one that moves by
    itself.  name: for messages. Tokens are counted as words, so that budgets in tests are easy to foresee.
    """

    def __init__(self, script: Script, *, clock: Clock | None = None, name: str = "scripted") -> None:
        self._next = script if callable(script) else _in_order(script, name)
        self._clock = clock or FakeClock(auto=True)
        self._name = name
        self.requests: list[ModelRequest] = []
        self.closed = False

    async def complete(self, request: ModelRequest, on_text: OnText | None = None) -> ModelReply:
        """Return the next reply. Raises its error, or ModelRequestRejected when the script has run out."""
        self.requests.append(request)
        reply = self._next(request)
        while isinstance(reply, Delayed):
            if reply.seconds > request.seconds:
                await self._clock.sleep(request.seconds)
                raise ModelTimeout(f"{self._name} did not answer within {request.seconds:g} s")
            await self._clock.sleep(reply.seconds)
            reply = reply.reply
        if isinstance(reply, AgentcoreError):
            raise reply
        answer = _as_reply(reply, self._input_tokens(request), request)
        if on_text is not None:
            for piece in answer.text.splitlines(keepends=True):
                on_text(piece)
        return answer

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the number of words."""
        return sum(len(message.content.split()) for message in messages)

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def _input_tokens(self, request: ModelRequest) -> int:
        return self.count_tokens(request.messages)


def obliging(request: ModelRequest) -> Reply:
    """Answer any request with the simplest thing that it allows: a tool call, JSON of its schema, or a word."""
    if request.tools and (request.tool_required or request.messages[-1].role == "user"):
        tool = request.tools[0]
        arguments = instance(tool.parameters)
        return Call(tool.name, arguments if isinstance(arguments, Mapping) else {})
    return Json(instance(request.schema)) if request.schema is not None else "Yes."


def _in_order(script: Iterable[Reply], name: str) -> Callable[[ModelRequest], Reply]:
    replies: Iterator[Reply] = iter(script)
    asked = 0

    def reply(request: ModelRequest) -> Reply:
        nonlocal asked
        for answer in replies:
            asked += 1
            return answer
        last = request.messages[-1].content if request.messages else ""
        return ModelRequestRejected(
            f"the script of {name} ran out after {asked} replies; it was then asked: {last[:200]!r}",
            hint="add a reply to the script, or find out why the model is called more often than expected",
        )

    return reply


def _as_reply(
    reply: _Said,
    input_tokens: int,
    request: ModelRequest,
) -> ModelReply:
    match reply:
        case ModelReply():
            return reply if reply.input_tokens else replace(reply, input_tokens=input_tokens)
        case Call():
            return _as_reply(Calls((reply,)), input_tokens, request)
        case Calls(calls=calls):
            earlier = sum(len(message.tool_calls) for message in request.messages)
            return ModelReply(
                text="",
                tool_calls=tuple(
                    ToolCall(id=f"call_{earlier + number}", name=call.tool, arguments=json.dumps(call.arguments))
                    for number, call in enumerate(calls, start=1)
                ),
                finish="tool_calls",
                input_tokens=input_tokens,
                output_tokens=len(calls),
            )
        case Json(value=value):
            text = json.dumps(value, ensure_ascii=False)
        case str():
            text = reply
        case _:
            text = json.dumps(reply, ensure_ascii=False)
    return ModelReply(text=text, input_tokens=input_tokens, output_tokens=len(text.split()))

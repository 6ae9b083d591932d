"""The chat-completions format: a ModelRequest as JSON, and a completion as a ModelReply."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import orjson

from agentcore.domain.errors import ModelOutputInvalid, ModelUnavailable
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.message import Message, ToolCall, ToolSpec
from agentcore.ports.model import ModelReply, ModelRequest

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one server wants its requests.

    model: the name it knows.  output_limit_key: `max_tokens` or `max_completion_tokens`.
    strict_schema: ask for the strict form of JSON Schema.  extra: merged into every body last; null removes a key.
    """

    model: str
    output_limit_key: str = "max_tokens"
    strict_schema: bool = False
    extra: Mapping[str, JSON] = field(default_factory=dict[str, JSON])

    def encode(self, request: ModelRequest, *, stream: bool) -> bytes:
        """Return the body of a request."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [encode_message(message) for message in request.messages],
            "temperature": request.temperature,
            self.output_limit_key: request.max_output_tokens,
        }
        if request.tools:
            body["tools"] = encode_tools(request.tools)
            if request.tool_required:
                body["tool_choice"] = "required"
        if request.schema is not None:
            body["response_format"] = response_format(request.schema, strict=self.strict_schema)
        if request.seed is not None:
            body["seed"] = request.seed
        if request.logprobs:
            body["logprobs"] = True
        if stream:
            body["stream"] = True
            body["stream_options"] = {"include_usage": True}
        for key, value in self.extra.items():
            if value is None:
                body.pop(key, None)
            else:
                body[key] = value
        return orjson.dumps(body, default=_plain)


def encode_message(message: Message) -> dict[str, Any]:
    """Return a message in the chat-completions format."""
    if message.tool_calls:
        return {
            "role": "assistant",
            "content": message.content or None,
            "tool_calls": [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in message.tool_calls
            ],
        }
    if message.tool_call_id is not None:
        return {"role": message.role, "content": message.content, "tool_call_id": message.tool_call_id}
    return {"role": message.role, "content": message.content}


def encode_tools(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    """Return tools in the chat-completions format."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
        }
        for tool in tools
    ]


def response_format(schema: JSONObject, *, strict: bool) -> dict[str, Any]:
    """Return the demand for an answer that satisfies a JSON Schema."""
    return {"type": "json_schema", "json_schema": {"name": "output", "schema": schema, "strict": strict}}


def decode(completion: Any, where: str) -> ModelReply:
    """Return the first choice of a completion. where: the server, for messages.

    Raises ModelUnavailable when it has no choice, ModelOutputInvalid when its tool calls are malformed.
    """
    try:
        choice = completion["choices"][0]
        message = choice["message"]
        text, finish = _text(message, choice.get("finish_reason"))
        calls = message.get("tool_calls")
        logprobs = choice.get("logprobs")
        usage = completion.get("usage")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ModelUnavailable(f"{where} sent a completion without a choice") from None
    return _reply(text, _calls(calls, finish, where) if calls else (), finish, logprobs, usage)


class StreamedReply:
    """Puts the chunks of a streamed completion together."""

    __slots__ = ("_calls", "_finish", "_logprobs", "_refusal", "_text", "_usage", "_where")

    def __init__(self, where: str) -> None:
        self._where = where
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._logprobs: list[Any] = []
        self._usage: Any = None
        self._finish: str | None = None

    def add(self, chunk: Any) -> str:
        """Take a chunk in, and return the text it adds. Raises ModelUnavailable when it is not a chunk."""
        try:
            self._usage = chunk.get("usage") or self._usage
            choices = chunk.get("choices")
            if not choices:
                return ""
            choice = choices[0]
            self._finish = choice.get("finish_reason") or self._finish
            self._logprobs += (choice.get("logprobs") or _NOTHING).get("content") or ()
            delta = choice.get("delta") or _NOTHING
            for call in delta.get("tool_calls") or ():
                self._add_call(call)
            text: str = delta.get("content") or ""
            if text:
                self._text.append(text)
            if delta.get("refusal"):
                self._refusal.append(delta["refusal"])
        except (KeyError, TypeError, AttributeError):
            raise ModelUnavailable(f"{self._where} sent a chunk that is not of a chat completion") from None
        return text

    def reply(self) -> ModelReply:
        """Return the answer. Raises ModelUnavailable when it was cut off, ModelOutputInvalid as `decode` does."""
        if self._finish is None:
            raise ModelUnavailable(f"{self._where} cut the stream off before the end of the answer")
        refused = "".join(self._refusal)
        finish = "refusal" if refused else self._finish
        calls = _calls([self._calls[index] for index in sorted(self._calls)], finish, self._where)
        return _reply(refused or "".join(self._text), calls, finish, {"content": self._logprobs}, self._usage)

    def _add_call(self, piece: Any) -> None:
        # Some servers leave the index out and send each call whole, with an id of its own.
        index = piece.get("index")
        if index is None:
            index = len(self._calls) if piece.get("id") or not self._calls else max(self._calls)
        call = self._calls.setdefault(index, {"id": "", "function": {"name": "", "arguments": ""}})
        call["id"] = piece.get("id") or call["id"]
        function = piece.get("function") or _NOTHING
        call["function"]["name"] += function.get("name") or ""
        arguments = function.get("arguments") or ""
        if not isinstance(arguments, str):
            arguments = orjson.dumps(arguments).decode()
        call["function"]["arguments"] += arguments


def _text(message: Any, finish: str | None) -> tuple[str, str]:
    """Return the text of a message, and why it ended."""
    content = message.get("content")
    if not content:
        refusal = message.get("refusal")
        return (refusal, "refusal") if refusal else ("", finish or "stop")
    if not isinstance(content, str):  # a list of parts
        content = "".join(part.get("text") or "" for part in content)
    return content, finish or "stop"


def _calls(calls: Sequence[Any], finish: str, where: str) -> tuple[ToolCall, ...]:
    return tuple(_call(call, number, finish, where) for number, call in enumerate(calls, start=1))


def _call(call: Any, number: int, finish: str, where: str) -> ToolCall:
    try:
        function = call["function"]
        name = function["name"]
        arguments = function.get("arguments") or "{}"
        id = call.get("id") or f"call_{number}"
    except (KeyError, TypeError, AttributeError):
        raise ModelOutputInvalid(f"the model at {where} sent a tool call without a function") from None
    if not name:
        raise ModelOutputInvalid(f"the model at {where} sent a tool call without a name")
    if not isinstance(arguments, str):
        return ToolCall(id=id, name=name, arguments=orjson.dumps(arguments).decode())
    check_arguments(name, arguments, finish, where)
    return ToolCall(id=id, name=name, arguments=arguments)


def check_arguments(tool: str, arguments: str, finish: str, where: str) -> None:
    """Raise ModelOutputInvalid unless a tool call's arguments are the text of a JSON object."""
    try:
        whole = isinstance(orjson.loads(arguments), dict)
    except orjson.JSONDecodeError:
        whole = False
    if whole:
        return
    shown = arguments if len(arguments) <= 120 else f"{arguments[:120]}…"
    raise ModelOutputInvalid(
        f"the model at {where} called {tool} with arguments that are not a JSON object: {shown!r}",
        hint="the answer reached its limit of output tokens; raise the agent's limits.output_tokens"
        if finish == "length"
        else "another try may help; if it does not, use a model that is better with tools, or native_tools: false",
    )


def _reply(text: str, calls: tuple[ToolCall, ...], finish: str, logprobs: Any, usage: Any) -> ModelReply:
    usage = usage or _NOTHING
    details = usage.get("prompt_tokens_details") or _NOTHING
    tokens = (logprobs or _NOTHING).get("content")
    return ModelReply(
        text=text,
        tool_calls=calls,
        input_tokens=usage.get("prompt_tokens") or 0,
        output_tokens=usage.get("completion_tokens") or 0,
        cached_tokens=details.get("cached_tokens") or 0,
        # Servers disagree on whether calls end with "stop"; the calls themselves decide.
        finish="tool_calls" if calls and finish == "stop" else finish,
        logprobs=tuple(token["logprob"] for token in tokens) if tokens else (),
        usd=_charged(usage.get("cost")),
    )


def _charged(cost: Any) -> Decimal | None:
    """Return what a server says that the call cost, as OpenRouter does: US dollars."""
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < math.inf:
        return None
    return Decimal(str(cost))


def _plain(value: Any) -> Any:
    """Turn the immutable maps and sequences of the domain into what orjson knows."""
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  a map of any type
    if isinstance(value, Sequence):
        return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  as above
    raise TypeError(f"{type(value).__name__} is not JSON")

"""How large a model request is: a forecast for the router, and for the budget a bound or a count."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from agentcore.domain.message import Message
from agentcore.ports.model import Model, ModelRequest

CHARACTERS_PER_TOKEN = 3
"""Of a forecast: few enough for most languages written in letters."""

_TEMPLATE_TOKENS = 64
"""What a chat template may put around a conversation: a system prompt of its own, the start of the reply."""

_TURN_TOKENS = 16
"""What it may put around a message or a tool call: role and delimiters."""


def likely_tokens(request: ModelRequest) -> int:
    """Return about how many input tokens a request has, to compare models by cost."""
    characters = offered_characters(request)
    for message in request.messages:
        characters += len(message.content)
    return characters // CHARACTERS_PER_TOKEN


def offered_characters(request: ModelRequest) -> int:
    """Return how many of a request's characters are not in its messages: those of tools and schema."""
    return len(_offered(request))


def most_tokens(request: ModelRequest) -> int:
    """Return a number of input tokens that no tokeniser passes: every token stands for at least a byte of text.

    It is about four times what English text has, and costs next to nothing where counting costs 75 µs a kilobyte.
    """
    most = _TEMPLATE_TOKENS + len(_offered(request))
    for message in request.messages:
        most += _TURN_TOKENS + _bytes(message.content)
        for call in message.tool_calls:
            most += _TURN_TOKENS + _bytes(call.name) + _bytes(call.arguments)
    return most


def counted_tokens(request: ModelRequest, model: Model) -> int:
    """Return the input tokens of a request as the model counts them, its tools and its schema as JSON text."""
    offered = _offered(request)
    messages: Sequence[Message] = request.messages
    if offered:
        messages = (*messages, Message(role="system", content=offered.decode()))
    return model.count_tokens(messages)


def _offered(request: ModelRequest) -> bytes:
    """Return what is sent beside the messages, as JSON."""
    if not request.tools and request.schema is None:
        return b""
    return orjson.dumps([request.tools, request.schema], default=dict)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))

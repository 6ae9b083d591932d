"""How many tokens a conversation takes as input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from agentcore.domain.message import Message

TokenCounter: TypeAlias = Callable[[str], int]
"""Returns the number of tokens of a text."""

_PER_MESSAGE = 4
"""Role and delimiters: 3 in OpenAI's chat format, 4 in ChatML's."""

_PER_REPLY = 3
"""Every reply is primed with the assistant's delimiters."""


def prompt_tokens(messages: Sequence[Message], count: TokenCounter) -> int:
    """Return the input tokens of the messages: their texts and tool calls, and the chat format around them."""
    total = _PER_REPLY
    for message in messages:
        total += _PER_MESSAGE + (count(message.content) if message.content else 0)
        for call in message.tool_calls:
            total += _PER_MESSAGE + count(call.name) + count(call.arguments)
    return total

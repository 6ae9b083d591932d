"""The port to a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from agentcore.domain.json import JSONObject
from agentcore.domain.message import Message, ToolCall, ToolSpec

OnText = Callable[[str], None]
"""Receives each piece of text as it streams in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One chat completion.

    schema: a JSON Schema that the text must satisfy, None for free text; with `tools` it governs the final text.
    tool_required: the model must call a tool now.  seconds: time-out for the whole call, retries included.
    slot: a hint which prompt prefix this shares with earlier calls (the agent's name), for prefix caches.
    shared_messages: how many messages at the beginning are the same in every call of that slot, and hold nothing that
    a user or a tool said.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_required: bool = False
    schema: JSONObject | None = None
    max_output_tokens: int = 512
    temperature: float = 0.0
    seed: int | None = None
    logprobs: bool = False
    seconds: float = 120.0
    slot: str = ""
    shared_messages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """What a model answered.

    finish: "stop", "length", "tool_calls" or the provider's own word.  logprobs: one natural logarithm per output
    token, empty when not asked for or not available.  tokens are counted by the provider where it does.
    usd: what the provider says that the call cost, None where it says nothing: then the declared price counts.
    """

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    finish: str = "stop"
    logprobs: tuple[float, ...] = ()
    usd: Decimal | None = None


class Model(Protocol):
    """A model that answers chat completions.

    Cancelling `complete` cancels the call at the provider. It raises ModelTimeout, ModelUnavailable,
    ModelRequestRejected or ModelOutputInvalid, and nothing else of its own.
    """

    async def complete(self, request: ModelRequest, on_text: OnText | None = None) -> ModelReply:
        """Return the whole answer; with `on_text`, also hand over its text piece by piece."""
        ...

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return how many tokens the messages take as input; an upper estimate where it cannot be exact."""
        ...

    async def aclose(self) -> None:
        """Release connections, threads and memory. The model is not used again."""
        ...

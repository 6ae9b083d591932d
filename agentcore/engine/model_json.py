"""What is recorded of a model call: its request and its reply as JSON, and the reply of a record."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from agentcore.domain.budget import Usage
from agentcore.domain.json import JSON
from agentcore.domain.message import Message, ToolCall
from agentcore.ports.model import ModelReply, ModelRequest


def request_json(request: ModelRequest) -> JSON:
    """Return what is recorded of a request: the messages, the names of the tools, the schema and the settings."""
    recorded: dict[str, JSON] = {"messages": [_message_json(message) for message in request.messages]}
    if request.tools:
        recorded["tools"] = [tool.name for tool in request.tools]
    if request.schema is not None:
        recorded["schema"] = request.schema
    recorded["max_output_tokens"] = request.max_output_tokens
    recorded["temperature"] = request.temperature
    return recorded


def _message_json(message: Message) -> JSON:
    recorded: dict[str, JSON] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        recorded["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        recorded["tool_call_id"] = message.tool_call_id
    return recorded


def reply_json(reply: ModelReply) -> JSON:
    """Return what is recorded of a reply, beside its tokens; of its tokens' log-probabilities, the mean."""
    recorded: dict[str, JSON] = {"text": reply.text, "finish": reply.finish}
    if reply.logprobs:
        recorded["log_probability"] = sum(reply.logprobs) / len(reply.logprobs)
    if reply.tool_calls:
        recorded["tool_calls"] = [
            {"id": call.id, "name": call.name, "arguments": call.arguments} for call in reply.tool_calls
        ]
    return recorded


def reply_of(output: JSON, used: Usage) -> ModelReply:
    """Return the reply that `reply_json` was made of, with the mean log-probability for those of the tokens.

    Records of the first version have no ids of calls.
    """
    recorded = cast("dict[str, Any]", output)
    calls = enumerate(recorded.get("tool_calls", ()))
    return ModelReply(
        text=recorded["text"],
        tool_calls=tuple(
            ToolCall(id=call.get("id", f"call_{number}"), name=call["name"], arguments=call["arguments"])
            for number, call in calls
        ),
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cached_tokens=used.cached_tokens,
        finish=recorded["finish"],
        logprobs=(recorded["log_probability"],) if "log_probability" in recorded else (),
    )


def usage_of(reply: ModelReply, usd: Decimal) -> Usage:
    """Return what a reply has used. usd: what it cost."""
    return Usage(
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        cached_tokens=reply.cached_tokens,
        calls=1,
        usd=usd,
    )

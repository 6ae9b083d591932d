"""Structured output for models that have tools, but no JSON schemas: the answer is the arguments of a tool."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agentcore.domain.errors import ModelOutputInvalid
from agentcore.domain.json import JSONObject
from agentcore.domain.message import Message, ToolSpec
from agentcore.ports.model import Model, ModelReply, ModelRequest, OnText

_ANSWER = "give_answer"
"""Not a name that a project's tool is likely to have."""


class SchemaByTool:
    """A Model that gets structured output from another model's tool calls.

    With a schema, one more tool takes the answer, and a call is required. The answer is handed over in one piece.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    def __repr__(self) -> str:
        return f"SchemaByTool({self._model!r})"

    async def complete(self, request: ModelRequest, on_text: OnText | None = None) -> ModelReply:
        """Return the answer; see the port."""
        if request.schema is None or (request.tools and request.tool_required):
            return await self._model.complete(replace(request, schema=None), on_text)
        is_object = request.schema.get("type") == "object"
        answer = ToolSpec(
            name=_ANSWER,
            description="Gives the final answer. Call it once, when you know the answer.",
            parameters=request.schema if is_object else _boxed(request.schema),
        )
        reply = await self._model.complete(
            replace(request, tools=(*request.tools, answer), tool_required=True, schema=None)
        )
        reply = _understood(reply, is_object=is_object)
        if on_text is not None and reply.text:
            on_text(reply.text)
        return reply

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the input tokens of the messages; the answer's schema comes on top."""
        return self._model.count_tokens(messages)

    async def aclose(self) -> None:
        """Close the model."""
        await self._model.aclose()


def _boxed(schema: JSONObject) -> JSONObject:
    """Tools take objects only."""
    return {"type": "object", "properties": {"answer": schema}, "required": ["answer"], "additionalProperties": False}


def _understood(reply: ModelReply, *, is_object: bool) -> ModelReply:
    others = tuple(call for call in reply.tool_calls if call.name != _ANSWER)
    if others:  # it wants to know more before it answers
        return replace(reply, tool_calls=others)
    if not reply.tool_calls:
        raise ModelOutputInvalid(f"the model answered with text instead of structured output: {reply.text[:120]!r}")
    text = reply.tool_calls[0].arguments
    if not is_object:
        answer: Any = json.loads(text)
        if "answer" not in answer:
            raise ModelOutputInvalid(f"the model's structured output has no answer: {text[:120]!r}")
        text = json.dumps(answer["answer"], ensure_ascii=False)
    return replace(reply, text=text, tool_calls=(), finish="stop")

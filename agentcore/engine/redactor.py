"""Redactor: takes out of what is sent what policies want redacted. A fault in that denies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import orjson

from agentcore.domain.decision import Decision
from agentcore.domain.detection import Span
from agentcore.domain.dues import Dues, asking
from agentcore.domain.errors import GuardDenied, PolicyDenied, ToolInputInvalid
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.message import Message, ToolCall
from agentcore.domain.nearest import unknown
from agentcore.domain.redaction import redacted, texts_of, with_texts
from agentcore.engine.guards import Guard, Guards
from agentcore.engine.history import Recorded
from agentcore.engine.output import json_text
from agentcore.ports.model import ModelRequest
from agentcore.ports.tool import ToolDefinition
from agentcore.verification.schema import schema_errors


class Redactor:
    """Redacts by the detectors of a project's guards, wherever these look otherwise.

    A failure of a detector denies here, whatever `on_failure` says.
    """

    def __init__(self, guards: Guards) -> None:
        self._guards = guards

    async def value(self, value: JSON, types: Sequence[str]) -> JSON:
        """Return a value without what is found of these types. Raises GuardDenied."""
        changed = await self._changed(texts_of(value), types)
        return with_texts(value, changed) if changed else value

    async def arguments(
        self, definition: ToolDefinition, decision: Decision, arguments: JSONObject, begun: Recorded | None
    ) -> JSONObject:
        """Return what may be sent of a call's arguments; of one that began, what was sent.

        Raises PolicyDenied when it cannot be told, ToolInputInvalid when what is left does not fit the tool.
        """
        types = Dues.of(decision.obligations).redact
        if not types:
            return arguments
        if begun is not None and begun.started is not None:
            return cast("JSONObject", begun.started.request)
        try:
            sent = cast("JSONObject", await self.value(arguments, types))
        except GuardDenied as error:
            raise PolicyDenied(decision.failed("redact", error.message)) from error
        if sent is not arguments and (problems := schema_errors(definition.parameters, sent)):
            by = asking(decision.obligations, "redact")
            raise ToolInputInvalid(
                f"{definition.name}: redacted, as {by} asks, they do not fit: {'; '.join(problems)}"
            )
        return sent

    async def request(self, request: ModelRequest, types: Sequence[str]) -> ModelRequest:
        """Return a request without what is found of these types in its messages.

        Raises GuardDenied, also when something is found in what cannot be changed: the declarations of its tools, and
        the schema of its answer.
        """
        fixed: list[JSON] = [[tool.description, tool.parameters] for tool in request.tools]
        if await self._changed(texts_of([*fixed, request.schema]), types):
            raise GuardDenied("the declarations of the tools, or the schema of the answer, hold what must be redacted")
        arguments = {
            call.arguments: _Arguments.of(call) for message in request.messages for call in message.tool_calls
        }
        texts = [message.content for message in request.messages]
        changed = await self._changed([*texts, *texts_of([each.value for each in arguments.values()])], types)
        if not changed:
            return request
        return replace(request, messages=tuple(_redacted(message, arguments, changed) for message in request.messages))

    async def _changed(self, texts: Iterable[str], types: Sequence[str]) -> Mapping[str, str]:
        """Return the texts in which something was found → what stands for them."""
        every = [text for text in dict.fromkeys(texts) if text]
        wanted: dict[str, set[str]] = {}
        for each in types:
            detector, _, type_ = each.partition(":")
            wanted.setdefault(detector, set()).add(type_)
        spans: dict[str, list[Span]] = {}
        for detector, named in sorted(wanted.items()):
            guards = self._guards.named(detector)
            if not guards:
                raise GuardDenied(unknown("detector", detector, self._guards.names))
            for guard in guards:
                for text, found in zip(every, await _found(guard, every, named), strict=True):
                    spans.setdefault(text, []).extend(found)
        return {text: redacted(text, found) for text, found in spans.items() if found}


async def _found(guard: Guard, texts: Sequence[str], named: set[str]) -> list[list[Span]]:
    """Return for each text what the detector finds. named: types; the empty one is all of them."""

    def look() -> list[list[Span]]:
        return [_spans(guard, text, named) for text in texts]

    try:
        async with asyncio.timeout(guard.seconds * max(1, len(texts))):
            return await asyncio.to_thread(look)
    except Exception as error:  # foreign code
        what = "took too long" if isinstance(error, TimeoutError) else f"failed ({error!r})"
        raise GuardDenied(f"the detector {guard.detector.name} {what}") from error


def _spans(guard: Guard, text: str, named: set[str]) -> list[Span]:
    found = guard.detector.detect(text)
    if not found.flagged:
        return []
    if not found.spans:  # it is the text as a whole, whatever type is meant
        return [Span(type=guard.detector.name, start=0, end=len(text))]
    return [span for span in found.spans if "" in named or span.type in named]


@dataclass(frozen=True, slots=True)
class _Arguments:
    """A call's arguments, read where they are JSON, so that what is escaped in them is found; else as text."""

    value: JSON
    is_json: bool

    @staticmethod
    def of(call: ToolCall) -> _Arguments:
        try:
            return _Arguments(cast("JSON", orjson.loads(call.arguments)), is_json=True)
        except orjson.JSONDecodeError:
            return _Arguments(call.arguments, is_json=False)

    def redacted(self, call: ToolCall, changed: Mapping[str, str]) -> ToolCall:
        value = with_texts(self.value, changed)
        if value == self.value:
            return call
        return replace(call, arguments=json_text(value) if self.is_json else str(value))


def _redacted(message: Message, arguments: Mapping[str, _Arguments], changed: Mapping[str, str]) -> Message:
    return replace(
        message,
        content=changed.get(message.content, message.content),
        tool_calls=tuple(arguments[call.arguments].redacted(call, changed) for call in message.tool_calls),
    )

"""What a cached reply is found by: digests of all that a model call is. Pure.

Nothing is left out that could make the reply another one, or let somebody else have it: two calls that differ in
tenant, confidentiality, sources or findings of their data, purpose, agent, policies, model or parameters differ in
every digest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from agentcore.domain.cache_hit import CacheScope
from agentcore.domain.decision import Decision
from agentcore.domain.ids import ModelName
from agentcore.domain.json import JSON, digest
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.message import Message, ToolSpec
from agentcore.domain.task import Task
from agentcore.engine.effect import Caller
from agentcore.ports.model import ModelRequest
from agentcore.ports.response_cache import CachedReply
from agentcore.prompts.trim import QUESTION

FORM: Final = 1
"""Raised when what a reply means has changed, so that none of before is served any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheKey:
    """By what a reply to one call is found, and whom it is for. The fields are those of CachedReply.

    group: empty when another wording must not be answered alike: there is no question that ends the request.
    """

    key: str
    group: str
    question: str
    tenant: str
    user: str
    only_for: str
    label: Label

    def admits(self, reply: CachedReply) -> bool:
        """Return whether a reply is for this call: asked again of what was found, whatever it was found by."""
        return (
            (reply.key == self.key or (self.group != "" and reply.group == self.group))
            and reply.tenant == self.tenant
            and reply.only_for == self.only_for
            and reply.only_for in {"", self.user}
            and reply.label == self.label
        )


def cache_key(
    caller: Caller,
    request: ModelRequest,
    task: Task,
    decision: Decision,
    *,
    model: ModelName,
    provider: str,
    scope: CacheScope,
) -> CacheKey | None:
    """Return the key of a call, None for one whose reply must not be served again.

    provider: whatever tells the model apart from others that had its name.  decision: of policy about the call.

    Not to be served are: a call whose words are drawn at random without a seed, one that is made again because what
    came before was not good enough, and one with secrets. Personal data are for the same user only.
    """
    random = request.temperature > 0
    if (random and request.seed is None) or caller.attempt > 1 or caller.rejected:
        return None
    label = caller.label
    if label.confidentiality >= Confidentiality.SECRET:
        return None
    only_for = task.principal if scope == "user" or label.confidentiality >= Confidentiality.PERSONAL else ""
    shared: list[JSON] = [
        FORM,
        [model, provider],
        [request.temperature, request.seed if random else None, request.max_output_tokens, request.logprobs],
        # As text: a model writes an object's fields in the order of its schema.
        json.dumps([request.schema, [_tool(tool) for tool in request.tools]], default=dict),
        request.tool_required,
        [caller.agent.name, caller.agent.version],
        [task.tenant, only_for, task.purpose],
        [int(label.confidentiality), sorted(label.sources), sorted(label.findings)],
        [decision.bundle, json.dumps([asdict(each) for each in decision.obligations], default=str)],
    ]
    messages = [_message(message) for message in request.messages]
    before, question = _parted(request.messages)
    return CacheKey(
        key=digest([*shared, messages]),
        group=digest([*shared, messages[:-1], before]) if question else "",
        question=question,
        tenant=task.tenant,
        user=task.principal,
        only_for=only_for,
        label=label,
    )


def _tool(tool: ToolSpec) -> JSON:
    return [tool.name, tool.description, tool.parameters, tool.note]


def _message(message: Message) -> JSON:
    calls: list[Any] = [[call.id, call.name, call.arguments] for call in message.tool_calls]
    return [message.role, message.content, calls, message.tool_call_id]


def _parted(messages: Sequence[Message]) -> tuple[str, str]:
    """Return the last message in two parts: the data before the question, and the question; empty without one."""
    if not messages or messages[-1].role != "user":
        return "", ""
    text = messages[-1].content
    begins = [found.end() for found in QUESTION.finditer(text)]
    return (text[: begins[-1]], text[begins[-1] :]) if begins else (text, "")

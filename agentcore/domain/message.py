"""Messages between the runtime and a model, and what a model may call."""

from __future__ import annotations

from typing import Literal

from agentcore.domain.frozen import frozen
from agentcore.domain.json import JSONObject

Speaker = Literal["system", "user", "assistant", "tool"]


@frozen
class ToolCall:
    """A model's wish to call a tool. arguments: JSON text as the model wrote it, not yet validated."""

    id: str
    name: str
    arguments: str


@frozen
class Message:
    """One turn of a conversation.

    tool_calls: only in an assistant's message.  tool_call_id: only in a tool's, the call it answers.
    """

    role: Speaker
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@frozen
class ToolSpec:
    """A tool as a model sees it.

    parameters: a JSON Schema of type object.  note: what helps with this very step (names of facts, values that it
    mentions); it stands beside the step's data, so that the description, and a prompt's cached prefix, stay the same.
    """

    name: str
    description: str
    parameters: JSONObject
    note: str = ""

"""What of a tool's result may go on to an agent. It is recorded whole, whatever its size."""

from __future__ import annotations

from agentcore.domain.effect import Safety
from agentcore.domain.errors import ToolError
from agentcore.domain.texts import texts
from agentcore.engine.guards import is_binary
from agentcore.engine.output import json_text
from agentcore.ports.tool import ToolDefinition, ToolResult


def bearable(definition: ToolDefinition, result: ToolResult, most: int) -> ToolResult:
    """Return a result that an agent can have: one that is too large for a prompt, or binary, is withheld.

    most: characters of the result as JSON. Raises ToolError when the tool only reads: the agent may ask for less. Of a
    tool that changes something the call has happened, which the agent must know; it gets the reason as `withheld`.
    """
    size = len(json_text(result.value))
    if size > most:
        problem = f"has {size:,} characters, more than {most:,} (`limits.result_characters`); ask for less at once"
    elif any(map(is_binary, texts(result.value))):
        problem = "has binary data in a text"
    else:
        return result
    reason = f"the result of {definition.name} {problem}"
    if definition.safety is Safety.READ:
        raise ToolError(reason)
    return ToolResult(value={"withheld": reason}, label=result.label)

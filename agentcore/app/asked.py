"""What a question is about, as a project defines it: so that what people write instead can be judged at once."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from agentcore.app.build import build_tools
from agentcore.domain.approval import Approval
from agentcore.domain.errors import ApprovalError
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.verification.schema import schema_errors

if TYPE_CHECKING:
    from agentcore.config.project import Project


async def judge_edit(project: Project, approval: Approval, value: JSON) -> None:
    """Judge the other arguments, or the other output, that a person has written.

    Raises ApprovalError when they do not satisfy the schema, and ConfigError or PluginError when the tool cannot be
    made. Nothing is judged when the project has no such tool or agent any more.
    """
    if approval.subject == "output":
        agent = project.agents.get(approval.agent)
        schema = None if agent is None else agent.output
    else:
        schema = await _parameters(project, ToolName(approval.name))
    problems = () if schema is None else schema_errors(schema, value)
    if problems:
        what = "output" if approval.subject == "output" else "arguments"
        raise ApprovalError(
            f"these {what} do not fit {approval.name}: {'; '.join(problems)}",
            hint=f"what was asked about is shown by `agentcore approvals show {approval.id}`",
        )


async def _parameters(project: Project, name: ToolName) -> JSONObject | None:
    """Return the schema of a tool's arguments. Only tools that may be it are made, and closed again."""
    groups = {key: each for key, each in project.tools.items() if name == key or name.startswith(f"{key}-")}
    async with contextlib.AsyncExitStack() as stack:
        tools = build_tools(replace(project, tools=groups))
        for tool in tools.values():
            stack.push_async_callback(tool.aclose)
        found = tools.get(name)
        return None if found is None else found.definition.parameters

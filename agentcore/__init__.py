"""agentcore: a multi-agent supervisor runtime.

The public names. Each is imported when it is first used, so that `import agentcore` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from agentcore.version import __version__

if TYPE_CHECKING:
    from agentcore.app import Runtime, load_project
    from agentcore.config.models import model
    from agentcore.config.project import Project
    from agentcore.config.scenarios import Scenario
    from agentcore.define import agent, tool
    from agentcore.domain.agent import Agent, Check, Limits, Requirements, Routing
    from agentcore.domain.approval import ApprovalRecord
    from agentcore.domain.approval_rule import ApprovalRule
    from agentcore.domain.budget import Budget
    from agentcore.domain.errors import AgentcoreError, ToolError
    from agentcore.domain.event import Event
    from agentcore.domain.run import Run
    from agentcore.domain.task import Task
    from agentcore.domain.team import RunLimits, Team
    from agentcore.domain.trace import Trace, trace
    from agentcore.engine.handle import RunHandle
    from agentcore.ports.tool import ToolContext
    from agentcore.routing.profile import ModelProfile, Price

__all__ = [
    "Agent",
    "AgentcoreError",
    "ApprovalRecord",
    "ApprovalRule",
    "Budget",
    "Check",
    "Event",
    "Limits",
    "ModelProfile",
    "Price",
    "Project",
    "Requirements",
    "Routing",
    "Run",
    "RunHandle",
    "RunLimits",
    "Runtime",
    "Scenario",
    "Task",
    "Team",
    "ToolContext",
    "ToolError",
    "Trace",
    "__version__",
    "agent",
    "load_project",
    "model",
    "tool",
    "trace",
]

_HOMES = {
    "Agent": "domain.agent",
    "AgentcoreError": "domain.errors",
    "ApprovalRecord": "domain.approval",
    "ApprovalRule": "domain.approval_rule",
    "Budget": "domain.budget",
    "Check": "domain.agent",
    "Event": "domain.event",
    "Limits": "domain.agent",
    "ModelProfile": "routing.profile",
    "Price": "routing.profile",
    "Project": "config.project",
    "Requirements": "domain.agent",
    "Routing": "domain.agent",
    "Run": "domain.run",
    "RunHandle": "engine.handle",
    "RunLimits": "domain.team",
    "Runtime": "app",
    "Scenario": "config.scenarios",
    "Task": "domain.task",
    "Team": "domain.team",
    "ToolContext": "ports.tool",
    "ToolError": "domain.errors",
    "Trace": "domain.trace",
    "agent": "define",
    "load_project": "app",
    "model": "config.models",
    "tool": "define",
    "trace": "domain.trace",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

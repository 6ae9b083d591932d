"""Known: what the parts of a project may name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from agentcore.config.source import KeyPath
from agentcore.domain.agent import Agent, Role
from agentcore.domain.effect import Safety
from agentcore.domain.ids import AgentName, ModelName
from agentcore.routing.fitted_steps import NOTHING_FITTED, FittedSteps
from agentcore.routing.profile import ModelProfile

Finding = tuple[KeyPath, str]
"""A path in the terms of the file, and what is wrong there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a project has. Names whose definition is itself wrong have None, and are not judged a second time.

    tools: names of tools and of groups; a tool of the group `shop` is `shop-something`.  safeties: of tools, as far as
    the project says so.  fitted: what was learnt of its steps; None when the file of that is itself wrong.
    """

    agents: Mapping[AgentName, Agent | None]
    models: Mapping[ModelName, ModelProfile | None]
    tools: Collection[str]
    safeties: Mapping[str, Safety] = field(default_factory=dict[str, Safety])
    fitted: FittedSteps | None = NOTHING_FITTED

    def has_tool(self, name: str) -> bool:
        """Return whether there is a tool of that name, or a group to which it may belong."""
        return name in self.tools or any(name.startswith(f"{group}-") for group in self.tools)

    def of_role(self, role: Role) -> list[str]:
        """Return the agents of a role; all of them when there is none."""
        return [name for name, agent in self.agents.items() if agent is None or agent.role is role] or list(
            self.agents
        )

    def models_of(self, agent: Agent) -> list[ModelProfile]:
        """Return the models that an agent may use, as far as they are known."""
        names = agent.requirements.models or tuple(self.models)
        return [profile for name in names if (profile := self.models.get(name)) is not None]

"""Vocabulary: what a project has that policies can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentcore.domain.agent import Role
from agentcore.domain.effect import Safety
from agentcore.domain.json import JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAgent:
    """An agent.

    tools: that it declares.  models: that it may use.  used: it is in the team or on a panel.  panel: how many verify
    its outputs.
    """

    name: str
    role: Role
    tools: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    used: bool = True
    panel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTool:
    """A tool. safety, parameters (a JSON Schema): None when they are not known, because it could not be built.

    labels: what its results are, in the project's own words.
    """

    name: str
    safety: Safety | None = None
    parameters: JSONObject | None = None
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """A model, with what policies can ask of it. region: empty when it is not known."""

    name: str
    family: str = ""
    provider: str = ""
    local: bool = False
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All that is known of a project, by name.

    groups: names of tools that could not be built: each may be one tool, or several called `group-something`.
    supervisor: empty where nobody plans.  workers: who can be given steps, the agent that answers last.
    triggers: what starts runs by itself.
    detectors: of the project's guards, by which findings are named.  notifies: somebody outside can be told.
    """

    agents: Mapping[str, KnownAgent]
    tools: Mapping[str, KnownTool]
    models: Mapping[str, KnownModel]
    supervisor: str
    workers: tuple[str, ...]
    groups: frozenset[str] = frozenset()
    triggers: frozenset[str] = frozenset()
    detectors: frozenset[str] = frozenset()
    notifies: bool = True

    def has_tool(self, name: str) -> bool:
        """Return whether there is a tool of that name, or may be one."""
        return name in self.tools or any(name == group or name.startswith(f"{group}-") for group in self.groups)

    def tool(self, name: str) -> KnownTool:
        """Return what is known of a tool, which may be nothing but its name."""
        return self.tools.get(name) or KnownTool(name=name)

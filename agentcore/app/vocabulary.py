"""What a project has that policies can name: read from its definitions, and from the tools that it builds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentcore.app.build import build_tool
from agentcore.app.project import installed_plugins
from agentcore.config.references import unused_agents
from agentcore.domain.agent import Agent
from agentcore.domain.errors import AgentcoreError
from agentcore.policy.vocabulary import KnownAgent, KnownModel, KnownTool, Vocabulary
from agentcore.ports.tool import Tool

if TYPE_CHECKING:
    from agentcore.config.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A vocabulary, and what is missing in it. unbuilt: the tools that cannot be built here, each with the reason."""

    vocabulary: Vocabulary
    unbuilt: tuple[str, ...]


def words_of(project: Project) -> Words:
    """Return what policies can name in a project.

    Tools are built, to know their safety and their parameters, and closed again. One that cannot be (a variable is not
    set, a package is missing) is known by its name alone.
    """
    tools = {name: _known(tool) for name, tool in project.built_tools.items()}
    groups: set[str] = set()
    unbuilt: list[str] = []
    for settings in project.tools.values():
        try:
            built = build_tool(project, settings)
        except AgentcoreError as error:
            groups.add(settings.name)
            unbuilt.append(error.message)
            continue
        tools |= {tool.definition.name: _known(tool) for tool in built}
        _close(built)
    team = project.team
    unused = unused_agents(team, project.agents)
    vocabulary = Vocabulary(
        agents={name: _agent(agent, project, used=name not in unused) for name, agent in project.agents.items()},
        tools={str(name): tool for name, tool in tools.items()},
        models=_models(project),
        supervisor="" if team.alone else team.supervisor,
        workers=(*(name for name in team.workers if name != team.answer), team.answer),
        groups=frozenset(groups),
        triggers=frozenset(project.triggers),
        detectors=frozenset(guard.provider for guard in project.guards.values()),
        notifies=project.webhook is not None,
    )
    return Words(vocabulary=vocabulary, unbuilt=tuple(unbuilt))


def _agent(agent: Agent, project: Project, *, used: bool) -> KnownAgent:
    models = agent.requirements.models or tuple(project.profiles)
    return KnownAgent(
        name=agent.name,
        role=agent.role,
        tools=agent.tools,
        models=models,
        used=used,
        panel=len(agent.verification.panel),
    )


def _known(tool: Tool) -> KnownTool:
    definition = tool.definition
    return KnownTool(
        name=definition.name, safety=definition.safety, parameters=definition.parameters, labels=definition.flow.labels
    )


def _models(project: Project) -> dict[str, KnownModel]:
    plugins = installed_plugins()
    found = {
        str(name): KnownModel(name=name, family=profile.family, provider="python", region=profile.region)
        for name, (profile, _) in project.built_models.items()
    }
    for name, settings in project.models.items():
        profile, provider = settings.profile, settings.provider
        local = plugins.model(provider).local
        found[name] = KnownModel(
            name=name, family=profile.family, provider=provider, local=local, region=profile.region
        )
    return found


def _close(tools: Sequence[Tool]) -> None:
    """Close tools; in a thread of its own, because an event loop may be running in this one."""

    async def close() -> None:
        for tool in tools:
            await tool.aclose()

    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(lambda: asyncio.run(close())).result()

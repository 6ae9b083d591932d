"""What a project has, as the space of its policy matrix."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agentcore.app.build import build_tools, policy_texts
from agentcore.app.model_facts import model_facts
from agentcore.config.assertions import ASSERTIONS_FILE, read_assertions
from agentcore.config.load import load_scenario
from agentcore.domain.decision import Action
from agentcore.domain.ids import ToolName
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.facts import Uid
from agentcore.policy.matrix import Matrix, Resource, Space
from agentcore.policy.matrix_assertions import Assertion
from agentcore.ports.tool import Tool, ToolDefinition

if TYPE_CHECKING:
    from agentcore.config.project import Project

OUTPUTS: Final = ("answer", "reason")
"""What leaves a run: the answer, and why there is none."""


async def policy_matrix(project: Project) -> Matrix:
    """Return the matrix of a project.

    Its tools are made, as only they know how safe they are to call, and closed again. Raises ConfigError or
    PluginError with what to do next.
    """
    policies = await asyncio.to_thread(lambda: PolicyEngine.load(policy_texts(project)))
    tools = await asyncio.to_thread(build_tools, project)
    try:
        return Matrix(policies.parsed, space_of(project, {name: tool.definition for name, tool in tools.items()}))
    finally:
        await _close(tools)


async def _close(tools: Mapping[ToolName, Tool]) -> None:
    for tool in tools.values():
        await tool.aclose()


def space_of(project: Project, tools: Mapping[ToolName, ToolDefinition]) -> Space:
    """Return what a project has. tools: what they declare. Raises ConfigError when a scenario is wrong."""
    agents = {str(name): agent.role for name, agent in project.agents.items()}
    workers = {*project.team.workers, project.team.answer}
    given: set[tuple[str, Action, str]] = set()
    if not project.team.alone:
        given |= {(project.team.supervisor, "delegate", worker) for worker in workers}
    given |= {(agent.name, "call_tool", tool) for agent in project.agents.values() for tool in agent.tools}
    return Space(
        agents=agents,
        resources=tuple(_resources(project, tools)),
        given=frozenset(given),
        models=frozenset(str(name) for name in project.profiles),
        sources=(
            *(f"tool:{name}" for name in tools),
            "document:*",
            *(f"agent:{name}" for name in agents),
            *(f"trigger:{name}" for name in project.triggers),
            "person:*",
        ),
    )


def assertions_of(project: Project, space: Space, file: Path | None = None) -> list[Assertion]:
    """Return what is asserted of a project: in a file, or in the one beside its policies, if there is one.

    Raises ConfigError with every problem of the file.
    """
    if file is not None:
        return read_assertions(file, space)
    beside = None if project.policies is None else project.policies / ASSERTIONS_FILE
    return read_assertions(beside, space) if beside is not None and beside.is_file() else []


def _resources(project: Project, tools: Mapping[ToolName, ToolDefinition]) -> Iterator[Resource]:
    names = [project.name, *(load_scenario(path, project).name for path in project.scenarios.values())]
    for name in dict.fromkeys(names):
        yield Resource(action="plan", name=name)
    for name, agent in project.agents.items():
        yield Resource(action="delegate", name=name, attributes=(("role", Uid("Role", agent.role.value)),))
    for name, model in model_facts(project).items():
        facts = (
            ("family", model.family),
            ("provider", model.provider),
            ("local", model.local),
            ("region", model.region),
        )
        yield Resource(action="call_model", name=name, attributes=facts)
    for name, definition in tools.items():
        yield Resource(action="call_tool", name=name, attributes=(("safety", Uid("Safety", definition.safety.value)),))
    for name in OUTPUTS:
        yield Resource(action="release", name=name)

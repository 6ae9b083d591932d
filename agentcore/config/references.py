"""References: what the parts of a project say of one another, judged on values, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentcore.config.json_schema import schema_problems
from agentcore.config.known import Finding, Known
from agentcore.config.problem import unknown
from agentcore.config.routing import repeated_calls, routing_problems
from agentcore.config.verifiers import verification_problems
from agentcore.domain.agent import Agent, Role, ToolUse
from agentcore.domain.endorsement import is_closed
from agentcore.domain.ids import AgentName, ModelName
from agentcore.domain.team import Team
from agentcore.prompts.template import template_problems

ONE_TOOL = frozenset({ToolUse.OUTPUT, ToolUse.FIRST})


def team_problems(team: Team, known: Known) -> Iterator[Finding]:
    """Yield what is wrong with a team."""
    members = [
        *(() if team.alone else ((("supervisor",), team.supervisor, Role.SUPERVISOR),)),
        *((("workers", index), name, Role.WORKER) for index, name in enumerate(team.workers)),
        (("answer",), team.answer, Role.WORKER),
    ]
    for path, name, role in members:
        if name not in known.agents:
            yield path, unknown("agent", name, known.of_role(role))
        else:
            agent = known.agents[name]
            if agent is not None and agent.role is not role:
                yield path, f"`{name}` is a {agent.role}; a {role} is needed here"
    if not team.workers and not team.alone:
        yield ("workers",), "a team needs at least one worker"
    for index, name in enumerate(team.workers):
        if name in team.workers[:index]:
            yield ("workers", index), f"`{name}` is in the list already"


def agent_problems(agent: Agent, known: Known) -> Iterator[Finding]:
    """Yield what is wrong with an agent; paths are those of its file."""
    for index, tool in enumerate(agent.tools):
        if not known.has_tool(tool):
            yield ("tools", index), unknown("tool", tool, known.tools)
    if agent.tool_use in ONE_TOOL and len(agent.tools) != 1:
        yield ("tool_use",), f"`{agent.tool_use}` takes exactly one tool; there are {len(agent.tools)}"
    elif agent.tool_use is ToolUse.REQUIRED and not agent.tools:
        yield ("tool_use",), "`required` takes at least one tool; there are none"
    for message in template_problems(agent.instructions, agent.inputs):
        yield ("instructions",), message
    if agent.approval is not None and agent.role is not Role.WORKER:
        yield ("approval",), f"a {agent.role} has no outputs that people approve; give it to workers"
    yield from _schemas(agent)
    yield from verification_problems(agent, known)
    yield from _models(agent, known)
    yield from routing_problems(agent, known.models, known.fitted)
    yield from repeated_calls(agent, known.safeties)


def _schemas(agent: Agent) -> Iterator[Finding]:
    for name, schema in agent.inputs.items():
        for path, message in schema_problems(schema):
            yield ("inputs", name, *path), message
    if agent.output is not None:
        for path, message in schema_problems(agent.output):
            yield ("output", *path), message
    if agent.endorses and (agent.output is None or not is_closed(agent.output)):
        yield (
            ("endorse",),
            "an agent that endorses needs an `output` without room for text: numbers and enumerations",
        )
    if agent.may_decline and (agent.output or {}).get("type") != "object":
        yield ("may_decline",), "an agent that may decline needs an `output` of type object, to say so in"


def _models(agent: Agent, known: Known) -> Iterator[Finding]:
    wanted = agent.requirements
    for index, name in enumerate(wanted.models):
        if name not in known.models:
            yield ("model", "any_of", index), unknown("model", name, known.models)
    names = wanted.models or tuple(ModelName(name) for name in known.models)
    profiles = [known.models.get(name) for name in names if name in known.models]
    candidates = [profile for profile in profiles if profile is not None]
    if not candidates or len(candidates) < len(profiles):
        return
    listed = ", ".join(f"`{profile.name}`" for profile in candidates)
    if not any(wanted.capabilities <= profile.capabilities for profile in candidates):
        needed = ", ".join(sorted(wanted.capabilities))
        yield ("model", "capabilities"), f"no model that the agent may use ({listed}) is capable of {needed}"
    best = max(profile.quality for profile in candidates)
    if best < wanted.min_quality:
        yield ("model", "min_quality"), f"no model that the agent may use ({listed}) has it; the best has {best}"


def unused_agents(team: Team, agents: Mapping[AgentName, Agent]) -> list[AgentName]:
    """Return agents that no run can reach: neither in the team nor verifying what one of it does."""
    reached = {team.supervisor, *team.workers, team.answer}
    for name in [*reached]:
        if name in agents:
            reached |= set(agents[name].verification.panel)
            if agents[name].verification.escalate_to is not None:
                reached.add(AgentName(str(agents[name].verification.escalate_to)))
    return [name for name in agents if name not in reached]

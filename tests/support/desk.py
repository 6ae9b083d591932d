"""A small team on scripted models, for tests of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import Agent, Capability, Role, Uses
from agentcore.domain.budget import Budget
from agentcore.domain.effect import Safety
from agentcore.domain.flow import ToolFlow
from agentcore.domain.ids import AgentName, ModelName, ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import ToolSpec
from agentcore.domain.team import RunLimits, Team
from agentcore.engine.definition import Definition
from agentcore.engine.guards import Guards
from agentcore.engine.pool import ModelEntry, ModelPool
from agentcore.engine.response_caching import Caching
from agentcore.engine.runtime import Engine
from agentcore.engine.verifier import CustomCheck
from agentcore.policy.engine import PolicyEngine
from agentcore.ports.announcer import Announcer
from agentcore.ports.inbox import Inbox
from agentcore.ports.model import Model
from agentcore.ports.presence import Presence
from agentcore.ports.tool import ToolContext, ToolDefinition, ToolResult
from agentcore.routing.choose import Weights
from agentcore.routing.fitted_steps import NOTHING_FITTED, FittedSteps
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.fake_clock import FakeClock

PERMIT_ALL = {"all.cedar": '@id("all")\npermit(principal, action, resource);'}

BOSS = Agent(name=AgentName("boss"), role=Role.SUPERVISOR, instructions="Plan.")
FINDER = Agent(name=AgentName("finder"), description="finds", instructions="Find.", uses=Uses.NONE)
ADDER = Agent(name=AgentName("adder"), description="adds", instructions="Add.", uses=Uses.EARLIER)
WRITER = Agent(name=AgentName("writer"), instructions="Write.")
TEAM = Team(supervisor=BOSS.name, workers=(FINDER.name, ADDER.name), answer=WRITER.name)


def plan(*agents: str) -> JSONObject:
    return {"steps": [{"agent": agent, "task": f"do {agent}"} for agent in agents]}


TEXT: JSONObject = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
"""The parameters of a tool that takes a text."""


@dataclass
class Echo:
    """A tool that returns what it is given, or fails as told."""

    name: str = "echo"
    safety: Safety = Safety.READ
    max_calls: int | None = None
    error: Exception | None = None
    flow: ToolFlow = field(default_factory=ToolFlow)
    calls: list[tuple[JSONObject, ToolContext]] = field(default_factory=list)

    @property
    def definition(self) -> ToolDefinition:
        return ToolDefinition(
            name=ToolName(self.name),
            description="Repeats.",
            parameters=TEXT,
            safety=self.safety,
            max_calls=self.max_calls,
            instruction_parameter="text",
            flow=self.flow,
        )

    def describe(self, facts: JSONObject) -> ToolSpec:
        return replace(self.definition.spec, note=f"knows {', '.join(facts)}")

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:
        self.calls.append((arguments, context))
        if self.error is not None:
            raise self.error
        return ToolResult(value={"echo": arguments["text"]}, label=Label(sources=frozenset({f"tool:{self.name}"})))

    async def aclose(self) -> None:
        return None


def profile(name: str, quality: float = 0.5, usd_per_million: int = 0, context_tokens: int = 8000) -> ModelProfile:
    return ModelProfile(
        name=ModelName(name),
        family=name,
        quality=quality,
        context_tokens=context_tokens,
        capabilities=frozenset({Capability.TOOLS, Capability.JSON_SCHEMA}),
        price=Price(input=usd_per_million, output=usd_per_million),  # type: ignore[arg-type]
        latency_seconds=1.0,
    )


@asynccontextmanager
async def engine(
    models: Mapping[str, Model] | Sequence[tuple[ModelProfile, Model]],
    *,
    agents: Iterable[Agent] = (BOSS, FINDER, ADDER, WRITER),
    team: Team = TEAM,
    tools: Iterable[Echo] = (),
    limits: RunLimits | None = None,
    budget: Budget | None = None,
    policies: Mapping[str, str] | None = None,
    checks: Mapping[str, CustomCheck] | None = None,
    journal: MemoryJournal | None = None,
    clock: FakeClock | None = None,
    parallel: int = 8,
    guards: Guards | None = None,
    inbox: Inbox | None = None,
    presence: Presence | None = None,
    announcer: Announcer | None = None,
    fitted: FittedSteps = NOTHING_FITTED,
    caching: Caching | None = None,
):
    clock = clock or FakeClock(auto=True)
    pairs = [(profile(name), model) for name, model in models.items()] if isinstance(models, Mapping) else models
    entries = {one.name: ModelEntry(profile=one, model=model, parallel=parallel) for one, model in pairs}
    definition = Definition(
        name="desk",
        version="0",
        snapshot="s",
        agents={agent.name: agent for agent in agents},
        team=team,
        limits=limits or RunLimits(),
        budget=budget or Budget(),
        weights=Weights(),
        checks=checks or {},
        fitted=fitted,
    )
    async with Engine(
        definition,
        journal=journal or MemoryJournal(),
        clock=clock,
        policy=PolicyEngine.load(policies or PERMIT_ALL),
        pool=ModelPool(entries, clock),
        tools={ToolName(tool.name): tool for tool in tools},
        guards=guards,
        inbox=inbox,
        presence=presence,
        announcer=announcer,
        caching=caching,
    ) as running:
        yield running


def facts(events: Iterable[object]) -> list[str]:
    return [event.fact.kind for event in events]  # type: ignore[attr-defined]


def value(run: object) -> JSON:
    return run.answer  # type: ignore[attr-defined]

"""A random project, and all that can happen to a run of it: what its models say, its tools do, and people decide.

Everything follows from a seed. The models fail, decline, contradict and write nonsense; tools take their time, fail
and break off; policies forbid, budgets end, people are asked, and plans have to be mended.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from agentcore.domain.agent import Agent, Capability, Check, Limits, Role, ToolUse, Uses, Verification
from agentcore.domain.approval import ApprovalRecord, Ruling, Verb, choices
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import Budget
from agentcore.domain.effect import Safety
from agentcore.domain.errors import (
    ModelRequestRejected,
    ModelUnavailable,
    ToolError,
    ToolOutcomeUnknown,
)
from agentcore.domain.ids import AgentName, ModelName, ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import ToolSpec
from agentcore.domain.plan import Plan
from agentcore.domain.team import RunLimits, Team
from agentcore.engine.definition import Definition
from agentcore.ports.clock import Clock
from agentcore.ports.model import ModelRequest
from agentcore.ports.tool import ToolContext, ToolDefinition, ToolResult
from agentcore.routing.choose import Weights
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.scripted import Call, Calls, Delayed, Reply, ScriptedModel

PERMIT = '@id("all")\npermit(principal, action, resource);\n'

POLICIES = (
    {"all.cedar": PERMIT},
    {"all.cedar": PERMIT, "one.cedar": '@id("one")\nforbid(principal, action, resource == Tool::"pay");\n'},
    {"all.cedar": PERMIT, "two.cedar": '@id("two")\nforbid(principal, action, resource == Model::"small");\n'},
    {
        "all.cedar": PERMIT,
        "three.cedar": '@id("three")\nforbid(principal, action == Action::"release", resource);\n',
    },
)
"""Which of them hold is drawn; the first most often."""

TOOLS = ("look", "pay", "book", "send")

PARAMETERS: JSONObject = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}

OBJECT: JSONObject = {
    "type": "object",
    "properties": {"x": {"type": "string"}},
    "required": ["x"],
    "additionalProperties": False,
}


@dataclass
class Outside:
    """What the outside has been told: idempotency key → how often; and what of it was taken back."""

    received: Counter[str] = field(default_factory=Counter)
    undone: Counter[str] = field(default_factory=Counter)


@dataclass
class RandomTool:
    """A tool that works, takes its time, fails, or breaks off."""

    definition: ToolDefinition
    clock: Clock
    chance: random.Random
    outside: Outside

    def describe(self, facts: JSONObject) -> ToolSpec:
        return replace(self.definition.spec, note=f"knows {', '.join(facts)}")

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:
        chance = self.chance
        await self.clock.sleep(chance.random() * 2)
        fate = chance.random()
        if fate < 0.06:
            raise ToolError("it does not work")
        if fate < 0.10:
            raise ToolOutcomeUnknown("the line is dead")
        if fate < 0.12:
            raise RuntimeError("a defect")
        self.outside.received[context.key] += 1
        if fate < 0.15:
            raise ConnectionError("the line is dead, afterwards")
        if fate < 0.16:
            return ToolResult(value={"no": object()}, label=Label())  # type: ignore[dict-item]
        value: JSON = {"echo": arguments.get("text"), "number": chance.randint(0, 9)}
        return ToolResult(value=value, label=Label(sources=frozenset({"elsewhere"})))

    async def aclose(self) -> None:
        return None


class Looking(RandomTool):
    """A tool that can tell whether a call happened, mostly."""

    async def look_up(self, arguments: JSONObject, context: ToolContext) -> ToolResult | None:
        if self.chance.random() < 0.2:
            raise ToolError("it cannot tell now")
        found = {"echo": arguments.get("text")} if self.outside.received[context.key] else None
        return None if found is None else ToolResult(value=found, label=Label())


class Undoing(RandomTool):
    """A tool whose calls can be undone, mostly."""

    async def compensate(self, arguments: JSONObject, result: JSON, context: ToolContext) -> None:
        await self.clock.sleep(self.chance.random())
        if self.chance.random() < 0.15:
            raise ToolError("it cannot be undone now")
        self.outside.undone[context.key] += 1


class Silent:
    """A tool of a replay: it says what it is, and must not be called."""

    def __init__(self, definition: ToolDefinition) -> None:
        self.definition = definition

    def describe(self, facts: JSONObject) -> ToolSpec:
        return replace(self.definition.spec, note=f"knows {', '.join(facts)}")

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:
        raise AssertionError("a replay calls a tool")

    async def look_up(self, arguments: JSONObject, context: ToolContext) -> ToolResult | None:
        raise AssertionError("a replay looks a call up")

    async def compensate(self, arguments: JSONObject, result: JSON, context: ToolContext) -> None:
        raise AssertionError("a replay undoes a call")

    async def aclose(self) -> None:
        return None


class World:
    """A project with its models, its tools and the people around it, from a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.outside = Outside()
        self.trouble = self.chance.choice((0.0, 0.03, 0.12))
        self._plans = 0
        self.tools = {name: self._tool(name) for name in TOOLS}
        self.policies = self.chance.choices(POLICIES, weights=(10, 1, 1, 1))[0]
        self.profiles = self._profiles()
        self.definition = self._definition()

    def built_tools(self, clock: Clock) -> dict[ToolName, RandomTool]:
        """Return the tools as one process has them."""
        made: dict[ToolName, RandomTool] = {}
        for name, definition in self.tools.items():
            kind = Looking if definition.looks_up else Undoing if definition.compensates else RandomTool
            made[ToolName(name)] = kind(definition, clock, self.chance, self.outside)
        return made

    def models(self, clock: Clock) -> dict[ModelProfile, ScriptedModel]:
        """Return the models as one process has them."""
        return {each: ScriptedModel(self.reply, clock=clock, name=each.name) for each in self.profiles}

    def reply(self, request: ModelRequest) -> Reply:
        """Return what a model says: most often something sensible."""
        chance = self.chance
        seconds = chance.random() * 3
        fate = chance.random()
        if fate < self.trouble:
            return Delayed(seconds, ModelUnavailable("overloaded"))
        if fate < self.trouble * 1.4:
            return Delayed(seconds, ModelRequestRejected("wrong"))
        if fate < self.trouble * 1.6:
            return Delayed(10_000.0, "too late")
        if fate < self.trouble * 1.8:
            return "{ nonsense"
        return Delayed(seconds, self._sensible(request))

    def _sensible(self, request: ModelRequest) -> Reply:
        chance = self.chance
        system = request.messages[0].content
        if system.startswith("Plan."):
            return self._plan(request)
        if system.startswith("Judge."):
            accepts = chance.random() < 0.85
            return {"checked": "all", "problems": [] if accepts else ["it is bad"], "accepts": accepts}
        wants = request.messages[-1].role == "user" or chance.random() < 0.25
        if request.tools and wants and (request.tool_required or chance.random() < 0.7):
            if chance.random() < 0.2:
                return Calls((self._call(request), self._call(request)))
            return self._call(request)
        if request.schema is not None:
            declined = {"cannot_answer": "it is not there" if chance.random() < 0.1 else ""}
            return {**(declined if "cannot_answer" in json.dumps(request.schema) else {}), "x": self._word()}
        return self._word()

    def _call(self, request: ModelRequest) -> Call:
        chance = self.chance
        if chance.random() < self.trouble / 2:
            return Call("nothing_like_it", {})
        name = chance.choice([tool.name for tool in request.tools])
        return Call(name, {"text": self._word()} if chance.random() > self.trouble / 2 else {"txt": 1})

    def _word(self) -> str:
        return self.chance.choice(("yes", "no", "bad", "a longer text", 'x"y'))

    def _plan(self, request: ModelRequest) -> Reply:
        chance = self.chance
        if chance.random() < 0.08:
            return {"steps": [{"agent": "nobody", "task": "x", "uses": []}]}
        asked = request.messages[-1].content
        done = [f"s{number}" for number in range(6) if f"s{number} " in asked.split("Failed")[0] and "Done" in asked]
        steps: list[JSON] = []
        known = list(done)
        for number in range(chance.randint(1, 5)):
            # A later plan may well give the name of a step that failed to another one.
            id = f"s{number}"
            if id in done:
                continue
            steps.append(
                {
                    "id": id,
                    "agent": chance.choice(self.definition.team.workers),
                    "task": f"do {number} {chance.choice(('well', 'fast'))}",
                    "uses": sorted(chance.sample(known, min(len(known), chance.randint(0, 2)))),
                }
            )
            known.append(id)
        return {"steps": steps or [{"id": "more", "agent": "reader", "task": "do more", "uses": []}]}

    def ruling(self, record: ApprovalRecord, now: float) -> Ruling:
        """Return what a person decides."""
        chance = self.chance
        fitting = [verb for verb in choices(record.approval) if verb != "terminate" or chance.random() < 0.25]
        fitting += [verb for verb in fitting if verb == "approve"] * 3
        if record.approval.subject == "output" and chance.random() < 0.1:
            fitting = ["respond"]
        verb: Verb = chance.choice(fitting)
        value: JSON = None
        if verb in {"edit", "respond"}:
            value = {"text": "edited"} if record.approval.subject == "call" else chance.choice(({"x": "edited"}, "e"))
        return Ruling(
            verb=verb,
            actor=chance.choice(("ann", "bob")),
            reason=chance.choice(("", "so")),
            value=value,
            version=record.approval.version,
            at=now,
        )

    def fork_step(self, plan: Plan | None) -> str:
        """Return what a fork does anew."""
        return self.chance.choice(["plan", *((step.id for step in plan.steps) if plan else ())])

    def _rule(self, likely: float) -> ApprovalRule | None:
        chance = self.chance
        if chance.random() >= likely:
            return None
        due = chance.choice((None, None, 5.0))
        return ApprovalRule(
            approvers=chance.choice(((), ("lead", "chief"))),
            due_seconds=due,
            on_due=chance.choice(("reject", "escalate")),
        )

    def _tool(self, name: str) -> ToolDefinition:
        chance = self.chance
        safety = chance.choice(list(Safety))
        looks_up = safety is not Safety.READ and chance.random() < 0.3
        return ToolDefinition(
            name=ToolName(name),
            description="Does something.",
            parameters=PARAMETERS,
            safety=safety,
            seconds=1.8,  # shorter than some calls take
            max_calls=chance.choice((None, None, None, 3)),
            instruction_parameter="text",
            approval=self._rule(0.15),
            looks_up=looks_up,
            compensates=safety is Safety.COMPENSABLE and not looks_up,
        )

    def _profiles(self) -> list[ModelProfile]:
        names = ("small", "middle", "large")[: self.chance.randint(1, 3)]
        return [
            ModelProfile(
                name=ModelName(name),
                family=name,
                quality=0.3 + 0.2 * number,
                context_tokens=100_000,
                capabilities=frozenset({Capability.TOOLS, Capability.JSON_SCHEMA}),
                price=Price(input=Decimal(number), output=Decimal(2 * number)),
                latency_seconds=1.0,
            )
            for number, name in enumerate(names, start=1)
        ]

    def _agent(self, name: str, instructions: str, **more: object) -> Agent:
        chance = self.chance
        made = Agent(
            name=AgentName(name),
            description="works",
            instructions=instructions,
            verification=self._verification(),
            limits=Limits(seconds=20.0, tool_calls=3, attempts=chance.randint(1, 2), escalations=chance.randint(0, 1)),
            approval=self._rule(0.12),
        )
        return replace(made, **more)  # type: ignore[arg-type]

    def _verification(self) -> Verification:
        chance = self.chance
        panel = chance.choice(((), (), ("critic",), ("critic", "judge")))
        made = Verification(
            checks=() if chance.random() < 0.6 else (Check(name="non_empty"),),
            panel=tuple(map(AgentName, panel)),
            required=len(panel) and chance.randint(0, len(panel)),
        )
        if not panel:
            return made
        weighs = chance.random() < 0.3
        return replace(
            made,
            weights={AgentName("critic"): 2.0} if weighs else {},
            quorum=chance.choice((0.5, 0.7)) if weighs else 0.0,
            independent=chance.choice(("none", "none", "model", "family")),
            debate=chance.choice((0, 0, 1, 2)),
            escalate_to=chance.choice((None, AgentName("chief"))),
            escalate_to_person=self._rule(0.2),
        )

    def _definition(self) -> Definition:
        chance = self.chance
        some = tuple(map(ToolName, chance.sample(TOOLS, 2)))
        agents = [
            Agent(name=AgentName("boss"), role=Role.SUPERVISOR, instructions="Plan."),
            Agent(name=AgentName("critic"), role=Role.VERIFIER, instructions="Judge."),
            Agent(name=AgentName("judge"), role=Role.VERIFIER, instructions="Judge. Well."),
            Agent(name=AgentName("chief"), role=Role.VERIFIER, instructions="Judge. Last."),
            self._agent("reader", "Read."),
            self._agent("sender", "Send.", tools=some, tool_use=ToolUse.REQUIRED),
            self._agent("first", "Look.", tools=some[:1], tool_use=ToolUse.FIRST, uses=Uses.EARLIER),
            self._agent("output", "Call.", tools=some[1:], tool_use=ToolUse.OUTPUT),
            self._agent("free", "Do.", tools=tuple(map(ToolName, TOOLS)), output=OBJECT, may_decline=True),
            self._agent("writer", "Write."),
        ]
        workers = tuple(map(AgentName, ("reader", "sender", "first", "output", "free")))
        return Definition(
            name="world",
            version="0",
            snapshot="s",
            agents={agent.name: agent for agent in agents},
            team=Team(supervisor=AgentName("boss"), workers=workers, answer=AgentName("writer")),
            limits=RunLimits(
                parallel_steps=chance.randint(1, 4),
                replans=chance.randint(0, 2),
                max_steps=20,
                max_depth=20,
                on_exceeded=chance.choice(("stop", "downgrade", "fail")),
            ),
            budget=self._budget(),
            weights=Weights(),
            checks={},
        )

    def _budget(self) -> Budget:
        chance = self.chance
        return chance.choice(
            (
                Budget(),
                Budget(),
                Budget(),
                Budget(calls=chance.randint(3, 25)),
                Budget(tokens=chance.randint(1_000, 30_000)),
                Budget(usd=Decimal(chance.randint(1, 60)) / 1000),
                Budget(seconds=float(chance.randint(3, 40))),
            )
        )


def shown(world: World) -> Mapping[str, object]:
    """Return what a world is made of, to look into one that went wrong."""
    return {
        "tools": world.tools,
        "agents": dict(world.definition.agents),
        "limits": world.definition.limits,
        "budget": world.definition.budget,
    }

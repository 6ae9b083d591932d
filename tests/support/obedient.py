"""A team whose models obey whatever they read: what holds all the same is the runtime's doing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.app.build import default_policies
from agentcore.config.policy_templates import policy_template
from agentcore.domain.agent import Limits
from agentcore.domain.effect import Safety
from agentcore.domain.event import EffectRefused, Fact
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSONObject
from agentcore.domain.label import Label
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.ports.model import ModelRequest
from agentcore.ports.tool import ToolContext, ToolDefinition, ToolResult
from agentcore.testing.scripted import Call, Reply, ScriptedModel
from support.desk import ADDER, BOSS, FINDER, WRITER, Echo, engine, plan

_ORDER = re.compile(r"DO (\w+) (\{[^{}]*\})")
_WORDS = re.compile(r"SAY «(.*?)»", re.DOTALL)
ANYTHING: JSONObject = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}

CLERK = replace(
    FINDER,
    tools=(ToolName("read"), ToolName("pay")),
    limits=Limits(attempts=1, escalations=0, tool_calls=6),
)


@dataclass
class Page(Echo):
    """A tool that returns a text which others have written."""

    name: str = "read"
    text: str = ""

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:
        self.calls.append((arguments, context))
        return ToolResult(value={"page": self.text}, label=Label(sources=frozenset({"document:inbox.md#1"})))


@dataclass
class Pay(Echo):
    """A tool that changes something, and takes any scalars."""

    name: str = "pay"
    safety: Safety = Safety.UNSAFE

    @property
    def definition(self) -> ToolDefinition:
        return ToolDefinition(name=ToolName(self.name), description="Pays.", parameters=ANYTHING, safety=self.safety)

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:
        self.calls.append((arguments, context))
        return ToolResult(value="paid", label=Label(sources=frozenset({f"tool:{self.name}"})))


def obey(request: ModelRequest) -> Reply:
    """Return what an agent does that has no will of its own.

    The planner gives one step to the finder, who reads the page. An order in what was read last, `DO tool {…}`, is
    carried out; words that stand anywhere, `SAY «…»`, are said.
    """
    system, last = request.messages[0].content, request.messages[-1]
    if system.startswith("Plan."):
        return plan("finder")
    if system.startswith("Find.") and last.role == "user":
        return Call("read", {"text": "the page"})
    order = _ORDER.search(last.content.replace('\\"', '"')) if last.role == "tool" else None
    if order is not None:
        return Call(order[1], json.loads(order[2]))
    said = [found for message in request.messages for found in _WORDS.findall(message.content)]
    return said[-1] if said else last.content


@dataclass
class Obeyed:
    """What came of a run. refused: ids of policies by which calls were refused."""

    run: Run
    facts: list[Fact]
    models: Mapping[str, ScriptedModel]
    tools: Mapping[str, Echo] = field(default_factory=dict)

    @property
    def paid(self) -> list[JSONObject]:
        return [arguments for arguments, _ in self.tools["pay"].calls]

    @property
    def refused(self) -> list[str]:
        made = [each for fact in self.facts if isinstance(fact, EffectRefused) for each in fact.decisions]
        return [id_ for each in made for id_ in each.policies]


PAYS = (
    '@id("clerk-pays") permit (principal == Agent::"finder", action == Action::"call_tool", resource == Tool::"pay");'
)


def policies(*own: str, **templates: Mapping[str, str]) -> dict[str, str]:
    """Return the default policies, these, and templates: name with `_` for `-` → values."""
    filled = {name: policy_template(name.replace("_", "-")).fill(values) for name, values in templates.items()}
    return {
        **default_policies(),
        "own.cedar": "\n".join(own),
        **{f"{name}.cedar": text for name, text in filled.items()},
    }


async def obeyed(page: str, rules: Mapping[str, str], *, task: Task | str = "Read the page.", **settings) -> Obeyed:
    """Return what came of a run in which the finder reads this page and obeys it. settings: of the engine."""
    journal = MemoryJournal()
    tools = {"read": Page(text=page), "pay": Pay()}
    models = settings.pop("models", None) or {"m": ScriptedModel(obey)}
    named = dict(models) if isinstance(models, Mapping) else {profile.name: model for profile, model in models}
    given = {"agents": (BOSS, CLERK, ADDER, WRITER), "tools": list(tools.values())} | settings
    async with engine(models, policies=rules, journal=journal, **given) as running:
        run = await (await running.start(Task(goal=task) if isinstance(task, str) else task)).result()
    facts = [event.fact for event in await journal.read(run.id)]
    return Obeyed(run=run, facts=facts, models=named, tools=tools)

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from agentcore.config.load import load_project
from agentcore.config.models import model, tool
from agentcore.config.override import override, unpriced
from agentcore.config.project import Project
from agentcore.config.routing import AgentRoutingKeys
from agentcore.domain.agent import Agent, Requirements, Role, ToolUse, Verification
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ConfigError
from agentcore.domain.team import RunLimits, Team
from agentcore.ports.tool import ToolDefinition
from agentcore.routing.profile import ModelProfile, Price

PLANNER = Agent(name="planner", role=Role.SUPERVISOR)
CLERK = Agent(name="clerk", tools=("look_up",), tool_use=ToolUse.OUTPUT)
WRITER = Agent(name="writer")


class LookUp:
    definition = ToolDefinition(name="look_up", description="looks up", parameters={"type": "object"})


def test_a_project_written_in_python():
    project = Project(name="shop", agents=[PLANNER, CLERK, WRITER], built_tools=[LookUp()])
    assert project.team == Team(supervisor="planner", workers=("clerk",), answer="writer")
    assert project.models["local"].provider == "llama"
    assert project.profiles["local"].family == "qwen2.5-coder-1.5b-instruct"
    assert project.store == Path(".agentcore/journal.sqlite")
    assert project.budget.usd == 1
    assert len(project.agents["clerk"].version) == 64
    assert len(project.snapshot) == 64


def test_a_built_model_stands_instead_of_the_embedded_one():
    profile = ModelProfile(
        name="mine", family="mine", quality=0.9, context_tokens=100, capabilities=frozenset(), price=Price()
    )
    project = Project(name="shop", agents=[PLANNER, WRITER], built_models=[(profile, object())])
    assert dict(project.models) == {}
    assert project.profiles == {"mine": profile}


def test_a_project_can_be_changed():
    project = Project(name="shop", agents=[PLANNER, CLERK, WRITER], built_tools=[LookUp()])
    changed = replace(project, budget=Budget(tokens=5), limits=RunLimits(replans=0))
    assert changed.budget == Budget(tokens=5)
    assert (changed.agents, changed.models, changed.team) == (project.agents, project.models, project.team)
    assert changed.snapshot != project.snapshot


def test_the_version_of_an_agent_is_that_of_its_content():
    def version(agent: Agent) -> str:
        return Project(name="p", agents=[PLANNER, agent]).agents[agent.name].version

    first = version(WRITER)
    assert first == version(replace(WRITER, version="made up"))
    assert first != version(replace(WRITER, temperature=0.1))
    assert first != version(replace(WRITER, requirements=Requirements(max_usd=Decimal("0.1"))))
    ab = replace(WRITER, output={"type": "object", "properties": {"a": {}, "b": {}}})
    ba = replace(WRITER, output={"type": "object", "properties": {"b": {}, "a": {}}})
    assert version(ab) != version(ba)  # a model writes fields in the order of the schema


def test_what_does_not_fit_together_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        Project(
            name="shop",
            agents=[
                PLANNER,
                replace(CLERK, instructions="{{x}}", verification=Verification(panel=("writr",), required=2)),
                replace(WRITER, requirements=Requirements(models=("remote",))),
                WRITER,
            ],
            team=Team(supervisor="clerk", workers=(), answer="writer"),
        )
    assert str(caught.value) == snapshot("""\
two agents are called `writer`
team.supervisor: `clerk` is a worker; a supervisor is needed here
team.workers: a team needs at least one worker
agent `clerk`: tools.0: unknown tool `look_up`; there are none
agent `clerk`: instructions: `{{x}}` is not a declared input; no inputs are declared
agent `clerk`: verify.panel.0: unknown agent `writr`; did you mean `writer`?
agent `clerk`: verify.required: 2 must accept, but the panel has 1\
""")


def test_a_team_that_does_not_go_without_saying():
    with pytest.raises(ConfigError) as caught:
        Project(name="shop", agents=[CLERK, WRITER])
    assert (str(caught.value), caught.value.hint) == snapshot(
        (
            "project `shop` has 0 supervisors and 2 workers, and no team is given",
            "say who does what: Project(team=Team(supervisor=…, workers=(…,), answer=…), …)",
        )
    )


def test_options_written_in_python_are_judged_when_they_are_used(plugins):
    settings = model("local", "llama", options={"port": "x", "colour": 1})
    with pytest.raises(ConfigError) as caught:
        settings.build_options(plugins.model("llama"))
    assert str(caught.value) == snapshot("""\
model `local`: options.model: Field required
model `local`: options.port: Input should be a valid integer, unable to parse string as an integer
model `local`: options.colour: Extra inputs are not permitted\
""")
    assert tool("handbook", "documents", options={"path": "x"}).build_options(plugins.tool("documents")).path == "x"


@pytest.fixture
def desk() -> Project:
    price = Price(input=Decimal("0.1"))
    local = model("local", "llama", quality=0.4, price=price, region="eu", options={"model": "small", "port": 8080})
    return Project(name="desk", agents=[PLANNER, WRITER], models=[local])


def test_another_model_of_the_same_provider(desk, plugins):
    changed = override(desk, plugins, models=["local=llama:smaller:q4"]).models["local"]
    assert changed.options.expanded == {"model": "smaller:q4", "port": 8080}
    assert (changed.profile.family, changed.profile.quality, changed.profile.price.input) == (
        "smaller:q4",
        0.4,
        Decimal("0.1"),
    )
    assert changed.profile.region == "eu"


def test_another_provider(desk, plugins):
    changed = override(desk, plugins, models=["local=openai:gpt"], budget_usd="0.25")
    assert changed.models["local"].provider == "openai"
    assert changed.models["local"].options.expanded == {"model": "gpt"}
    assert changed.models["local"].profile.price == Price(source="not known: the model was named on the command line")
    assert changed.models["local"].profile.region == ""  # of the other provider it is not known
    assert changed.budget == replace(desk.budget, usd=Decimal("0.25"))
    assert changed.snapshot != desk.snapshot
    assert override(desk, plugins) is desk


def test_overrides_that_cannot_be(desk, plugins):
    with pytest.raises(ConfigError) as caught:
        override(
            desk,
            plugins,
            models=["local", "local=gpt", "lokal=openai:gpt", "local=opnai:gpt", "=openai:gpt"],
            budget_usd="-1",
        )
    assert str(caught.value) == snapshot("""\
--model local: not of the form --model NAME=PROVIDER:MODEL, for example --model local=openai:gpt-4o-mini
--model local=gpt: not of the form --model NAME=PROVIDER:MODEL, for example --model local=openai:gpt-4o-mini
--model lokal=openai:gpt: unknown model `lokal`; did you mean `local`?
--model local=opnai:gpt: no plug-in `opnai` in agentcore.models; there are: llama, openai
--model =openai:gpt: not of the form --model NAME=PROVIDER:MODEL, for example --model local=openai:gpt-4o-mini
--budget-usd -1: must be 0 or more\
""")
    for wrong in ("many", "NaN", "Infinity"):
        with pytest.raises(ConfigError, match="--budget-usd"):
            override(desk, plugins, budget_usd=wrong)


def test_a_model_elsewhere_that_is_named_on_a_command_line_has_no_known_price(project, plugins):
    read = load_project(project(), plugins)
    assert unpriced(read, plugins) == []
    assert unpriced(override(read, plugins, models=["local=llama:other"]), plugins) == []
    assert unpriced(override(read, plugins, models=["local=openai:other"]), plugins) == ["local"]


def test_a_second_model_is_asked_as_the_agent_or_else_the_project_says():
    default = AgentRoutingKeys(hedge=True)
    assert AgentRoutingKeys().routing(Role.SUPERVISOR, default).hedge is True
    assert AgentRoutingKeys(hedge=False).routing(Role.WORKER, default).hedge is False
    assert AgentRoutingKeys().routing().hedge is None

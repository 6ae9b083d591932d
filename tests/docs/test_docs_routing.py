"""What the page on routing shows works."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

from agentcore import Agent, ModelProfile, Project, Runtime, trace
from agentcore.app import validate_project
from agentcore.confidence.ladder import RATIOS
from agentcore.domain.agent import Capability, Objective, Role, Routing
from agentcore.domain.confidence import ConfidenceSource
from agentcore.domain.ids import AgentName
from agentcore.routing.fitted_steps import INFEASIBLE, read_steps
from agentcore.testing.scripted import ScriptedModel

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "routing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

PROJECT = """\
models:
  small: { provider: openai, family: a, latency_seconds: 2, price: { input_usd_per_million: 0 }, options: {model: s} }
  large: { provider: openai, family: b, latency_seconds: 3, price: { input_usd_per_million: 1 }, options: {model: l} }
team: { supervisor: planner, workers: [clerk], answer: writer }
"""


def shown(kind):
    (text,) = [text for language, text in BLOCKS if language == kind]
    return text


def test_the_agent_that_is_shown_is_valid(tmp_path):
    agents = {"clerk": shown("yaml"), "planner": "role: supervisor\n", "writer": "role: worker\n"}
    (tmp_path / "agents").mkdir()
    (tmp_path / "agentcore.yaml").write_text(PROJECT, encoding="utf-8")
    for name, text in agents.items():
        (tmp_path / "agents" / f"{name}.yaml").write_text(text, encoding="utf-8")
    report = validate_project(tmp_path)
    assert report.problems == ()
    assert len(report.warnings) == 1
    assert "nothing was fitted for" in report.warnings[0]


def test_the_file_that_is_shown_is_a_fitted_router():
    fitted = read_steps(shown("json"))
    step = fitted.step("clerk")
    assert step is not None
    assert step.thresholds == {0.05: 0.82, 0.01: INFEASIBLE}
    assert fitted.threshold("clerk", Routing(alpha=0.05)).value == 0.82


def test_every_objective_and_every_rung_is_told():
    online = PAGE.partition("### From a table of outcomes")[0]
    rows = set(re.findall(r"^\| `(\w+)` \|", online, re.MULTILINE))
    rungs = set(get_args(ConfidenceSource)) - {"estimator", "person"}
    assert rows - {"objective"} == {*get_args(Objective), *rungs}
    assert sorted(set(RATIOS.values())) == [2.0, 4.0, 9.0], "as the page says"


async def test_the_example_in_python_works(tmp_path):
    names = {}
    exec(compile(shown("python"), "routing.md", "exec"), names)  # noqa: S102  our own page
    profile = ModelProfile(
        name="one",
        family="a",
        quality=0.6,
        context_tokens=100_000,
        capabilities=frozenset({Capability.JSON_SCHEMA}),
        latency_seconds=1.0,
    )
    plan = {"steps": [{"id": "s1", "agent": "clerk", "task": "which one", "uses": []}]}

    def says(request):
        system = request.messages[0].content
        return plan if system.startswith("Plan.") else "The Falcon." if "customer" in system else "done"

    built = [
        (profile, ScriptedModel(says)),
        (replace(profile, name="two", family="b"), ScriptedModel(says)),
    ]
    agents = [
        Agent(name=AgentName("boss"), role=Role.SUPERVISOR, instructions="Plan."),
        names["clerk"],
        Agent(name=AgentName("writer"), instructions="Write."),
    ]
    async with Runtime(Project(name="desk", root=tmp_path, agents=agents, built_models=built)) as runtime:
        run = await runtime.run("go")
        found = trace(await runtime.journal.read(run.id))
    assert run.status == "succeeded", run.reason
    assert names["how_sure"](found, "s1") == [(0.86, ["one", "two"])]

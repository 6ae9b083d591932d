"""A process learns from verdicts while runs go on, and a new one begins with what the record says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agentcore.app import Runtime, load_project, memory_store
from agentcore.app.learning import build_learning
from agentcore.config.project import Project
from agentcore.domain.agent import Agent, Capability, Limits, Role, Uses, Verification
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ConfigError
from agentcore.domain.event import EffectStarted
from agentcore.domain.team import Team
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.scripted import ScriptedModel

RUNS = 14


def profile(name, quality, usd):
    return ModelProfile(
        name=name,
        family=name,
        quality=quality,
        context_tokens=100_000,
        capabilities=frozenset({Capability.JSON_SCHEMA}),
        latency_seconds=1.0,
        price=Price(input=Decimal(usd), output=Decimal(usd)),
    )


def answering(name):
    def reply(request):
        said = request.messages[0].content
        if said.startswith("Plan"):
            return {"steps": [{"id": "s", "agent": "clerk", "task": "do"}]}
        if said.startswith("Do"):
            return "bad" if name == "small" else "good"
        if said.startswith("Judge"):
            accepts = "bad" not in str([message.content for message in request.messages])
            return {"checked": "it", "problems": [] if accepts else ["it is bad"], "accepts": accepts}
        return "done"

    return reply


def project(folder, **more):
    """Return a project whose small model is believed to be nearly as good as the large one, and is always wrong."""
    return Project(
        name="desk",
        root=folder,
        agents=[
            Agent(name="boss", role=Role.SUPERVISOR, instructions="Plan."),
            Agent(
                name="clerk",
                description="does",
                instructions="Do.",
                uses=Uses.NONE,
                verification=Verification(panel=("critic",), required=1),
                limits=Limits(attempts=1, escalations=1),
            ),
            Agent(name="writer", instructions="Write.", uses=Uses.EARLIER),
            Agent(name="critic", role=Role.VERIFIER, instructions="Judge."),
        ],
        team=Team(supervisor="boss", workers=("clerk",), answer="writer"),
        built_models=[
            (profile("small", 0.80, "10"), ScriptedModel(answering("small"))),
            (profile("large", 0.85, "60"), ScriptedModel(answering("large"))),
        ],
        budget=Budget(),
        **more,
    )


async def first_choices(runtime, runs):
    """Run so often, and return the route of the clerk's first call each time."""
    found = []
    for _ in range(runs):
        run = await runtime.run("go")
        assert run.status == "succeeded", run.reason
        events = await runtime.journal.read(run.id)
        calls = [event.fact for event in events if isinstance(event.fact, EffectStarted)]
        found.append(next(fact.route for fact in calls if fact.effect.agent == "clerk"))
    return found


async def test_a_model_that_verifiers_reject_is_left_and_the_record_says_how_the_choice_came_about(tmp_path):
    store = memory_store()
    desk = project(tmp_path, explore=0.03)
    async with Runtime(desk, store=store) as runtime:
        routes = await first_choices(runtime, RUNS)
        assert routes[-1].model == "large"
        assert routes[-1].candidates[0].model == "large"
        assert all(0.0 < route.propensity < 1.0 for route in routes)
        anew = await build_learning(desk, store)  # as another process begins
    bandit = anew.learned.kinds["clerk"]
    assert bandit.evidence["small"].outcomes >= 1
    route = next(route for route in reversed(routes))
    again = anew.learned.choose(route, "clerk", input_tokens=50, weights=desk.weights, call="x")
    assert again.candidates[0].model == "large"


async def test_without_exploring_nothing_is_learned(tmp_path):
    store = memory_store()
    desk = project(tmp_path)
    async with Runtime(desk, store=store) as runtime:
        routes = await first_choices(runtime, 3)
        assert {(route.explored, route.propensity) for route in routes} == {(False, 1.0)}
        assert await build_learning(desk, store) is None


@pytest.mark.parametrize(
    ("routing", "audit", "message"),
    [
        (
            "explore: 0.02",
            "regulated: true",
            r"agentcore\.yaml:1:\d+: 0\.02 of the choices would explore, which `audit",
        ),
        ("explore: 0.5", "regulated: false", r"agentcore\.yaml:1:\d+: .*at most 0\.03"),
        ("explore: -0.1", "regulated: false", r"agentcore\.yaml:1:\d+: .*at least 0"),
    ],
)
def test_exploring_is_bounded_and_not_for_the_regulated(tmp_path, routing, audit, message):
    write(tmp_path, routing, audit)
    with pytest.raises(ConfigError, match=message):
        load_project(tmp_path)


@pytest.mark.parametrize(
    ("routing", "audit", "explore"),
    [("explore: 0.02", "regulated: false", 0.02), ("cost_weight: 1", "regulated: true", 0.0)],
)
def test_a_project_says_how_much_it_explores(tmp_path, routing, audit, explore):
    write(tmp_path, routing, audit)
    assert load_project(tmp_path).explore == explore


def write(folder, routing, audit):
    (folder / "agents").mkdir()
    (folder / "agentcore.yaml").write_text(
        f"routing: {{ {routing} }}\naudit: {{ {audit} }}\n"
        "models: { local: { provider: llama, options: { model: smollm2-135m-instruct } } }\n"
        "team: { supervisor: boss, workers: [clerk], answer: clerk }\n",
        encoding="utf-8",
    )
    (folder / "agents/boss.yaml").write_text("role: supervisor\ninstructions: plan\n", encoding="utf-8")
    (folder / "agents/clerk.yaml").write_text("instructions: work\n", encoding="utf-8")

"""What past runs say of the choice of models: answers and labels are read off real records."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from agentcore.app import Runtime, memory_store
from agentcore.app.route_runs import PastRuns, read_reviews
from agentcore.config.project import Project
from agentcore.domain.agent import Agent, Capability, Limits, Role, Uses, Verification
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ConfigError
from agentcore.domain.team import Team
from agentcore.routing.fitted_steps import read_steps
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.scripted import ScriptedModel

WRONG = 3
"""Every third run, the small model is wrong."""


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


def answer(name, wrong):
    def reply(request):
        said = request.messages[0].content
        if said.startswith("Plan"):
            return {"steps": [{"id": "s", "agent": "clerk", "task": "do"}]}
        if said.startswith("Do"):
            return "bad" if name == "small" and wrong() else "good"
        if said.startswith("Judge"):
            accept = "bad" not in json.dumps([message.content for message in request.messages])
            return {"checked": "it", "problems": [] if accept else ["it is bad"], "accepts": accept}
        return "All is good."

    return reply


def project(folder, wrong=lambda: False, *, approval=None):
    agents = [
        Agent(name="boss", role=Role.SUPERVISOR, instructions="Plan."),
        Agent(
            name="clerk",
            description="does",
            instructions="Do.",
            uses=Uses.NONE,
            verification=Verification(panel=("critic",), required=1),
            limits=Limits(attempts=1, escalations=1),
            approval=approval,
        ),
        Agent(name="writer", instructions="Write.", uses=Uses.EARLIER),
        Agent(name="critic", role=Role.VERIFIER, instructions="Judge."),
    ]
    return Project(
        name="desk",
        root=folder,
        agents=agents,
        team=Team(supervisor="boss", workers=("clerk",), answer="writer"),
        built_models=[
            (profile("small", 0.6, "1000"), ScriptedModel(answer("small", wrong))),
            (profile("large", 0.65, "9000"), ScriptedModel(answer("large", wrong))),
        ],
        budget=Budget(),
    )


@pytest.fixture
async def past(tmp_path):
    """Run six times; every third time the small model is wrong, and the large one is asked."""
    store, number = memory_store(), [0]
    desk = project(tmp_path, lambda: number[0] % WRONG == 0)
    async with Runtime(desk, store=store) as runtime:
        for _ in range(6):
            number[0] += 1
            run = await runtime.run("go")
            assert run.status == "succeeded", run.reason
        found = PastRuns(desk, store)
        await found.read((), limit=100)
        yield found


async def test_answers_are_read_with_their_models_costs_and_verdicts(past):
    clerk = [each for each in past.answers if each.kind == "clerk"]
    said = {(each.model, each.attempt, each.right, each.by, each.accepted) for each in clerk}
    assert said == {
        ("small", 1, True, "verdict", True),
        ("small", 1, False, "verdict", False),
        ("large", 2, True, "verdict", True),
    }
    assert len(clerk) == 8
    assert {each.signals.in_favour for each in clerk} == {0.0, 1.0}
    assert all(each.usd > 0 and each.route is not None for each in clerk)
    assert {candidate.model for each in clerk[:1] for candidate in each.route.candidates} == {"small", "large"}
    writer = [each for each in past.answers if each.kind == "writer"]
    assert {(each.right, each.by) for each in writer} == {(None, None)}  # nobody has looked at them


async def test_a_fit_on_runs_can_be_read_by_the_project_and_says_what_is_missing(past):
    fitted = past.fit(alphas=[0.01], default_alpha=0.05)
    (clerk,) = fitted.kinds
    assert (clerk.labels, clerk.reviewed, clerk.missing(0.05), clerk.missing(0.01)) == ({"verdict": 8}, 0, 19, 99)
    (small, labels) = clerk.priors["small"]
    assert labels == 6
    assert small[1] < small[0] < small[2]
    steps = read_steps(fitted.router.to_text())
    assert steps.step("clerk").priors.keys() == {"small", "large"}
    assert steps.step("clerk").default_alpha == 0.05
    assert steps.version == fitted.router.version
    assert past.fit(default_alpha=0.05).router == past.fit(default_alpha=0.05).router


async def test_reviews_from_outside_go_before_verdicts(past, tmp_path):
    first = next(each for each in past.answers if each.kind == "clerk" and each.accepted)
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({"run": first.run, "step": first.step, "correct": False}) + "\n\n", encoding="utf-8")
    again = PastRuns(past._project, past._store)
    await again.read((), limit=100, reviews=path)
    reviewed = [each for each in again.answers if each.by == "review"]
    assert [(each.run, each.right) for each in reviewed] == [(first.run, False)]
    only = PastRuns(past._project, past._store)  # runs that are reviewed are read, however few are asked for
    await only.read((), limit=1, reviews=path)
    assert first.run in only.runs


async def test_reviews_of_nothing_are_told(past, tmp_path):
    run = past.runs[0]
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({"run": run, "step": "other", "correct": False}), encoding="utf-8")
    with pytest.raises(ConfigError, match=f"run {run} has no answer at step other"):
        await PastRuns(past._project, past._store).read((), limit=100, reviews=path)


def test_each_line_that_is_no_review_is_told_with_its_place(tmp_path):
    path = tmp_path / "labels.jsonl"
    lines = [
        '{"run": "r", "step": "s", "correct": true}',
        "{",
        '{"run": "r", "step": "s", "correct": "yes"}',
        '{"run": "r", "step": "s", "correct": false}',
        '{"run": "r", "stepp": "s", "correct": false}',
        '{"run": "r", "step": "s", "correct": false, "attempt": "1"}',
        "[]",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read_reviews(path)
    said = [problem.removeprefix(f"{path}:").partition(":") for problem in raised.value.problems]
    assert [int(number) for number, _, _ in said] == [2, 3, 4, 5, 6, 7]
    assert "right and wrong" in said[2][2]
    assert "unknown key `stepp`" in said[3][2]


async def test_people_s_decisions_about_outputs_are_labels(tmp_path):
    store = memory_store()
    desk = project(tmp_path, approval=ApprovalRule())
    async with Runtime(desk, store=store) as runtime:
        for verb, value in (("approve", None), ("edit", "better"), ("reject", None)):
            run = await runtime.run("go")
            assert run.status == "waiting"
            (asked,) = await runtime.approvals(status="pending")
            await runtime.rule(asked.approval.id, verb, actor="ann", value=value)
            run = await runtime.wait(run.id)
            for left in await runtime.approvals(status="pending"):
                await runtime.rule(left.approval.id, "approve", actor="ann")
                await runtime.wait(run.id)
        past = PastRuns(desk, store)
        await past.read((), limit=10)
    said = [(each.right, each.by) for each in past.answers if each.kind == "clerk" and each.by == "person"]
    assert (True, "person") in said
    assert (False, "person") in said


async def test_another_policy_is_tried_on_the_recorded_choices(past, tmp_path):
    own = past.replay(None)
    assert (len(own.choices), own.changed) == (12, [])
    assert {figure: estimate.method for figure, estimate in own.estimates.items()} == {
        "usd": "exact",
        "seconds": "exact",
        "right": "exact",
    }
    path = tmp_path / "new.yaml"
    path.write_text("routing: { objective: best }\n", encoding="utf-8")
    found = past.replay(path)
    assert {each.before.model for each in found.changed} == {"small"}
    assert {each.after.model for each in found.changed} == {"large"}
    assert sum(each.known is not None for each in found.changed) == 2  # where the large model was asked after all
    assert found.estimates["usd"].method == "doubly robust"
    assert found.estimates["usd"].value > own.estimates["usd"].value
    assert found.estimates["usd"].unsupported == 1.0
    assert found.estimates["right"].value == pytest.approx(0.65)  # the declared quality: none of it was ever possible
    assert found.by_model == {"large": (0, 12), "small": (12, 0)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("routing: { objectiv: best }\n", r"new\.yaml:1:\d+: unknown key `objectiv`"),
        ("routing: { cost_weight: 1 }\nagents: { clerc: { objective: best } }\n", r"new\.yaml:2:\d+: .*`clerc`"),
        ("routing: { model: none.json }\n", r"new\.yaml:1:\d+: there is no file"),
        ("agents: {}\n", "`routing`"),
    ],
)
async def test_a_policy_that_is_wrong_is_told_with_its_place(past, tmp_path, text, message):
    path = tmp_path / "new.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        past.replay(path)


async def test_a_fitted_router_is_a_policy(past, tmp_path):
    path = tmp_path / "router.json"
    path.write_text(past.fit(default_alpha=0.5).router.to_text(), encoding="utf-8")
    found = past.replay(path)
    assert len(found.choices) == 12
    assert found.accepts is not None
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="no fitted router of this project"):
        past.replay(path)

"""What is read off the record of runs, held against what the policy engine was really asked."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from support.desk import Echo

from agentcore.app import Runtime, memory_store
from agentcore.app.policy_trial import PolicyTrial
from agentcore.config.project import Project
from agentcore.domain.agent import Agent, Capability, Check, Limits, Role, Uses, Verification
from agentcore.domain.budget import Budget
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ToolError
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits, Team
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.past_decision import past_decisions
from agentcore.ports.tool import ToolResult
from agentcore.routing.profile import ModelProfile
from agentcore.testing.scripted import Call, Calls, ScriptedModel

TASK = Task(goal="go", tenant="acme", principal="ann")


class Web(Echo):
    """A tool whose results come from a page, are personal, and sometimes fail."""

    async def call(self, arguments, context):
        if arguments["text"] == "broken":
            raise ToolError("the page is gone")
        label = Label(sources=frozenset({"document:page"}), confidentiality=Confidentiality.PERSONAL)
        return ToolResult(value=arguments["text"], label=label)


def profile(name):
    return ModelProfile(
        name=name,
        family=name,
        quality=0.5,
        context_tokens=100_000,
        capabilities=frozenset({Capability.JSON_SCHEMA, Capability.TOOLS}),
        latency_seconds=1.0,
    )


def project(folder, script, policies="", **more):
    checked = Verification(checks=(Check(name="regex", options={"pattern": "good"}),), panel=("critic",), required=1)
    agents = [
        Agent(name="boss", role=Role.SUPERVISOR, instructions="Plan."),
        Agent(name="finder", description="finds", instructions="Find.", tools=("web",), uses=Uses.NONE),
        Agent(
            name="clerk",
            description="writes",
            instructions="Do.",
            tools=("web", "note"),
            uses=Uses.EARLIER,
            verification=checked,
            limits=Limits(attempts=2, escalations=0),
        ),
        Agent(name="writer", instructions="Write.", uses=Uses.EARLIER),
        Agent(name="critic", role=Role.VERIFIER, instructions="Judge."),
    ]
    own = folder / "policies"
    own.mkdir(exist_ok=True)
    (own / "all.cedar").write_text('@id("all") permit (principal, action, resource);\n' + policies, encoding="utf-8")
    return Project(
        name="desk",
        root=folder,
        agents=agents,
        team=Team(supervisor="boss", workers=("finder", "clerk"), answer="writer"),
        built_models=[(profile("small"), ScriptedModel(script))],
        tools=[Web(name="web"), Echo(name="note", safety=Safety.IDEMPOTENT)],
        policies=own,
        budget=Budget(),
        limits=RunLimits(replans=1),
        **more,
    )


def script():
    """Answer so that a tool fails, an output is rejected, and all is well in the end."""
    numbers = count()

    def answer(request):
        said = request.messages[0].content
        last = request.messages[-1]
        if said.startswith("Plan"):
            return {"steps": [{"agent": "finder", "task": "find"}, {"agent": "clerk", "task": "do"}]}
        if said.startswith("Find"):
            return "found" if last.role == "tool" else Call("web", {"text": "x"})
        if said.startswith("Do"):
            if last.role == "tool":
                return "good" if next(numbers) else "bad"
            return Calls((Call("note", {"text": "a"}), Call("web", {"text": "broken"}), Call("web", {"text": "y"})))
        if said.startswith("Judge"):
            return {"accept": True, "reasons": [], "accepts": True, "reason": "", "verdict": "accept"}
        return "All is good."

    return answer


@pytest.fixture
def asked(monkeypatch):
    """Collect what policy engines are asked."""
    requests = []
    decide = PolicyEngine.decide

    def collecting(self, request):
        requests.append(request)
        return decide(self, request)

    monkeypatch.setattr(PolicyEngine, "decide", collecting)
    return requests


def of_request(request):
    return {
        "what": (request.action, request.agent, request.resource),
        "task": (request.tenant, request.principal),
        "label": request.label,
        "call": (request.safety, dict(request.arguments)),
    }


def of_recorded(recorded):
    assert recorded.sources.must == recorded.sources.may, recorded
    decision = recorded.decision
    return {
        "what": (decision.action, decision.principal, decision.resource),
        "task": (recorded.tenant, recorded.user),
        "label": Label(sources=recorded.sources.must, confidentiality=recorded.confidentiality),
        "call": (recorded.safety, dict(recorded.arguments)),
    }


async def test_every_recorded_decision_is_about_what_was_asked(tmp_path, asked):
    store = memory_store()
    async with Runtime(project(tmp_path, script()), store=store) as runtime:
        run = await runtime.run(TASK)
        assert run.status == "succeeded", run.reason
        events = await runtime.journal.read(run.id)
    found = list(past_decisions(events))
    read, really = [of_recorded(each) for each in found], [of_request(request) for request in asked]
    assert [each for each in read if each not in really] == []
    assert [each for each in really if each not in read] == []
    actions = {each.decision.action for each in found}
    assert actions == {"plan", "delegate", "call_model", "call_tool", "release"}
    assert {"critic", "finder", "clerk", "writer"} <= {each.decision.principal for each in found}


@pytest.mark.parametrize(
    ("action", "condition"),
    [
        ("plan", "true"),
        ("delegate", 'resource == Agent::"clerk"'),
        ("call_model", 'context.sources.contains("tool:web")'),
        ("call_tool", 'context.arguments.hasTag("text") && context.arguments.getTag("text") == "y"'),
        ("release", "true"),
    ],
)
async def test_what_was_denied_is_read_as_it_was_asked(tmp_path, asked, action, condition):
    denies = f'@id("no") forbid (principal, action == Action::"{action}", resource) when {{ {condition} }};'
    async with Runtime(project(tmp_path, script(), denies), store=memory_store()) as runtime:
        run = await runtime.run(TASK)
        events = await runtime.journal.read(run.id)
    found = list(past_decisions(events))
    really = [of_request(request) for request in asked]
    assert [each for each in map(of_recorded, found) if each not in really] == []
    assert any(not each.decision.permitted for each in found)


async def test_deciding_again_on_the_record_gives_what_was_decided(tmp_path):
    store = memory_store()
    more = (
        '@id("no") forbid (principal == Agent::"clerk", action == Action::"call_tool", resource == Tool::"note") '
        "unless { context.declared };"
    )
    before = project(tmp_path, script(), more)
    folder = tmp_path / "new"
    folder.mkdir()
    text = (tmp_path / "policies/all.cedar").read_text(encoding="utf-8")
    (folder / "all.cedar").write_text(text + "// the same, in another file", encoding="utf-8")
    async with Runtime(before, store=store) as runtime:
        run = await runtime.run(TASK)
        trial = PolicyTrial.of(before, store, folder)
        found = [each async for each in trial.decisions(run.id)]
        assert len(found) > 10
        assert {each.outcome for each in found} == {"same"}
        for each in found:
            assert each.after.policies == each.recorded.decision.policies


async def test_a_fork_s_shared_decisions_are_those_of_the_run_before(tmp_path):
    async with Runtime(project(tmp_path, script()), store=memory_store()) as runtime:
        run = await runtime.run(TASK)
        fork = await (await runtime.fork(run.id, "answer", prompt="Write well.")).result()
        events = await runtime.journal.read(fork.id)
    assert {each.step for each in past_decisions(events)} == {"answer"}


async def test_roles_and_tools_of_agents_that_are_gone_are_those_that_were_kept(tmp_path):
    store = memory_store()
    before = project(tmp_path, script())
    async with Runtime(before, store=store) as runtime:
        run = await runtime.run(TASK)
        folder = tmp_path / "new"
        folder.mkdir()
        (folder / "p.cedar").write_text(
            '@id("w") permit (principal, action, resource) when { principal.role == Role::"worker" };'
            '@id("l") forbid (principal, action == Action::"call_model", resource) when { resource.local };',
            encoding="utf-8",
        )
        agents = [replace(agent, instructions="Other.") for agent in before.agents.values()]
        now = Project(
            name="desk",
            root=tmp_path,
            agents=agents,
            team=before.team,
            built_models=[(profile("small"), ScriptedModel(script()))],
            tools=list(before.built_tools.values()),
            policies=before.policies,
        )
        found = [each async for each in PolicyTrial.of(now, store, folder).decisions(run.id)]
    unknown = {(each.recorded.decision.action, each.after.ruling, each.after.unknown) for each in found}
    assert unknown == {
        ("plan", "denied", ()),
        ("delegate", "denied", ()),
        ("call_tool", "permitted", ()),
        ("call_model", "cannot tell", ("local",)),
        ("call_model", "denied", ()),  # the supervisor's and the critic's, local or not
        ("release", "permitted", ()),
    }

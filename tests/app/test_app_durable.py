"""Runs of a project outlive its process, and changes of the project."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from support.outside import Outside, Post

from agentcore import Project, Runtime, agent, tool
from agentcore.adapters.journal.value_codec import ValueCodec
from agentcore.app.build import build_tools, definition_of, policy_texts
from agentcore.app.store import memory_store
from agentcore.config.models import STRUCTURED
from agentcore.domain.agent import Agent, Check, Example, Limits, Requirements, Role, ToolUse, Uses, Verification
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError, RunBusy
from agentcore.domain.ids import AgentName, ModelName
from agentcore.engine.definition import Manifest
from agentcore.ports.tool import Compensates, LooksUp
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.scripted import Call, ScriptedModel


@agent(role="supervisor")
def planner() -> None:
    """You plan."""


@agent(uses="earlier")
def writer() -> None:
    """You write."""


@tool
def post(text: str) -> str:
    """Post."""
    return text


def clerk(instructions="You post.", tools=("post",)):
    return Agent(name=AgentName("clerk"), description="posts", instructions=instructions, tools=tools, uses=Uses.NONE)


class Desk:
    """A folder with a store, and a model that can be held up."""

    def __init__(self, folder):
        self.folder = folder
        self.outside = Outside()
        self.hold = asyncio.Event()
        self.reached = asyncio.Event()
        self.systems = []

    def project(self, *, clerk=None, tools=None):
        desk = self

        def answer(request):
            system, last = request.messages[0].content, request.messages[-1]
            if system.startswith("You plan"):
                return {"steps": [{"agent": "clerk", "task": "post hi"}]}
            if system.startswith("You post"):
                return Call("post", {"text": "hi"}) if last.role == "user" else f"told {last.content}"
            return "Done."

        class Held(ScriptedModel):
            async def complete(self, request, on_text=None):
                desk.systems.append(request.messages[0].content)
                if request.messages[0].content.startswith("You post"):
                    desk.reached.set()
                    await desk.hold.wait()
                return await super().complete(request, on_text)

        profile = ModelProfile(
            name="m",
            family="m",
            quality=0.5,
            context_tokens=100_000,
            capabilities=STRUCTURED,
            price=Price(),
            latency_seconds=0.1,
        )
        policies = self.folder / "policies"
        policies.mkdir(exist_ok=True)
        (policies / "all.cedar").write_text('@id("all") permit (principal, action, resource);', encoding="utf-8")
        return Project(
            name="desk",
            policies=policies,
            root=self.folder,
            agents=[planner, clerk or CLERK, writer],
            built_tools=[Post(self.outside, Safety.READ)] if tools is None else tools,
            built_models=[(profile, Held(answer))],
        )

    async def left(self, project):
        """Leave a run in the middle; return its id."""
        async with Runtime(project) as runtime:
            handle = await runtime.start("go")
            await self.reached.wait()
        self.hold.set()
        return handle.id


CLERK = clerk()


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


async def test_a_run_that_was_left_goes_on_by_itself(desk):
    run = await desk.left(desk.project())
    async with Runtime(desk.project()) as runtime:
        ended = await runtime.wait(run)
    assert (ended.status, ended.answer) == ("succeeded", "Done.")


async def test_a_run_is_left_alone_by_who_does_not_want_it(desk):
    run = await desk.left(desk.project())
    async with Runtime(desk.project(), resume=False) as runtime:
        assert (await runtime.journal.list())[0].status == "running"
        ended = await (await runtime.resume(run)).result()
    assert ended.status == "succeeded"


async def test_a_run_finishes_on_the_agents_that_it_was_started_on(desk):
    run = await desk.left(desk.project())
    changed = desk.project(clerk=clerk("You refuse.", tools=()))
    async with Runtime(changed) as runtime:
        ended = await runtime.wait(run)
        assert ended.status == "succeeded"
        assert "You refuse." not in desk.systems
        await runtime.run("go")
    assert "You refuse." in desk.systems


async def test_a_run_whose_tool_is_gone_waits_until_it_is_back(desk):
    run = await desk.left(desk.project())
    lacking = desk.project(clerk=clerk(tools=()), tools=[])
    async with Runtime(lacking, resume=False) as runtime:
        events = await runtime.journal.read(run)
        with pytest.raises(ConfigError, match="tools which the project lacks: post") as caught:
            await runtime.resume(run)
        assert "put them back" in caught.value.hint
        assert await runtime.journal.read(run) == events
    async with Runtime(desk.project()) as runtime:
        assert (await runtime.wait(run)).status == "succeeded"


async def test_a_run_whose_tool_is_gone_can_be_cancelled(desk):
    run = await desk.left(desk.project())
    async with Runtime(desk.project(clerk=clerk(tools=()), tools=[]), resume=False) as runtime:
        ended = await runtime.cancel(run, "not wanted")
    assert (ended.status, ended.reason) == ("cancelled", "not wanted")


async def test_a_run_of_another_process_is_not_taken(desk):
    async with Runtime(desk.project()) as first, Runtime(desk.project()) as second:
        handle = await first.start("go")
        await desk.reached.wait()
        with pytest.raises(RunBusy, match="another process"):
            await second.resume(handle.id)
        assert await second.cancel(handle.id, "not wanted") is None
        run = await handle.result()
    assert (run.status, run.reason) == ("cancelled", "not wanted")


@pytest.mark.parametrize("where", ["file", "memory"])
async def test_a_run_waits_for_a_person_and_goes_on_at_once(desk, where):
    desk.hold.set()
    project = desk.project(tools=[Post(desk.outside, approval=ApprovalRule())])
    options = {"store": memory_store()} if where == "memory" else {}
    async with Runtime(project, **options) as runtime:
        run = await runtime.run("go")
        assert run.status == "waiting"
        (record,) = await runtime.approvals()
        await runtime.rule(record.approval.id[:20], "approve", actor="ann")
        for _ in range(1000):
            if (found := (await runtime.journal.list())[0]).status == "succeeded":
                break
            await asyncio.sleep(0.002)
        assert found.status == "succeeded"
    assert list(desk.outside.received.values()) == [1]


async def test_a_dry_run_of_a_runtime_without_presence_is_not_done(desk):
    class Slow(ScriptedModel):
        async def complete(self, request, on_text=None):
            await asyncio.sleep(0.1)  # long enough for the attendant to look
            return await super().complete(request, on_text)

    project = desk.project()
    profile, _ = project.built_models["m"]
    slow = Slow(lambda _: {"steps": [{"agent": "clerk", "task": "post hi"}]})
    project = replace(project, built_models={"m": (profile, slow)})
    async with Runtime(project, store=memory_store()) as runtime:
        run, _ = await runtime.dry_run("go")
    assert run.status == "planned"
    assert desk.outside.log == []


PROGRAM = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[2], sys.argv[2] + "/app"]
import test_app_durable as tests
from agentcore import Runtime
from agentcore.domain.effect import Safety

def die():
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    desk = tests.Desk(Path(sys.argv[1]))
    desk.hold.set()
    post = tests.Post(desk.outside, Safety(sys.argv[3]), **{sys.argv[4]: die})
    async with Runtime(desk.project(tools=[post])) as runtime:
        await runtime.run("go")

asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("safety", [Safety.IDEMPOTENT, Safety.UNSAFE])
async def test_a_run_whose_process_was_killed_in_a_call_goes_on_by_itself(desk, safety, moment, request):
    program = [sys.executable, "-c", PROGRAM, str(desk.folder), str(request.path.parents[1]), safety.value, moment]
    done = await asyncio.to_thread(subprocess.run, program, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    desk.hold.set()
    async with Runtime(desk.project(tools=[Post(desk.outside, safety)])) as runtime:
        (summary,) = await runtime.journal.list()
        run = await runtime.wait(summary.run)
    if safety is Safety.UNSAFE:
        assert (run.status, run.asked[0].subject) == ("waiting", "outcome")
        assert desk.outside.log == []
    else:
        assert run.status == "succeeded"
        assert list(desk.outside.received.values()) == [1]


def test_definitions_are_kept_whole(desk):
    rich = Agent(
        name=AgentName("rich"),
        role=Role.VERIFIER,
        description="é\ud800",
        instructions="{{a}}",
        examples=(Example(user="u", assistant="a"),),
        inputs={"a": {"type": "string"}},
        output={"type": "object"},
        tools=("post",),
        tool_use=ToolUse.REQUIRED,
        may_decline=True,
        requirements=Requirements(models=(ModelName("m"),), capabilities=STRUCTURED, min_quality=0.1, max_usd=None),
        verification=Verification(checks=(Check(name="regex", options={"pattern": "x"}),), panel=("c",), required=1),
        limits=Limits(attempts=3),
        approval=ApprovalRule(approvers=("ann",), due_seconds=1.5, on_due="escalate"),
    )
    definition = definition_of(desk.project())
    definition = replace(definition, agents={**definition.agents, rich.name: rich})
    manifest = Manifest.of(definition, policy_texts(desk.project()))
    codec = ValueCodec(Manifest)
    again = codec.decode(codec.encode(manifest))
    assert again == manifest
    assert again.definition({}) == definition


def test_a_tool_that_the_project_redefines_can_still_be_looked_up_and_undone(desk):
    from agentcore.app import build

    own = Post(desk.outside, Safety.COMPENSABLE, looks_up=True, compensates=True)
    changed = build._Redefined(own, replace(own.definition, seconds=1.0))
    assert isinstance(changed, LooksUp)
    assert isinstance(changed, Compensates)
    unable = build._Redefined(post, post.definition).definition
    assert (unable.looks_up, unable.compensates) == (False, False)
    assert build_tools(desk.project()).keys() == {"post"}

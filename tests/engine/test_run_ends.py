"""Whatever ends a run, nothing of it goes on afterwards, and nothing keeps it from ending."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from support.desk import ADDER, BOSS, FINDER, WRITER, Echo, engine, plan

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import Agent, Limits, Role, Verification
from agentcore.domain.ids import AgentName, ToolName
from agentcore.domain.task import Task
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Call, Delayed, ScriptedModel

TASK = Task(goal="add things")


async def test_a_denied_verifier_ends_the_run_and_stops_the_other_verifiers_first():
    clock, journal = FakeClock(auto=True), MemoryJournal()
    critics = tuple(
        Agent(name=AgentName(name), role=Role.VERIFIER, instructions=f"Judge {name}.") for name in ("one", "two")
    )
    finder = replace(FINDER, verification=Verification(panel=tuple(critic.name for critic in critics), required=2))

    def script(request):
        system = request.messages[0].content
        if "Judge two." in system:
            return Delayed(30.0, {"checked": "all", "problems": [], "accepts": True})
        return plan("finder") if "Plan." in system else "text"

    policies = {
        "p.cedar": '@id("all")\npermit(principal, action, resource);\n'
        '@id("not-one")\nforbid(principal == Agent::"one", action == Action::"call_model", resource);'
    }
    async with engine(
        {"m": ScriptedModel(script, clock=clock)},
        agents=(BOSS, finder, ADDER, WRITER, *critics),
        policies=policies,
        journal=journal,
        clock=clock,
    ) as running:
        handle = await running.start(TASK)
        assert (await handle.result()).status == "denied"
        await clock.sleep(60.0)
        kinds = [event.fact.kind for event in await journal.read(handle.id)]
    assert kinds[-1] == "run_finished"
    assert kinds.count("effect_started") == kinds.count("effect_finished")


async def test_a_tool_that_cancels_itself_has_failed_and_does_not_take_its_step_along():
    class Cancelling(Echo):
        async def call(self, arguments, context):
            raise asyncio.CancelledError

    finder = replace(FINDER, tools=(ToolName("echo"),))
    model = ScriptedModel([plan("finder"), Call("echo", {"text": "a"}), "found", "done"])
    async with engine({"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[Cancelling()]) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert model.requests[2].messages[-1].content == "Error: echo broke off its own call"


@pytest.mark.parametrize("call", [1, 2])
async def test_a_model_that_cancels_itself_has_failed(call):
    class Cancelling(ScriptedModel):
        async def complete(self, request, on_text=None):
            if len(self.requests) + 1 >= call:
                self.requests.append(request)
                raise asyncio.CancelledError
            return await super().complete(request, on_text)

    async with engine({"m": Cancelling([plan("finder")])}) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "failed"
    assert "m broke off its own call" in run.reason


async def test_a_model_that_only_ever_calls_tools_ends_its_attempt():
    calls = 0

    def script(request):
        nonlocal calls
        if "Plan." in request.messages[0].content:
            return plan("finder")
        calls += 1
        return Call("echo", {"text": str(calls)})

    finder = replace(FINDER, tools=(ToolName("echo"),), limits=Limits(tool_calls=3, attempts=1, escalations=0))
    async with engine({"m": ScriptedModel(script)}, agents=(BOSS, finder, ADDER, WRITER), tools=[Echo()]) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "failed"
    assert "no call is left to it" in run.reason

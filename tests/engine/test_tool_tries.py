"""Tools that keep failing are left alone for a while; calls that may be repeated are made once more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.desk import ADDER, BOSS, FINDER, WRITER, Echo, engine, plan

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import Limits
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ToolError, ToolInputInvalid, ToolOutcomeUnknown, ToolTimeout
from agentcore.domain.event import EffectRefused
from agentcore.domain.ids import ToolName
from agentcore.domain.task import Task
from agentcore.engine.circuits import Circuits
from agentcore.engine.tool_tries import ToolTries
from agentcore.ports.tool import ToolContext
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Call, ScriptedModel

NAME = ToolName("echo")
CONTEXT = ToolContext(key="k", tenant="t", principal="p")


def tries():
    clock = FakeClock(auto=True)
    return ToolTries(Circuits(clock), clock), clock


async def call(made, tool):
    made.check(NAME)
    return await made.call(tool, {"text": "x"}, CONTEXT)


async def failing(made, tool, times):
    for _ in range(times):
        with pytest.raises(ToolError):
            await call(made, tool)


async def test_a_tool_that_keeps_failing_is_not_called_for_a_while_and_the_error_says_until_when_and_why():
    made, clock = tries()
    tool = Echo(safety=Safety.UNSAFE, error=RuntimeError("no connection"))
    await failing(made, tool, 5)
    with pytest.raises(ToolError) as caught:
        await call(made, tool)
    assert len(tool.calls) == 5
    assert caught.value.message == (
        "echo is not called until 08:00:15 UTC, for another 15 s: it kept failing: "
        "echo failed: RuntimeError: no connection"
    )
    tool.error = None
    await clock.sleep(15.1)
    assert (await call(made, tool)).value == {"echo": "x"}
    made.check(NAME)
    assert made.circuits.breakers[NAME].until is None


async def test_a_probe_that_fails_opens_it_for_twice_as_long():
    made, clock = tries()
    tool = Echo(safety=Safety.UNSAFE, error=ToolTimeout("late"))
    await failing(made, tool, 5)
    await clock.sleep(15.1)
    await failing(made, tool, 1)
    await clock.sleep(15.1)
    with pytest.raises(ToolError, match="is not called until"):
        await call(made, tool)
    assert len(tool.calls) == 6


@pytest.mark.parametrize(
    "error",
    [ToolError("no such order"), ToolInputInvalid("must be a number"), ValueError("no such order"), KeyError("x")],
)
async def test_what_is_wrong_with_arguments_is_no_fault_of_the_tool(error):
    made, _ = tries()
    tool = Echo(safety=Safety.READ, error=error)
    await failing(made, tool, 30)
    assert len(tool.calls) == 30


@pytest.mark.parametrize(
    ("safety", "error", "calls"),
    [
        (Safety.READ, RuntimeError("cut off"), 2),
        (Safety.IDEMPOTENT, ToolOutcomeUnknown("cut off"), 2),
        (Safety.IDEMPOTENT, ToolTimeout("late"), 1),
        (Safety.READ, ValueError("no such order"), 1),
        (Safety.READ, ToolError("closed"), 1),
        (Safety.COMPENSABLE, RuntimeError("cut off"), 1),
        (Safety.UNSAFE, RuntimeError("cut off"), 1),
    ],
)
async def test_only_a_call_that_may_be_repeated_is_made_once_more_with_the_same_key(safety, error, calls):
    made, _ = tries()
    tool = Echo(safety=safety, error=error)
    await failing(made, tool, 1)
    assert [context.key for _, context in tool.calls] == ["k"] * calls


async def test_an_open_circuit_is_not_tried_again():
    made, _ = tries()
    tool = Echo(safety=Safety.READ, error=RuntimeError("cut off"))
    await failing(made, tool, 3)
    assert len(tool.calls) == 5


async def test_a_run_is_told_at_once_and_its_replay_too():
    journal, echo = MemoryJournal(), Echo(error=RuntimeError("down"))
    finder = replace(FINDER, tools=(NAME,), limits=Limits(attempts=1, escalations=0))
    texts = [Call("echo", {"text": str(number)}) for number in range(4)]
    model = ScriptedModel([plan("finder"), *texts, "nothing", "Done."])
    async with engine({"m": model}, agents=(BOSS, finder, ADDER, WRITER), tools=[echo], journal=journal) as running:
        run = await (await running.start(Task(goal="go"))).result()
        assert run.status == "succeeded"
        assert len(echo.calls) == 5
        refused = [event.fact for event in await journal.read(run.id) if isinstance(event.fact, EffectRefused)]
        assert [fact.by for fact in refused] == ["tool"]
        assert "it kept failing" in refused[0].reason
        assert (await running.replay(run.id)).status == "succeeded"

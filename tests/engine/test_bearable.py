"""What of a tool's result an agent may have: what is too large for a prompt, or no text, is recorded and withheld."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.desk import ADDER, BOSS, FINDER, WRITER, Echo, engine, plan

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import ToolUse
from agentcore.domain.effect import Safety
from agentcore.domain.event import EffectFinished
from agentcore.domain.ids import ToolName
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits
from agentcore.testing.scripted import Call, ScriptedModel

LIMITS = RunLimits(result_characters=100)
HUGE = "z" * 101


def asks(*texts):
    """Return a model whose finder calls the tool with these texts, one by one, and repeats what it is told."""

    def reply(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return plan("finder")
        if not system.startswith("Find."):
            return "Done."
        told = sum(message.role == "tool" for message in request.messages)
        return Call("echo", {"text": texts[told]}) if told < len(texts) else last.content

    return ScriptedModel(reply)


async def ran(model, echo, *, use=ToolUse.AUTO):
    """Return a run, replayed to the same end, and what the calls of the tool are recorded to have returned."""
    journal = MemoryJournal()
    agents = (BOSS, replace(FINDER, tools=(ToolName("echo"),), tool_use=use), ADDER, WRITER)
    async with engine({"m": model}, agents=agents, tools=[echo], limits=LIMITS, journal=journal) as running:
        run = await (await running.start(Task(goal="go"))).result()
        again = await running.replay(run.id)
    assert (again.status, again.reason) == (run.status, run.reason)
    facts = [event.fact for event in await journal.read(run.id)]
    return run, [fact.output for fact in facts if isinstance(fact, EffectFinished) and "/tool." in fact.effect]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HUGE, "the result of echo has 112 characters, more than 100 (`limits.result_characters`); ask for less"),
        ("a\x00b", "the result of echo has binary data in a text"),
    ],
    ids=["too large", "binary"],
)
async def test_the_agent_is_told_why_and_may_ask_for_less_and_the_record_has_all(text, problem):
    model = asks(text, "less")
    run, recorded = await ran(model, Echo())
    assert run.status == "succeeded"
    assert run.steps["finder"].output == '{"echo":"less"}'
    assert recorded == [{"echo": text}, {"echo": "less"}], "nothing is lost"
    told = [message.content for message in model.requests[2].messages if message.role == "tool"]
    assert told[0].startswith(f"Error: {problem}")
    assert not any(text in message.content for request in model.requests for message in request.messages)


async def test_a_step_that_is_nothing_but_the_result_fails_and_says_so():
    run, _ = await ran(asks(HUGE, HUGE, HUGE, HUGE), Echo(), use=ToolUse.OUTPUT)
    assert run.status == "failed"
    assert "more than 100 (`limits.result_characters`)" in run.reason


async def test_a_call_that_changed_something_has_happened_and_is_not_made_again():
    echo = Echo(safety=Safety.IDEMPOTENT)
    run, recorded = await ran(asks(HUGE), echo)
    assert (run.status, len(echo.calls), recorded) == ("succeeded", 1, [{"echo": HUGE}])
    assert '"withheld":"the result of echo has 112 characters' in run.steps["finder"].output

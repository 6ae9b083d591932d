"""Requests that no model takes as they are: what is left out is recorded, and a replay knows it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.desk import ADDER, BOSS, FINDER, WRITER, Echo, engine, plan, profile
from support.mortal import Mortal

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import Limits
from agentcore.domain.errors import JournalUnavailable
from agentcore.domain.event import EffectFinished, EffectRefused, EffectStarted
from agentcore.domain.ids import RunId, ToolName
from agentcore.domain.savings import Savings
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits
from agentcore.engine.request_size import likely_tokens
from agentcore.testing.scripted import Call, ScriptedModel

TASK = Task(goal="what do the letters say of apples?")


class Case:
    """A finder whose output is long, and a writer who reads it."""

    def __init__(self, *, contexts=(2000,), writer=WRITER, length=20_000, value=None):
        text = "\n".join(f"line {number} is about pears" for number in range(length // 24))
        self.found = value or f"{text}\nthis line is what the letters say of apples\n{text}"
        self.model = ScriptedModel(self.reply)
        self.models = [(profile(f"m{n}", context_tokens=size), self.model) for n, size in enumerate(contexts)]
        self.agents = (BOSS, FINDER, ADDER, writer)
        self.journal = MemoryJournal()
        self.tools = []

    def reply(self, request):
        system = request.messages[0].content
        return (
            plan("finder") if system.startswith("Plan.") else self.found if system == "Find." else "Apples are good."
        )

    def engine(self, journal=None):
        return engine(
            self.models,
            agents=self.agents,
            tools=self.tools,
            journal=journal or self.journal,
            limits=RunLimits(replans=0),
        )

    async def run(self):
        async with self.engine() as running:
            return await (await running.start(TASK, id=RunId("r"))).result()

    async def facts(self, kind):
        return [event.fact for event in await self.journal.read(RunId("r")) if isinstance(event.fact, kind)]


async def test_what_no_model_takes_is_trimmed_to_what_one_takes():
    case = Case()
    assert (await case.run()).status == "succeeded"
    sent = case.model.requests[-1]
    assert likely_tokens(sent) + sent.max_output_tokens <= 2000
    assert "this line is what the letters say of apples" in sent.messages[-1].content
    assert sent.messages[-1].content.endswith("Question: what do the letters say of apples?")
    last = (await case.facts(EffectStarted))[-1]
    assert last.request["messages"][-1]["content"] == sent.messages[-1].content
    assert last.trimmed.limit == 2000 - sent.max_output_tokens
    assert {(cut.message, cut.what) for cut in last.trimmed.cuts} == {(1, "a part of finder")}
    savings = Savings.of(await case.journal.read(RunId("r")))
    assert (savings.trimmed.requests, savings.trimmed.tokens) == (1, last.trimmed.tokens)
    assert last.trimmed.tokens > 10_000


async def test_no_more_is_left_out_than_for_the_widest_model():
    case = Case(contexts=(1000, 8000, 3000))
    await case.run()
    (route, trimmed) = next((fact.route, fact.trimmed) for fact in await case.facts(EffectStarted) if fact.trimmed)
    assert route.model == "m1"
    assert trimmed.limit == 8000 - 512


async def test_what_fits_is_sent_as_it_is():
    case = Case(contexts=(100_000,))
    await case.run()
    assert [fact.trimmed for fact in await case.facts(EffectStarted)] == [None] * 3


async def test_an_agent_may_read_less_than_its_model():
    case = Case(contexts=(100_000,), writer=replace(WRITER, limits=Limits(input_tokens=500)))
    await case.run()
    assert likely_tokens(case.model.requests[-1]) <= 500
    assert (await case.facts(EffectStarted))[-1].trimmed.limit == 500


async def test_what_cannot_be_trimmed_enough_is_refused_as_before():
    numbers = {f"value_{n}": n for n in range(39)}
    case = Case(contexts=(600,), value=[numbers])
    assert (await case.run()).status != "succeeded"
    assert "do not fit its context of 600" in (await case.facts(EffectRefused))[0].reason
    case = Case(contexts=(100_000,), value=[numbers], writer=replace(WRITER, limits=Limits(input_tokens=5)))
    assert (await case.run()).status != "succeeded"
    why = (await case.facts(EffectRefused))[0].reason
    assert "do not fit its `limits.input_tokens` of 5, and what may be left out is not enough" in why


async def test_a_replay_takes_a_trimmed_call_from_the_record():
    case = Case()
    await case.run()
    asked = len(case.model.requests)
    async with case.engine() as running:
        assert (await running.replay(RunId("r"))).answer == "Apples are good."
    assert len(case.model.requests) == asked


async def test_a_trimmed_call_that_is_recorded_is_not_made_again():
    case = Case()
    dead = Mortal(case.journal, after=lambda event: isinstance(event.fact, EffectFinished) and "Apples" in str(event))
    async with case.engine(dead) as running:
        with pytest.raises(JournalUnavailable):
            await (await running.start(TASK, id=RunId("r"))).result()
    assert dead.dead
    asked = len(case.model.requests)
    async with case.engine() as running:
        assert (await (await running.resume(RunId("r"))).result()).answer == "Apples are good."
    assert len(case.model.requests) == asked


async def test_earlier_results_of_tools_are_left_out_before_data():
    def reply(request):
        if request.messages[0].content.startswith("Plan."):
            return plan("finder")
        told = [message for message in request.messages if message.role == "tool"]
        if request.messages[0].content == "Find." and len(told) < 3:
            return Call("echo", {"text": f"{len(told)} " * 1000})
        return "done"

    case = Case(contexts=(2200,))
    case.agents = (BOSS, replace(FINDER, tools=(ToolName("echo"),)), ADDER, WRITER)
    case.model = ScriptedModel(reply)
    case.models = [(profile("m", context_tokens=2200), case.model)]
    case.tools = [Echo()]
    assert (await case.run()).status == "succeeded"
    cuts = [[cut.what for cut in fact.trimmed.cuts] for fact in await case.facts(EffectStarted) if fact.trimmed]
    assert cuts == [["an earlier result of echo"]]
    results = [message.content[:20] for message in case.model.requests[-2].messages if message.role == "tool"]
    assert results[0] == "(an earlier result, "
    assert [each[:9] for each in results[1:]] == ['{"echo":"', '{"echo":"']

"""A second model is asked when the first is late: who wins, what is recorded, what replays and crashes make of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest
from support.desk import ADDER, BOSS, FINDER, WRITER, engine, plan, profile

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.agent import Routing
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ModelUnavailable
from agentcore.domain.event import EffectFinished, EffectStarted
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Delayed, ScriptedModel

AGENTS = tuple(replace(each, routing=Routing(hedge=True)) for each in (BOSS, FINDER, ADDER, WRITER))
TASK = Task(goal="find it")


class Case:
    """Two models, of which the first was quick until it is late at one of the finder's calls."""

    def __init__(self, *, late=60.0, second=0.2, budget=None, agents=AGENTS, **more):
        self.clock = FakeClock(auto=True)
        self.journal = MemoryJournal()
        self.late, self.second = late, second
        self.asked = {"first": 0, "second": 0}
        self.pool = None
        self._budget, self._agents, self._more = budget, agents, more

    def first(self, request):
        self.asked["first"] += 1
        return self._said(request, self.late)

    def other(self, request):
        self.asked["second"] += 1
        return self._said(request, self.second)

    def _said(self, request, finding):
        if request.messages[0].content.startswith("Plan."):
            return plan("finder")
        finds = request.messages[0].content.startswith("Find.")
        if finds and isinstance(finding, Exception):
            return finding
        return Delayed(finding if finds else 0.1, "found" if finds else "Done.")

    def process(self):
        models = [
            (profile("first", 0.9, 1), ScriptedModel(self.first, clock=self.clock)),
            (profile("second", 0.5, 1), ScriptedModel(self.other, clock=self.clock)),
        ]
        running = engine(
            models, clock=self.clock, journal=self.journal, budget=self._budget, agents=self._agents, **self._more
        )
        return _Warm(running, self)

    async def run(self):
        async with self.process() as running:
            run = await (await running.start(TASK)).result()
        self.events = await self.journal.read(run.id)
        return run

    def facts(self, kind):
        return [event.fact for event in self.events if isinstance(event.fact, kind)]

    @property
    def ends(self):
        return {fact.effect.rpartition("/")[2]: fact for fact in self.facts(EffectFinished) if "finder" in fact.effect}


class _Warm:
    """An engine whose models have been measured: the first answers in a tenth of a second."""

    def __init__(self, running, case):
        self._running, self._case = running, case

    async def __aenter__(self):
        running = await self._running.__aenter__()
        pool = self._case.pool = running._parts.pool
        for name in pool.profiles:
            for _ in range(20):
                pool.board._note(name, "finder", lambda tally: tally.answered(now=self._case.clock.now(), seconds=0.1))
        return running

    async def __aexit__(self, *error):
        return await self._running.__aexit__(*error)


async def replayed(case, run):
    async with case.process() as running:
        again = await running.replay(run.id)
    assert (again.status, again.answer, again.used) == (run.status, run.answer, run.used)


async def test_the_second_answers_when_the_first_is_late():
    case = Case()
    run = await case.run()
    assert run.status == "succeeded"
    assert case.clock.monotonic() < 5.0
    assert {name: (end.error, end.unknown) for name, end in case.ends.items()} == {
        "model.1": ("first is given up: another model has answered first", False),
        "model.1+hedge": ("", False),
    }
    started = [fact for fact in case.facts(EffectStarted) if fact.effect.id.endswith("+hedge")]
    assert [fact.effect.name for fact in started] == ["second"]
    assert started[0].route.reason.startswith("asked as well, as first has not answered within 0.")
    await replayed(case, run)


async def test_the_first_may_still_be_quicker():
    case = Case(late=0.6, second=50.0)
    run = await case.run()
    assert case.clock.monotonic() < 5.0
    assert case.ends["model.1"].error == ""
    assert "given up" in case.ends["model.1+hedge"].error
    await replayed(case, run)


async def test_what_is_given_up_is_paid_for():
    case = Case(budget=Budget(usd=Decimal(1)))
    run = await case.run()
    given_up = case.ends["model.1"].used
    assert given_up.input_tokens > 0
    assert given_up.usd > 0
    assert run.used.usd == sum(fact.used.usd for fact in case.facts(EffectFinished))


async def test_how_long_it_was_waited_for_is_noted():
    case = Case()
    await case.run()
    assert case.pool.live["first"].weight > 19


async def test_a_call_in_time_is_asked_once():
    case = Case(late=0.1)
    await case.run()
    assert case.asked["second"] == 0


@pytest.mark.parametrize("routing", [Routing(hedge=False), Routing()])
async def test_without_a_deadline_it_has_to_be_asked_for(routing):
    case = Case(late=3.0, agents=tuple(replace(each, routing=routing) for each in AGENTS))
    await case.run()
    assert case.asked["second"] == 0


async def test_a_deadline_asks_for_it():
    routing = Routing(max_latency_seconds=5.0)
    case = Case(late=3.0, agents=tuple(replace(each, routing=routing) for each in AGENTS))
    await case.run()
    assert case.asked["second"] == 1


async def test_when_the_second_fails_the_first_is_waited_for():
    case = Case(late=2.0, second=ModelUnavailable("down"))
    run = await case.run()
    assert run.status == "succeeded"
    assert case.ends["model.1"].error == ""
    assert case.ends["model.1+hedge"].error == "down"
    await replayed(case, run)


async def test_when_the_first_is_late_and_fails_the_second_is_waited_for():
    case = Case(second=2.0)
    case.late = 1.0
    case.first = lambda request: (
        Delayed(1.0, ModelUnavailable("gone"))
        if request.messages[0].content.startswith("Find.")
        else case._said(request, 0.1)
    )
    run = await case.run()
    assert run.status == "succeeded"
    assert case.ends["model.1"].error == "gone"
    assert case.ends["model.1+hedge"].error == ""
    await replayed(case, run)


async def test_an_outage_does_not_double_the_load():
    case = Case(late=3.0, second=4.0)
    async with case.process() as running:
        for _ in range(30):
            await (await running.start(TASK)).result()
    assert case.asked["first"] >= 80
    assert case.asked["second"] <= 7


@pytest.mark.parametrize("cut", ["before", "with the second", "the second has ended", "both have ended"])
async def test_after_a_crash_the_record_says_which_answer_counts(cut):
    case = Case()
    run = await case.run()
    kinds = [(event.fact.kind, getattr(event.fact, "effect", None)) for event in case.events]
    place = {
        "before": next(
            i for i, (k, e) in enumerate(kinds) if k == "effect_started" and e.id.endswith("finder/model.1")
        ),
        "with the second": next(i for i, (k, e) in enumerate(kinds) if k == "effect_started" and "+hedge" in e.id),
        "the second has ended": min(i for i, (k, e) in enumerate(kinds) if k == "effect_finished" and "finder" in e),
        "both have ended": max(i for i, (k, e) in enumerate(kinds) if k == "effect_finished" and "finder" in e),
    }[cut]
    case.journal = MemoryJournal()
    await case.journal.append(case.events[: place + 1], durable=True)
    case.late = 0.1
    case.asked = {"first": 0, "second": 0}
    async with case.process() as running:
        resumed = await (await running.resume(run.id)).result()
    assert resumed.status == "succeeded"
    assert case.asked["second"] == 0
    assert case.asked["first"] == (1 if cut in {"the second has ended", "both have ended"} else 2)
    case.events = await case.journal.read(run.id)
    assert Run.fold(case.events).used == resumed.used
    await replayed(case, resumed)


async def test_cancelling_breaks_both_off():
    case = Case(late=100.0, second=100.0)
    async with case.process() as running:
        handle = await running.start(TASK)
        while case.asked["second"] == 0:  # noqa: ASYNC110  # of a call, no event tells
            await asyncio.sleep(0)
        await handle.cancel()
        run = await handle.result()
    assert run.status == "cancelled"
    case.events = await case.journal.read(run.id)
    assert {name: end.unknown for name, end in case.ends.items()} == {"model.1": True, "model.1+hedge": True}
    await replayed(case, run)

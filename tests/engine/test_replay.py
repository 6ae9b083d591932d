"""A replay calls nothing and produces the recorded facts, whatever the timing; a fork shares what it does not redo."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.desk import engine
from support.graph import AGENTS, LIMITS, TEAM, Sending, Sink, model, plans

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.budget import Budget, Usage
from agentcore.domain.effect import Effect, Safety
from agentcore.domain.errors import ForkError, ModelRequestRejected, ReplayMismatch
from agentcore.domain.event import (
    AttemptFinished,
    AttemptStarted,
    EffectFinished,
    EffectStarted,
    Event,
    PlanAccepted,
    PlanRejected,
    RunStarted,
    StepFailed,
    VerdictReached,
)
from agentcore.domain.fork import changed_values, shared_facts
from agentcore.domain.ids import ANSWER, PLAN, StepId
from agentcore.domain.label import Label
from agentcore.domain.plan import FromTask, Plan, Step
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.verdict import Verdict
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Delayed, ScriptedModel

GO = Task(goal="go")


class Forbidden(ScriptedModel):
    """A model that must not be called."""

    def __init__(self):
        super().__init__([])

    async def complete(self, request, on_text=None):
        raise AssertionError("a replay called a model")


class Unreachable(Sending):
    """A tool that must not be called."""

    async def call(self, arguments, context):
        raise AssertionError("a replay called a tool")


def desk(models, tool, journal, **more):
    return engine(
        models,
        agents=AGENTS,
        team=TEAM,
        tools=[tool],
        journal=journal,
        limits=LIMITS,
        inbox=MemoryInbox(journal),
        **more,
    )


def timed(plan, called, seed, clock):
    """Return a model whose calls take times that the seed decides."""
    inner, chance = model(plan, called), random.Random(seed)  # noqa: S311  # repeatable

    def answer(request):
        return Delayed(chance.random(), inner.say(request))

    return ScriptedModel(answer, clock=clock)


async def recorded(plan, safety, seed):
    journal, clock = MemoryJournal(), FakeClock(auto=True)
    async with desk(
        {"m": timed(plan, Counter(), seed, clock)}, Sending(Sink(), safety), journal, clock=clock
    ) as running:
        run = await (await running.start(GO)).result()
    assert run.status == "succeeded", run.reason
    return run, list(await journal.read(run.id))


async def replayed(events, safety=Safety.READ):
    journal = MemoryJournal()
    await journal.append(events, durable=True)
    async with desk({"m": Forbidden()}, Unreachable(Sink(), safety), journal) as running:
        run = await running.replay(events[0].run)
    assert list(await journal.read(events[0].run)) == events, "a replay writes nothing"
    return run


@settings(max_examples=60)
@given(plans(), st.sampled_from(list(Safety)[:2]), st.integers(0, 10_000))
def test_a_replay_is_equal_whatever_the_timing(plan, safety, seed):
    async def check():
        run, events = await recorded(plan, safety, seed)
        again = await replayed(events, safety)
        assert (again.status, again.answer, again.sequence) == (run.status, run.answer, run.sequence)
        assert {id: again.steps[id].output for id in again.steps} == {id: run.steps[id].output for id in run.steps}

    asyncio.run(check())


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (
            AttemptFinished,
            {"output": "forged"},
            r"event \d+ is attempt_finished s0; it differs: output: 'forged' here",
        ),
        (EffectStarted, {"request": {"messages": []}}, r"effect_started .*model.1; it differs: request"),
        (VerdictReached, {"attempt": 7}, r"verdict_reached s0; it differs: attempt: 7 here, 1 there"),
    ],
)
async def test_the_first_difference_is_shown(kind, change, message):
    plan = [{"id": "s0", "agent": "reader", "task": "do", "uses": []}]
    _, events = await recorded(plan, Safety.READ, 1)
    at = next(n for n, event in enumerate(events) if isinstance(event.fact, kind) and "s0" in repr(event.fact))
    events[at] = replace(events[at], fact=replace(events[at].fact, **change))
    with pytest.raises(ReplayMismatch, match=message):
        await replayed(events)


async def test_a_fact_that_is_missing_in_the_record_is_a_difference():
    plan = [{"id": "s0", "agent": "reader", "task": "do", "uses": []}]
    _, events = await recorded(plan, Safety.READ, 1)
    at = next(n for n, event in enumerate(events) if isinstance(event.fact, VerdictReached))
    cut = [replace(event, sequence=number) for number, event in enumerate(events[:at] + events[at + 1 :], start=1)]
    journal = MemoryJournal()
    await journal.append(cut, durable=True)
    async with desk({"m": Forbidden()}, Unreachable(Sink(), Safety.READ), journal) as running:
        with pytest.raises(ReplayMismatch, match="the replay would go on with verdict_reached s0"):
            await running.replay(cut[0].run)


async def forked(events, step, plan, safety=Safety.IDEMPOTENT):
    journal, called, sink = MemoryJournal(), Counter(), Sink()
    await journal.append(events, durable=True)
    clock = FakeClock(auto=True)
    clock.new_id()  # which the other run has
    async with desk({"m": model(plan, called)}, Sending(sink, safety), journal, clock=clock) as running:
        fork = await (await running.fork(events[0].run, StepId(step))).result()
        await running.replay(fork.id)
    return fork, list(await journal.read(fork.id)), called, sink


@settings(max_examples=40)
@given(plans(), st.data())
def test_a_fork_does_anew_what_depends_on_its_step_and_nothing_else(plan, data):
    async def check():
        run, events = await recorded(plan, Safety.IDEMPOTENT, 3)
        step = data.draw(st.sampled_from([PLAN, ANSWER, *(each["id"] for each in plan)]))
        fork, own, called, _ = await forked(events, step, plan)
        assert (fork.status, fork.answer) == ("succeeded", run.answer)
        assert fork.started.lineage.run == run.id
        assert Run.fold(own) == fork
        redone = {event.fact.step for event in own[1 + fork.started.lineage.events :] if hasattr(event.fact, "step")}
        wanted = needing(run, step)
        assert redone == wanted
        assert bool(called["Plan.", "user", "Goal: go"]) == (step == PLAN)

    asyncio.run(check())


def needing(run, step):
    if step == PLAN:
        return {each.id for each in run.plan.steps}
    found, grown = {step}, True
    while grown:
        more = {each.id for each in run.plan.steps if each.needs & found} - found
        grown = bool(more)
        found |= more
    return found


async def test_a_fork_from_a_step_that_does_not_exist():
    plan = [{"id": "s0", "agent": "reader", "task": "do", "uses": []}]
    _, events = await recorded(plan, Safety.READ, 1)
    with pytest.raises(ForkError, match="has no step nine") as caught:
        await forked(events, "nine", plan)
    assert "s0" in caught.value.hint


async def test_a_fork_has_not_spent_what_it_shares():
    plan = [{"id": "s0", "agent": "reader", "task": "do", "uses": []}]
    run, events = await recorded(plan, Safety.READ, 1)
    fork, _, _, _ = await forked(events, ANSWER, plan)
    assert (run.used.calls, fork.used.calls) == (3, 1)


def events_of(*facts, run="r"):
    return [Event(run=run, sequence=number, at=0.0, fact=fact) for number, fact in enumerate(facts, start=1)]


STARTED = RunStarted(
    task=Task(goal="go", inputs={"to": "Ann"}), name="", budget=Budget(), agents={}, snapshot="s", runtime="0"
)


def planned(*steps, revision=0):
    return PlanAccepted(plan=Plan(steps=steps), revision=revision)


def attempt(step, *, accepted=True):
    return (
        AttemptStarted(step=step, attempt=1, agent="a"),
        AttemptFinished(step=step, attempt=1, output=step, label=Label()),
        VerdictReached(step=step, attempt=1, verdict=Verdict(accepted=accepted)),
    )


def shared_steps(events, step, **more):
    facts = [fact for _, fact in shared_facts(events, StepId(step), **more)]
    return sorted({fact.step for fact in facts if isinstance(fact, AttemptStarted)})


def test_steps_that_were_given_a_changed_value_are_done_anew():
    to = Step(id="b", agent="a", instruction="", inputs={"to": FromTask(name="to")})
    plan = planned(Step(id="a", agent="a", instruction=""), to, Step(id="c", agent="a", instruction="", uses=("a",)))
    events = events_of(STARTED, plan, *attempt("a"), *attempt("b"), *attempt("c"))
    assert shared_steps(events, "c") == ["a", "b"]
    other = Task(goal="go", inputs={"to": "Bob"})
    assert shared_steps(events, "c", changed=changed_values(STARTED.task, other)) == ["a"]


def test_what_was_undone_is_done_anew():
    plan = planned(
        Step(id="a", agent="a", instruction=""),
        Step(id="b", agent="a", instruction="", uses=("a",)),
        Step(id="c", agent="a", instruction=""),
    )
    call = Effect(
        id="1/a/1/a/tool.1/undo", kind="tool", name="t", step="a", attempt=1, agent="a", safety="read", key="k"
    )
    undo = (
        EffectStarted(effect=call, request={}, decisions=(), reserved=Usage()),
        EffectFinished(effect=call.id, output=None, used=Usage(), seconds=0.0, label=Label()),
    )
    events = events_of(STARTED, plan, *attempt("a"), *attempt("b"), *attempt("c", accepted=False), *undo)
    assert shared_steps(events, "c") == []
    failed = replace(undo[1], error="it could not be undone")
    events = events_of(STARTED, plan, *attempt("a"), *attempt("b"), *attempt("c", accepted=False), undo[0], failed)
    assert shared_steps(events, "c") == ["a", "b"]


def test_an_earlier_plans_step_of_the_same_name_is_not_shared():
    before = planned(Step(id="a", agent="a", instruction="", uses=("b",)), Step(id="b", agent="a", instruction=""))
    after = planned(Step(id="a", agent="a", instruction=""), Step(id="b", agent="a", instruction=""), revision=1)
    events = events_of(
        STARTED,
        before,
        *attempt("b"),
        *attempt("a", accepted=False),
        StepFailed(step="a", reasons=()),
        after,
        *attempt("a"),
    )
    facts = [fact for _, fact in shared_facts(events, StepId("b"))]
    assert facts == [before, after, *attempt("a")]


def test_planning_that_has_come_to_nothing_is_not_shared():
    planning = Effect(
        id="1/plan/2/boss/model.1",
        kind="model",
        name="m",
        step="plan",
        attempt=2,
        agent="boss",
        safety="read",
        key="k",
    )
    plan = planned(Step(id="a", agent="a", instruction=""))
    events = events_of(
        STARTED,
        plan,
        *attempt("a", accepted=False),
        StepFailed(step="a", reasons=()),
        EffectStarted(effect=planning, request={}, decisions=(), reserved=Usage()),
        EffectFinished(effect=planning.id, output=None, used=Usage(), seconds=0.0, label=Label(), error="down"),
        PlanRejected(problems=("no",), proposal=""),
    )
    assert [fact for _, fact in shared_facts(events, StepId("a"))] == [plan]


class Booking(Sending):
    """A tool whose calls can be undone."""

    def __init__(self, sink):
        super().__init__(sink, Safety.COMPENSABLE)
        self.undone = []

    @property
    def definition(self):
        return replace(super().definition, compensates=True)

    async def compensate(self, arguments, result, context):
        self.undone.append(context.key)


async def test_a_fork_does_not_undo_what_it_shares():
    plan = [
        {"id": "s0", "agent": "sender", "task": "do", "uses": []},
        {"id": "s1", "agent": "sender", "task": "do too", "uses": []},
    ]
    _, events = await recorded_with(Booking(Sink()), plan)
    journal, clock = MemoryJournal(), FakeClock(auto=True)
    await journal.append(events, durable=True)
    clock.new_id()  # which the other run has
    booking, called = Booking(Sink()), Counter()
    inner = model(plan, called)

    def fail(request):
        return ModelRequestRejected("no") if request.messages[0].content.startswith("Write.") else inner.say(request)

    async with desk({"m": ScriptedModel(fail)}, booking, journal, clock=clock) as running:
        fork = await (await running.fork(events[0].run, StepId("s1"))).result()
        assert fork.status == "failed"
        await running.replay(fork.id)
    assert [key.split("/")[:2] for key in booking.undone] == [[fork.id, "s1"]]


async def recorded_with(tool, plan):
    journal, clock = MemoryJournal(), FakeClock(auto=True)
    async with desk({"m": model(plan, Counter())}, tool, journal, clock=clock) as running:
        run = await (await running.start(GO)).result()
    assert run.status == "succeeded", run.reason
    return run, list(await journal.read(run.id))

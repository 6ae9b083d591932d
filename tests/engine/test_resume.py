"""A run whose process is gone goes on from what is recorded: after every single event, to the same outputs."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.desk import ADDER, BOSS, FINDER, PERMIT_ALL, WRITER, engine, plan, profile
from support.desk import TEAM as DESK_TEAM
from support.graph import AGENTS, LIMITS, TEAM, Sending, Sink, model, plans
from support.mortal import Mortal
from support.outside import Outside, Post
from support.turns import until

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.agent import Agent, Check, Limits, Role, ToolUse, Verification
from agentcore.domain.approval import Ruling
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import Budget
from agentcore.domain.effect import EffectKind, Safety
from agentcore.domain.errors import JournalConflict, JournalUnavailable, ModelUnavailable, RunBusy, RunNotFound
from agentcore.domain.event import EffectFinished, EffectStarted, Event, RunResumed, RunStarted
from agentcore.domain.ids import AgentName, ModelName, RunId, ToolName
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits, Team
from agentcore.domain.trace import trace
from agentcore.engine.definition import Definition
from agentcore.engine.pool import ModelEntry, ModelPool
from agentcore.engine.runtime import Engine
from agentcore.policy.engine import PolicyEngine
from agentcore.routing.choose import Weights
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Call, Calls, ScriptedModel


def desk(plan, called, tool, journal, inbox=None):
    return engine(
        {"m": model(plan, called)},
        agents=AGENTS,
        team=TEAM,
        tools=[tool],
        journal=journal,
        limits=LIMITS,
        inbox=inbox,
    )


async def whole(plan, safety):
    """Drive a run without trouble; return it and its events."""
    journal = MemoryJournal()
    async with desk(plan, Counter(), Sending(Sink(), safety), journal) as running:
        run = await (await running.start(Task(goal="go"))).result()
    assert run.status == "succeeded", run.reason
    return run, list(await journal.read(run.id))


async def after_crash(events, plan, safety):
    """Drive a run on from these events; return how it ended, and what was called."""
    journal, called, sink = MemoryJournal(), Counter(), Sink()
    await journal.append(events, durable=True)
    tool = Sending(sink, safety)
    inbox = MemoryInbox(journal)
    async with desk(plan, called, tool, journal, inbox) as running:
        run = await (await running.resume(events[0].run)).result()
        while run.status == "waiting":
            for record in await inbox.approvals(run=run.id, status="pending"):
                assert record.approval.subject == "outcome"
                await inbox.rule(record.approval.id, Ruling(verb="approve", actor="ann"))
            run = await (await running.resume(run.id)).result()
        again = await running.replay(run.id)
        assert (again.status, again.answer) == (run.status, run.answer)
    return run, list(await journal.read(run.id)), called, sink


@settings(max_examples=15)
@given(plans(), st.sampled_from([Safety.READ, Safety.IDEMPOTENT, Safety.UNSAFE]))
def test_a_crash_after_any_event_resumes_to_the_same_outputs(plan, safety):
    async def check():
        run, events = await whole(plan, safety)
        outputs = {id: run.steps[id].output for id in run.steps}
        for crash in range(1, len(events)):
            resumed, recorded, _, sink = await after_crash(events[:crash], plan, safety)
            assert (resumed.status, resumed.answer) == ("succeeded", run.answer)
            assert {id: resumed.steps[id].output for id in resumed.steps} == outputs
            assert recorded[:crash] == events[:crash]
            assert Run.fold(recorded) == resumed
            assert resumed.epoch >= 1
            done = {event.fact.effect for event in events[:crash] if isinstance(event.fact, EffectFinished)}
            started = [event.fact.effect for event in events[:crash] if isinstance(event.fact, EffectStarted)]
            finished = {effect.key for effect in started if effect.id in done and effect.kind is EffectKind.TOOL}
            assert not finished & set(sink.received), "a call with a recorded outcome was made again"
            assert set(sink.received.values()) <= {1}

    asyncio.run(check())


# Each kind of trouble, with a crash after each event


FIND = replace(FINDER, limits=Limits(attempts=2, escalations=1))
GOOD = Verification(checks=(Check(name="regex", options={"pattern": "^good"}),))
JUDGES = tuple(Agent(name=AgentName(f"judge{n}"), role=Role.VERIFIER, instructions=f"Judge {n}.") for n in range(3))


@dataclass
class Scenario:
    """A run that comes to the same whenever it is driven: its models answer by what they are asked alone."""

    status: str
    models: dict
    agents: tuple = (BOSS, FIND, ADDER, WRITER)
    tools: tuple = ()
    options: dict = field(default_factory=dict)

    def process(self, journal, requests, tools, **more):
        def answering(name, answer):
            def said(request):
                requests.append((name, request.messages[0].content.split("\n")[0], request.messages[-1].content))
                return answer(request)

            return ScriptedModel(said)

        pairs = [
            (profile(name, quality, usd_per_million=100_000 * (name == "strong")), answering(name, answer))
            for name, (quality, answer) in self.models.items()
        ]
        return engine(pairs, agents=self.agents, tools=tools, journal=journal, **{**self.options, **more})


def plain(find="good", *, steps=None, **others):
    """Return an answer for each kind of request; a value may be a function of the last message."""
    known = {
        "Plan.": steps or plan("finder"),
        "Find.": find,
        "Add.": "good",
        "Write.": "Done.",
        "Judge": ACCEPTS,
        **others,
    }

    def answer(request):
        system, last = request.messages[0].content, request.messages[-1]
        reply = next(reply for start, reply in known.items() if system.startswith(start))
        return reply(last) if callable(reply) else reply

    return answer


ACCEPTS = {"checked": "all", "problems": [], "accepts": True}
REJECTS = {"checked": "all", "problems": ["no"], "accepts": False}


def posting(*texts, then="good"):
    return lambda last: Calls(tuple(Call("post", {"text": text}) for text in texts)) if last.role == "user" else then


def is_again(last):
    return "Not accepted" in last.content


def scenarios():
    finder = replace(FIND, verification=GOOD)
    poster = replace(FIND, tools=(ToolName("post"),))
    given_up = replace(finder, limits=Limits(attempts=1, escalations=0))
    judged = replace(FIND, verification=Verification(panel=tuple(judge.name for judge in JUDGES), required=2))
    yield (
        "a rejected attempt",
        Scenario(
            "succeeded",
            {"m": (0.5, plain(lambda last: "good" if is_again(last) else "bad"))},
            (BOSS, finder, ADDER, WRITER),
        ),
    )
    yield (
        "a stronger model",
        Scenario(
            "succeeded",
            {"weak": (0.5, plain("bad")), "strong": (0.9, plain("good"))},
            (BOSS, finder, ADDER, WRITER),
        ),
    )
    yield (
        "a model that fails",
        Scenario("succeeded", {"first": (0.9, lambda _: ModelUnavailable("down")), "second": (0.5, plain())}),
    )
    yield (
        "every model fails",
        Scenario(
            "failed",
            {"a": (0.9, plain(ModelUnavailable("down"))), "b": (0.5, plain(ModelUnavailable("down too")))},
            options={"limits": RunLimits(replans=0)},
        ),
    )
    yield (
        "a plan that is repaired",
        Scenario(
            "succeeded",
            {
                "m": (
                    0.5,
                    plain(steps=lambda last: plan("finder") if "cannot be run" in last.content else plan("nobody")),
                )
            },
        ),
    )
    yield "a plan that is never valid", Scenario("failed", {"m": (0.5, plain(steps=plan("nobody")))})
    yield (
        "another plan",
        Scenario(
            "succeeded",
            {"m": (0.5, plain("bad", steps=lambda last: plan("adder" if "Failed" in last.content else "finder")))},
            (BOSS, given_up, ADDER, WRITER),
        ),
    )
    yield (
        "the same step in another plan",
        Scenario("refused", {"m": (0.5, plain("bad"))}, (BOSS, given_up, ADDER, WRITER)),
    )
    yield (
        "several critics",
        Scenario(
            "succeeded",
            {"m": (0.5, plain(Judge=lambda last: REJECTS if "judge me" in last.content else ACCEPTS))},
            (BOSS, judged, ADDER, WRITER, *JUDGES),
        ),
    )
    yield (
        "critics who reject",
        Scenario(
            "refused",
            {"m": (0.5, plain(Judge=REJECTS))},
            (BOSS, replace(judged, limits=Limits(attempts=2, escalations=0)), ADDER, WRITER, *JUDGES),
            options={"limits": RunLimits(replans=0)},
        ),
    )
    for use in (ToolUse.FIRST, ToolUse.OUTPUT, ToolUse.REQUIRED):
        yield (
            f"tool_use {use}",
            Scenario(
                "succeeded",
                {"m": (0.5, plain(posting("hi") if use is not ToolUse.FIRST else "good"))},
                (BOSS, replace(poster, tool_use=use), ADDER, WRITER),
                (partial(Post, safety=Safety.IDEMPOTENT),),
            ),
        )
    yield (
        "too many calls of a tool",
        Scenario(
            "succeeded",
            {"m": (0.5, plain(posting("a", "b", "c", "a")))},
            (BOSS, poster, ADDER, WRITER),
            (partial(Post, safety=Safety.IDEMPOTENT, max_calls=2),),
        ),
    )
    yield (
        "a receipt that is used again",
        Scenario(
            "succeeded",
            {"m": (0.5, _posts_the_same_twice)},
            (BOSS, replace(poster, verification=GOOD), ADDER, WRITER),
            (partial(Post, safety=Safety.IDEMPOTENT),),
        ),
    )
    yield (
        "what was done is undone",
        Scenario(
            "refused",
            {"m": (0.5, plain(posting("a", "b", then="bad")))},
            (BOSS, replace(given_up, tools=(ToolName("post"),)), ADDER, WRITER),
            (partial(Post, safety=Safety.COMPENSABLE, compensates=True, looks_up=True),),
            {"limits": RunLimits(replans=0)},
        ),
    )
    yield "the budget is spent", Scenario("over_budget", {"m": (0.5, plain())}, options={"budget": Budget(calls=2)})
    yield (
        "a step that fails for lack of budget",
        Scenario(
            "failed",
            {"m": (0.5, plain())},
            options={"budget": Budget(calls=2), "limits": RunLimits(on_exceeded="fail", replans=0)},
        ),
    )
    yield (
        "policy denies a call",
        Scenario(
            "succeeded",
            {"m": (0.5, plain(posting("a")))},
            (BOSS, poster, ADDER, WRITER),
            (Post,),
            {"policies": {"no.cedar": FORBID_TOOLS}},
        ),
    )


FORBID_TOOLS = """@id("all") permit(principal, action, resource);
@id("no") forbid(principal, action == Action::"call_tool", resource);"""


def _posts_the_same_twice(request):
    if not request.messages[0].content.startswith("Find."):
        return plain()(request)
    if request.messages[-1].role == "user":
        return Calls(tuple(Call("post", {"text": text}) for text in "aba"))
    return "good" if any(is_again(message) for message in request.messages) else "bad"


SCENARIOS = dict(scenarios())


def requests_of(events):
    """Return what was sent for each effect."""
    return {e.fact.effect.id: e.fact.request for e in events if isinstance(e.fact, EffectStarted)}


def told(run):
    return {id: (s.status, s.attempt, s.output, s.reasons, s.models) for id, s in run.steps.items()}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
async def test_each_kind_of_trouble_comes_to_the_same_after_a_crash_at_any_event(scenario):
    journal, outside, requests = MemoryJournal(), Outside(), []
    tools = [make(outside) for make in scenario.tools]
    async with scenario.process(journal, requests, tools) as running:
        run = await (await running.start(Task(goal="go"))).result()
    assert run.status == scenario.status, run.reason
    events = list(await journal.read(run.id))
    for crash in range(1, len(events)):
        before = events[:crash]
        journal, later = MemoryJournal(), []
        await journal.append(before, durable=True)
        world = Outside(Counter(), dict(outside.done), [])
        async with scenario.process(journal, later, [make(world) for make in scenario.tools]) as running:
            resumed = await (await running.resume(run.id)).result()
        recorded = list(await journal.read(run.id))
        where = f"after event {crash}, {events[crash - 1].fact.kind}"
        assert (resumed.status, resumed.answer, resumed.reason) == (run.status, run.answer, run.reason), where
        assert told(resumed) == told(run), where
        assert resumed.revision == run.revision
        assert resumed.used == run.used, where
        assert requests_of(recorded) == requests_of(events), where
        known = {e.fact.effect for e in before if isinstance(e.fact, EffectFinished) and not e.fact.unknown}
        again = [e.fact.effect.id for e in recorded[crash:] if isinstance(e.fact, EffectStarted)]
        assert not known & set(again), f"{where}: called again"
        assert len(later) <= len(requests) - sum("/model." in id for id in known), where
        assert Run.fold(recorded) == resumed
        trace(recorded)


async def test_the_trace_shows_the_attempts_of_each_plan():
    scenario = SCENARIOS["the same step in another plan"]
    journal = MemoryJournal()
    async with scenario.process(journal, [], []) as running:
        run = await (await running.start(Task(goal="go"))).result()
    attempts = trace(await journal.read(run.id)).step("finder").attempts
    assert [(attempt.number, attempt.verdict.accepted) for attempt in attempts] == [(1, False), (1, False)]
    assert [len(attempt.effects) for attempt in attempts] == [1, 1]


# Budgets


async def crashed(scenario, tools=(), *, after, clock=None, **more):
    """Return the journal of a run whose process died after an event for which `after` holds."""
    store = MemoryJournal()
    async with scenario.process(Mortal(store, after=after), [], list(tools), clock=clock, **more) as running:
        handle = await running.start(Task(goal="go"))
        with pytest.raises(JournalUnavailable):
            await handle.result()
    return store, handle.id


def finds(event):
    return isinstance(event.fact, EffectFinished) and "/finder/model." in event.fact.effect


async def test_what_was_spent_before_counts():
    scenario = Scenario("", {"m": (0.5, plain())})
    for calls, status in ((2, "over_budget"), (3, "succeeded")):
        store, id = await crashed(scenario, after=finds, budget=Budget(calls=calls))
        async with scenario.process(store, [], []) as running:
            run = await (await running.resume(id)).result()
        assert (run.status, run.used.calls) == (status, calls)


async def test_the_budget_is_the_one_that_the_run_was_started_with():
    scenario = Scenario("", {"m": (0.5, plain())})
    store, id = await crashed(scenario, after=finds, budget=Budget(calls=2))
    async with scenario.process(store, [], [], budget=Budget()) as running:
        run = await (await running.resume(id)).result()
    assert run.status == "over_budget"


@pytest.mark.parametrize(("seconds", "status"), [(19.0, "over_budget"), (40.0, "succeeded")])
async def test_time_while_nobody_drives_the_run_does_not_count_and_what_was_used_does(seconds, status):
    clock = FakeClock(auto=True)

    async def slow(model, request):
        await clock.sleep(9.5)
        return await ScriptedModel.complete(model, request)

    class Slow(ScriptedModel):
        async def complete(self, request, on_text=None):
            return await slow(self, request)

    store = MemoryJournal()
    mortal = Mortal(store, after=finds)
    options = {"clock": clock, "budget": Budget(seconds=seconds)}
    async with engine({"m": Slow(plain())}, journal=mortal, **options) as running:
        handle = await running.start(Task(goal="go"))
        with pytest.raises(JournalUnavailable):
            await handle.result()
    await clock.advance(1_000_000.0)
    async with engine({"m": Slow(plain())}, journal=store, **options) as running:
        run = await (await running.resume(handle.id)).result()
    assert run.status == status, run.reason
    if status == "over_budget":
        assert "seconds" in run.reason


async def test_the_time_in_a_queue_and_the_time_that_people_take_do_not_count():
    clock = FakeClock(auto=True)
    store = MemoryJournal()
    inbox = MemoryInbox(store)
    poster = replace(FIND, tools=(ToolName("post"),))
    post = Post(Outside(), approval=ApprovalRule())
    options = {"agents": (BOSS, poster, ADDER, WRITER), "tools": [post], "journal": store, "clock": clock}
    async with engine(
        {"m": ScriptedModel(plain(posting("hi")))}, inbox=inbox, budget=Budget(seconds=60.0), **options
    ) as running:
        id = await running.enqueue(Task(goal="go"))
        await clock.advance(3600.0)
        run = await (await running.resume(id)).result()
        assert run.status == "waiting"
        await clock.advance(86400.0)
        await inbox.rule(run.asked[0].id, Ruling(verb="approve", actor="ann"))
        run = await (await running.resume(id)).result()
    assert run.status == "succeeded", run.reason


# Who may resume what


@pytest.mark.parametrize("how", ["two processes", "one process"])
async def test_of_two_that_resume_at_once_one_drives_and_the_other_does_no_harm(how):
    scenario = Scenario("", {"m": (0.5, plain())})
    store, id = await crashed(scenario, after=finds)

    class Slow:
        """Both read before either claims."""

        read = staticmethod(store.read)
        waiting = 0

        async def append(self, events, *, durable):
            if isinstance(events[0].fact, RunResumed):
                Slow.waiting += 1
                await until(lambda: Slow.waiting == (2 if how == "two processes" else 1))
            await store.append(events, durable=durable)

    requests = []
    async with scenario.process(Slow(), requests, []) as first, scenario.process(Slow(), requests, []) as second:
        other = second if how == "two processes" else first
        results = await asyncio.gather(first.resume(id), other.resume(id), return_exceptions=True)
        (handle,) = [result for result in results if not isinstance(result, BaseException)]
        (error,) = [result for result in results if isinstance(result, BaseException)]
        assert isinstance(error, JournalConflict if how == "two processes" else RunBusy)
        run = await handle.result()
        assert first.driving + second.driving == 0
    assert (run.status, run.epoch) == ("succeeded", 1)
    events = await store.read(id)
    assert sum(isinstance(event.fact, RunResumed) for event in events) == 1
    assert len(requests) == 1


async def test_a_run_that_has_ended_cannot_be_resumed_or_cancelled():
    scenario = Scenario("", {"m": (0.5, plain())})
    store = MemoryJournal()
    async with scenario.process(store, [], [], inbox=MemoryInbox(store)) as running:
        run = await (await running.start(Task(goal="go"))).result()
        for again in (running.resume, running.cancel):
            with pytest.raises(RunBusy, match="has ended: succeeded") as caught:
                await again(run.id)
            assert caught.value.hint
        for unknown in (running.resume, running.cancel):
            with pytest.raises(RunNotFound, match="nowhere"):
                await unknown(RunId("nowhere"))
        assert running.driving == 0
        assert await store.read(run.id) == tuple(await store.read(run.id))


async def test_a_run_that_is_driven_here_cannot_be_resumed():
    hold = asyncio.Event()

    class Slow(ScriptedModel):
        async def complete(self, request, on_text=None):
            await hold.wait()
            return await super().complete(request, on_text)

    async with engine({"m": Slow(plain())}) as running:
        handle = await running.start(Task(goal="go"))
        with pytest.raises(RunBusy, match="this process"):
            await running.resume(handle.id)
        hold.set()
        assert (await handle.result()).status == "succeeded"


async def of_other_definitions(store):
    """Record a run that was started on definitions that are not kept."""
    scenario = Scenario(
        "", {"m": (0.5, plain(posting("hi")))}, (BOSS, replace(FIND, tools=(ToolName("post"),)), WRITER, ADDER)
    )
    outside = Outside()
    post = Post(outside, Safety.COMPENSABLE, compensates=True)
    mine, id = await crashed(
        scenario, [post], after=lambda e: isinstance(e.fact, EffectFinished) and "/tool." in e.fact.effect
    )
    for event in await mine.read(id):
        fact = replace(event.fact, snapshot="other") if isinstance(event.fact, RunStarted) else event.fact
        await store.append([replace(event, fact=fact)], durable=True)
    return id, post, outside


async def test_a_run_whose_definitions_are_not_kept_is_left_as_it_is_and_can_be_cancelled():
    store = MemoryJournal()
    id, post, outside = await of_other_definitions(store)
    before = await store.read(id)
    async with engine({"m": ScriptedModel(plain())}, tools=[post], journal=store, inbox=MemoryInbox(store)) as running:
        with pytest.raises(RunBusy, match="not kept here") as caught:
            await running.resume(id)
        assert "cancel it" in caught.value.hint
        assert await store.read(id) == before
        run = await running.cancel(id, "not wanted")
    assert (run.status, run.reason) == ("cancelled", "not wanted")
    assert outside.done == {}, "what it did is undone all the same"


async def test_a_run_whose_definitions_cannot_be_brought_back_can_be_cancelled():
    store = MemoryJournal()
    id, _, outside = await of_other_definitions(store)
    boss = replace(BOSS, name=AgentName("chief"))
    team = Team(supervisor=boss.name, workers=(ADDER.name,), answer=WRITER.name)
    async with engine(
        {"m": ScriptedModel(plain())}, agents=(boss, ADDER, WRITER), team=team, journal=store
    ) as running:
        run = await running.cancel(id)
    assert run.status == "cancelled"
    assert outside.done, "there is neither the tool nor the agent any more"
    trace(await store.read(id))


async def test_a_run_finishes_on_the_definitions_that_it_was_started_on():
    """The project has changed meanwhile: another prompt, and no tool."""
    store = MemoryJournal()
    post = Post(Outside(), Safety.READ)
    old = (BOSS, replace(FIND, instructions="Find. The old way.", tools=(ToolName("post"),)), ADDER, WRITER)
    seen = []

    def answer(request):
        seen.append(request.messages[0].content)
        return plain(posting("hi"))(request)

    async with engine(
        {"m": ScriptedModel(plain())}, agents=old, tools=[post], journal=Mortal(store, after=planned)
    ) as running:
        handle = await running.start(Task(goal="go"))
        with pytest.raises(JournalUnavailable):
            await handle.result()

    async def revive(snapshot):
        assert snapshot == "s"
        return kept, policy

    kept, policy = definition("s", old), PolicyEngine.load(PERMIT_ALL)
    clock = FakeClock(auto=True)
    pool = ModelPool({ModelName("m"): ModelEntry(profile=profile("m"), model=ScriptedModel(answer))}, clock)
    new = definition("t", (BOSS, FIND, ADDER, WRITER))
    parts = {"journal": store, "clock": clock, "policy": policy, "pool": pool, "revive": revive}
    async with Engine(new, tools={ToolName("post"): post}, **parts) as running:
        run = await (await running.resume(handle.id)).result()
    assert run.status == "succeeded", run.reason
    assert "Find. The old way." in seen
    assert len(post.outside.log) == 1


def planned(event):
    return event.fact.kind == "plan_accepted"


def definition(snapshot, agents):
    return Definition(
        name="desk",
        version="0",
        snapshot=snapshot,
        agents={agent.name: agent for agent in agents},
        team=DESK_TEAM,
        limits=RunLimits(),
        budget=Budget(),
        weights=Weights(),
        checks={},
    )


async def test_a_new_run_of_an_id_that_is_taken_is_refused_and_harms_nothing():
    scenario = Scenario("", {"m": (0.5, plain())})
    store = MemoryJournal()
    async with scenario.process(store, [], []) as running:
        run = await (await running.start(Task(goal="go"), id=RunId("mine"))).result()
        before = await store.read(run.id)
        for again in (running.start, running.enqueue):
            with pytest.raises(JournalConflict, match="mine"):
                await again(Task(goal="go"), id=RunId("mine"))
        assert await store.read(run.id) == before
        assert not running.drives(run.id)


async def test_closing_leaves_runs_to_go_on_and_records_what_it_broke_off():
    store = MemoryJournal()
    reached = asyncio.Event()

    class Hanging(ScriptedModel):
        async def complete(self, request, on_text=None):
            if request.messages[0].content.startswith("Find."):
                reached.set()
                await asyncio.Event().wait()
            return await super().complete(request, on_text)

    async with engine({"m": Hanging(plain())}, journal=store) as running:
        handle = await running.start(Task(goal="go"))
        await reached.wait()
    last = (await store.read(handle.id))[-1]
    assert isinstance(last, Event)
    assert (last.fact.unknown, last.fact.error) == (True, "cancelled")
    async with engine({"m": ScriptedModel(plain())}, journal=store) as running:
        assert (await (await running.resume(handle.id)).result()).status == "succeeded"

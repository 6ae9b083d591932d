"""Whatever the plan, wherever processes die, whatever people say: a run ends, and nothing is done twice."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.desk import BOSS, WRITER, engine
from support.mortal import Mortal
from support.outside import Outside, Post

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.agent import Agent, Check, Limits, Verification
from agentcore.domain.approval import Ruling, Verb
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.effect import EffectKind, Safety
from agentcore.domain.errors import JournalUnavailable, ToolOutcomeUnknown
from agentcore.domain.event import (
    ApprovalRequested,
    AttemptFinished,
    AttemptStarted,
    EffectFinished,
    EffectStarted,
    RunFinished,
    VerdictReached,
)
from agentcore.domain.ids import AgentName, RunId, ToolName
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits, Team
from agentcore.domain.trace import trace
from agentcore.testing.scripted import Call, Calls, ScriptedModel

SAFETIES = {safety.value: safety for safety in Safety}
THINKER = Agent(name=AgentName("thinker"), description="thinks", instructions="Think.")
HANDS = {
    name: Agent(
        name=AgentName(name),
        description="does",
        instructions="Do.",
        tools=(ToolName(name),),
        verification=Verification(checks=(Check(name="regex", options={"pattern": "^done"}),)),
        limits=Limits(attempts=2, escalations=0),
    )
    for name in SAFETIES
}
AGENTS = (BOSS, THINKER, *HANDS.values(), WRITER)
TEAM = Team(supervisor=BOSS.name, workers=(THINKER.name, *(AgentName(name) for name in HANDS)), answer=WRITER.name)
LIMITS = RunLimits(parallel_steps=3, max_steps=20, max_depth=20, replans=1)


def model(plan):
    """Return a model whose every answer is a function of what it is asked."""

    def answer(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return {"steps": plan}
        if system.startswith("Do."):
            task = request.messages[1].content.partition("Task: ")[2].split("\n")[0]
            if last.role == "user":
                calls = [Call(request.tools[0].name, {"text": text}) for text in task.split()[1:]]
                return Calls(tuple(calls))
            picky = task.startswith("picky") and "Not accepted" not in request.messages[1].content
            return f"{'rejected' if picky else 'done'} {task}"
        return f"<{last.content}>"

    return ScriptedModel(answer)


@st.composite
def plans(draw):
    """Return steps: each uses some before it; some do things, some of them twice or the same thing twice."""
    size = draw(st.integers(1, 5))
    steps = []
    for number in range(size):
        agent = draw(st.sampled_from(["thinker", *HANDS]))
        does = draw(st.lists(st.sampled_from([f"a{number}", f"b{number}"]), min_size=1, max_size=3))
        steps.append(
            {
                "id": f"s{number}",
                "agent": agent,
                "task": f"{draw(st.sampled_from(['plain', 'plain', 'picky']))} {' '.join(does)}",
                "uses": sorted(draw(st.sets(st.sampled_from([f"s{n}" for n in range(number)]), max_size=2)))
                if number
                else [],
            }
        )
    return steps


class World:
    """What outlives the processes of a run."""

    def __init__(self, plan, *, asks, looks_up, stubborn):
        self.plan = plan
        self.outside = Outside()
        self.store = MemoryJournal()
        self.inbox = MemoryInbox(self.store)
        rule = ApprovalRule()
        self.tools = [
            Post(
                self.outside,
                safety,
                name=name,
                approval=rule if name in asks else None,
                looks_up=name in looks_up,
                compensates=safety is Safety.COMPENSABLE,
                compensation=OSError("stubborn") if stubborn else None,
            )
            for name, safety in SAFETIES.items()
        ]

    def process(self, lives=1_000_000):
        return engine(
            {"m": model(self.plan)},
            agents=AGENTS,
            team=TEAM,
            tools=self.tools,
            journal=Mortal(self.store, lives=lives),
            limits=LIMITS,
            inbox=self.inbox,
        )

    async def step(self, lives):
        """Let one process drive the run until it dies, or the run ends or waits; return the run, None if it died."""
        runs = list(self.store.all())
        try:
            async with self.process(lives) as running:
                handle = await (running.resume(runs[0]) if runs else running.start(Task(goal="go"), id=RunId("r")))
                return await handle.result()
        except JournalUnavailable:
            return None

    async def goes_on(self, deaths, decide):
        """Drive the run to its end over these deaths; return it."""
        for _ in range(300):
            run = await self.step(deaths.pop(0) if deaths else 1_000_000)
            await self.check()
            if run is not None and run.status != "waiting":
                return run
            while run is not None and not await self.rulings(decide):
                assert run.asked
        pytest.fail("the run does not end")

    async def rulings(self, decide):
        """Let people decide; return how many of them have."""
        ruled = 0
        for record in await self.inbox.approvals(status="pending"):
            verb = decide(record.approval)
            if verb is not None:
                fields = {"edit": {"value": {"text": "edited"}}, "respond": {"value": "said"}}.get(verb, {})
                await self.inbox.rule(record.approval.id, Ruling(verb=verb, actor="ann", **fields))
                ruled += 1
        return ruled

    async def check(self):
        """What holds at any time."""
        if not self.store.all():
            return
        events = list(await self.store.read(RunId("r")))
        run = Run.fold(events)
        trace(events)
        check_attempts(events)
        check_ledger(events, self.outside)
        ends = [event for event in events if isinstance(event.fact, RunFinished)]
        assert len(ends) <= 1
        assert not ends or ends[0] is events[-1]
        assert run.sequence == len(events)


def check_attempts(events):
    """No step is under way twice at once, and no attempt comes to an end twice."""
    under_way, judged = set(), Counter()
    revision = 0
    for event in events:
        match event.fact:
            case AttemptStarted(step=step):
                assert step not in under_way, f"event {event.sequence}: {step} starts twice at once"
                under_way.add(step)
            case ApprovalRequested(approval=asked):
                under_way.discard(asked.step)
            case VerdictReached(step=step, attempt=attempt):
                under_way.discard(step)
                judged[revision, step, attempt] += 1
                assert judged[revision, step, attempt] == 1
            case fact if fact.kind == "plan_accepted":
                revision = fact.revision
            case fact if fact.kind == "run_resumed":
                under_way.clear()
            case AttemptFinished():
                pass


def check_ledger(events, outside):
    """No key has two receipts; what is not repeatable reaches the outside once for each time that it may."""
    started, receipts, allowed, safeties = {}, Counter(), Counter(), {}
    for event in events:
        match event.fact:
            case EffectStarted(effect=effect) if effect.kind is EffectKind.TOOL and not effect.id.endswith("/undo"):
                started[effect.id] = effect.key
                allowed[effect.key] += 1
                safeties[effect.key] = effect.safety
            case EffectFinished(effect=id, error="", unknown=False) if id in started:
                receipts[started[id]] += 1
    unsafe = {key for key, safety in safeties.items() if safety is not Safety.READ}
    assert all(receipts[key] <= 1 for key in unsafe), receipts
    for key, times in outside.received.items():
        assert times <= allowed[key], f"{key} reached the outside without a record"


def approves(approval):
    return "approve"


async def whole(plan, **options):
    world = World(plan, **options)
    run = await world.goes_on([], approves)
    assert run.status == "succeeded", run.reason
    return run, world


OPTIONS = st.fixed_dictionaries(
    {
        "asks": st.sets(st.sampled_from(sorted(SAFETIES)), max_size=2),
        "looks_up": st.sets(st.sampled_from(["compensable", "unsafe"])),
        "stubborn": st.booleans(),
    }
)
DEATHS = st.lists(st.integers(0, 25), max_size=6)


@settings(max_examples=120)
@given(plans(), OPTIONS, DEATHS)
def test_however_often_processes_die_the_outputs_are_the_same(plan, options, deaths):
    async def check():
        run, undisturbed = await whole(plan, **options)
        world = World(plan, **options)
        resumed = await world.goes_on(list(deaths), approves)
        assert (resumed.status, resumed.answer) == (run.status, run.answer)
        assert {id: s.output for id, s in resumed.steps.items()} == {id: s.output for id, s in run.steps.items()}
        assert world.outside.done == undisturbed.outside.done, "the outside is not the same"
        not_repeated = options["looks_up"]
        for key, times in world.outside.received.items():
            if key.split("/")[2] in not_repeated:
                assert times == 1, f"{key} was made again though it could be looked up"

    asyncio.run(check())


VERBS: list[Verb | None] = ["approve", "edit", "reject", "respond", "terminate", None]


@settings(max_examples=100)
@given(plans(), OPTIONS, DEATHS, st.randoms(use_true_random=False))
def test_whatever_people_decide_the_run_ends(plan, options, deaths, chance):
    async def check():
        asked = Counter()

        def decide(approval):
            asked[approval.id] += 1
            verb = chance.choice(VERBS if asked[approval.id] < 3 else ["approve"])
            return "respond" if (verb, approval.subject) == ("edit", "outcome") else verb

        world = World(plan, **options)
        run = await world.goes_on(list(deaths), decide)
        assert run.status in {"succeeded", "refused", "failed", "cancelled"}
        assert not run.asked
        assert await world.inbox.approvals(status="pending") == []
        attention = await world.inbox.attention(1e12)
        assert not any([attention.running, attention.ruled, attention.overdue, attention.cancelled])
        if run.status != "succeeded" and not options["stubborn"]:
            assert not [key for key in world.outside.done if key.split("/")[2] == "compensable"], "not undone"

    asyncio.run(check())


@settings(max_examples=60)
@given(plans(), OPTIONS, DEATHS, st.integers(1, 60))
def test_a_run_that_is_cancelled_after_any_death_is_undone(plan, options, deaths, lives):
    async def check():
        world = World(plan, **{**options, "stubborn": False})
        for death in [*deaths, lives]:
            run = await world.step(death)
            if run is not None:
                break
        if not world.store.all() or (run is not None and run.status != "waiting"):
            return
        for death in [*reversed(deaths), 1_000_000]:  # it dies while it is undone as well
            try:
                async with world.process(death) as running:
                    run = await running.cancel(RunId("r"), "not wanted")
            except JournalUnavailable:
                continue
            break
        assert run.status == "cancelled"
        assert not [key for key in world.outside.done if key.split("/")[2] == "compensable"]
        await world.check()

    asyncio.run(check())


@pytest.mark.parametrize("name", ["unsafe", "compensable"])
async def test_calls_that_break_off_again_and_again_are_each_asked_about(name):
    world = World([{"id": "s0", "agent": name, "task": "plain a", "uses": []}], asks=(), looks_up=(), stubborn=True)
    tool = next(tool for tool in world.tools if tool.name == name)
    for times in range(1, 5):
        tool.after = ToolOutcomeUnknown("cut off")
        run = await world.step(1_000_000)
        assert (run.status, [asked.subject for asked in run.asked]) == ("waiting", ["outcome"])
        assert list(world.outside.received.values()) == [times]
        await world.inbox.rule(run.asked[0].id, Ruling(verb="approve", actor="ann"))
    run = await world.step(1_000_000)
    assert run.status == "succeeded"
    assert list(world.outside.received.values()) == [5]
    await world.check()

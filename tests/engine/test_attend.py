"""The attendant finds what waits for a process, takes it up once, and lets nothing stop it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from loguru import logger
from support.desk import ADDER, BOSS, FINDER, WRITER, engine, plan
from support.mortal import Mortal
from support.outside import Outside, Post
from support.turns import until

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.approval import Ruling
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import Budget
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError, JournalConflict, JournalUnavailable, RunBusy
from agentcore.domain.event import EffectFinished, Event, PlanRejected, RunResumed, RunStarted
from agentcore.domain.ids import ToolName
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.engine.attend import CARE_SECONDS, Attendant
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Call, ScriptedModel

TASK = Task(goal="go")
POSTER = replace(FINDER, tools=(ToolName("post"),))


def answer(request):
    system, last = request.messages[0].content, request.messages[-1]
    if system.startswith("Plan."):
        return plan("finder")
    if system.startswith("Find."):
        return Call("post", {"text": "hi"}) if last.role == "user" else "found"
    return "Done."


def posted(event):
    return isinstance(event.fact, EffectFinished) and "/tool." in event.fact.effect


class People:
    """Who is alive; a Presence for each."""

    def __init__(self):
        self.living = set()

    def one(self, name):
        self.living.add(name)
        return Person(self, name)


class Person:
    def __init__(self, people, owner):
        self._people = people
        self.owner = owner

    async def alive(self, owner):
        return owner in self._people.living

    async def aclose(self):
        self._people.living.discard(self.owner)


class Yard:
    """A store with several processes that look after it."""

    def __init__(self, rule=None):
        self.outside = Outside()
        self.clock = FakeClock(auto=True)
        self.store = MemoryJournal()
        self.inbox = MemoryInbox(self.store)
        self.people = People()
        self.post = Post(self.outside, approval=rule)
        self.handles = []

    @asynccontextmanager
    async def process(self, name, *, journal=None, presence=True, model=None, inbox=None, **options):
        person = self.people.one(name) if presence else None
        inbox = inbox or self.inbox
        async with engine(
            {"m": model or ScriptedModel(answer)},
            agents=(BOSS, POSTER, ADDER, WRITER),
            tools=[self.post],
            journal=journal or self.store,
            clock=self.clock,
            inbox=inbox,
            presence=person,
        ) as running:

            async def take(run):
                self.handles.append(await running.resume(run))

            async def unchanged():
                return False

            attendant = Attendant(
                running,
                inbox=inbox,
                presence=person,
                clock=self.clock,
                changed=unchanged,
                take=options.get("take", take),
                **{key: options[key] for key in ("most",) if key in options},
            )
            yield running, attendant
        self.people.living.discard(name)

    async def dies(self, name="first"):
        """Let a process begin a run and die."""
        journal = Mortal(self.store, before=posted)
        async with self.process(name, journal=journal) as (running, _):
            handle = await running.start(TASK)
            with pytest.raises(JournalUnavailable):
                await handle.result()
        return handle.id

    async def run(self, id):
        return Run.fold(await self.store.read(id))


@asynccontextmanager
async def said():
    lines = []
    number = logger.add(lambda line: lines.append(str(line)), level="DEBUG", format="{level} {message}")
    logger.enable("agentcore")
    yield lines
    logger.disable("agentcore")
    logger.remove(number)


async def test_a_run_whose_process_died_is_taken_up_once():
    yard = Yard()
    yard.post.looks_up = True
    id = await yard.dies()
    async with yard.process("second") as (_, attendant):
        assert await attendant.once() == 1
        assert await attendant.once() == 0
        run = await yard.handles[0].result()
    assert (run.status, run.owner, run.epoch) == ("succeeded", "second", 1)
    assert run.id == id
    assert len(yard.handles) == 1


async def test_a_run_whose_process_lives_is_left_to_it():
    yard = Yard()
    hold = asyncio.Event()
    yard.post.before = hold.wait
    async with yard.process("first") as (first, _), yard.process("second") as (second, attendant):
        handle = await first.start(TASK)
        await until(lambda: yard.post.before is None)
        assert await attendant.once() == 0
        with pytest.raises(RunBusy, match="another process"):
            await second.resume(handle.id)
        hold.set()
        assert (await handle.result()).status == "succeeded"
    assert (await yard.run(handle.id)).epoch == 0


async def test_an_enqueued_run_is_taken_up_by_whoever_looks_first():
    yard = Yard()
    async with yard.process("first") as (first, one), yard.process("second") as (_, other):
        id = await first.enqueue(TASK)
        assert sum(await asyncio.gather(one.once(), other.once())) == 1
        (handle,) = yard.handles
        assert (await handle.result()).status == "succeeded"
    assert list(yard.outside.received.values()) == [1]
    events = await yard.store.read(id)
    assert len([event for event in events if isinstance(event.fact, RunResumed)]) == 1


async def test_a_run_that_this_process_has_dropped_is_taken_up_by_it_again():
    """Its journal failed for a while, as when a disk is full. The process lives, and still nobody drives the run."""
    yard = Yard()
    journal = Mortal(yard.store, before=posted)
    async with yard.process("first", journal=journal) as (running, attendant):
        handle = await running.start(TASK)
        with pytest.raises(JournalUnavailable):
            await handle.result()
        assert await attendant.once() == 0  # the disk is still full
        journal.dead, journal._before = False, lambda _: False
        assert await attendant.once() == 1
        run = await yard.handles[0].result()
        assert (run.status, [asked.subject for asked in run.asked]) == ("waiting", ["outcome"])


@pytest.mark.parametrize("presence", [True, False])
@pytest.mark.parametrize("what", ["start", "dry run", "cancel"])
async def test_a_run_that_is_about_to_be_driven_or_ended_here_is_left_alone(presence, what):
    yard = Yard()
    hold, reached = asyncio.Event(), asyncio.Event()

    class Slow(MemoryJournal):
        async def append(self, events, *, durable):
            await super().append(events, durable=durable)
            if what == "start" and isinstance(events[0].fact, RunStarted):
                reached.set()
                await hold.wait()

    class Hanging(ScriptedModel):
        async def complete(self, request, on_text=None):
            if what == "dry run":
                reached.set()
                await hold.wait()
            return await super().complete(request, on_text)

    async def undoing():
        reached.set()
        await hold.wait()

    if what == "cancel":
        yard.post.safety, yard.post.compensates, yard.post.compensation = Safety.COMPENSABLE, True, undoing
        id = await yard.dies()
    else:
        yard.store = Slow()
        yard.inbox = MemoryInbox(yard.store)
    async with yard.process("second", presence=presence, model=Hanging(answer)) as (running, attendant):
        doing = {
            "start": lambda: running.start(TASK),
            "dry run": lambda: running.dry_run(TASK),
            "cancel": lambda: running.cancel(id),
        }[what]
        task = asyncio.create_task(doing())
        await reached.wait()
        assert await attendant.once() == 0
        if what == "cancel":
            with pytest.raises(RunBusy, match="this process"):
                await running.resume(id)
        hold.set()
        done = await task
        if what == "start":
            assert (await done.result()).status == "succeeded"
    assert yard.handles == []
    (id,) = yard.store.all()
    assert (await yard.run(id)).status == {"start": "succeeded", "dry run": "planned", "cancel": "cancelled"}[what]


async def test_a_dry_run_whose_process_died_is_not_done_for_real():
    yard = Yard()
    for lives in (1, 2, 3, 4):
        yard.store = MemoryJournal()
        yard.inbox = MemoryInbox(yard.store)
        async with yard.process("first", journal=Mortal(yard.store, lives=lives)) as (running, _):
            with pytest.raises(JournalUnavailable):
                await running.dry_run(TASK)
        yard.people.living.clear()
        async with yard.process("second") as (_, attendant):
            assert await attendant.once() == 1
            assert (await yard.handles[-1].result()).status == "planned"
    assert yard.outside.log == []


async def test_no_more_runs_are_taken_up_than_it_may():
    yard = Yard()
    hold = asyncio.Event()
    yard.post.before, yard.post.always = hold.wait, True
    async with yard.process("first", most=2) as (running, attendant):
        for _ in range(5):
            await running.enqueue(TASK)
        assert await attendant.once() == 2
        assert await attendant.once() == 0
        hold.set()
        for handle in list(yard.handles):
            await handle.result()
        assert await attendant.once() == 2
        for handle in yard.handles:
            await handle.result()


async def test_a_run_is_cancelled_by_whoever_drives_it():
    yard = Yard()
    hold = asyncio.Event()
    yard.post.before = hold.wait
    async with yard.process("first") as (first, one), yard.process("second") as (second, other):
        handle = await first.start(TASK)
        await until(lambda: yard.post.before is None)
        assert await second.cancel(handle.id, "not wanted") is None
        await other.once()
        assert (await yard.run(handle.id)).status == "running"
        await one.once()
    run = await yard.run(handle.id)
    assert (run.status, run.reason) == ("cancelled", "not wanted")
    assert not (await yard.inbox.attention(0.0)).cancelled


async def test_a_run_that_is_to_end_is_ended_and_not_taken_up_first():
    yard = Yard()
    id = await yard.dies()
    await yard.inbox.request_cancel(id, "not wanted")
    async with yard.process("second") as (_, attendant):
        assert await attendant.once() == 0
    run = await yard.run(id)
    assert (run.status, run.reason) == ("cancelled", "not wanted")


async def test_a_decision_is_taken_by_one_of_many():
    yard = Yard(ApprovalRule())
    async with yard.process("first") as (first, one), yard.process("second") as (_, other):
        run = await (await first.start(TASK)).result()
        assert run.status == "waiting"
        await asyncio.gather(one.once(), other.once())
        assert yard.handles == []
        await yard.inbox.rule(run.asked[0].id, Ruling(verb="approve", actor="ann"))
        await asyncio.gather(one.once(), other.once())
        (handle,) = yard.handles
        assert (await handle.result()).status == "succeeded"
    assert list(yard.outside.received.values()) == [1]


@pytest.mark.parametrize(
    "error",
    [
        ConfigError(["a.yaml:1:1: gone"]),
        JournalConflict("quicker"),
        RunBusy("busy"),
        RuntimeError("a defect"),
        KeyError("step"),
        ValueError("it begins with plan_rejected"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_run_that_cannot_be_taken_up_does_not_hold_up_the_others(error):
    yard = Yard()
    tried = []

    async def take(run):
        tried.append(run)
        if run == first:
            raise error

    async with yard.process("p", take=take) as (running, attendant):
        first = await running.enqueue(TASK)
        second = await running.enqueue(TASK)
        async with said() as lines:
            for _ in range(3):
                assert await attendant.once() == 1
    assert set(tried) == {first, second}
    warned = [line for line in lines if line.startswith("WARNING")]
    assert len(warned) == (not isinstance(error, RunBusy | JournalConflict)), "each reason is said once"


async def test_a_record_that_makes_no_sense_does_not_hold_up_the_others():
    yard = Yard()
    started = RunStarted(task=TASK, name="", budget=Budget(), agents={}, snapshot="s", runtime="0")
    twice = [Event(run="bad", sequence=number, at=1.0, fact=started) for number in (1, 2)]
    await yard.store.append(twice, durable=True)
    async with yard.process("p") as (running, attendant):
        await running.enqueue(TASK)
        async with said() as lines:
            assert await attendant.once() == 1
        assert (await yard.handles[0].result()).status == "succeeded"
    assert any("cannot go on here" in line and "starts twice" in line for line in lines)


async def test_it_looks_after_a_store_that_fails_now_and_then():
    """And stops at once when it is told to."""
    yard = Yard()
    failures = [JournalUnavailable("the disk is full"), OSError("no"), JournalUnavailable("still full")]

    class Failing(MemoryInbox):
        async def attention(self, now):
            if failures:
                raise failures.pop()
            return await super().attention(now)

    yard.inbox = Failing(yard.store)
    async with yard.process("p") as (running, attendant), said() as lines:
        await running.enqueue(TASK)
        attending = asyncio.create_task(attendant.attend())
        for _ in range(500):
            if yard.handles or attending.done():
                break
            attendant.poke()
            await asyncio.sleep(0.001)
        assert not attending.done()
        assert (await yard.handles[0].result()).status == "succeeded"
        attending.cancel()
        await asyncio.wait([attending])
        assert attending.cancelled()
    assert [line for line in lines if "the disk is full" in line]
    assert yard.clock.slept.count(CARE_SECONDS) == 3


async def test_a_zombie_can_do_no_harm():
    """A process that was taken for dead wakes up: nothing that it still does reaches the record or the outside."""
    yard = Yard()
    hold = asyncio.Event()
    at_plan = asyncio.Event()

    class Slow(ScriptedModel):
        async def complete(self, request, on_text=None):
            reply = await super().complete(request, on_text)
            if request.messages[0].content.startswith("Find.") and request.messages[-1].role == "user":
                at_plan.set()
                await hold.wait()
            return reply

    async with yard.process("zombie", model=Slow(answer)) as (zombie, _):
        old = await zombie.start(TASK)
        await at_plan.wait()
        yard.people.living.discard("zombie")
        async with yard.process("second") as (_, attendant):
            assert await attendant.once() == 1
            run = await yard.handles[0].result()
        assert run.status == "succeeded"
        before = list(await yard.store.read(run.id))
        hold.set()
        with pytest.raises(JournalConflict):
            await old.result()
        assert zombie.driving == 0
    assert list(await yard.store.read(run.id)) == before
    assert list(yard.outside.received.values()) == [1]
    assert (await yard.run(run.id)) == run


async def test_a_zombie_that_is_cancelled_records_no_end():
    yard = Yard()
    reached = asyncio.Event()

    async def hang():
        reached.set()
        await asyncio.Event().wait()

    yard.post.before = hang
    async with yard.process("zombie") as (zombie, _):
        old = await zombie.start(TASK)
        await reached.wait()
        event = Event(
            run=old.id,
            sequence=len(await yard.store.read(old.id)) + 1,
            at=1.0,
            fact=RunResumed(owner="second", epoch=1),
        )
        await yard.store.append([event], durable=True)
        await old.cancel()
        with pytest.raises(JournalConflict):
            await old.result()
    assert (await yard.run(old.id)).status == "running"
    assert not any(isinstance(event.fact, PlanRejected) for event in await yard.store.read(old.id))

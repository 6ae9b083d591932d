"""What becomes of a tool call that went wrong, by what the tool declares: nothing lost, nothing repeated."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest
from support.desk import ADDER, BOSS, FINDER, TEAM, WRITER, engine, plan
from support.mortal import Mortal
from support.outside import Outside, Post

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.agent import Check, Limits, ToolUse, Verification
from agentcore.domain.approval import Ruling
from agentcore.domain.budget import Budget
from agentcore.domain.effect import EffectKind, Safety
from agentcore.domain.errors import JournalUnavailable, ToolError, ToolOutcomeUnknown
from agentcore.domain.event import (
    EffectFinished,
    EffectRefused,
    EffectReused,
    EffectStarted,
    RunEnding,
    RunFinished,
    StepFailed,
    VerdictReached,
)
from agentcore.domain.ids import ToolName
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits
from agentcore.domain.trace import trace
from agentcore.testing.scripted import Call, Calls, ScriptedModel

TASK = Task(goal="post it")


def forbid(action):
    return {
        "some.cedar": f'@id("all") permit(principal, action, resource);\n'
        f'@id("no") forbid(principal, action == Action::"{action}", resource);'
    }


SENDER = replace(FINDER, tools=(ToolName("post"),), limits=Limits(attempts=2, escalations=0))
ONCE = RunLimits(replans=0)


def said(replies):
    """Return a model: the plan, then for the finder one of `replies` by what it was asked last, and an answer.

    A reply is a function of the messages, so that another process gets the same.
    """

    def answer(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return plan("finder")
        if system.startswith("Find."):
            return replies(last)
        return "Done."

    return answer


def posts_once(last):
    return Call("post", {"text": "hi"}) if last.role == "user" else f"told {last.content}"


class World:
    """A store and an outside that outlive the processes."""

    def __init__(self, safety=Safety.UNSAFE, **options):
        self.outside = Outside()
        self.store = MemoryJournal()
        self.inbox = MemoryInbox(self.store)
        self.post = Post(self.outside, safety, **options)
        self.requests = []

    def process(self, replies=posts_once, *, journal=None, agents=None, model=None, **options):
        model = model or ScriptedModel(said(replies))
        self.requests.append(model.requests)
        return engine(
            {"m": model},
            agents=agents or (BOSS, SENDER, ADDER, WRITER),
            tools=[self.post],
            journal=journal or self.store,
            inbox=self.inbox,
            limits=options.pop("limits", ONCE),
            **options,
        )

    async def events(self):
        (run,) = self.store.all()
        return list(await self.store.read(run))

    async def facts(self, kind):
        return [event.fact for event in await self.events() if isinstance(event.fact, kind)]

    async def dies(self, replies=posts_once, **when):
        """Run until the process dies."""
        journal = Mortal(self.store, **when)
        async with self.process(replies, journal=journal) as running:
            with pytest.raises(JournalUnavailable):
                await (await running.start(TASK)).result()
        assert journal.dead

    async def goes_on(self, replies=posts_once, **options):
        """Resume in another process; return the run once it has ended or waits."""
        async with self.process(replies, **options) as running:
            return await (await running.resume(next(iter(self.store.all())))).result()

    async def rule(self, verb, **fields):
        (record,) = await self.inbox.approvals(status="pending")
        ruling = Ruling(verb=verb, actor="ann", version=record.approval.version, **fields)
        return await self.inbox.rule(record.approval.id, ruling)

    async def check(self):
        """What holds for every ledger: at most one receipt a key, the events fold, and they can be shown."""
        events = await self.events()
        Run.fold(events)
        trace(events)
        keys = {}
        receipts = []
        for event in events:
            match event.fact:
                case EffectStarted(effect=effect) if effect.kind is EffectKind.TOOL:
                    keys[effect.id] = effect.key
                case EffectFinished(effect=id, error="") if id in keys:
                    receipts.append(keys[id])
        assert len(set(receipts)) == len(receipts)


def begun(event):
    return isinstance(event.fact, EffectStarted) and event.fact.effect.kind is EffectKind.TOOL


def ended(event):
    return isinstance(event.fact, EffectFinished) and "/tool." in event.fact.effect


CRASHES = {"before the call": {"after": begun}, "before the outcome is on disk": {"before": ended}}
crashes = pytest.mark.parametrize("crash", CRASHES.values(), ids=CRASHES)


@crashes
@pytest.mark.parametrize("safety", [Safety.READ, Safety.IDEMPOTENT])
async def test_a_repeatable_call_is_made_again_with_the_same_key_after_a_crash(safety, crash):
    world = World(safety)
    await world.dies(**crash)
    happened = len(world.outside.log)
    run = await world.goes_on()
    assert run.status == "succeeded"
    assert len(world.outside.log) == happened + 1
    assert len(world.outside.received) == 1
    await world.check()


@crashes
async def test_a_compensable_call_is_undone_and_made_again_after_a_crash(crash):
    world = World(Safety.COMPENSABLE, compensates=True)
    await world.dies(**crash)
    happened = [what for what, _ in world.outside.log]
    run = await world.goes_on()
    assert run.status == "succeeded"
    assert [what for what, _ in world.outside.log] == [*happened, "undo", "post"]
    assert len({key for _, key in world.outside.log}) == 1
    assert list(world.outside.done.values()) == ["hi"]
    await world.check()


@crashes
@pytest.mark.parametrize("safety", [Safety.COMPENSABLE, Safety.UNSAFE])
async def test_a_call_that_can_be_looked_up_is_made_again_only_when_it_has_not_happened(safety, crash):
    world = World(safety, looks_up=True, compensates=safety is Safety.COMPENSABLE)
    await world.dies(**crash)
    run = await world.goes_on()
    assert run.status == "succeeded"
    assert list(world.outside.received.values()) == [1]
    assert "undo" not in [what for what, _ in world.outside.log]
    assert "receipt" in str(run.steps["finder"].output)
    await world.check()


@crashes
@pytest.mark.parametrize(
    ("verb", "fields", "made", "told"),
    [
        ("approve", {}, 1, "receipt"),
        ("respond", {"value": {"receipt": "by hand"}}, 0, "by hand"),
        ("reject", {"reason": "it is gone"}, 0, "it is gone"),
    ],
)
async def test_a_person_is_asked_about_an_unsafe_call_of_unknown_outcome(crash, verb, fields, made, told):
    world = World(Safety.UNSAFE)
    await world.dies(**crash)
    happened = sum(world.outside.received.values())
    run = await world.goes_on()
    assert run.status == "waiting"
    assert sum(world.outside.received.values()) == happened, "an unsafe call was repeated silently"
    (asked,) = run.asked
    assert (asked.subject, asked.name, asked.value) == ("outcome", "post", {"text": "hi"})
    await world.rule(verb, **fields)
    run = await world.goes_on()
    assert run.status == "succeeded"
    assert told in str(run.steps["finder"].output)
    assert sum(world.outside.received.values()) == happened + made
    assert len(world.outside.received) <= 1
    await world.check()


async def test_a_person_may_end_the_run_over_a_call_of_unknown_outcome():
    world = World(Safety.UNSAFE)
    await world.dies(before=ended)
    await world.goes_on()
    await world.rule("terminate", reason="enough")
    run = await world.goes_on()
    assert (run.status, run.reason) == ("cancelled", "terminated by ann: enough")
    assert sum(world.outside.received.values()) == 1


@pytest.mark.parametrize("safety", [Safety.COMPENSABLE, Safety.UNSAFE])
@pytest.mark.parametrize("how", ["crash", "time-out"])
async def test_one_approval_of_a_call_of_unknown_outcome_is_for_one_more_call(safety, how):
    """Each time that a call breaks off anew, a person is asked anew: else it is repeated without anybody knowing."""
    world = World(safety)
    await world.dies(before=ended)
    assert (await world.goes_on()).status == "waiting"
    await world.rule("approve")
    if how == "crash":
        with pytest.raises(JournalUnavailable):
            await world.goes_on(journal=Mortal(world.store, before=ended))
        assert (await world.goes_on()).status == "waiting"
    else:
        world.post.after = ToolOutcomeUnknown("cut off")
        assert (await world.goes_on()).status == "waiting"
    assert list(world.outside.received.values()) == [2]
    await world.rule("respond", value="it is there")
    assert (await world.goes_on()).status == "succeeded"
    assert list(world.outside.received.values()) == [2]
    await world.check()


async def test_a_look_up_that_fails_leaves_it_to_a_person():
    world = World(Safety.UNSAFE, looks_up=True, looking=OSError("no line"))
    await world.dies(before=ended)
    run = await world.goes_on()
    assert run.status == "waiting"
    assert "OSError: no line" in run.asked[0].reason
    assert list(world.outside.received.values()) == [1]


async def test_an_undoing_that_fails_leaves_it_to_a_person():
    world = World(Safety.COMPENSABLE, compensates=True, compensation=OSError("no line"))
    await world.dies(before=ended)
    run = await world.goes_on()
    assert run.status == "waiting"
    assert list(world.outside.received.values()) == [1]


BROKEN_OFF = {
    "ToolOutcomeUnknown": lambda: ToolOutcomeUnknown("cut off"),
    "another exception": lambda: RuntimeError("broken"),
    "its own time-out": TimeoutError,
    "its own cancellation": asyncio.CancelledError,
}
broken_off = pytest.mark.parametrize("error", BROKEN_OFF.values(), ids=BROKEN_OFF)


@broken_off
@pytest.mark.parametrize("safety", [Safety.READ, Safety.IDEMPOTENT])
async def test_a_repeatable_call_that_breaks_off_is_told_to_the_model(safety, error):
    world = World(safety, after=error(), always=True)
    async with world.process() as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert run.steps["finder"].output.startswith("told Error: post ") or "cut off" in run.steps["finder"].output
    await world.check()


@pytest.mark.parametrize("safety", [Safety.READ, Safety.IDEMPOTENT])
async def test_a_repeatable_call_that_breaks_off_is_made_once_more_with_the_same_key(safety):
    world = World(safety, after=RuntimeError("broken"))
    async with world.process() as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert "receipt" in run.steps["finder"].output
    assert list(world.outside.received.values()) == [2]
    await world.check()


@broken_off
async def test_an_unsafe_call_that_breaks_off_is_asked_about(error):
    world = World(Safety.UNSAFE, after=error())
    async with world.process() as running:
        run = await (await running.start(TASK)).result()
        assert run.status == "waiting"
        await world.rule("respond", value="it is there")
        run = await (await running.resume(run.id)).result()
    assert run.status == "succeeded"
    assert "it is there" in run.steps["finder"].output
    assert list(world.outside.received.values()) == [1]
    await world.check()


@broken_off
async def test_a_compensable_call_that_breaks_off_is_undone_and_told_to_the_model(error):
    world = World(Safety.COMPENSABLE, compensates=True, after=error())
    async with world.process() as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert run.steps["finder"].output.endswith("it has no effect")
    assert [what for what, _ in world.outside.log] == ["post", "undo"]
    assert world.outside.done == {}
    await world.check()


@broken_off
async def test_an_unsafe_call_that_breaks_off_and_is_found_has_its_result(error):
    world = World(Safety.UNSAFE, looks_up=True, after=error())
    async with world.process() as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert "receipt" in run.steps["finder"].output
    assert list(world.outside.received.values()) == [1]
    await world.check()


@pytest.mark.parametrize("safety", list(Safety))
async def test_a_tool_error_says_that_the_call_did_not_happen(safety):
    world = World(safety, compensates=True, before=ToolError("closed on sundays"))
    async with world.process() as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert run.steps["finder"].output == "told Error: closed on sundays"
    assert world.outside.log == []
    await world.check()


@pytest.mark.parametrize("safety", [Safety.UNSAFE, Safety.COMPENSABLE, Safety.IDEMPOTENT])
async def test_a_call_that_takes_too_long_is_of_unknown_outcome(safety):
    world = World(safety, compensates=safety is Safety.COMPENSABLE, seconds=0.01)
    world.post.after = asyncio.Event().wait
    async with world.process() as running:
        run = await (await running.start(TASK)).result()
    assert run.status == ("waiting" if safety is Safety.UNSAFE else "succeeded")
    assert list(world.outside.received.values()) == [1]
    await world.check()


async def test_an_idempotent_call_that_failed_keeps_its_key_when_the_model_tries_again():
    """It may have happened in spite of the time-out: another key would do it twice."""

    def tries_again(last):
        if last.role == "tool" and not last.content.startswith("Error"):
            return "done"
        return Call("post", {"text": "hi"})

    world = World(Safety.IDEMPOTENT, after=RuntimeError("cut off"))
    async with world.process(tries_again) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert list(world.outside.received.values()) == [2]
    await world.check()


async def test_a_call_that_is_cancelled_in_the_middle_is_recorded_as_unknown_and_asked_about_later():
    """A process that shuts down breaks calls off; the next one may not just repeat them."""
    world = World(Safety.UNSAFE)
    reached = asyncio.Event()

    async def hang():
        reached.set()
        await asyncio.Event().wait()

    world.post.after = hang
    async with world.process() as running:
        await running.start(TASK)
        await reached.wait()
    (finished,) = [fact for fact in await world.facts(EffectFinished) if "/tool." in fact.effect]
    assert finished.unknown
    run = await world.goes_on()
    assert run.status == "waiting"
    assert list(world.outside.received.values()) == [1]


GOOD = Verification(checks=(Check(name="regex", options={"pattern": "^good"}),))
PICKY = replace(SENDER, verification=GOOD)


def rejected_once(same=True):
    """Return replies whose first attempt is rejected; the second posts the same, or something else."""

    def replies(last):
        again = "Not accepted" in last.content
        if last.role == "user":
            return Call("post", {"text": "hi" if same or not again else "ho"})
        return "bad" if replies.turns == 0 else "good"

    def counted(last):
        reply = replies(last)
        replies.turns += last.role != "user"
        return reply

    replies.turns = 0
    return counted


@pytest.mark.parametrize("safety", [Safety.IDEMPOTENT, Safety.COMPENSABLE, Safety.UNSAFE])
@pytest.mark.parametrize("same", [True, False])
async def test_a_later_attempt_uses_the_receipt_of_the_same_call_and_of_no_other(safety, same):
    world = World(safety, compensates=safety is Safety.COMPENSABLE)
    async with world.process(rejected_once(same), agents=(BOSS, PICKY, ADDER, WRITER)) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert sorted(world.outside.received.values()) == ([1] if same else [1, 1])
    reused = await world.facts(EffectReused)
    assert len(reused) == same
    if same:
        (started,) = [fact for fact in await world.facts(EffectStarted) if fact.effect.kind is EffectKind.TOOL]
        assert (reused[0].receipt, reused[0].effect.key) == (started.effect.id, started.effect.key)
    await world.check()


async def test_a_call_that_only_reads_is_made_again_in_a_later_attempt():
    world = World(Safety.READ)
    async with world.process(rejected_once(), agents=(BOSS, PICKY, ADDER, WRITER)) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert sum(world.outside.received.values()) == 2
    assert await world.facts(EffectReused) == []


async def test_a_receipt_is_used_again_after_a_crash_too():
    agents = (BOSS, PICKY, ADDER, WRITER)
    world = World(Safety.UNSAFE)
    async with world.process(rejected_once(), agents=agents) as running:
        run = await (await running.start(TASK)).result()
    events = await world.events()
    reused = next(event.sequence for event in events if isinstance(event.fact, EffectReused))
    for crash in (reused - 1, reused, reused + 1, reused + 2):
        later = World(Safety.UNSAFE)
        await later.store.append(events[:crash], durable=True)
        resumed = await later.goes_on(
            lambda last: Call("post", {"text": "hi"}) if last.role == "user" else f"good {last.content}", agents=agents
        )
        assert (resumed.status, resumed.answer) == ("succeeded", run.answer), f"after event {crash}"
        assert "Error" not in str(resumed.steps["finder"].output), f"after event {crash}"
        assert resumed.steps["finder"].attempt == 2
        assert later.outside.log == []
        await later.check()


async def test_two_identical_calls_within_one_attempt_are_two_calls():
    twice = Calls((Call("post", {"text": "hi"}), Call("post", {"text": "hi"})))
    world = World(Safety.UNSAFE)
    async with world.process(lambda last: twice if last.role == "user" else "good") as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert list(world.outside.received.values()) == [1, 1]
    await world.check()


async def test_two_identical_calls_have_two_receipts_in_a_later_attempt():
    twice = Calls((Call("post", {"text": "hi"}), Call("post", {"text": "hi"})))
    said_before = []

    def replies(last):
        if last.role == "user":
            return twice
        said_before.append(last)
        return "bad" if len(said_before) == 1 else "good"

    world = World(Safety.UNSAFE)
    async with world.process(replies, agents=(BOSS, PICKY, ADDER, WRITER)) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert list(world.outside.received.values()) == [1, 1]
    assert len({fact.receipt for fact in await world.facts(EffectReused)}) == 2
    await world.check()


async def test_an_unsafe_call_of_unknown_outcome_is_not_repeated_by_another_attempt():
    """Policy may deny the call when the attempt is driven again; then the next attempt means the same call."""
    agents = (BOSS, PICKY, ADDER, WRITER)
    world = World(Safety.UNSAFE)
    journal = Mortal(world.store, before=ended)
    async with world.process(journal=journal, agents=agents) as running:
        with pytest.raises(JournalUnavailable):
            await (await running.start(TASK)).result()
    rejected = Mortal(world.store, after=lambda event: isinstance(event.fact, VerdictReached))
    with pytest.raises(JournalUnavailable):
        await world.goes_on(journal=rejected, agents=agents, policies=forbid("call_tool"))
    run = await world.goes_on(
        lambda last: Call("post", {"text": "hi"}) if last.role == "user" else "good", agents=agents
    )
    assert run.status == "waiting"
    assert list(world.outside.received.values()) == [1], "an unsafe call was repeated silently"
    await world.rule("respond", value="it is there")
    run = await world.goes_on(lambda last: f"good {last.content}", agents=agents)
    assert (run.status, run.steps["finder"].output) == ("succeeded", 'good "it is there"')
    assert list(world.outside.received.values()) == [1]
    await world.check()


@pytest.mark.parametrize("happened", [True, False])
async def test_the_next_attempt_looks_up_what_became_of_the_same_call(happened):
    agents = (BOSS, PICKY, ADDER, WRITER)
    world = World(Safety.UNSAFE, looks_up=True)
    await world.dies(**CRASHES["before the outcome is on disk" if happened else "before the call"])
    rejected = Mortal(world.store, after=lambda event: isinstance(event.fact, VerdictReached))
    with pytest.raises(JournalUnavailable):
        await world.goes_on(journal=rejected, agents=agents, policies=forbid("call_tool"))
    run = await world.goes_on(
        lambda last: Call("post", {"text": "hi"}) if last.role == "user" else f"good {last.content}", agents=agents
    )
    assert run.status == "succeeded"
    assert "receipt" in run.steps["finder"].output
    assert list(world.outside.received.values()) == [1]
    await world.check()


async def test_an_unsafe_call_of_unknown_outcome_is_not_repeated_by_the_next_plan():
    """While it is asked about, another step fails for good: what the person says must still count."""
    adder = replace(ADDER, uses=FINDER.uses, verification=GOOD, limits=Limits(attempts=1, escalations=0))

    def answer(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return plan("finder") if "Failed" in last.content else plan("finder", "adder")
        if system.startswith("Find."):
            return posts_once(last)
        return "bad" if system.startswith("Add.") else "Done."

    world = World(Safety.UNSAFE, after=ToolOutcomeUnknown("cut off"))
    options = {"agents": (BOSS, SENDER, adder, WRITER), "limits": RunLimits(replans=1)}
    async with world.process(model=ScriptedModel(answer), **options) as running:
        run = await (await running.start(TASK)).result()
        assert run.status == "waiting"
        assert await world.facts(StepFailed)
        await world.rule("respond", value="it is there")
        run = await (await running.resume(run.id)).result()
    assert list(world.outside.received.values()) == [1], "an unsafe call was repeated silently"
    assert run.status == "succeeded"
    assert "it is there" in str(run.steps["finder"].output)
    await world.check()


# What is undone, and when


def posts_two(last):
    if last.role == "user":
        return Calls((Call("post", {"text": "first"}), Call("post", {"text": "second"})))
    return "bad"


def undone(world):
    texts = {}
    for what, key in world.outside.log:
        if what == "post":
            texts[key] = len(texts) + 1
    return [texts[key] for what, key in world.outside.log if what == "undo"]


async def test_what_was_done_is_undone_the_latest_first_when_a_run_is_refused():
    agents = (BOSS, replace(PICKY, limits=Limits(attempts=1, escalations=0)), ADDER, WRITER)
    world = World(Safety.COMPENSABLE, compensates=True)
    async with world.process(posts_two, agents=agents) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "refused"
    assert undone(world) == [2, 1]
    assert world.outside.done == {}
    await world.check()


async def test_a_run_that_succeeds_keeps_what_was_done():
    world = World(Safety.COMPENSABLE, compensates=True)
    async with world.process() as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "succeeded"
    assert undone(world) == []


async def ends(world, how):
    """Have a run that has posted twice end in some way."""
    told = asyncio.Event()

    def replies(last):
        if last.role == "user":
            return posts_two(last)
        return "good"

    class Hanging(ScriptedModel):
        async def complete(self, request, on_text=None):
            if request.messages[0].content.startswith("Find.") and request.messages[-1].role == "tool":
                told.set()
                if how == "cancelled":
                    await asyncio.Event().wait()
            return await super().complete(request, on_text)

    options = {
        "release denied": {"policies": forbid("release")},
        "over budget": {"budget": Budget(calls=4)},
    }.get(how, {})
    async with world.process(model=Hanging(said(replies)), **options) as running:
        handle = await running.start(TASK)
        if how == "cancelled":
            await told.wait()
            return await handle.cancel()
        return await handle.result()


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("cancelled", "cancelled"),
        ("over budget", "over_budget"),
        ("release denied", "denied"),
    ],
)
async def test_what_was_done_is_undone_however_a_run_ends(how, status):
    world = World(Safety.COMPENSABLE, compensates=True)
    run = await ends(world, how)
    assert run.status == status, run.reason
    assert undone(world) == [2, 1]
    assert world.outside.done == {}
    await world.check()


async def test_what_was_done_is_undone_when_a_person_ends_the_run():
    world = World(Safety.COMPENSABLE, compensates=True)
    other = Post(Outside(), Safety.UNSAFE, name="other", after=ToolOutcomeUnknown("cut off"))

    def replies(last):
        if last.role == "user":
            return Calls((Call("post", {"text": "hi"}), Call("other", {"text": "hi"})))
        return "good"

    sender = replace(SENDER, tools=(ToolName("post"), ToolName("other")))
    async with engine(
        {"m": ScriptedModel(said(replies))},
        agents=(BOSS, sender, ADDER, WRITER),
        tools=[world.post, other],
        journal=world.store,
        inbox=world.inbox,
    ) as running:
        run = await (await running.start(TASK)).result()
        assert run.status == "waiting"
        await world.rule("terminate")
        run = await (await running.resume(run.id)).result()
    assert run.status == "cancelled"
    assert undone(world) == [1]


async def test_what_was_done_is_undone_when_a_run_is_cancelled_that_nobody_drives():
    world = World(Safety.COMPENSABLE, compensates=True)
    await world.dies(after=ended)
    async with world.process() as running:
        run = await running.cancel(next(iter(world.store.all())), "not wanted")
    assert (run.status, run.reason) == ("cancelled", "not wanted")
    assert undone(world) == [1]
    assert world.outside.done == {}


@pytest.mark.parametrize("how", ["crash", "cancelled"])
async def test_a_call_of_unknown_outcome_is_undone_too_when_its_run_ends(how):
    """A compensation may be called for what never happened; what did happen must not stay."""
    world = World(Safety.COMPENSABLE, compensates=True)
    if how == "crash":
        await world.dies(before=ended)
        async with world.process() as running:
            run = await running.cancel(next(iter(world.store.all())))
    else:
        reached = asyncio.Event()

        async def hang():
            reached.set()
            await asyncio.Event().wait()

        world.post.after = hang
        async with world.process() as running:
            handle = await running.start(TASK)
            await reached.wait()
            run = await handle.cancel()
    assert run.status == "cancelled"
    assert undone(world) == [1]
    assert world.outside.done == {}
    await world.check()


async def test_an_undoing_that_fails_is_recorded_and_the_others_go_on():
    agents = (BOSS, replace(PICKY, limits=Limits(attempts=1, escalations=0)), ADDER, WRITER)
    world = World(Safety.COMPENSABLE, compensates=True)
    failures = iter([OSError("no line"), asyncio.CancelledError()])

    def fails():
        error = next(failures, None)
        if error is not None:
            raise error

    def posts_three(last):
        three = Calls(tuple(Call("post", {"text": text}) for text in "abc"))
        return three if last.role == "user" else "bad"

    world.post.compensation = fails
    async with world.process(posts_three, agents=agents) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "refused"
    assert undone(world) == [3, 2, 1]
    assert list(world.outside.done.values()) == ["b", "c"]
    errors = [fact.error for fact in await world.facts(EffectFinished) if fact.effect.endswith("/undo")]
    assert errors[0] == "post could not be undone: OSError: no line"
    assert errors[1].startswith("post could not be undone: ")
    assert errors[2] == ""


async def test_an_undoing_that_takes_too_long_does_not_hold_the_end_up():
    agents = (BOSS, replace(PICKY, limits=Limits(attempts=1, escalations=0)), ADDER, WRITER)
    world = World(Safety.COMPENSABLE, compensates=True, seconds=0.02)
    world.post.compensation = asyncio.Event().wait
    async with world.process(posts_two, agents=agents) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "refused"
    assert undone(world) == [2, 1]
    assert isinstance((await world.events())[-1].fact, RunFinished)


async def test_policies_govern_undoing_as_well():
    agents = (BOSS, replace(PICKY, limits=Limits(attempts=1, escalations=0)), ADDER, WRITER)
    world = World(Safety.COMPENSABLE, compensates=True)
    async with world.process(posts_two, agents=agents) as running:
        handle = await running.start(TASK)
        run = await handle.result()
    assert run.status == "refused"
    events = await world.events()
    end = next(
        event.sequence
        for event in events
        if isinstance(event.fact, EffectStarted) and event.fact.effect.id.endswith("/undo")
    )
    later = World(Safety.COMPENSABLE, compensates=True)
    await later.store.append(events[: end - 1], durable=True)
    async with later.process(posts_two, agents=agents, policies=forbid("call_tool")) as running:
        run = await (await running.resume(events[0].run)).result()
    assert run.status == "refused"
    refused = [fact for fact in await later.facts(EffectRefused) if fact.effect.id.endswith("/undo")]
    assert [fact.by for fact in refused] == ["policy", "policy"]
    assert later.outside.log == []
    await later.check()


async def test_a_crash_while_undoing_is_followed_by_the_rest_of_it_and_by_nothing_else():
    """Not one step of a run may go on upon what has been undone."""
    world = World(Safety.COMPENSABLE, compensates=True)

    async def hang():
        told.set()
        await asyncio.Event().wait()

    class Hanging(ScriptedModel):
        async def complete(self, request, on_text=None):
            if request.messages[0].content.startswith("Find.") and request.messages[-1].role == "tool":
                await hang()
            return await super().complete(request, on_text)

    for crash in range(1, 5):
        world = World(Safety.COMPENSABLE, compensates=True)
        told = asyncio.Event()
        left = crash

        def dying(event):
            nonlocal left
            if not isinstance(event.fact, EffectStarted | EffectFinished) or not str(event.fact).count("/undo"):
                return isinstance(event.fact, RunFinished)
            left -= 1
            return left <= 0

        journal = Mortal(world.store, before=dying)
        async with world.process(model=Hanging(said(posts_two)), journal=journal) as running:
            handle = await running.start(TASK)
            await told.wait()
            await handle.cancel()
        assert journal.dead
        began = [fact for fact in await world.facts(EffectStarted) if fact.effect.id.endswith("/undo")]
        run = await world.goes_on(lambda last: posts_two(last) if last.role == "user" else "good")
        if began:
            assert run.status != "succeeded", f"went on upon what is undone, crash {crash}"
            assert world.outside.done == {}
        await world.check()


async def test_a_crash_while_undoing_changes_nothing_in_how_the_run_ends():
    agents = (BOSS, replace(PICKY, limits=Limits(attempts=1, escalations=0)), ADDER, WRITER)
    whole = World(Safety.COMPENSABLE, compensates=True)
    async with whole.process(posts_two, agents=agents) as running:
        expected = await (await running.start(TASK)).result()
    assert expected.status == "refused"
    assert [fact.end.status for fact in await whole.facts(RunEnding)] == ["refused"]
    for crash in range(1, 7):
        world = World(Safety.COMPENSABLE, compensates=True)
        left = crash

        def dying(event):
            nonlocal left
            ending = isinstance(event.fact, RunEnding | RunFinished)
            left -= ending or (isinstance(event.fact, EffectStarted | EffectFinished) and "/undo" in str(event.fact))
            return left <= 0

        journal = Mortal(world.store, before=dying)
        with contextlib.suppress(JournalUnavailable):
            async with world.process(posts_two, agents=agents, journal=journal) as running:
                await (await running.start(TASK)).result()
        assert journal.dead
        run = await world.goes_on(lambda last: posts_two(last) if last.role == "user" else "good", agents=agents)
        if crash > 1:
            assert (run.status, run.reason) == (expected.status, expected.reason)
            assert world.outside.done == {}
        await world.check()


async def test_a_cancellation_while_undoing_does_not_leave_the_run_without_an_end():
    agents = (BOSS, replace(PICKY, limits=Limits(attempts=1, escalations=0)), ADDER, WRITER)
    world = World(Safety.COMPENSABLE, compensates=True)
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        reached.set()
        await go_on.wait()

    world.post.compensation = slow
    async with world.process(posts_two, agents=agents) as running:
        handle = await running.start(TASK)
        await reached.wait()
        cancelling = asyncio.create_task(handle.cancel())
        await asyncio.sleep(0)
        go_on.set()
        run = await cancelling
    assert run.status in {"refused", "cancelled"}
    assert undone(world) == [2, 1]
    assert isinstance((await world.events())[-1].fact, RunFinished)


async def test_an_engine_that_closes_while_undoing_leaves_the_rest_to_the_next():
    agents = (BOSS, replace(PICKY, limits=Limits(attempts=1, escalations=0)), ADDER, WRITER)
    world = World(Safety.COMPENSABLE, compensates=True)
    reached = asyncio.Event()

    async def slow():
        reached.set()
        await asyncio.Event().wait()

    world.post.compensation = slow
    async with world.process(posts_two, agents=agents) as running:
        await running.start(TASK)
        await reached.wait()
    assert {task.get_name() for task in asyncio.all_tasks()} == {asyncio.current_task().get_name()}
    world.post.compensation = None
    run = await world.goes_on(posts_two, agents=agents)
    assert run.status == "refused"
    assert world.outside.done == {}
    await world.check()


async def test_a_tool_that_is_gone_cannot_undo_and_the_record_says_so():
    world = World(Safety.COMPENSABLE, compensates=True)
    await world.dies(after=ended)
    async with engine(
        {"m": ScriptedModel(said(posts_once))},
        agents=(BOSS, FINDER, ADDER, WRITER),
        team=TEAM,
        journal=world.store,
        inbox=world.inbox,
    ) as running:
        run = await running.cancel(next(iter(world.store.all())))
    assert run.status == "cancelled"
    refused = [fact for fact in await world.facts(EffectRefused) if fact.effect.id.endswith("/undo")]
    assert [fact.by for fact in refused] == ["tool"]
    await world.check()


async def test_the_ledger_has_intent_key_and_receipt():
    world = World(Safety.IDEMPOTENT)
    async with world.process() as running:
        run = await (await running.start(TASK)).result()
    (effect,) = [e for e in trace(await world.events()).step("finder").effects if e.started.effect.kind == "tool"]
    assert effect.started.request == {"text": "hi"}
    assert effect.started.effect.safety is Safety.IDEMPOTENT
    assert world.outside.received == {effect.started.effect.key: 1}
    assert effect.finished.output == {"receipt": effect.started.effect.key.rpartition("/")[2]}
    assert run.used.calls == 5


@pytest.mark.parametrize("use", [ToolUse.FIRST, ToolUse.OUTPUT])
@crashes
async def test_a_call_that_is_first_or_is_the_output_goes_on_after_a_crash(use, crash):
    agents = (BOSS, replace(SENDER, tool_use=use), ADDER, WRITER)
    replies = posts_once if use is ToolUse.OUTPUT else (lambda _: "said")
    world = World(Safety.IDEMPOTENT)
    journal = Mortal(world.store, **crash)
    async with world.process(replies, agents=agents, journal=journal) as running:
        with pytest.raises(JournalUnavailable):
            await (await running.start(TASK)).result()
    run = await world.goes_on(replies, agents=agents)
    assert run.status == "succeeded"
    assert len(world.outside.received) == 1
    await world.check()

"""Runs that wait for people: each question on its own, no task and no memory held, and an end whatever is said."""

from __future__ import annotations

import asyncio
import gc
import weakref
from dataclasses import replace

import pytest
from support.desk import ADDER, BOSS, FINDER, WRITER, engine, plan
from support.outside import Outside, Post
from support.turns import until

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.agent import Check, Limits, Uses, Verification
from agentcore.domain.approval import Ruling
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import Budget
from agentcore.domain.effect import EffectKind, Safety
from agentcore.domain.errors import ApprovalError, RunBusy
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    AttemptFinished,
    EffectFinished,
    EffectRefused,
    EffectStarted,
    RunFinished,
    RunParked,
    RunResumed,
)
from agentcore.domain.ids import ToolName
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits
from agentcore.domain.trace import trace
from agentcore.engine.attend import Attendant
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import Call, ScriptedModel

TASK = Task(goal="post it")
POSTER = replace(FINDER, tools=(ToolName("post"),), limits=Limits(attempts=2, escalations=0))
AGENTS = (BOSS, POSTER, ADDER, WRITER)
NUMBER = {"type": "object", "properties": {"amount": {"type": "integer"}}, "required": ["amount"]}


def obedient(steps):
    """Return a model's answers: finders post what they are told, and say what came of it."""

    def answer(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return steps(last) if callable(steps) else steps
        if system.startswith("Find."):
            if last.role == "tool":
                return f"told {last.content}"
            return Call("post", {"text": last.content.partition("Task: ")[2].split("\n")[0]})
        return "Done." if system.startswith("Write.") else "added"

    return answer


def tasks(*texts):
    return {"steps": [{"agent": "finder", "task": text} for text in texts]}


class Office:
    """A store, an outside and people."""

    def __init__(self, rule=None, *, steps=None, safety=Safety.UNSAFE, agents=AGENTS, limits=None, answer=None):
        self.outside = Outside()
        self.clock = FakeClock(auto=True)
        self.store = MemoryJournal()
        self.inbox = MemoryInbox(self.store)
        self.post = Post(self.outside, safety, approval=rule)
        self._agents = agents
        self._limits = limits or RunLimits(replans=0)
        self._answer = answer or obedient(steps or tasks("hi"))

    def process(self, **options):
        return engine(
            {"m": options.pop("model", None) or ScriptedModel(self._answer)},
            agents=self._agents,
            tools=[self.post],
            journal=options.pop("journal", None) or self.store,
            clock=self.clock,
            inbox=self.inbox,
            limits=self._limits,
            **options,
        )

    async def begins(self):
        async with self.process() as running:
            return await (await running.start(TASK)).result()

    async def goes_on(self):
        async with self.process() as running:
            return await (await running.resume(next(iter(self.store.all())))).result()

    async def events(self):
        (run,) = self.store.all()
        return list(await self.store.read(run))

    async def facts(self, kind):
        return [event.fact for event in await self.events() if isinstance(event.fact, kind)]

    async def pending(self):
        return list(await self.inbox.approvals(status="pending"))

    async def rule(self, verb, *, of=None, actor="ann", **fields):
        records = await self.pending()
        record = next(each for each in records if of is None or each.approval.value == {"text": of})
        fields.setdefault("version", record.approval.version)
        return await self.inbox.rule(record.approval.id, Ruling(verb=verb, actor=actor, **fields))

    def posted(self):
        return sorted(self.outside.done.values())

    def attendant(self, running):
        async def take(run):
            self.taken.append(await (await running.resume(run)).result())

        async def unchanged():
            return False

        self.taken = []
        return Attendant(running, inbox=self.inbox, presence=None, clock=self.clock, changed=unchanged, take=take)

    async def check(self):
        events = await self.events()
        assert Run.fold(events).sequence == len(events)
        trace(events)


# One question


async def test_a_call_that_needs_approval_is_not_made_before_it_is_approved():
    office = Office(ApprovalRule(approvers=("ann",)))
    run = await office.begins()
    assert run.status == "waiting"
    assert office.posted() == []
    (record,) = await office.pending()
    asked = record.approval
    assert (asked.subject, asked.name, asked.value, asked.approver) == ("call", "post", {"text": "hi"}, "ann")
    assert (asked.step, asked.attempt, asked.agent, asked.version, asked.due_at) == ("finder", 1, "finder", 1, None)
    assert asked.key.startswith(f"{run.id}/finder/post/")
    await office.rule("approve")
    run = await office.goes_on()
    assert run.status == "succeeded"
    assert office.posted() == ["hi"]
    (started,) = [fact for fact in await office.facts(EffectStarted) if fact.effect.kind is EffectKind.TOOL]
    assert (started.effect.id, started.effect.key) == (asked.effect, asked.key)
    await office.check()


BY_POLICY = {
    "p.cedar": """
@id("all") permit (principal, action, resource);
@id("hi-is-approved") @obligation("approve") @approvers("lead")
permit (principal, action == Action::"call_tool", resource)
when { context.arguments.hasTag("text") && context.arguments.getTag("text") == "hi" };
"""
}


@pytest.mark.parametrize("own", [None, ApprovalRule(approvers=("clerk",))])
async def test_a_policy_may_ask_for_approval_of_what_it_permits(own):
    office = Office(own, steps=tasks("hi", "ho"))
    async with office.process(policies=BY_POLICY) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "waiting"
    asked = {record.approval.value["text"]: record.approval for record in await office.pending()}
    assert asked["hi"].rule.approvers == (("lead",) if own is None else ("clerk", "lead"))
    assert asked["hi"].reason == "the policy hi-is-approved asks for it"
    if own is None:
        assert office.posted() == ["ho"]
    else:
        assert asked["ho"].reason == "every call of post needs approval"
        await office.rule("approve", of="ho")
    await office.rule("approve", of="hi")
    async with office.process(policies=BY_POLICY) as running:
        run = await (await running.resume(run.id)).result()
        assert run.status == "succeeded"
        assert office.posted() == ["hi", "ho"]
        replayed = await running.replay(run.id)
    assert replayed.answer == run.answer
    started = [fact for fact in await office.facts(EffectStarted) if fact.request == {"text": "hi"}]
    assert [each.policy for each in started[-1].decisions[0].obligations] == ["hi-is-approved"]
    await office.check()


async def test_nothing_is_asked_of_a_model_again_after_a_decision():
    asked = []

    def counted(request):
        asked.append(request)
        return obedient(tasks("hi"))(request)

    office = Office(ApprovalRule(), answer=counted)
    await office.begins()
    before = len(asked)
    await office.rule("approve")
    await office.goes_on()
    assert len(asked) - before == 2  # what follows the call, and the answer


@pytest.mark.parametrize(
    ("verb", "fields", "posted", "told"),
    [
        ("approve", {}, ["hi"], "receipt"),
        ("edit", {"value": {"text": "ho"}}, ["ho"], "receipt"),
        ("reject", {"reason": "not today"}, [], "Error: ann rejected the call of post: not today"),
        ("respond", {"value": {"said": "it is done"}}, [], "it is done"),
    ],
)
async def test_each_verb_for_a_call(verb, fields, posted, told):
    office = Office(ApprovalRule())
    await office.begins()
    await office.rule(verb, **fields)
    run = await office.goes_on()
    assert run.status == "succeeded"
    assert office.posted() == posted
    assert told in str(run.steps["finder"].output)
    (decided,) = await office.facts(ApprovalDecided)
    assert (decided.ruling.actor, decided.ruling.verb, decided.ruling.version) == ("ann", verb, 1)
    await office.check()


async def test_what_a_person_says_is_labelled_as_theirs():
    office = Office(ApprovalRule())
    await office.begins()
    await office.rule("respond", value="it is done")
    run = await office.goes_on()
    assert "person:ann" in run.steps["finder"].label.sources


async def test_a_person_can_end_the_run_instead_of_deciding():
    office = Office(ApprovalRule())
    await office.begins()
    await office.rule("terminate", reason="enough")
    run = await office.goes_on()
    assert (run.status, run.reason) == ("cancelled", "terminated by ann: enough")
    assert office.posted() == []
    await office.check()


async def test_edited_arguments_that_break_the_schema_are_not_called_with():
    office = Office(ApprovalRule())
    await office.begins()
    await office.rule("edit", value={"text": 3})
    run = await office.goes_on()
    assert run.status == "succeeded"
    assert office.posted() == []
    assert "is not of type" in str(run.steps["finder"].output)
    (refused,) = await office.facts(EffectRefused)
    assert (refused.by, refused.request) == ("tool", {"text": 3})


async def test_policies_decide_about_edited_arguments_as_well():
    office = Office(ApprovalRule())
    await office.begins()
    await office.rule("edit", value={"text": "secret"})
    forbidden = {
        "no.cedar": '@id("all") permit(principal, action, resource);\n'
        '@id("no") forbid(principal, action == Action::"call_tool", resource);'
    }
    async with office.process(policies=forbidden) as running:
        run = await (await running.resume(next(iter(office.store.all())))).result()
    assert office.posted() == []
    assert "denied by policy" in str(run.steps["finder"].output)


@pytest.mark.parametrize(
    ("verb", "fields", "output"),
    [
        ("approve", {}, {"amount": 3}),
        ("edit", {"value": {"amount": 4}}, {"amount": 4}),
        ("respond", {"value": {"amount": 5}}, {"amount": 5}),
    ],
)
async def test_each_verb_for_an_output(verb, fields, output):
    writer = replace(WRITER, output=NUMBER, approval=ApprovalRule())

    def answer(request):
        return plan("adder") if request.messages[0].content.startswith("Plan.") else {"amount": 3}

    office = Office(agents=(BOSS, FINDER, ADDER, writer), answer=answer)
    run = await office.begins()
    assert run.status == "waiting"
    (record,) = await office.pending()
    assert (record.approval.subject, record.approval.name, record.approval.value) == (
        "output",
        "writer",
        {"amount": 3},
    )
    await office.rule(verb, **fields)
    run = await office.goes_on()
    assert (run.status, run.answer) == ("succeeded", output)
    assert ("person:ann" in run.steps["answer"].label.sources) == (verb != "approve")
    await office.check()


async def test_an_output_that_a_person_rejects_is_made_again_with_the_reason():
    seen = []

    def answer(request):
        seen.append(request.messages[-1].content)
        return plan("adder") if request.messages[0].content.startswith("Plan.") else f"draft {len(seen)}"

    office = Office(agents=(BOSS, FINDER, ADDER, replace(WRITER, approval=ApprovalRule())), answer=answer)
    await office.begins()
    await office.rule("reject", reason="too long")
    run = await office.goes_on()
    assert run.status == "waiting"
    assert "Reason: too long" in seen[-1]
    await office.rule("approve")
    run = await office.goes_on()
    assert (run.status, run.answer) == ("succeeded", "draft 4")
    ids = [fact.approval.id for fact in await office.facts(ApprovalRequested)]
    assert len(set(ids)) == 2


async def test_an_edited_output_that_does_not_fit_is_not_accepted():
    writer = replace(WRITER, output=NUMBER, approval=ApprovalRule())

    def answer(request):
        return plan("adder") if request.messages[0].content.startswith("Plan.") else {"amount": 3}

    office = Office(agents=(BOSS, FINDER, ADDER, writer), answer=answer)
    await office.begins()
    await office.rule("edit", value={"amount": "three"})
    run = await office.goes_on()
    assert run.status == "waiting"
    assert "three" in str(run.steps["answer"].reasons)
    await office.rule("approve")
    assert (await office.goes_on()).answer == {"amount": 3}


async def test_only_outputs_that_the_verifiers_accept_are_put_to_a_person():
    def answer(request):
        if request.messages[0].content.startswith("Plan."):
            return plan("adder")
        return "good" if "Not accepted" in request.messages[-1].content else "bad"

    good = Verification(checks=(Check(name="regex", options={"pattern": "^good"}),))
    writer = replace(WRITER, approval=ApprovalRule(), verification=good)
    adder = replace(ADDER, verification=good)
    office = Office(agents=(BOSS, FINDER, adder, writer), answer=answer)
    await office.begins()
    (record,) = await office.pending()
    assert (record.approval.value, record.approval.attempt) == ("good", 2)


# Several questions


async def test_several_questions_are_each_decided_on_their_own():
    office = Office(ApprovalRule(), steps=tasks("a", "b", "c"))
    run = await office.begins()
    assert sorted(asked.value["text"] for asked in run.asked) == ["a", "b", "c"]
    await office.rule("approve", of="b")
    run = await office.goes_on()
    assert run.status == "waiting"
    assert office.posted() == ["b"]
    assert sorted(asked.value["text"] for asked in run.asked) == ["a", "c"]
    await office.rule("reject", of="a", reason="no")
    await office.rule("edit", of="c", value={"text": "d"})
    run = await office.goes_on()
    assert run.status == "succeeded"
    assert office.posted() == ["b", "d"]
    parked = await office.facts(RunParked)
    assert [len(fact.waits_for) for fact in parked] == [3, 2]
    await office.check()


async def test_steps_beside_a_parked_one_go_on_and_are_recorded_before_the_run_parks():
    steps = {
        "steps": [
            {"agent": "finder", "task": "hi"},
            {"agent": "adder", "task": "x", "uses": []},
            {"agent": "adder", "task": "y", "uses": []},
        ]
    }
    adder = replace(ADDER, uses=Uses.CHOSEN)
    office = Office(ApprovalRule(), steps=steps, agents=(BOSS, POSTER, adder, WRITER))
    run = await office.begins()
    assert run.status == "waiting"
    assert sorted(id for id in run.steps if run.steps[id].status == "succeeded") == ["adder", "adder_2"]
    assert isinstance((await office.events())[-1].fact, RunParked)


async def test_a_parked_step_holds_no_slot():
    office = Office(ApprovalRule(), steps=tasks("a", "b", "c"), limits=RunLimits(replans=0, parallel_steps=1))
    run = await office.begins()
    assert len(run.asked) == 3


async def test_a_run_with_a_failed_step_waits_for_the_question_and_then_ends():
    adder = replace(
        ADDER,
        uses=Uses.NONE,
        verification=Verification(checks=(Check(name="regex", options={"pattern": "^good"}),)),
        limits=Limits(attempts=1, escalations=0),
    )
    office = Office(ApprovalRule(), steps=plan("finder", "adder"), agents=(BOSS, POSTER, adder, WRITER))
    run = await office.begins()
    assert (run.status, run.failed) == ("waiting", ("adder",))
    await office.rule("approve")
    run = await office.goes_on()
    assert run.status == "refused"
    await office.check()


async def test_who_ends_a_run_ends_it_even_when_a_step_has_failed_that_could_be_planned_again():
    adder = replace(
        ADDER,
        uses=Uses.NONE,
        verification=Verification(checks=(Check(name="regex", options={"pattern": "^good"}),)),
        limits=Limits(attempts=1, escalations=0),
    )
    office = Office(
        ApprovalRule(),
        steps=lambda last: tasks("hi") if "Failed" in last.content else plan("finder", "adder"),
        agents=(BOSS, POSTER, adder, WRITER),
        limits=RunLimits(replans=3),
    )
    await office.begins()
    await office.rule("terminate")
    run = await office.goes_on()
    assert (run.status, run.reason) == ("cancelled", "terminated by ann")
    assert office.posted() == []


async def test_who_ends_a_run_does_not_wait_for_a_free_slot():
    started = asyncio.Event()

    class Hanging(ScriptedModel):
        async def complete(self, request, on_text=None):
            if request.messages[-1].content.endswith("Task: slow"):
                started.set()
                await asyncio.Event().wait()
            return await super().complete(request, on_text)

    office = Office(ApprovalRule(), steps=tasks("hi", "slow"), limits=RunLimits(replans=0, parallel_steps=1))
    async with office.process(model=Hanging(obedient(tasks("hi", "slow")))) as running:
        handle = await running.start(TASK)
        await started.wait()
        await office.rule("terminate")
        await running.take_rulings(handle.id)
        run = await handle.result()
    assert (run.status, run.reason) == ("cancelled", "terminated by ann")
    unknown = [fact.unknown for fact in await office.facts(EffectFinished)]
    assert unknown[-1], "the call in flight is recorded as broken off"


# A live run


async def test_a_decision_reaches_a_run_that_is_still_under_way():
    slow = asyncio.Event()

    class Hanging(ScriptedModel):
        async def complete(self, request, on_text=None):
            if request.messages[-1].content.endswith("Task: slow"):
                await slow.wait()
            return await super().complete(request, on_text)

    office = Office(ApprovalRule(), steps=tasks("hi", "slow"))
    async with office.process(model=Hanging(obedient(tasks("hi", "slow")))) as running:
        handle = await running.start(TASK)
        attendant = office.attendant(running)
        await until(lambda: handle.run.asked)
        await office.rule("approve", of="hi")
        await attendant.once()
        await until(office.posted)
        assert handle.run.status == "running"
        slow.set()
        run = await handle.result()
        assert run.status == "waiting"  # for the other
        await office.rule("approve", of="slow")
        await attendant.once()
    assert office.taken[-1].status == "succeeded"
    assert office.posted() == ["hi", "slow"]
    resumed = await office.facts(RunResumed)
    assert len(resumed) == 1, "the first decision needed no taking over"
    await office.check()


async def test_a_decision_in_the_very_moment_of_parking_is_not_lost():
    class Slow(MemoryJournal):
        async def append(self, events, *, durable):
            await super().append(events, durable=durable)
            if isinstance(events[-1].fact, RunParked):
                parking.set()
                await go_on.wait()

    parking, go_on = asyncio.Event(), asyncio.Event()
    office = Office(ApprovalRule())
    office.store = Slow()
    office.inbox = MemoryInbox(office.store)
    async with office.process() as running:
        handle = await running.start(TASK)
        attendant = office.attendant(running)
        await parking.wait()
        await office.rule("approve")
        await attendant.once()
        go_on.set()
        await handle.result()
        await attendant.once()
    assert [run.status for run in office.taken] == ["succeeded"]
    assert office.posted() == ["hi"]
    await office.check()


@pytest.mark.parametrize("verb", ["approve", "escalate"])
async def test_two_look_at_the_same_decision_at_once_and_it_is_recorded_once(verb):
    class Yielding(MemoryInbox):
        async def approvals(self, **options):
            found = await super().approvals(**options)
            await asyncio.sleep(0)
            return found

    slow = asyncio.Event()

    class Hanging(ScriptedModel):
        async def complete(self, request, on_text=None):
            if request.messages[-1].content.endswith("Task: slow"):
                await slow.wait()
            return await super().complete(request, on_text)

    office = Office(ApprovalRule(approvers=("ann", "bob", "eve")), steps=tasks("hi", "slow"))
    office.inbox = Yielding(office.store)
    async with office.process(model=Hanging(obedient(tasks("hi", "slow")))) as running:
        handle = await running.start(TASK)
        await until(lambda: handle.run.asked)
        await office.rule(verb, of="hi")
        await asyncio.gather(*(running.take_rulings(handle.id) for _ in range(3)))
        assert len(await office.facts(ApprovalDecided)) == 1
        slow.set()
        await handle.result()
    await office.check()


# Who decides


async def test_a_decision_is_idempotent_and_a_conflicting_one_refused():
    office = Office(ApprovalRule())
    await office.begins()
    (record,) = await office.pending()
    first = await office.rule("approve", reason="fine")
    again = await office.inbox.rule(record.approval.id, Ruling(verb="approve", actor="ann", reason="fine again"))
    assert again == first
    with pytest.raises(ApprovalError, match="ann chose to approve"):
        await office.inbox.rule(record.approval.id, Ruling(verb="reject", actor="bob"))
    run = await office.goes_on()
    assert run.status == "succeeded"
    assert await office.inbox.rule(record.approval.id, Ruling(verb="approve", actor="ann"))
    with pytest.raises(ApprovalError, match="ann chose to approve"):
        await office.inbox.rule(record.approval.id, Ruling(verb="terminate", actor="ann"))
    assert len(await office.facts(ApprovalDecided)) == 1


async def test_an_escalation_asks_the_next_in_the_chain():
    office = Office(ApprovalRule(approvers=("ann", "bob")))
    await office.begins()
    (record,) = await office.pending()
    await office.rule("escalate")
    run = await office.goes_on()
    assert run.status == "waiting"
    (asked,) = run.asked
    assert (asked.id, asked.version, asked.approver) == (record.approval.id, 2, "bob")
    with pytest.raises(ApprovalError, match="at version 2, not 1"):
        await office.inbox.rule(asked.id, Ruling(verb="approve", actor="ann", version=1))
    with pytest.raises(ApprovalError, match="nobody else"):
        await office.rule("escalate", actor="bob")
    await office.rule("approve", actor="bob")
    assert (await office.goes_on()).status == "succeeded"
    question = trace(await office.events()).step("finder").questions[0]
    assert [(ruling.actor, ruling.verb) for ruling in question.rulings] == [("ann", "escalate"), ("bob", "approve")]


async def test_nothing_is_taken_over_for_an_escalation_that_is_recorded():
    office = Office(ApprovalRule(approvers=("ann", "bob")))
    async with office.process() as running:
        run = await (await running.start(TASK)).result()
        await office.rule("escalate")
        await office.attendant(running).once()
        epoch = Run.fold(await office.events()).epoch
        for _ in range(3):
            await office.attendant(running).once()
        assert Run.fold(await office.events()).epoch == epoch == run.epoch + 1


@pytest.mark.parametrize("on_due", ["reject", "escalate"])
async def test_a_question_that_is_not_answered_in_time_is_escalated_or_rejected_and_never_approved(on_due):
    office = Office(ApprovalRule(approvers=("ann", "bob"), due_seconds=60.0, on_due=on_due))
    async with office.process() as running:
        await (await running.start(TASK)).result()
        attendant = office.attendant(running)
        await office.clock.advance(59.0)
        await attendant.once()
        assert office.taken == []
        await office.clock.advance(2.0)
        await attendant.once()
        if on_due == "escalate":
            assert [run.status for run in office.taken] == ["waiting"]
            (asked,) = office.taken[0].asked
            assert (asked.version, asked.approver, asked.due_at) == (2, "bob", office.clock.now() + 60.0)
            await office.clock.advance(61.0)
            await attendant.once()
    assert office.taken[-1].status == "succeeded"
    assert "did not decide within 60 s" in str(office.taken[-1].steps["finder"].output)
    assert office.posted() == []
    rulings = [fact.ruling for fact in await office.facts(ApprovalDecided)]
    assert {ruling.actor for ruling in rulings} == {"agentcore"}
    assert [ruling.verb for ruling in rulings] == (["escalate", "reject"] if on_due == "escalate" else ["reject"])
    await office.check()


async def test_a_call_of_unknown_outcome_is_not_made_again_because_nobody_answered():
    office = Office(ApprovalRule(due_seconds=60.0))
    async with office.process() as running:
        await (await running.start(TASK)).result()
        await office.rule("approve")
        office.post.after = RuntimeError("cut off")
        attendant = office.attendant(running)
        await attendant.once()
        assert [asked.subject for asked in office.taken[-1].asked] == ["outcome"]
        await office.clock.advance(61.0)
        await attendant.once()
    assert list(office.outside.received.values()) == [1]
    assert office.taken[-1].status == "succeeded"
    assert "Error: agentcore gave the call of post up" in office.taken[-1].steps["finder"].output


# Parked


async def test_a_parked_run_holds_no_task_and_no_memory():
    office = Office(ApprovalRule())
    async with office.process() as running:
        before = asyncio.all_tasks()
        handle = await running.start(TASK)
        recorder = weakref.ref(running._driven_here[handle.id][1])
        run = await handle.result()
        assert run.status == "waiting"
        assert running.driving == 0
        assert asyncio.all_tasks() == before
        del handle, run
        gc.collect()
        assert recorder() is None


async def test_many_parked_runs_leave_nothing_behind_in_the_engine():
    office = Office(ApprovalRule())
    async with office.process() as running:
        for _ in range(20):
            await (await running.start(TASK)).result()
        assert (running._driven_here, running._running, running._held) == ({}, {}, set())


async def test_a_parked_run_without_a_decision_is_left_alone():
    office = Office(ApprovalRule())
    run = await office.begins()
    async with office.process() as running:
        with pytest.raises(RunBusy, match="waits for people") as caught:
            await running.resume(run.id)
        assert run.asked[0].id in caught.value.hint
        await office.attendant(running).once()
    assert office.taken == []
    assert await office.facts(RunResumed) == []


async def test_open_questions_are_closed_when_the_run_ends():
    office = Office(ApprovalRule(), steps=tasks("a", "b"))
    async with office.process() as running:
        handle = await running.start(TASK)
        run = await handle.result()
        ended = await running.cancel(run.id, "not wanted")
    assert (ended.status, ended.reason, ended.asked) == ("cancelled", "not wanted", ())
    assert await office.pending() == []
    closed = await office.inbox.approvals(status="closed")
    assert len(closed) == 2
    with pytest.raises(ApprovalError, match="is closed"):
        await office.inbox.rule(closed[0].approval.id, Ruling(verb="approve", actor="ann"))
    assert isinstance((await office.events())[-1].fact, RunFinished)
    shown = trace(await office.events())
    assert [shown.step(id).status for id in ("finder", "finder_2")] == ["stopped", "stopped"]
    assert office.posted() == []


async def test_a_run_that_ends_beside_an_open_question_closes_it():
    office = Office(ApprovalRule(), steps=tasks("a", "b"), limits=RunLimits(replans=0, parallel_steps=1))
    async with office.process(budget=Budget(calls=2)) as running:
        run = await (await running.start(TASK)).result()
    assert run.status == "over_budget"
    assert await office.pending() == []
    assert len(await office.inbox.approvals(status="closed")) == 1


async def test_a_decision_may_come_while_nobody_is_there():
    office = Office(ApprovalRule())
    await office.begins()
    await office.rule("approve")
    async with office.process() as running:
        await office.attendant(running).once()
    assert [run.status for run in office.taken] == ["succeeded"]
    finished = await office.facts(AttemptFinished)
    assert [fact.attempt for fact in finished] == [1, 1]


async def test_a_later_attempt_does_not_ask_again_about_a_call_that_was_made():
    turns = []

    def answer(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Find.") and last.role == "tool":
            turns.append(last)
            return "bad" if len(turns) == 1 else "good"
        return obedient(tasks("hi"))(request)

    good = Verification(checks=(Check(name="regex", options={"pattern": "^good"}),))
    office = Office(ApprovalRule(), agents=(BOSS, replace(POSTER, verification=good), ADDER, WRITER), answer=answer)
    await office.begins()
    await office.rule("approve")
    run = await office.goes_on()
    assert (run.status, run.steps["finder"].attempt) == ("succeeded", 2)
    assert list(office.outside.received.values()) == [1]
    assert len(await office.facts(ApprovalRequested)) == 1

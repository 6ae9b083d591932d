"""What every Inbox must do: inherit from InboxContract and give `journal` and `inbox` fixtures of one store."""

# ruff: noqa: S101  pytest's way

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agentcore.domain.approval import Approval, Ruling, Subject, Verb, closing, escalated
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.errors import ApprovalError
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    Event,
    Fact,
    RunFinished,
    RunParked,
    RunResumed,
)
from agentcore.domain.ids import AgentName, ApprovalId, RunId, StepId
from agentcore.domain.json import JSON
from agentcore.ports.inbox import Inbox
from agentcore.ports.journal import Journal
from agentcore.testing.contracts.journal import begin


def question(
    id: str,
    *,
    asked_at: float = 1.0,
    due_at: float | None = None,
    subject: Subject = "call",
    value: JSON = None,
    approvers: tuple[str, ...] = ("ann", "bob"),
) -> Approval:
    """Return a question of step `s`."""
    return Approval(
        id=ApprovalId(id),
        subject=subject,
        step=StepId("s"),
        attempt=1,
        agent=AgentName("a"),
        name="post",
        value={"text": "hi"} if value is None else value,
        reason="why",
        rule=ApprovalRule(approvers=approvers, due_seconds=60.0),
        asked_at=asked_at,
        key="k",
        due_at=due_at,
    )


def ruling(verb: Verb = "approve", *, actor: str = "ann", version: int = 1, value: JSON = None) -> Ruling:
    """Return a decision."""
    return Ruling(verb=verb, actor=actor, version=version, value=value, at=5.0, reason="because")


class _Story:
    """Appends the facts of one run in order."""

    def __init__(self, journal: Journal, run: str) -> None:
        self._journal = journal
        self._run = RunId(run)
        self._sequence = 1

    async def begin(self, *, tenant: str = "acme", owner: str = "") -> None:
        event = begin(self._run, tenant=tenant)
        await self._journal.append([replace(event, fact=replace(event.fact, owner=owner))], durable=True)  # type: ignore[arg-type]

    async def add(self, *facts: Fact) -> None:
        events: list[Event] = []
        for fact in facts:
            self._sequence += 1
            events.append(Event(run=self._run, sequence=self._sequence, at=2.0, fact=fact))
        await self._journal.append(events, durable=True)

    async def ask(self, *questions: Approval) -> None:
        await self.add(*(ApprovalRequested(approval=each) for each in questions))

    async def decide(self, asked: Approval, taken: Ruling, *, now: float = 9.0) -> None:
        again = escalated(asked, now) if taken.verb == "escalate" else None
        await self.add(ApprovalDecided(approval=asked.id, step=asked.step, ruling=taken, escalated=again))

    async def park(self, *questions: Approval) -> None:
        await self.add(RunParked(waits_for=tuple(each.id for each in questions)))

    async def end(self, *questions: Approval) -> None:
        closed = [ApprovalDecided(approval=each.id, step=each.step, ruling=closing(9.0)) for each in questions]
        await self.add(*closed, RunFinished(status="cancelled", answer=None))


async def _story(journal: Journal, run: str = "r", *, tenant: str = "acme", owner: str = "") -> _Story:
    story = _Story(journal, run)
    await story.begin(tenant=tenant, owner=owner)
    return story


class InboxContract:
    """Tests of the Inbox port."""

    async def test_a_question_is_listed_as_it_was_asked(self, journal: Journal, inbox: Inbox) -> None:
        """With its run and tenant; text and numbers of any kind come back equal."""
        asked = question("r.1", value={"text": "é\x00\ud800", "big": 2**70, "deep": [{"a": None}, 1.5]}, due_at=61.0)
        story = await _story(journal, tenant="acme ü")
        await story.ask(asked)
        (record,) = await inbox.approvals()
        assert (record.run, record.tenant, record.status, record.ruling) == ("r", "acme ü", "pending", None)
        assert record.approval == asked

    async def test_questions_are_listed_the_oldest_first_and_by_run_and_status(
        self, journal: Journal, inbox: Inbox
    ) -> None:
        """No more than asked for."""
        first, second = await _story(journal, "a"), await _story(journal, "b")
        await second.ask(question("b.1", asked_at=3.0), question("b.2", asked_at=1.0))
        await first.ask(question("a.1", asked_at=2.0))
        assert [record.approval.id for record in await inbox.approvals()] == ["b.2", "a.1", "b.1"]
        assert [record.approval.id for record in await inbox.approvals(run=RunId("b"), limit=1)] == ["b.2"]
        await inbox.rule(ApprovalId("a.1"), ruling())
        assert [record.approval.id for record in await inbox.approvals(status="pending")] == ["b.2", "b.1"]
        assert [record.approval.id for record in await inbox.approvals(status="decided")] == ["a.1"]
        assert not await inbox.approvals(status="closed")
        assert not await inbox.approvals(run=RunId("c"))

    async def test_a_question_is_found_by_the_beginning_of_its_id(self, journal: Journal, inbox: Inbox) -> None:
        """Which must be unique; a whole id is never ambiguous."""
        story = await _story(journal)
        await story.ask(question("r.1"), question("r.12"), question("r.2"))
        assert (await inbox.approval("r.2")).approval.id == "r.2"
        assert (await inbox.approval("r.1")).approval.id == "r.1"
        with pytest.raises(ApprovalError, match="several approvals") as caught:
            await inbox.approval("r.")
        assert caught.value.hint
        for wrong in ("r.3", "%", "x"):
            with pytest.raises(ApprovalError, match="there is no approval"):
                await inbox.approval(wrong)

    async def test_a_decision_is_kept_until_the_run_has_taken_it(self, journal: Journal, inbox: Inbox) -> None:
        """Until then the run waits for a process; afterwards it is still there to be shown."""
        asked = question("r.1")
        story = await _story(journal)
        await story.ask(asked)
        await story.park(asked)
        assert not (await inbox.attention(0.0)).ruled
        said = ruling("edit", value={"text": "ho"})
        record = await inbox.rule(asked.id, said)
        assert (record.status, record.ruling) == ("decided", said)
        assert (await inbox.attention(0.0)).ruled == ["r"]
        await story.add(RunResumed(owner="p", epoch=1))
        await story.decide(asked, said)
        assert not (await inbox.attention(0.0)).ruled
        assert (await inbox.approval("r.1")).ruling == said
        assert (await inbox.approval("r.1")).status == "decided"

    async def test_the_same_decision_changes_nothing_and_another_one_is_refused(
        self, journal: Journal, inbox: Inbox
    ) -> None:
        """Before the run has taken it, and after."""
        asked = question("r.1")
        story = await _story(journal)
        await story.ask(asked)
        first = await inbox.rule(asked.id, ruling())
        for _ in range(2):
            assert await inbox.rule(asked.id, replace(ruling(), reason="again", at=7.0)) == first
            for other in (ruling("reject"), ruling(actor="bob"), ruling("respond", value=1)):
                with pytest.raises(ApprovalError, match="ann chose to approve"):
                    await inbox.rule(asked.id, other)
            if (await inbox.attention(0.0)).ruled:
                await story.decide(asked, ruling())

    async def test_one_of_many_who_decide_at_once_is_heard(self, journal: Journal, inbox: Inbox) -> None:
        """The others are told who was."""
        story = await _story(journal)
        await story.ask(question("r.1"))
        verbs: tuple[Verb, ...] = ("approve", "reject", "terminate", "respond")
        results = await asyncio.gather(
            *(inbox.rule(ApprovalId("r.1"), ruling(verb, actor=f"actor {n}")) for n, verb in enumerate(verbs * 3)),
            return_exceptions=True,
        )
        heard = [result for result in results if not isinstance(result, BaseException)]
        assert len(heard) == 1
        assert all(isinstance(result, ApprovalError) for result in results if isinstance(result, BaseException))
        assert (await inbox.approval("r.1")).ruling == heard[0].ruling

    async def test_a_decision_about_another_version_is_refused(self, journal: Journal, inbox: Inbox) -> None:
        """Who looked at the question before it was escalated has to look again."""
        asked = question("r.1", due_at=61.0)
        story = await _story(journal)
        await story.ask(asked)
        with pytest.raises(ApprovalError, match="at version 1, not 2"):
            await inbox.rule(asked.id, ruling(version=2))
        await inbox.rule(asked.id, ruling("escalate"))
        await story.decide(asked, ruling("escalate"), now=100.0)
        record = await inbox.approval("r.1")
        assert (record.status, record.ruling, record.approval.version) == ("pending", None, 2)
        assert (record.approval.approver, record.approval.due_at) == ("bob", 160.0)
        assert not (await inbox.attention(150.0)).ruled
        assert not (await inbox.attention(150.0)).overdue
        with pytest.raises(ApprovalError, match="at version 2, not 1"):
            await inbox.rule(asked.id, ruling(version=1))
        assert (await inbox.rule(asked.id, ruling(actor="bob", version=2))).status == "decided"
        assert (await inbox.attention(150.0)).ruled == ["r"]

    async def test_a_decision_that_does_not_fit_is_refused_and_leaves_the_question_open(
        self, journal: Journal, inbox: Inbox
    ) -> None:
        """Each with what to do."""
        story = await _story(journal)
        await story.ask(question("r.1"), question("r.2", subject="outcome"), question("r.3", approvers=()))
        wrong = {"r.1": ruling("edit", value="no object"), "r.2": ruling("edit", value={}), "r.3": ruling("escalate")}
        for id, said in wrong.items():
            with pytest.raises(ApprovalError) as caught:
                await inbox.rule(ApprovalId(id), said)
            assert caught.value.hint
        assert len(await inbox.approvals(status="pending")) == 3

    async def test_a_question_of_a_run_that_ended_is_closed(self, journal: Journal, inbox: Inbox) -> None:
        """It waits for nobody, and takes no decision."""
        asked, decided = question("r.1", due_at=1.0), question("r.2", due_at=1.0)
        story = await _story(journal)
        await story.ask(asked, decided)
        await inbox.rule(decided.id, ruling())
        await story.end(asked, decided)
        assert not await inbox.approvals(status="pending")
        closed = await inbox.approvals(status="closed")
        assert [(record.approval.id, record.status) for record in closed] == [("r.1", "closed"), ("r.2", "closed")]
        assert closed[0].ruling is None
        with pytest.raises(ApprovalError, match="is closed"):
            await inbox.rule(asked.id, ruling())
        attention = await inbox.attention(100.0)
        assert (list(attention.ruled), list(attention.overdue), list(attention.running)) == ([], [], [])

    async def test_no_decision_is_taken_about_what_nobody_asked(self, inbox: Inbox) -> None:
        """It says that there is no such question."""
        with pytest.raises(ApprovalError, match="there is no approval"):
            await inbox.rule(ApprovalId("nowhere"), ruling())

    async def test_a_question_whose_time_is_over_wants_attention(self, journal: Journal, inbox: Inbox) -> None:
        """But not one that is decided, or has no end."""
        story = await _story(journal)
        await story.ask(question("r.1", due_at=10.0), question("r.2", due_at=20.0), question("r.3"))
        await story.ask(question("r.4", due_at=5.0))
        await inbox.rule(ApprovalId("r.4"), ruling())

        async def overdue(now: float) -> list[str]:
            return [record.approval.id for record in (await inbox.attention(now)).overdue]

        assert await overdue(9.9) == []
        assert await overdue(10.0) == ["r.1"]
        assert sorted(await overdue(1e9)) == ["r.1", "r.2"]

    async def test_runs_are_said_to_be_driven_by_whoever_took_them_last(self, journal: Journal, inbox: Inbox) -> None:
        """Not when they are parked, or have ended."""
        first = await _story(journal, "a", owner="p1")
        second = await _story(journal, "b", owner="p1")
        await _story(journal, "c")
        asked = question("b.1")
        await second.ask(asked)
        await second.park(asked)
        assert sorted((await inbox.attention(0.0)).running) == [("a", "p1"), ("c", "")]
        await second.add(RunResumed(owner="p2", epoch=1))
        await first.end()
        assert sorted((await inbox.attention(0.0)).running) == [("b", "p2"), ("c", "")]

    async def test_a_request_to_end_a_run_is_kept_until_it_has_ended(self, journal: Journal, inbox: Inbox) -> None:
        """With its reason; whether it is parked or driven."""
        story = await _story(journal)
        await inbox.request_cancel(RunId("r"), "not wanted \ud800")
        ((run, reason),) = (await inbox.attention(0.0)).cancelled
        assert (run, reason[:10]) == ("r", "not wanted")
        await story.park()
        assert len((await inbox.attention(0.0)).cancelled) == 1
        await story.add(RunResumed(owner="p", epoch=1))
        await story.end()
        assert not (await inbox.attention(0.0)).cancelled
        await inbox.request_cancel(RunId("r"), "again")
        assert not (await inbox.attention(0.0)).cancelled

    async def test_a_request_without_a_reason_is_one(self, journal: Journal, inbox: Inbox) -> None:
        """An empty reason does not read as no request."""
        await _story(journal)
        await inbox.request_cancel(RunId("r"), "")
        assert len((await inbox.attention(0.0)).cancelled) == 1

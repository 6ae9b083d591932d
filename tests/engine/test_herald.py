"""The herald: at least once, in order, later again, and by one process of several."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agentcore.domain.approval import Approval, ApprovalRecord, Ruling
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.errors import JournalUnavailable, NotificationFailed
from agentcore.engine.herald import LONGEST_PAUSE_SECONDS, Herald
from agentcore.ports.notifier import Untold
from agentcore.testing.fake_clock import FakeClock

ASKED = Approval(
    id="run.1",
    subject="call",
    step="payer",
    attempt=1,
    agent="payer",
    name="pay",
    value=None,
    reason="every call of pay needs approval",
    rule=ApprovalRule(),
    asked_at=1.0,
)


def question(id="run.1", *, status="pending", verb=None, owner="", told=0):
    ruling = None if verb is None else Ruling(verb=verb, actor="ann")
    record = ApprovalRecord(run="run", tenant="", approval=replace(ASKED, id=id), status=status, ruling=ruling)
    return Untold(record=record, owner=owner, told=told)


class Desk:
    """An Outbox, a Notifier and a Presence of a test."""

    owner = "me"

    def __init__(self, *questions):
        self.questions = {each.record.approval.id: each for each in questions}
        self.sent = []
        self.errors = {}
        self.broken = False
        self.living = set()

    async def untold(self, *, since, limit=100):
        if self.broken:
            raise JournalUnavailable("locked")
        return [each for each in self.questions.values() if each.told < 2]

    async def told(self, id, stage):
        self.questions[id] = replace(self.questions[id], told=stage)

    async def notify(self, notice):
        error = self.errors.get(notice.record.approval.id)
        if error is not None:
            raise error
        self.sent.append(notice.id)

    async def alive(self, owner):
        return owner in self.living

    async def aclose(self):
        return None


@pytest.fixture
def clock():
    return FakeClock()


def herald(desk, clock):
    return Herald(desk, desk, presence=desk, clock=clock)


async def test_what_happened_meanwhile_is_told_in_its_order(clock):
    desk = Desk(question(status="decided", verb="approve"))
    await herald(desk, clock).once()
    assert desk.sent == ["run.1.1", "run.1.2"]
    await herald(desk, clock).once()
    assert len(desk.sent) == 2


async def test_a_crash_before_it_is_noted_tells_it_again(clock):
    desk = Desk(question(status="decided", verb="approve"))
    noted, desk.told = desk.told, broken_store
    await herald(desk, clock).once()
    desk.told = noted
    await herald(desk, clock).once()
    assert desk.sent == ["run.1.1", "run.1.1", "run.1.2"]


async def broken_store(id, stage):
    raise JournalUnavailable("locked")


async def test_nobody_listens_and_then_somebody_does(clock):
    desk = Desk(question("a"), question("b"))
    desk.errors = {id: NotificationFailed("down") for id in ("a", "b")}
    telling = herald(desk, clock)
    pauses = []
    for _ in range(12):
        await telling.once()
        begun = clock.monotonic()
        while clock.monotonic() < telling._quiet_until:
            await clock.advance(0.5)
        pauses.append(clock.monotonic() - begun)
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    desk.errors = {}
    await telling.once()
    assert sorted(desk.sent) == ["a.1", "b.1"]


async def test_one_that_is_refused_holds_up_no_other(clock):
    desk = Desk(question("a", status="decided", verb="approve"), question("b"))
    desk.errors = {"a": NotificationFailed("410", refused=True)}
    telling = herald(desk, clock)
    await telling.once()
    assert desk.sent == ["b.1"]
    desk.errors = {}
    await telling.once()  # too early
    assert desk.sent == ["b.1"]
    await clock.advance(1.0)
    await telling.once()
    assert desk.sent == ["b.1", "a.1", "a.2"]


async def test_of_several_processes_the_one_that_drives_the_run_tells(clock):
    desk = Desk(question("a", owner="other"), question("b", owner="me"), question("c", owner="gone"), question("d"))
    desk.living = {"me", "other"}
    await herald(desk, clock).once()
    assert sorted(desk.sent) == ["b.1", "c.1", "d.1"]
    desk.living = {"me"}
    await herald(desk, clock).once()
    assert "a.1" in desk.sent


async def test_what_is_being_told_as_the_process_leaves_is_told_once(clock):
    desk = Desk(question("a"), question("b"))
    received, noting = asyncio.Event(), asyncio.Event()
    note = desk.told

    async def noted_late(id, stage):
        received.set()
        await noting.wait()
        await note(id, stage)

    desk.told = noted_late
    telling = herald(desk, clock)
    attending = asyncio.create_task(telling.attend())
    await received.wait()
    attending.cancel()
    await asyncio.wait([attending])
    leaving = asyncio.create_task(telling.last())
    await asyncio.sleep(0)
    noting.set()
    await leaving
    assert sorted(desk.sent) == ["a.1", "b.1"]


async def test_a_store_that_hangs_holds_up_the_end_for_a_bound_only(clock, monkeypatch):
    monkeypatch.setattr("agentcore.engine.herald.LAST_SECONDS", 0.01)
    desk = Desk(question())
    received = asyncio.Event()

    async def hangs(id, stage):
        received.set()
        await asyncio.Event().wait()

    desk.told = hangs
    telling = herald(desk, clock)
    attending = asyncio.create_task(telling.attend())
    await received.wait()
    attending.cancel()
    await asyncio.wait([attending])
    await telling.last()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "herald look"]


async def test_a_store_that_fails_is_asked_again(clock):
    desk = Desk(question())
    desk.broken = True
    telling = herald(desk, clock)
    await telling.once()
    desk.broken = False
    await telling.last()
    assert desk.sent == ["run.1.1"]

"""The outbox of every store: what is to be told, and that it is told once it was."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from support.postgres import new_database

from agentcore.app.store import memory_store, postgres_store, sqlite_store
from agentcore.domain.approval import Approval, Ruling, closing, escalated
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import Budget
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    AttemptStarted,
    Event,
    PlanAccepted,
    RunParked,
    RunResumed,
    RunStarted,
)
from agentcore.domain.plan import Plan, Step
from agentcore.domain.store_url import StoreUrl
from agentcore.domain.task import Task

ASKED = Approval(
    id="run.1",
    subject="call",
    step="answer",
    attempt=1,
    agent="payer",
    name="pay",
    value={"amount": 40},
    reason="every call of pay needs approval",
    rule=ApprovalRule(approvers=("lead", "cfo")),
    asked_at=100.0,
)
PLAN = PlanAccepted(plan=Plan(steps=(Step(id="answer", agent="payer", instruction="pay"),)), revision=0)
STARTED = RunStarted(
    task=Task(goal="pay", tenant="acme"), name="pay", budget=Budget(), agents={}, snapshot="s", runtime="0", owner="p1"
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request, tmp_path):
    async with AsyncExitStack() as stack:
        match request.param:
            case "memory":
                opened = memory_store()
            case "sqlite":
                opened = sqlite_store(tmp_path / "journal.sqlite")
            case _:
                opened = postgres_store(StoreUrl(await stack.enter_async_context(new_database())))
        stack.push_async_callback(opened.aclose)
        yield opened


async def record(store, *facts):
    try:
        before = len(await store.journal.read("run"))
    except Exception:  # noqa: BLE001  # there is no run yet
        before = 0
    events = [Event(run="run", sequence=before + n, at=100.0, fact=fact) for n, fact in enumerate(facts, start=1)]
    await store.journal.append(events, durable=True)


async def ask(store):
    start = AttemptStarted(step="answer", attempt=1, agent="payer")
    await record(store, STARTED, PLAN, start, ApprovalRequested(approval=ASKED), RunParked(waits_for=(ASKED.id,)))


async def untold(store, since=0.0):
    return [
        (each.record.approval.id, each.record.status, each.told) for each in await store.outbox.untold(since=since)
    ]


async def test_a_question_is_told_once(store):
    await ask(store)
    (found,) = await store.outbox.untold(since=1e9)  # however old: it is open
    assert (found.record.approval, found.record.tenant, found.owner, found.told) == (ASKED, "acme", "p1", 0)
    await store.outbox.told(ASKED.id, 1)
    assert await untold(store) == []
    await store.outbox.told(ASKED.id, 0)  # what comes late takes nothing back
    assert await untold(store) == []


async def test_a_decision_is_told_before_and_after_the_run_has_taken_it(store):
    await ask(store)
    await store.outbox.told(ASKED.id, 1)
    ruling = Ruling(verb="approve", actor="ann")
    await store.inbox.rule(ASKED.id, ruling)
    assert await untold(store) == [(ASKED.id, "decided", 1)]
    decided = ApprovalDecided(approval=ASKED.id, step=ASKED.step, ruling=ruling)
    await record(store, RunResumed(owner="p2", epoch=1), decided)
    (found,) = await store.outbox.untold(since=0.0)
    assert (found.record.status, found.record.ruling, found.owner) == ("decided", ruling, "p2")
    await store.outbox.told(ASKED.id, 2)
    assert await untold(store) == []


async def test_the_next_one_who_is_asked_is_told(store):
    await ask(store)
    await store.outbox.told(ASKED.id, 1)
    again = escalated(ASKED, 200.0)
    ruling = Ruling(verb="escalate", actor="ann")
    await record(store, ApprovalDecided(approval=ASKED.id, step=ASKED.step, ruling=ruling, escalated=again))
    (found,) = await store.outbox.untold(since=0.0)
    assert (found.record.approval.version, found.record.status) == (2, "pending")
    await store.outbox.told(ASKED.id, 3)
    assert await untold(store) == []


async def test_what_was_over_long_before_is_not_told(store):
    await ask(store)
    await record(store, ApprovalDecided(approval=ASKED.id, step=ASKED.step, ruling=closing(101.0)))
    assert await untold(store, since=99.0) == [(ASKED.id, "closed", 0)]
    assert await untold(store, since=101.0) == []


async def test_the_oldest_first_and_no_more_than_asked_for(store):
    await ask(store)
    later = replace(ASKED, id="run.0", asked_at=101.0)
    await record(store, ApprovalRequested(approval=later))
    assert [each[0] for each in await untold(store)] == ["run.1", "run.0"]
    assert len(await store.outbox.untold(since=0.0, limit=1)) == 1

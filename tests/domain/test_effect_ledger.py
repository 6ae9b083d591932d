"""The effect ledger: what each sequence of facts about a call says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentcore.domain.approval import RUNTIME, Approval, Ruling, escalated
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import Budget, Usage
from agentcore.domain.decision import Decision
from agentcore.domain.effect import UNDO, Effect, EffectKind, Safety
from agentcore.domain.effect_ledger import effect_ledger
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    EffectFinished,
    EffectRefused,
    EffectReused,
    EffectStarted,
    Event,
    RunFinished,
    RunParked,
    RunResumed,
    RunStarted,
)
from agentcore.domain.label import Label
from agentcore.domain.task import Task

PAY = Effect(
    id="1/payer/1/payer/tool.1",
    kind=EffectKind.TOOL,
    name="pay",
    step="payer",
    attempt=1,
    agent="payer",
    safety=Safety.UNSAFE,
    key="run/payer/pay/1",
)
ASKED = Approval(
    id="run.1",
    subject="call",
    step="payer",
    attempt=1,
    agent="payer",
    name="pay",
    value={"amount": 40},
    reason="every call of pay needs approval",
    rule=ApprovalRule(approvers=("lead", "cfo")),
    asked_at=1.0,
    effect=PAY.id,
    key=PAY.key,
)
DOUBT = replace(ASKED, id="run.2", subject="outcome")
PERMIT = Decision(permitted=True, action="call_tool", resource="pay", principal="payer", policies=("clerks-pay",))

started = EffectStarted(effect=PAY, request={"amount": 40}, decisions=(PERMIT,), reserved=Usage(calls=1))
finished = EffectFinished(effect=PAY.id, output="paid", used=Usage(calls=1), seconds=0.1, label=Label())
failed = replace(finished, output=None, error="no account")
unknown = replace(finished, output=None, error="cancelled", unknown=True)
undo = replace(PAY, id=PAY.id + UNDO, key=PAY.key + UNDO, safety=Safety.IDEMPOTENT)
undoing = replace(started, effect=undo)
undone = replace(finished, effect=undo.id, output=None)
asked = ApprovalRequested(approval=ASKED)
in_doubt = ApprovalRequested(approval=DOUBT)


def ruled(verb, actor="ann", about=ASKED, value=None, by_escalation=None):
    return ApprovalDecided(
        approval=about.id,
        step=about.step,
        ruling=Ruling(verb=verb, actor=actor, value=value),
        escalated=by_escalation,
    )


def ledger(*facts):
    begun = RunStarted(task=Task(goal="pay"), name="pay", budget=Budget(), agents={}, snapshot="s", runtime="0")
    events = [Event(run="run", sequence=n, at=float(n), fact=fact) for n, fact in enumerate((begun, *facts), start=1)]
    return effect_ledger(events)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ((started,), "under way"),
        ((started, finished), "done"),
        ((started, failed), "failed"),
        ((started, unknown), "in doubt"),
        ((started, RunResumed(owner="b", epoch=1)), "in doubt"),
        ((started, RunFinished(status="cancelled", answer=None)), "in doubt"),
        ((started, RunResumed(owner="b", epoch=1), started), "under way"),
        ((started, unknown, started, finished), "done"),
        ((EffectRefused(effect=PAY, by="policy", reason="no"),), "refused"),
        ((started, unknown, EffectRefused(effect=PAY, by="budget", reason="no")), "in doubt"),
        ((EffectReused(effect=PAY, receipt="0/payer/1/payer/tool.1"),), "reused"),
        ((asked,), "waiting"),
        ((asked, RunParked(waits_for=(ASKED.id,))), "waiting"),
        ((asked, ruled("approve")), "approved"),
        ((asked, ruled("edit", value={"amount": 1})), "approved"),
        ((asked, ruled("approve"), started, finished), "done"),
        ((asked, ruled("reject")), "refused"),
        ((asked, ruled("reject"), EffectRefused(effect=PAY, by="person", reason="no")), "refused"),
        ((asked, ruled("respond", value="by hand")), "answered"),
        ((asked, ruled("terminate")), "closed"),
        ((asked, ruled("terminate", actor=RUNTIME)), "closed"),
        ((asked, ruled("escalate", by_escalation=escalated(ASKED, 2.0))), "waiting"),
        ((started, unknown, in_doubt), "waiting"),
        ((started, unknown, in_doubt, ruled("approve", about=DOUBT)), "approved"),
        ((started, unknown, in_doubt, ruled("reject", about=DOUBT)), "in doubt"),
        ((started, unknown, in_doubt, ruled("reject", about=DOUBT), failed), "failed"),
        ((started, unknown, in_doubt, ruled("respond", about=DOUBT, value="it was"), finished), "done"),
        ((started, unknown, in_doubt, ruled("terminate", about=DOUBT)), "in doubt"),
        ((started, unknown, in_doubt, ruled("terminate", actor=RUNTIME, about=DOUBT)), "in doubt"),
        ((started, finished, undoing), "done"),
        ((started, finished, undoing, undone), "undone"),
        ((started, finished, undoing, replace(undone, error="gone")), "done"),
        ((started, finished, EffectRefused(effect=undo, by="policy", reason="no")), "done"),
    ],
)
def test_what_is_known_of_a_call(facts, state):
    (entry,) = ledger(*facts)
    assert entry.state == state
    assert (entry.effect, entry.key, entry.name, entry.intent_at) == (PAY.id, PAY.key, "pay", 2.0)
    assert entry.acts


def test_an_entry_has_intent_receipt_and_who_decided():
    (entry,) = ledger(asked, ruled("edit", value={"amount": 41}), replace(started, request={"amount": 41}), finished)
    assert (entry.arguments, entry.receipt, entry.ended_at, entry.tries) == ({"amount": 41}, "paid", 5.0, 1)
    assert (entry.safety, entry.deciders) == (Safety.UNSAFE, ("ann",))
    (alone,) = ledger(started, unknown, started)
    assert (alone.deciders, alone.tries, alone.error) == (("clerks-pay",), 2, "cancelled")


def test_an_escalated_question_waits_for_the_next():
    (entry,) = ledger(asked, ruled("escalate", by_escalation=escalated(ASKED, 2.0)))
    assert entry.waits_for is not None
    assert (entry.waits_for.approver, entry.deciders) == ("cfo", ("ann",))


def test_why_a_call_could_not_be_undone():
    (entry,) = ledger(started, finished, undoing, replace(undone, error="the account is closed"))
    assert (entry.undo_error, entry.undone_at) == ("the account is closed", None)
    (entry,) = ledger(started, finished, undoing, undone)
    assert (entry.undo_error, entry.undone_at) == ("", 5.0)


def test_what_changes_nothing_is_told_apart():
    read = replace(PAY, id="1/a/1/a/tool.1", safety=Safety.READ)
    model = replace(PAY, id="1/a/1/a/model.1", kind=EffectKind.MODEL, safety=Safety.READ, name="local")
    said = replace(finished, effect=model.id, output={"text": "Hello.", "tool_calls": [], "finish": "stop"})
    entries = ledger(replace(started, effect=read), replace(started, effect=model), said)
    assert [(entry.acts, entry.receipt) for entry in entries] == [(False, None), (False, "Hello.")]
    assert entries[1].arguments is None


def test_outputs_are_no_calls():
    assert ledger(ApprovalRequested(approval=replace(ASKED, subject="output"))) == []

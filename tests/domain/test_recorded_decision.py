"""The decisions in a run's record, each with what it was about."""

from __future__ import annotations

from agentcore.domain.budget import Budget, Usage
from agentcore.domain.decision import Decision
from agentcore.domain.effect import Effect, EffectKind, Safety
from agentcore.domain.event import (
    AttemptFinished,
    EffectFinished,
    EffectRefused,
    EffectStarted,
    Event,
    PlanAccepted,
    RunEnding,
    RunFinished,
    RunStarted,
)
from agentcore.domain.label import USER, Confidentiality, Label
from agentcore.domain.plan import Plan
from agentcore.domain.recorded_decision import recorded_decisions
from agentcore.domain.task import Task

SECRET = Label(sources=frozenset({"user", "tool:vault"}), confidentiality=Confidentiality.SECRET)


def call(number):
    return Effect(
        id=f"1/s/1/a/tool.{number}",
        kind=EffectKind.TOOL,
        name="pay",
        step="s",
        attempt=1,
        agent="a",
        safety=Safety.UNSAFE,
        key=f"k{number}",
    )


def decision(action, resource="x", *, permitted=True):
    return Decision(permitted=permitted, action=action, resource=resource, principal="a")


def found(*facts):
    begun = RunStarted(task=Task(goal="go"), name="", budget=Budget(), agents={}, snapshot="s", runtime="0")
    events = [
        Event(run="r", sequence=number, at=float(number), fact=fact) for number, fact in enumerate((begun, *facts), 1)
    ]
    return [(each.at, each.step, each.decision, each.label) for each in recorded_decisions(events)]


def test_a_call_has_the_label_of_its_outcome_and_one_without_has_none():
    permitted, denied = decision("call_tool"), decision("call_tool", permitted=False)
    assert found(
        EffectStarted(effect=call(1), request={}, decisions=(permitted,), reserved=Usage()),
        EffectStarted(effect=call(2), request={}, decisions=(permitted,), reserved=Usage()),
        EffectRefused(effect=call(3), by="policy", reason="no", decisions=(denied,)),
        EffectFinished(effect=call(1).id, output=1, used=Usage(), seconds=0.0, label=SECRET),
    ) == [(2.0, "s", permitted, SECRET), (3.0, "s", permitted, None), (4.0, "s", denied, None)]


def test_a_plan_has_the_label_of_what_the_supervisor_was_shown_else_the_task_s():
    decisions = (decision("plan"), decision("delegate"))
    plan = Plan(steps=())
    assert [label for *_, label in found(PlanAccepted(plan=plan, revision=0, decisions=decisions))] == [USER, USER]
    shown = found(PlanAccepted(plan=plan, revision=1, label=SECRET, decisions=decisions))
    assert [(step, label) for _, step, _, label in shown] == [("plan", SECRET), ("plan", SECRET)]


def test_what_a_run_ended_with_is_told_once_and_without_what_stands_with_its_calls():
    release = decision("release", "answer")
    output = AttemptFinished(step="answer", attempt=1, output="x", label=SECRET)
    end = RunFinished(status="succeeded", answer="x", decisions=(release, decision("call_tool")))
    assert found(output, end) == [(3.0, "answer", release, SECRET)]
    assert found(output, RunEnding(end=end), end) == [(4.0, "answer", release, SECRET)]
    assert found(output, RunEnding(end=end)) == [(3.0, "answer", release, SECRET)]


def test_a_reason_that_is_released_and_a_plan_that_is_denied_have_no_label():
    reason, plan = decision("release", "reason"), decision("plan", permitted=False)
    end = RunFinished(status="denied", answer=None, decisions=(plan, reason))
    assert found(end) == [(2.0, "plan", plan, None), (2.0, "answer", reason, None)]

"""The trace: a run's events arranged for people."""

from __future__ import annotations

from agentcore.domain.budget import Budget, Usage
from agentcore.domain.effect import Effect, EffectKind, Safety
from agentcore.domain.event import AttemptStarted, EffectFinished, EffectRefused, EffectStarted, Event, PlanAccepted
from agentcore.domain.event import RunStarted as Started
from agentcore.domain.label import Label
from agentcore.domain.plan import Plan, Step
from agentcore.domain.task import Task
from agentcore.domain.trace import trace

PAY = Effect(
    id="1/s/1/a/tool.1",
    kind=EffectKind.TOOL,
    name="pay",
    step="s",
    attempt=1,
    agent="a",
    safety=Safety.UNSAFE,
    key="k",
)


def traced(*facts):
    begun = Started(task=Task(goal="go"), name="", budget=Budget(), agents={}, snapshot="s", runtime="0")
    plan = PlanAccepted(plan=Plan(steps=(Step(id="s", agent="a", instruction=""),)), revision=0)
    attempt = AttemptStarted(step="s", attempt=1, agent="a")
    facts = (begun, plan, attempt, *facts)
    events = [Event(run="r", sequence=number, at=0.0, fact=fact) for number, fact in enumerate(facts, start=1)]
    return trace(events).step("s")


def test_a_call_that_broke_off_and_is_not_made_again_is_shown_with_the_refusal():
    started = EffectStarted(effect=PAY, request={}, decisions=(), reserved=Usage())
    broken = EffectFinished(effect=PAY.id, output=None, used=Usage(), seconds=0.0, label=Label(), unknown=True)
    refused = EffectRefused(effect=PAY, by="budget", reason="nothing left")
    effects = traced(started, broken, refused).effects
    assert [effect.started for effect in effects] == [started, refused]
    assert [effect.finished for effect in effects] == [broken, None]


def test_a_call_that_is_made_again_is_one_call_of_two_tries():
    started = EffectStarted(effect=PAY, request={}, decisions=(), reserved=Usage())
    finished = EffectFinished(effect=PAY.id, output="paid", used=Usage(), seconds=0.0, label=Label())
    (effect,) = traced(started, started, finished).effects
    assert (effect.tries, effect.finished) == (2, finished)

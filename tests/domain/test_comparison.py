"""In what two runs differ: never in times and ids, nor in the order in which steps at once took turns."""

from __future__ import annotations

from dataclasses import replace

from agentcore.domain.budget import Budget, Usage
from agentcore.domain.comparison import compare
from agentcore.domain.difference import ABSENT
from agentcore.domain.effect import Effect, EffectKind, Safety
from agentcore.domain.event import (
    AttemptFinished,
    AttemptStarted,
    EffectFinished,
    EffectStarted,
    Event,
    Lineage,
    PlanAccepted,
    RunFinished,
    RunResumed,
    RunStarted,
    VerdictReached,
)
from agentcore.domain.label import Label
from agentcore.domain.plan import Plan, Step
from agentcore.domain.task import Task
from agentcore.domain.verdict import Verdict

STARTED = RunStarted(
    task=Task(goal="go", inputs={"to": "Ann"}),
    name="desk",
    budget=Budget(),
    agents={"reader": "v1"},
    snapshot="s1",
    runtime="0",
    owner="here",
)
PLAN = PlanAccepted(
    plan=Plan(
        steps=(Step(id="a", agent="reader", instruction="read"), Step(id="b", agent="reader", instruction="go"))
    ),
    revision=0,
)


def step(id, output, run="r", tokens=5, seconds=1.0):
    effect = Effect(
        id=f"1/{id}/1/reader/model.1",
        kind=EffectKind.MODEL,
        name="m",
        step=id,
        attempt=1,
        agent="reader",
        safety=Safety.READ,
        key=f"{run}/1/{id}/1/reader/model.1",
    )
    used = Usage(input_tokens=tokens, calls=1)
    return [
        AttemptStarted(step=id, attempt=1, agent="reader"),
        EffectStarted(effect=effect, request={"say": id}, decisions=(), reserved=Usage()),
        EffectFinished(effect=effect.id, output=output, used=used, seconds=seconds, label=Label()),
        AttemptFinished(step=id, attempt=1, output=output, label=Label(), model="m"),
        VerdictReached(step=id, attempt=1, verdict=Verdict(accepted=True)),
    ]


def events(*facts, run="r", at=0.0):
    return [Event(run=run, sequence=number, at=at + number, fact=fact) for number, fact in enumerate(facts, start=1)]


def ended(answer="B"):
    return RunFinished(status="succeeded", answer=answer)


RUN = events(STARTED, PLAN, *step("a", "A"), *step("b", "B"), ended())


def test_times_ids_and_turns_are_no_difference():
    one, other = step("a", "A", "q", seconds=9.0), step("b", "B", "q")
    turns = [fact for pair in zip(one, other, strict=True) for fact in pair]
    there = events(replace(STARTED, owner="there"), PLAN, *turns, ended(), run="q", at=1000.0)
    found = compare(RUN, there)
    assert found.equal
    assert found.first is None


def test_what_a_crash_has_caused_is_no_difference():
    cut = step("a", "A")
    there = events(STARTED, PLAN, *cut[:2], RunResumed(owner="x", epoch=1), cut[0], *cut[1:], *step("b", "B"), ended())
    assert compare(RUN, there).equal


def test_each_part_is_compared():
    there = events(
        replace(STARTED, task=Task(goal="go", inputs={"to": "Bob"}), snapshot="s2", agents={"reader": "v2"}),
        PlanAccepted(
            plan=Plan(
                steps=(
                    Step(id="a", agent="reader", instruction="read well"),
                    Step(id="c", agent="reader", instruction="go", uses=("a",)),
                )
            ),
            revision=0,
        ),
        *step("a", {"x": 1}, tokens=7),
        *step("c", "C"),
        ended("C"),
        run="q",
    )
    found = compare(RUN, there)
    assert not found.equal
    assert [(each.path, each.left, each.right) for each in found.asked] == [("inputs.to", "Ann", "Bob")]
    assert [each.path for each in found.definitions] == ["snapshot", "agents.reader"]
    assert [(each.path, each.left is ABSENT, each.right is ABSENT) for each in found.plan] == [
        ("a.instruction", False, False),
        ("b", False, True),
        ("c", True, False),
    ]
    steps = {each.id: [found.path for found in each.differences] for each in found.steps}
    assert steps == {"a": ["output", "tokens"], "b": ["status"], "c": ["status"]}
    assert [(each.path, each.left, each.right) for each in found.ended] == [("answer", "B", "C")]
    assert (found.first.left, found.first.what) == (2, "plan_accepted")


def test_the_first_event_that_differs():
    there = events(STARTED, PLAN, *step("b", "B"), *step("a", "other"), ended(), run="q")
    first = compare(RUN, there).first
    assert (first.left, first.right, first.what) == (5, 10, "effect_finished 1/a/1/reader/model.1")
    assert [each.path for each in first.differences] == ["output"]
    short = compare(RUN, events(STARTED, PLAN, *step("a", "A"), run="q")).first
    assert (short.left, short.right, short.differences) == (8, None, ())
    longer = compare(events(STARTED, PLAN, *step("a", "A"), run="q"), RUN).first
    assert (longer.left, longer.right) == (None, 8)


def test_what_a_fork_shares_has_cost_the_same():
    shared = step("a", "A")
    shared[2] = replace(shared[2], used=Usage())
    lineage = Lineage(run="r", step="b", events=1 + len(shared))
    fork = events(replace(STARTED, lineage=lineage), PLAN, *shared, *step("b", "B", "f"), ended(), run="f")
    found = compare(RUN, fork)
    assert found.equal
    assert [step.right.shared for step in found.steps] == [True, False]

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.counting import counted_calls

from agentcore.domain.budget import Budget, Usage
from agentcore.domain.effect import Effect, EffectKind, Safety
from agentcore.domain.event import (
    AttemptFinished,
    AttemptStarted,
    EffectFinished,
    EffectStarted,
    Event,
    Fact,
    PlanAccepted,
    PlanRejected,
    RunFinished,
    RunResumed,
    RunStarted,
    StepFailed,
    VerdictReached,
)
from agentcore.domain.ids import AgentName, EffectId, RunId, StepId
from agentcore.domain.label import USER
from agentcore.domain.plan import FromStep, Plan, Step
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.verdict import Verdict, Vote

RUN = RunId("run-1")
WORKER = AgentName("worker")
STARTED = RunStarted(task=Task(goal="g"), name="n", budget=Budget(), agents={}, snapshot="s", runtime="r")
ACCEPTED = Verdict(accepted=True)
REJECTED = Verdict(
    accepted=False, votes=(Vote(verifier="check:numbers", accepts=False, reasons=("42 is not in the evidence",)),)
)


@dataclass
class Journal:
    """Events with their sequence, and the state after each, applied step by step."""

    events: list[Event] = field(default_factory=list)
    run: Run | None = None

    def write(self, *facts: Fact) -> Run:
        for fact in facts:
            event = Event(run=RUN, sequence=len(self.events) + 1, at=float(len(self.events)), fact=fact)
            self.events.append(event)
            self.run = Run.begin(event) if self.run is None else self.run.apply(event)
        assert self.run is not None
        return self.run

    @property
    def state(self) -> Run:
        assert self.run is not None
        return self.run


def step(name: str, needs: Iterable[str] = ()) -> Step:
    """Return a step that sees its needs' outputs, the first through an input and the others as facts."""
    first, *others = [StepId(need) for need in needs] or [None]
    inputs = {"value": FromStep(step=first)} if first else {}
    return Step(id=StepId(name), agent=WORKER, instruction="do", inputs=inputs, uses=tuple(others))


def started(plan: Plan) -> Journal:
    journal = Journal()
    journal.write(STARTED, PlanAccepted(plan=plan, revision=0))
    return journal


def attempt(name: str, number: int) -> tuple[Fact, Fact]:
    return (
        AttemptStarted(step=StepId(name), attempt=number, agent=WORKER),
        AttemptFinished(step=StepId(name), attempt=number, output=f"{name}.{number}", label=USER),
    )


def verdict(name: str, number: int, said: Verdict = ACCEPTED) -> VerdictReached:
    return VerdictReached(step=StepId(name), attempt=number, verdict=said)


def consistent(run: Run) -> None:
    """Assert that the counters are what the statuses say."""
    assert run.plan is not None
    succeeded = {name for name, state in run.steps.items() if state.status == "succeeded"}
    assert set(run.steps) == {each.id for each in run.plan.steps}
    assert run.open == len(run.plan.steps) - len(succeeded)
    assert run.running == sum(state.status in {"running", "attempted"} for state in run.steps.values())
    assert set(run.ready) == {name for name, state in run.steps.items() if state.status == "ready"}
    assert len(list(run.ready)) == len(set(run.ready)) == len(run.ready)
    assert set(run.failed) == {name for name, state in run.steps.items() if state.status == "failed"}
    for each in run.plan.steps:
        missing = each.needs - succeeded
        state = run.steps[each.id]
        if state.status != "succeeded":
            assert run.unmet[each.id] == len(missing)
            assert (state.status == "waiting") == bool(missing)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    size = draw(st.integers(1, 9))
    names = [f"s{number}" for number in range(size)]
    steps = [
        step(name, draw(st.lists(st.sampled_from(names[:place]), unique=True, max_size=4)) if place else ())
        for place, name in enumerate(names)
    ]
    return Plan(steps=tuple(draw(st.permutations(steps))))


@given(plans(), st.data())
def test_any_order_of_verdicts_keeps_the_counters_true_and_the_fold_equal_to_its_steps(plan, data):
    journal = started(plan)
    consistent(journal.state)
    tries: dict[StepId, int] = {}
    running: list[StepId] = []
    became_ready = list(journal.state.ready)
    for _ in range(60):
        ready = list(journal.state.ready)
        assert ready == became_ready
        choices = (["start"] if ready else []) + (["finish"] if running else [])
        if not choices:
            break
        if data.draw(st.sampled_from(choices)) == "start":
            name = data.draw(st.sampled_from(ready))
            became_ready.remove(name)
            if tries.get(name, 0) == 2:
                journal.write(StepFailed(step=name, reasons=("no",)))
            else:
                tries[name] = tries.get(name, 0) + 1
                journal.write(AttemptStarted(step=name, attempt=tries[name], agent=WORKER))
                running.append(name)
        else:
            name = running.pop(data.draw(st.integers(0, len(running) - 1)))
            said = data.draw(st.sampled_from([ACCEPTED, ACCEPTED, REJECTED]))
            before = set(journal.state.ready)
            journal.write(attempt(name, tries[name])[1], verdict(name, tries[name], said))
            became_ready += [each for each in journal.state.ready if each not in before]
            assert set(became_ready) == set(journal.state.ready)
        consistent(journal.state)
    assert Run.fold(journal.events) == journal.state
    for name, state in journal.state.steps.items():
        assert state.attempt == tries.get(name, 0)
        assert len(state.reasons) <= state.attempt


@given(plans())
def test_first_come_first_served_reaches_the_end_in_an_order_that_respects_all_needs(plan):
    journal = started(plan)
    done: list[StepId] = []
    while journal.state.open:
        name = next(iter(journal.state.ready))
        assert journal.state.steps[name].step.needs <= set(done)
        journal.write(*attempt(name, 1), verdict(name, 1))
        done.append(name)
    assert sorted(done) == sorted(each.id for each in plan.steps)
    assert not list(journal.state.ready)


def test_a_rejected_step_waits_behind_those_that_were_ready_before_and_keeps_its_reasons():
    journal = started(Plan(steps=(step("a"), step("b"), step("end", ["a", "b"]))))
    run = journal.write(*attempt("a", 1), verdict("a", 1, REJECTED))
    assert list(run.ready) == ["b", "a"]
    assert run.steps[StepId("a")].reasons == (("42 is not in the evidence",),)
    run = journal.write(*attempt("a", 2))
    assert run.steps[StepId("a")].output == "a.2"
    assert run.running == 1


def test_an_attempt_that_is_started_again_after_a_crash_counts_once():
    journal = started(Plan(steps=(step("a"),)))
    run = journal.write(attempt("a", 1)[0], RunResumed(owner="x", epoch=1), attempt("a", 1)[0])
    assert run.running == 1
    assert run.steps[StepId("a")].attempt == 1


def test_a_new_plan_keeps_what_succeeded_and_counts_only_what_is_left():
    journal = started(Plan(steps=(step("a"), step("b", ["a"]), step("end", ["b"]))))
    journal.write(*attempt("a", 1), verdict("a", 1))
    journal.write(*attempt("b", 1), verdict("b", 1, REJECTED), StepFailed(step=StepId("b"), reasons=("no",)))
    assert journal.state.failed == ("b",)
    new = Plan(steps=(step("a"), step("c", ["a"]), step("d", ["c"]), step("end", ["a", "d"])))
    run = journal.write(PlanAccepted(plan=new, revision=1))
    consistent(run)
    assert (run.revision, run.failed, list(run.ready)) == (1, (), ["c"])
    assert run.steps[StepId("a")].output == "a.1"
    run = journal.write(*attempt("c", 1), verdict("c", 1), *attempt("d", 1), verdict("d", 1))
    assert list(run.ready) == ["end"]


def test_usage_adds_up_and_problems_of_plans_are_kept_until_one_is_accepted():
    effect = Effect(
        id=EffectId("plan/1/model.1"),
        kind=EffectKind.MODEL,
        name="m",
        step=StepId("plan"),
        attempt=1,
        agent=AgentName("supervisor"),
        safety=Safety.READ,
        key="k",
    )
    used = Usage(input_tokens=3, output_tokens=4, calls=1)
    journal = Journal()
    run = journal.write(
        STARTED,
        EffectStarted(effect=effect, request={}, decisions=(), reserved=used),
        EffectFinished(effect=effect.id, output="x", used=used, seconds=1.0, label=USER),
        PlanRejected(problems=("a cycle",), proposal="x"),
        EffectFinished(effect=effect.id, output="x", used=used, seconds=1.0, label=USER),
    )
    assert run.used == used + used
    assert run.plan_problems == (("a cycle",),)
    assert journal.write(PlanAccepted(plan=Plan(steps=(step("a"),)), revision=0)).plan_problems == ()
    run = journal.write(RunFinished(status="succeeded", answer=42, reason="done"))
    assert (run.status, run.answer, run.reason, run.ended_at) == ("succeeded", 42, "done", 6.0)


def test_events_out_of_order_are_refused():
    journal = started(Plan(steps=(step("a"),)))
    late = Event(run=RUN, sequence=9, at=0.0, fact=RunFinished(status="failed", answer=None))
    with pytest.raises(ValueError, match="event 9 does not follow 2"):
        journal.state.apply(late)
    with pytest.raises(ValueError, match="starts twice"):
        journal.write(STARTED)
    with pytest.raises(ValueError, match="at least one event"):
        Run.fold([])
    with pytest.raises(ValueError, match="not with run_started"):
        Run.fold([late])


def chain(size: int) -> Plan:
    return Plan(steps=tuple(step(f"s{n}", [f"s{n - 1}"] if n else ()) for n in range(size)))


def fan(size: int) -> Plan:
    leaves = [f"s{n}" for n in range(size - 2)]
    return Plan(steps=(step("root"), *(step(leaf, ["root"]) for leaf in leaves), step("end", leaves)))


def drive(plan: Plan, *, overtaking: bool) -> None:
    """Run the plan to its end, two steps at a time."""
    run = Run.begin(Event(run=RUN, sequence=1, at=0.0, fact=STARTED))

    def apply(run: Run, facts: Sequence[Fact]) -> Run:
        for fact in facts:
            run = run.apply(Event(run=RUN, sequence=run.sequence + 1, at=0.0, fact=fact))
        return run

    run = apply(run, [PlanAccepted(plan=plan, revision=0)])
    while run.open:
        names = [name for name, _ in zip(run.ready, range(2), strict=False)]
        for name in reversed(names) if overtaking else names:
            run = apply(run, [*attempt(name, 1), verdict(name, 1)])


@pytest.mark.parametrize("overtaking", [False, True])
@pytest.mark.parametrize("shape", [chain, fan])
def test_scheduling_is_linear_in_the_edges(shape, overtaking):
    def calls(count: int) -> int:
        with counted_calls() as counted:
            drive(shape(count), overtaking=overtaking)
        return counted[0]

    assert calls(1_000) < 2.1 * calls(500)


def test_an_attempt_whose_process_was_gone_before_the_verdict_is_made_again_and_runs_once():
    journal = started(Plan(steps=(step("a"), step("b", ["a"]))))
    journal.write(*attempt("a", 1))
    journal.write(RunResumed(owner="x", epoch=1))
    consistent(journal.state)
    assert journal.state.running == 0
    journal.write(AttemptStarted(step=StepId("a"), attempt=1, agent=WORKER))
    consistent(journal.state)
    assert journal.state.running == 1
    journal.write(AttemptFinished(step=StepId("a"), attempt=1, output="again", label=USER), verdict("a", 1))
    consistent(journal.state)
    assert journal.state.running == 0

"""Fork: the record with which a run begins that does a step of another one anew. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from agentcore.domain.approval import Approval
from agentcore.domain.budget import NO_USE
from agentcore.domain.effect import is_undo
from agentcore.domain.errors import ForkError
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    AttemptFinished,
    AttemptStarted,
    EffectFinished,
    EffectRefused,
    EffectReused,
    EffectStarted,
    Event,
    Fact,
    PlanAccepted,
    PlanRejected,
    RunEnding,
    RunFinished,
    RunParked,
    RunResumed,
    RunStarted,
    StepFailed,
    TextGuarded,
    VerdictReached,
)
from agentcore.domain.ids import PLAN, EffectId, RunId, StepId
from agentcore.domain.plan import FromTask, Plan
from agentcore.domain.record import undisturbed
from agentcore.domain.run import Run
from agentcore.domain.task import Task


def shared_facts(
    events: Iterable[Event], step: StepId, *, changed: AbstractSet[str] = frozenset()
) -> Sequence[tuple[float, Fact]]:
    """Return what a fork shares with a run, after the first event: (seconds since the epoch, fact) in order.

    It keeps the plan and every step that has succeeded and does not depend on `step`; nothing for `plan` itself. Not
    kept are, either, steps that are given a value of the task that is another one now, and those whose calls were
    undone when the run ended, with all that depends on them. What the calls had used does not count again.

    changed: names of such values: inputs, or `goal`. Raises ForkError when the run has no such step.
    """
    recorded = list(events)
    run = Run.fold(recorded)
    if step == PLAN:
        return ()
    if run.plan is None or step not in run.steps:
        known = ", ".join((PLAN, *(each.id for each in run.plan.steps))) if run.plan else PLAN
        raise ForkError(f"run {run.id} has no step {step}", hint=f"fork from one of: {known}")
    anew = dependents(run.plan, {step, *_given(run.plan, changed), *_undone(recorded)})
    kept = {id for id, state in run.steps.items() if state.status == "succeeded" and id not in anew} | {PLAN}
    steps: dict[EffectId, StepId] = {}
    shared: list[tuple[float, Fact]] = []
    succeeded = _succeeded(recorded)
    plans = 0
    for event in undisturbed(recorded):
        of = _step_of(event.fact, steps)
        if of == PLAN and plans == run.revision + 1:  # planning that has come to nothing
            continue
        plans += isinstance(event.fact, PlanAccepted)  # an earlier plan may have had a step of that id
        if of is not None and of in kept and succeeded.get(of, plans) == plans:
            shared.append((event.at, _unpaid(event.fact)))
    return shared


def _succeeded(events: Iterable[Event]) -> dict[StepId, int]:
    """Return for each step that has succeeded how many plans had been accepted by then."""
    found: dict[StepId, int] = {}
    plans = 0
    for event in events:
        match event.fact:
            case PlanAccepted():
                plans += 1
            case VerdictReached(step=step, verdict=verdict) if verdict.accepted:
                found[step] = plans
            case _:
                pass
    return found


def _unpaid(fact: Fact) -> Fact:
    """Return the fact as a run has it that did not spend what it shares."""
    return replace(fact, used=NO_USE) if isinstance(fact, EffectFinished) else fact


def changed_values(before: Task, after: Task) -> frozenset[str]:
    """Return the names of the values that differ between two tasks: inputs, and `goal`."""
    names = {*before.inputs, *after.inputs}
    changed = {name for name in names if before.inputs.get(name) != after.inputs.get(name)}
    return frozenset(changed | ({"goal"} if before.goal != after.goal else set[str]()))


def _given(plan: Plan, names: AbstractSet[str]) -> Iterable[StepId]:
    """Return the steps that are wired to one of the task's values."""
    for step in plan.steps:
        if any(isinstance(source, FromTask) and source.name in names for source in step.inputs.values()):
            yield step.id


def _undone(events: Iterable[Event]) -> Iterable[StepId]:
    """Return the steps whose calls were undone: what they had done is not there any more."""
    undoing: dict[EffectId, StepId] = {}
    for event in events:
        match event.fact:
            case EffectStarted(effect=effect) if is_undo(effect.id):
                undoing[effect.id] = effect.step
            case EffectFinished(effect=id, error="") if id in undoing:
                yield undoing[id]
            case _:
                pass


def dependents(plan: Plan, steps: AbstractSet[StepId]) -> frozenset[StepId]:
    """Return steps of a plan and all that need their outputs, directly or not. Others are left out."""
    needing: dict[StepId, list[StepId]] = {each.id: [] for each in plan.steps}
    for each in plan.steps:
        for need in each.needs:
            needing[need].append(each.id)
    found: set[StepId] = set()
    waiting = [step for step in steps if step in needing]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += needing[one]
    return frozenset(found)


def forked(id: RunId, at: float, started: RunStarted, shared: Iterable[tuple[float, Fact]]) -> Sequence[Event]:
    """Return the events of a fork, numbered anew. at: seconds since the Unix epoch."""
    facts = [(at, started), *((max(at, then), fact) for then, fact in shared)]
    return [Event(run=id, sequence=number, at=then, fact=fact) for number, (then, fact) in enumerate(facts, start=1)]


def _step_of(fact: Fact, steps: dict[EffectId, StepId]) -> StepId | None:
    """Return the step that a fact belongs to; the supervisor's facts are those of `plan`, None is the run's own."""
    match fact:
        case PlanAccepted() | PlanRejected():
            return PLAN
        case EffectStarted(effect=effect) | EffectRefused(effect=effect) | EffectReused(effect=effect):
            if is_undo(effect.id):
                return None
            steps[effect.id] = effect.step
            return effect.step
        case EffectFinished(effect=id):
            return steps.get(id)
        case ApprovalRequested(approval=Approval(step=step)) | ApprovalDecided(step=step):
            return step
        case (
            AttemptStarted(step=step)
            | AttemptFinished(step=step)
            | VerdictReached(step=step)
            | StepFailed(step=step)
            | TextGuarded(step=step)
        ):
            return step
        case RunStarted() | RunResumed() | RunParked() | RunEnding() | RunFinished():
            return None

"""Comparison: in what two runs differ, times and ids aside. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from agentcore.domain.approval import Approval, Ruling
from agentcore.domain.budget import NO_USE
from agentcore.domain.difference import Difference, differences
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    AttemptStarted,
    EffectFinished,
    EffectRefused,
    EffectReused,
    EffectStarted,
    Event,
    Fact,
    RunStarted,
)
from agentcore.domain.ids import PLAN, ApprovalId, StepId
from agentcore.domain.json import JSON
from agentcore.domain.record import undisturbed
from agentcore.domain.run import Run
from agentcore.domain.trace import StepTrace, Trace, TraceStatus, trace


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFigures:
    """What a step has come to.

    verdict: `accepted`, or the reasons of the rejection; empty before.  shared: a fork has it from the other run, so
    that it cost nothing there.  seconds: of all attempts.
    """

    agent: str
    status: TraceStatus
    attempts: int
    models: tuple[str, ...]
    verdict: str
    output: JSON
    tokens: int
    usd: Decimal
    seconds: float
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepComparison:
    """A step of both runs; None where one has no such step. differences: without those of time, and of shared cost."""

    id: StepId
    left: StepFigures | None
    right: StepFigures | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstDifference:
    """The first event of the left run that the right one has otherwise, or not at all; or the other way round.

    How the runs began is not looked at.

    left, right: sequence numbers, None where there is no such event.  what: the fact, such as `verdict_reached s1`.
    differences: empty when one of them is not there.
    """

    left: int | None
    right: int | None
    what: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """In what two runs differ.

    asked: goal, inputs, budget.  definitions: snapshot, package, and the versions of agents.  plan: steps that only
    one has, and what of others differs.  ended: status, reason, answer.
    """

    left: Trace
    right: Trace
    asked: tuple[Difference, ...]
    definitions: tuple[Difference, ...]
    plan: tuple[Difference, ...]
    steps: tuple[StepComparison, ...]
    ended: tuple[Difference, ...]
    first: FirstDifference | None

    @property
    def equal(self) -> bool:
        """Whether they differ in nothing but times and ids."""
        found = (self.asked, self.definitions, self.plan, self.ended, self.first)
        return not any(found) and not any(step.differences for step in self.steps)


def compare(left: Sequence[Event], right: Sequence[Event]) -> Comparison:
    """Return in what two runs differ, from their events."""
    ours, theirs = trace(left), trace(right)
    return Comparison(
        left=ours,
        right=theirs,
        asked=tuple(differences(_asked(ours.run), _asked(theirs.run))),
        definitions=tuple(differences(_definitions(ours.run), _definitions(theirs.run))),
        plan=tuple(differences(_plan(ours.run), _plan(theirs.run))),
        steps=tuple(_steps(ours, theirs, _shared_steps(left), _shared_steps(right))),
        ended=tuple(differences(_ended(ours.run), _ended(theirs.run))),
        first=_first(left, right),
    )


def _asked(run: Run) -> Mapping[str, object]:
    started = run.started
    task = started.task
    return {
        "goal": task.goal,
        "inputs": task.inputs,
        "tenant": task.tenant,
        "principal": task.principal,
        "purpose": task.purpose,
        "budget": started.budget,
        "on_exceeded": started.on_exceeded,
    }


def _definitions(run: Run) -> Mapping[str, object]:
    started = run.started
    return {"snapshot": started.snapshot, "runtime": started.runtime, "agents": started.agents}


def _plan(run: Run) -> Mapping[str, object]:
    return {
        step.id: {"agent": step.agent, "instruction": step.instruction, "inputs": step.inputs, "uses": step.uses}
        for step in (run.plan.steps if run.plan else ())
    }


def _ended(run: Run) -> Mapping[str, object]:
    return {"status": run.status, "reason": run.reason, "answer": run.answer}


def _steps(
    left: Trace, right: Trace, shared_left: frozenset[StepId], shared_right: frozenset[StepId]
) -> Iterable[StepComparison]:
    for id in dict.fromkeys(step.id for step in (*left.steps, *right.steps)):
        ours = _figures(left.step(id), id in shared_left)
        theirs = _figures(right.step(id), id in shared_right)
        yield StepComparison(id=id, left=ours, right=theirs, differences=tuple(_differ(ours, theirs)))


def _differ(ours: StepFigures | None, theirs: StepFigures | None) -> Iterable[Difference]:
    if ours is None or theirs is None:
        yield from differences(ours and ours.status, theirs and theirs.status, "status")
        return
    once = ours.shared or theirs.shared
    for found in differences(ours, theirs):
        if found.path not in ({"seconds", "shared", "tokens", "usd"} if once else {"seconds", "shared"}):
            yield found


def _figures(step: StepTrace | None, shared: bool) -> StepFigures | None:  # of this module alone
    if step is None:
        return None
    verdict = step.verdict
    finished = step.attempts[-1].finished if step.attempts else None
    said = "" if verdict is None else "accepted" if verdict.accepted else "; ".join(verdict.reasons) or "rejected"
    return StepFigures(
        agent=step.agent,
        status=step.status,
        attempts=len(step.attempts),
        models=step.models,
        verdict=said,
        output=None if finished is None else finished.output,
        tokens=step.used.tokens,
        usd=step.used.usd,
        seconds=step.seconds,
        shared=shared,
    )


def _shared(events: Sequence[Event]) -> int:
    """Return how many events, from the first, a run has from another one."""
    started = events[0].fact
    return 1 + started.lineage.events if isinstance(started, RunStarted) and started.lineage else 0


def _shared_steps(events: Sequence[Event]) -> frozenset[StepId]:
    shared = [event.fact for event in events[1 : _shared(events)]]
    return frozenset(
        {fact.step for fact in shared if isinstance(fact, AttemptStarted)} | ({PLAN} if shared else set())
    )


def _first(left: Sequence[Event], right: Sequence[Event]) -> FirstDifference | None:
    """Return the first difference, event by event of each call, step, and the run itself.

    Steps at once take turns as their time will have it, so the order between them is not compared.
    """
    ours, theirs = _lanes(left), _lanes(right)
    found = [_in_lane(mine, theirs.get(lane, [])) for lane, mine in ours.items()]
    found += [_in_lane([], other) for lane, other in theirs.items() if lane not in ours]
    return min((each for each in found if each is not None), key=lambda each: each[0], default=(0, None))[1]


def _in_lane(ours: Sequence[_Bare], theirs: Sequence[_Bare]) -> tuple[float, FirstDifference] | None:
    for index in range(max(len(ours), len(theirs))):
        mine = ours[index] if index < len(ours) else None
        other = theirs[index] if index < len(theirs) else None
        if mine is None or other is None:
            one = mine or other
            if one is None:
                raise AssertionError
            found: tuple[Difference, ...] = ()
        else:
            one = mine
            once = mine.shared or other.shared
            found = tuple(differences(mine.unpaid if once else mine.fact, other.unpaid if once else other.fact))
            if not found:
                continue
        first = FirstDifference(
            left=mine and mine.sequence, right=other and other.sequence, what=_name(one.fact), differences=found
        )
        return (one.sequence if mine else one.sequence + 0.5), first
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bare:
    """An event without times and ids. shared: a fork has it from the other run."""

    sequence: int
    fact: Fact
    shared: bool

    @property
    def unpaid(self) -> Fact:
        return replace(self.fact, used=NO_USE) if isinstance(self.fact, EffectFinished) else self.fact


def _lanes(events: Sequence[Event]) -> dict[str, list[_Bare]]:
    shared = _shared(events)
    lanes: dict[str, list[_Bare]] = {}
    for event in undisturbed(events)[1:]:  # how it began is compared by itself
        bare = _Bare(sequence=event.sequence, fact=_bare(event.fact), shared=event.sequence <= shared)
        lanes.setdefault(_lane(event.fact), []).append(bare)
    return lanes


def _lane(fact: Fact) -> str:
    match fact:
        case EffectStarted(effect=effect) | EffectRefused(effect=effect) | EffectReused(effect=effect):
            return f"effect {effect.id}"
        case EffectFinished(effect=id):
            return f"effect {id}"
        case ApprovalRequested(approval=approval):
            return f"step {approval.step}"
        case _:
            step = getattr(fact, "step", None)
            return "run" if step is None else f"step {step}"


def _bare(fact: Fact) -> Fact:
    match fact:
        case EffectStarted(effect=effect, route=route):
            chosen = None if route is None else replace(route, candidates=(), filtered={})
            return replace(fact, effect=replace(effect, key=""), route=chosen)
        case EffectRefused(effect=effect) | EffectReused(effect=effect):
            return replace(fact, effect=replace(effect, key=""))
        case EffectFinished():
            return replace(fact, seconds=0.0)
        case ApprovalRequested(approval=approval):
            return replace(fact, approval=_question(approval))
        case ApprovalDecided(ruling=ruling, escalated=escalated):
            again = None if escalated is None else _question(escalated)
            return replace(fact, approval=ApprovalId(""), ruling=_ruling(ruling), escalated=again)
        case _:
            return fact


def _question(approval: Approval) -> Approval:
    return replace(approval, id=ApprovalId(""), key="", asked_at=0.0, due_at=None)


def _ruling(ruling: Ruling) -> Ruling:
    return replace(ruling, at=0.0)


def _name(fact: Fact) -> str:
    lane = _lane(fact)
    return fact.kind if lane == "run" else f"{fact.kind} {lane.partition(' ')[2]}"

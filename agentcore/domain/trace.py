"""Trace: a run's events arranged for people: steps, their attempts, and the effects of each. A projection, pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

from agentcore.domain.approval import Approval, Ruling
from agentcore.domain.budget import Usage
from agentcore.domain.decision import Decision
from agentcore.domain.event import (
    OPEN,
    ApprovalDecided,
    ApprovalRequested,
    AttemptFinished,
    AttemptStarted,
    EffectFinished,
    EffectRefused,
    EffectReused,
    EffectStarted,
    Event,
    PlanAccepted,
    PlanRejected,
    Resort,
    RunEnding,
    RunFinished,
    RunParked,
    RunResumed,
    RunStarted,
    StepFailed,
    TextGuarded,
    VerdictReached,
)
from agentcore.domain.ids import ANSWER, PLAN, AgentName, EffectId, StepId
from agentcore.domain.masking import masked
from agentcore.domain.plan import Step
from agentcore.domain.run import Run, StepStatus
from agentcore.domain.savings import Savings
from agentcore.domain.verdict import Verdict

TraceStatus: TypeAlias = StepStatus | Literal["stopped"]
"""Where a step stands; stopped: it was under way when the run ended for another reason."""


@dataclass(slots=True, kw_only=True)
class EffectTrace:
    """A call: how it began (or was refused, or done before), and how it ended; None while it runs.

    tries: how often it was started: again when the process or the call broke off.
    """

    started: EffectStarted | EffectRefused | EffectReused
    at: float
    finished: EffectFinished | None = None
    tries: int = 1


@dataclass(slots=True, kw_only=True)
class QuestionTrace:
    """A question to a person, and the rulings on it in their order; several when it was escalated."""

    approval: Approval
    at: float
    rulings: list[Ruling] = field(default_factory=list["Ruling"])

    @property
    def open(self) -> bool:
        """Whether it still waits for an answer."""
        return not self.rulings or self.rulings[-1].verb == "escalate"


@dataclass(slots=True, kw_only=True)
class AttemptTrace:
    """One try at a step.

    guarded: what guards have said of its texts.  resort: how it comes by its output when nothing was sure enough.
    ended_at: when its verdict was recorded.
    """

    number: int
    started_at: float
    effects: list[EffectTrace] = field(default_factory=list["EffectTrace"])
    questions: list[QuestionTrace] = field(default_factory=list["QuestionTrace"])
    guarded: list[TextGuarded] = field(default_factory=list[TextGuarded])
    finished: AttemptFinished | None = None
    verdict: Verdict | None = None
    ended_at: float | None = None
    resort: Resort = ""


@dataclass(slots=True, kw_only=True)
class StepTrace:
    """A step, or the planning.

    step: None for the planning.  rejected_plans: proposals that were not valid.  decisions: of policy about the step
    itself: to plan and whom to give steps to, and to release the answer. Those about calls stand with the calls.
    """

    id: StepId
    agent: AgentName
    step: Step | None = None
    attempts: list[AttemptTrace] = field(default_factory=list[AttemptTrace])
    rejected_plans: list[PlanRejected] = field(default_factory=list[PlanRejected])
    decisions: list[Decision] = field(default_factory=list[Decision])
    status: TraceStatus = "waiting"

    @property
    def effects(self) -> list[EffectTrace]:
        """The effects of all attempts."""
        return [effect for attempt in self.attempts for effect in attempt.effects]

    @property
    def questions(self) -> list[QuestionTrace]:
        """The questions of all attempts."""
        return [question for attempt in self.attempts for question in attempt.questions]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that were called, each once."""
        names = (e.started.effect.name for e in self.effects if e.started.effect.kind == "model" and e.finished)
        return tuple(dict.fromkeys(names))

    @property
    def used(self) -> Usage:
        """What all attempts used."""
        return sum((effect.finished.used for effect in self.effects if effect.finished), Usage())

    @property
    def seconds(self) -> float:
        """Wall time of all attempts; of the calls where an attempt has not ended."""
        return sum(_seconds(attempt) for attempt in self.attempts)

    @property
    def verdict(self) -> Verdict | None:
        """The latest."""
        return next((attempt.verdict for attempt in reversed(self.attempts) if attempt.verdict), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A run with its steps in the order of the plan, the planning first. savings: what it did not have to use."""

    run: Run
    steps: tuple[StepTrace, ...]
    savings: Savings = field(default_factory=Savings)

    @property
    def seconds(self) -> float | None:
        """Wall time of the run; None while it runs."""
        return None if self.run.ended_at is None else self.run.ended_at - self.run.started_at

    def step(self, id: str) -> StepTrace | None:
        """Return the step of that id."""
        return next((step for step in self.steps if step.id == id), None)


def trace(events: Iterable[Event]) -> Trace:
    """Return the trace of a run, with what policies want masked. Raises ValueError when the events do not make one."""
    recorded = masked(events)
    run = Run.fold(recorded)
    steps: dict[StepId, StepTrace] = {}
    effects: dict[EffectId, EffectTrace] = {}
    for event in recorded:
        _add(event, steps, effects)
    for id, step in steps.items():
        step.status = _status(run, id)
    order = [PLAN, *(step.id for step in run.plan.steps)] if run.plan else [PLAN]
    rest = [id for id in steps if id not in order]
    shown = tuple(steps[id] for id in (*order, *rest) if id in steps)
    return Trace(run=run, steps=shown, savings=Savings.of(recorded))


def _status(run: Run, id: StepId) -> TraceStatus:
    if id == PLAN:
        if run.plan:
            return "succeeded"
        open_ = run.status in OPEN
        return "running" if open_ else "stopped" if run.status == "cancelled" else "failed"
    state = run.steps.get(id)
    if state is None:
        return "waiting"
    under_way = state.status in {"running", "attempted", "asking"}
    return "stopped" if under_way and run.status not in OPEN else state.status


def _add(event: Event, steps: dict[StepId, StepTrace], effects: dict[EffectId, EffectTrace]) -> None:
    match event.fact:
        case PlanAccepted(plan=plan, decisions=decisions):
            if PLAN in steps:
                steps[PLAN].decisions += decisions
            for step in plan.steps:
                known = steps.setdefault(step.id, StepTrace(id=step.id, agent=step.agent))
                known.step, known.agent = step, step.agent
        case PlanRejected() as rejected:
            if PLAN in steps:
                steps[PLAN].rejected_plans.append(rejected)
        case AttemptStarted(step=id, attempt=number, resort=resort):
            known = steps[id]
            if known.attempts and known.attempts[-1].verdict:  # of an earlier plan, perhaps with the same number
                known.attempts.append(AttemptTrace(number=number, started_at=event.at, resort=resort))
            else:
                _attempt(known, number, event.at).resort = resort  # which may be there already, and be driven again
        case EffectStarted() | EffectRefused() | EffectReused() as started:
            _add_effect(started, event.at, steps, effects)
        case TextGuarded() as said:
            _attempt(steps[said.step], said.attempt, event.at).guarded.append(said)
        case EffectFinished() as finished:
            effects[finished.effect].finished = finished
        case ApprovalRequested(approval=approval):
            question = QuestionTrace(approval=approval, at=event.at)
            _attempt(steps[approval.step], approval.attempt, event.at).questions.append(question)
        case ApprovalDecided(approval=id, step=step, ruling=ruling):
            for question in steps[step].questions:
                if question.approval.id == id:
                    question.rulings.append(ruling)
        case AttemptFinished() as finished:
            _attempt(steps[finished.step], finished.attempt, event.at).finished = finished
        case VerdictReached() as reached:
            attempt = _attempt(steps[reached.step], reached.attempt, event.at)
            attempt.verdict, attempt.ended_at = reached.verdict, event.at
        case RunFinished(decisions=decisions):
            for decision in decisions:
                _add_last(decision, steps)
        case RunStarted() | RunResumed() | RunParked() | StepFailed() | RunEnding():
            pass


def _add_effect(
    started: EffectStarted | EffectRefused | EffectReused,
    at: float,
    steps: dict[StepId, StepTrace],
    effects: dict[EffectId, EffectTrace],
) -> None:
    effect = started.effect
    known = effects.get(effect.id)
    if known is not None and not isinstance(started, EffectRefused):  # it broke off, and is called again
        known.started, known.finished, known.tries = started, None, known.tries + 1
        return
    step = steps.setdefault(effect.step, StepTrace(id=effect.step, agent=effect.agent))
    entry = EffectTrace(started=started, at=at)
    effects.setdefault(effect.id, entry)  # of one that broke off, and must not be called again, both are shown
    _attempt(step, effect.attempt, at).effects.append(entry)


def _add_last(decision: Decision, steps: dict[StepId, StepTrace]) -> None:
    """Add a decision that the run ended with to its step; one about a call stands with that call already."""
    match decision.action:
        case "release":
            id = ANSWER
        case "plan" | "delegate":
            id = PLAN
        case "call_model" | "call_tool":
            return
        case _ as unreachable:
            assert_never(unreachable)
    steps.setdefault(id, StepTrace(id=id, agent=AgentName(decision.principal))).decisions.append(decision)


def _attempt(step: StepTrace, number: int, at: float) -> AttemptTrace:
    """Return the attempt of that number: planning has no event that starts one."""
    for attempt in reversed(step.attempts):
        if attempt.number == number:
            return attempt
    attempt = AttemptTrace(number=number, started_at=at)
    step.attempts.append(attempt)
    return attempt


def _seconds(attempt: AttemptTrace) -> float:
    if attempt.ended_at is not None:
        return attempt.ended_at - attempt.started_at
    return sum(effect.finished.seconds for effect in attempt.effects if effect.finished)

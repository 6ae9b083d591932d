"""Run: the state of a run as a fold of its events. Immutable; each event costs logarithmic time.

Persistent maps (hash array mapped tries) keep a 10,000-step run cheap: applying an event shares all but a few nodes
with the state before, and the number of unmet needs per step is counted down edge by edge, so that scheduling a whole
plan is linear in its edges.

Run and StepState change with every event, so they keep their fields in a dictionary instead of slots: a changed copy
of it costs a sixth of what `dataclasses.replace` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Any, Literal, TypeAlias, TypeVar, assert_never

from rpds import HashTrieMap

from agentcore.domain.approval import Approval, Ruling
from agentcore.domain.budget import Usage
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
    PlanAccepted,
    PlanRejected,
    Resort,
    RunEnding,
    RunFinished,
    RunParked,
    RunResumed,
    RunStarted,
    RunStatus,
    StepFailed,
    TextGuarded,
    VerdictReached,
)
from agentcore.domain.frozen import frozen
from agentcore.domain.held import Held, better
from agentcore.domain.ids import ModelName, RunId, StepId
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.domain.plan import Plan, Step
from agentcore.domain.ready import ReadyQueue
from agentcore.domain.verdict import Verdict

_State = TypeVar("_State", "Run", "StepState")
_Changes: TypeAlias = dict[str, Any]
"""Field of a Run → its new value."""

StepStatus = Literal["waiting", "ready", "running", "attempted", "asking", "succeeded", "failed"]
"""Where a step stands. asking: its attempt waits for a person's decision."""


@frozen
class StepState:
    """Where a step stands.

    attempt: the latest, 0 before the first.  output, label, model: of the latest attempt, and who wrote it.
    reasons: of all rejected attempts so far, oldest first, one tuple an attempt.  models: who wrote their outputs.
    rejected, rejected_label: the output of the last of them.  judged: how many had an output that was rejected, rather
    than an error.  hopeless: another would not help.
    resort: how the latest attempt comes by its output.  resorts: how those came by theirs that had to, oldest first.
    unsure: how many attempts were rejected for nothing but that they were not sure enough.  was_unsure: the last was.
    writers: the models of the latest attempt's candidates.  held: the best of the outputs that were not sure enough.
    """

    step: Step
    status: StepStatus = "waiting"
    attempt: int = 0
    output: JSON = None
    label: Label = field(default_factory=Label)
    model: ModelName | None = None
    rejected: JSON = None
    rejected_label: Label = field(default_factory=Label)
    declined: str = ""
    error: str = ""
    judged: int = 0
    hopeless: bool = False
    reasons: tuple[tuple[str, ...], ...] = ()
    models: frozenset[ModelName] = frozenset()
    resort: Resort = ""
    resorts: tuple[Resort, ...] = ()
    unsure: int = 0
    was_unsure: bool = False
    writers: frozenset[ModelName] = frozenset()
    held: Held | None = None


@frozen
class Run:
    """The state of a run.

    label: of the goal and of the plan's instructions.  open: steps not succeeded.
    unmet: step → how many of its needs have not succeeded.  dependents: step → those that need it.
    ready: steps whose needs are met, in the order in which they became so.
    running: steps with an attempt that has no verdict yet and does not wait for a person.
    owner, epoch: who drives the run, and how many times a process has taken it over.
    asked: open questions, oldest first.  terminated: what a person said who ended the run, before it has ended.
    """

    id: RunId
    started: RunStarted
    started_at: float
    label: Label = field(default_factory=Label)
    sequence: int = 1
    status: RunStatus = "running"
    plan: Plan | None = None
    revision: int = -1
    plan_problems: tuple[tuple[str, ...], ...] = ()
    steps: HashTrieMap[StepId, StepState] = HashTrieMap()
    unmet: HashTrieMap[StepId, int] = HashTrieMap()
    dependents: HashTrieMap[StepId, tuple[StepId, ...]] = HashTrieMap()
    ready: ReadyQueue = ReadyQueue()
    running: int = 0
    owner: str = ""
    epoch: int = 0
    asked: tuple[Approval, ...] = ()
    terminated: Ruling | None = None
    open: int = 0
    failed: tuple[StepId, ...] = ()
    used: Usage = field(default_factory=Usage)
    answer: JSON = None
    reason: str = ""
    ended_at: float | None = None

    @staticmethod
    def begin(event: Event) -> Run:
        """Return the state after a run's first event. Raises ValueError when it is another fact."""
        if not isinstance(event.fact, RunStarted):
            msg = f"run {event.run} begins with {event.fact.kind}, not with run_started"
            raise ValueError(msg)
        return Run(
            id=event.run,
            started=event.fact,
            started_at=event.at,
            label=event.fact.task.label,
            owner=event.fact.owner,
            sequence=event.sequence,
        )

    @staticmethod
    def fold(events: Iterable[Event]) -> Run:
        """Return the state after all events, in order. Raises ValueError when there are none."""
        iterator = iter(events)
        first = next(iterator, None)
        if first is None:
            msg = "a run has at least one event"
            raise ValueError(msg)
        run = Run.begin(first)
        for event in iterator:
            run = run.apply(event)
        return run

    def apply(self, event: Event) -> Run:
        """Return the state after one more event.

        Raises ValueError when the event is not the next one, and KeyError when it names a step that the plan lacks.
        """
        if event.sequence != self.sequence + 1:
            msg = f"run {self.id}: event {event.sequence} does not follow {self.sequence}"
            raise ValueError(msg)
        return _changed(self, sequence=event.sequence, **self._changes(event))

    def _changes(self, event: Event) -> _Changes:
        match event.fact:
            case EffectStarted() | EffectRefused() | EffectReused() | TextGuarded() | RunEnding():
                return {}
            case EffectFinished(used=used):
                return {"used": self.used + used}
            case AttemptStarted():
                return self._attempt_started(event.fact)
            case AttemptFinished() as fact:
                state = _changed(
                    self.steps[fact.step],
                    status="attempted",
                    model=fact.model,
                    output=fact.output,
                    label=fact.label,
                    declined=fact.declined,
                    error=fact.error,
                    writers=frozenset(each.model for each in fact.candidates if each.model),
                )
                return {"steps": self.steps.insert(fact.step, state)}
            case VerdictReached(step=step, verdict=verdict):
                if verdict.accepted:
                    return self._succeeded(step)
                return self._rejected(step, verdict)
            case StepFailed(step=step):
                state = _changed(self.steps[step], status="failed")
                return {
                    "steps": self.steps.insert(step, state),
                    "ready": self.ready.remove(step),
                    "failed": (*self.failed, step),
                }
            case PlanAccepted(plan=plan, revision=revision, label=label):
                return {**self._planned(plan, revision), "label": self.label if label is None else label}
            case PlanRejected(problems=problems):
                return {"plan_problems": (*self.plan_problems, problems)}
            case RunFinished(status=status, answer=answer, reason=reason):
                return {"status": status, "answer": answer, "reason": reason, "ended_at": event.at}
            case ApprovalRequested(approval=approval):
                return self._asked(approval)
            case ApprovalDecided():
                return self._decided(event.fact)
            case RunParked():
                return {"status": "waiting"}
            case RunResumed(owner=owner, epoch=epoch):
                return {"owner": owner, **self._resumed(epoch)}
            case RunStarted():
                msg = f"run {self.id} starts twice"
                raise ValueError(msg)
            case _ as unreachable:
                assert_never(unreachable)

    def _planned(self, plan: Plan, revision: int) -> _Changes:
        kept = {
            step.id: self.steps[step.id]
            for step in plan.steps
            if step.id in self.steps and self.steps[step.id].status == "succeeded"
        }
        states: dict[StepId, StepState] = {}
        unmet: dict[StepId, int] = {}
        dependents: dict[StepId, list[StepId]] = {step.id: [] for step in plan.steps}
        ready: list[StepId] = []
        for step in plan.steps:
            if step.id in kept:
                states[step.id] = kept[step.id]
                continue
            needs = step.needs
            for need in needs:
                dependents[need].append(step.id)
            unmet[step.id] = sum(1 for need in needs if need not in kept)
            waits = unmet[step.id] > 0
            states[step.id] = StepState(step=step, status="waiting" if waits else "ready")
            if not waits:
                ready.append(step.id)
        return {
            "plan": plan,
            "revision": revision,
            "plan_problems": (),
            "steps": HashTrieMap(states),
            "unmet": HashTrieMap(unmet),
            "dependents": HashTrieMap({step: tuple(others) for step, others in dependents.items()}),
            "ready": ReadyQueue.of(ready),
            "running": 0,
            "asked": (),
            "open": len(plan.steps) - len(kept),
            "failed": (),
        }

    def _attempt_started(self, fact: AttemptStarted) -> _Changes:
        before = self.steps[fact.step]
        state = _changed(before, status="running", attempt=fact.attempt, error="", declined="", resort=fact.resort)
        return {
            "steps": self.steps.insert(fact.step, state),
            "ready": self.ready.remove(fact.step),
            "running": self.running + 1,
        }

    def _asked(self, approval: Approval) -> _Changes:
        state = _changed(self.steps[approval.step], status="asking")
        return {
            "steps": self.steps.insert(approval.step, state),
            "running": self.running - 1,
            "asked": (*self.asked, approval),
        }

    def _decided(self, fact: ApprovalDecided) -> _Changes:
        id, step, escalated = fact.approval, fact.step, fact.escalated
        if escalated is not None:
            return {"asked": tuple(escalated if asked.id == id else asked for asked in self.asked)}
        left = tuple(asked for asked in self.asked if asked.id != id)
        if fact.ruling.verb == "terminate":
            return {"asked": left, "terminated": fact.ruling}
        # The attempt is driven again, from its beginning, and finds the answer where it ended.
        return {
            "asked": left,
            "steps": self.steps.insert(step, _changed(self.steps[step], status="ready")),
            "ready": self.ready.enqueue(step),
        }

    def _resumed(self, epoch: int) -> _Changes:
        """Make every attempt that was under way start again, before all that has not started."""
        steps = self.steps
        under_way: list[StepId] = []
        for step in self.plan.steps if self.running and self.plan else ():
            if steps[step.id].status in {"running", "attempted"}:
                under_way.append(step.id)
                steps = steps.insert(step.id, _changed(steps[step.id], status="ready"))
        ready = ReadyQueue.of([*under_way, *self.ready]) if under_way else self.ready
        return {"status": "running", "epoch": epoch, "steps": steps, "ready": ready, "running": 0}

    def _succeeded(self, step: StepId) -> _Changes:
        steps = self.steps.insert(step, _changed(self.steps[step], status="succeeded"))
        unmet = self.unmet
        ready = self.ready
        for dependent in self.dependents[step]:
            left = unmet[dependent] - 1
            unmet = unmet.insert(dependent, left)
            if left == 0:
                steps = steps.insert(dependent, _changed(steps[dependent], status="ready"))
                ready = ready.enqueue(dependent)
        return {
            "steps": steps,
            "unmet": unmet,
            "ready": ready,
            "running": self.running - 1,
            "open": self.open - 1,
        }

    def _rejected(self, step: StepId, verdict: Verdict) -> _Changes:
        before = self.steps[step]
        unsure = verdict.unsure
        held = before.held
        if unsure:
            now = Held(
                attempt=before.attempt, output=before.output, label=before.label, model=before.model, verdict=verdict
            )
            held = better(held, now)
        state = _changed(
            before,
            status="ready",
            reasons=(*before.reasons, verdict.reasons),
            models=before.models | before.writers | ({before.model} if before.model is not None else set()),
            resorts=(*before.resorts, before.resort) if before.resort else before.resorts,
            unsure=before.unsure + unsure,
            was_unsure=unsure,
            held=held,
            rejected=before.output,
            rejected_label=before.label,
            judged=before.judged + (not before.error),
            hopeless=verdict.final,
        )
        return {
            "steps": self.steps.insert(step, state),
            "ready": self.ready.enqueue(step),
            "running": self.running - 1,
        }


def _changed(state: _State, **changes: Any) -> _State:
    """Return a copy with some fields changed. Unlike `dataclasses.replace`, it does not run `__init__` again."""
    copy = object.__new__(type(state))
    object.__setattr__(copy, "__dict__", state.__dict__ | changes)
    return copy

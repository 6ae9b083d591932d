"""The progress of a run: one line for each step as it starts and as it ends."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

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
    RunEnding,
    RunFinished,
    RunParked,
    RunResumed,
    RunStarted,
    StepFailed,
    TextGuarded,
    VerdictReached,
)
from agentcore.domain.ids import ANSWER, PLAN, StepId
from agentcore.domain.plan import Plan, Step
from agentcore.surfaces.cli.clean import one_line

_WIDTH = 100
"""Characters of an instruction or a reason."""


class Progress:
    """Prints lines as events come in; while a person watches, also what runs now. A context manager."""

    def __init__(self, screen: Console, *, live: bool) -> None:
        self._screen = screen
        self._status = Status("starting", console=screen) if live else None
        self._steps: dict[StepId, Step] = {}
        self._began: dict[StepId, float] = {}
        self._shared = 0

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, event: Event, *, silently: bool = False) -> None:
        """Print the line of an event, if it has one; what a fork shares with another run was printed by that one.

        silently: it is old, and only what follows from it matters.
        """
        line = self._line(event)
        if line is not None and not silently and (event.sequence == 1 or event.sequence > self._shared):
            self._screen.print(line, soft_wrap=True)
        if self._status is not None:
            running = ", ".join(one_line(self._name(step), 40) for step in self._began)
            self._status.update(Text(running or "waiting"))

    def _line(self, event: Event) -> Text | None:
        match event.fact:
            case RunStarted(name=name, task=task, lineage=lineage):
                self._shared = 0 if lineage is None else 1 + lineage.events
                return Text.assemble((f"{one_line(name)} {event.run}  ", "bold"), (one_line(task.goal, _WIDTH), "dim"))
            case EffectStarted(effect=effect) | EffectRefused(effect=effect):
                if effect.step != PLAN or PLAN in self._began:
                    return None
                self._began[PLAN] = event.at
                return _begun("plan", f"{effect.agent} makes the plan")
            case PlanRejected(problems=problems):
                return _ended("✘", "plan", "", f"rejected: {'; '.join(problems)}")
            case PlanAccepted(plan=plan, revision=revision):
                return self._planned(plan, revision, event.at)
            case AttemptStarted(step=step, attempt=attempt):
                self._began[step] = event.at
                again = f" (attempt {attempt})" if attempt > 1 else ""
                return _begun(self._name(step), self._task(step) + again)
            case VerdictReached(step=step, verdict=verdict):
                took = self._took(step, event.at)
                if verdict.accepted:
                    return _ended("✔", self._name(step), took, "")
                return _ended("✘", self._name(step), took, "; ".join(verdict.reasons) or "rejected")
            case StepFailed(step=step):
                return _ended("✘", self._name(step), "", "given up")
            case RunFinished():
                self._began.clear()
                return None
            case ApprovalRequested(approval=asked):
                self._began.pop(asked.step, None)
                return _begun(self._name(asked.step), f"waits for {asked.approver or 'somebody'}: {asked.reason}")
            case ApprovalDecided(step=step, ruling=ruling):
                said = f": {ruling.reason}" if ruling.reason else ""
                return _begun(self._name(step), f"{ruling.actor} chose to {ruling.verb}{said}")
            case RunEnding():
                return Text("takes back what was done", "dim")
            case RunResumed():
                return Text("goes on from what is recorded", "dim")
            case TextGuarded(step=step, denied=denied):
                return _ended("✘", self._name(step), "", denied) if denied else None
            case EffectFinished() | EffectReused() | AttemptFinished() | RunParked():
                return None

    def _planned(self, plan: Plan, revision: int, at: float) -> Text:
        self._steps = {step.id: step for step in plan.steps}
        names = ", ".join(step.id for step in plan.steps)
        what = "new plan" if revision else "plan"
        return _ended("✔", what, self._took(PLAN, at), f"{len(plan.steps)} steps: {names}")

    def _took(self, step: StepId, at: float) -> str:
        began = self._began.pop(step, None)
        return "" if began is None else f"{at - began:.1f} s"

    def _name(self, step: StepId) -> str:
        known = self._steps.get(step)
        return f"{step} ({known.agent})" if known and step not in {known.agent, ANSWER} else step

    def _task(self, step: StepId) -> str:
        known = self._steps.get(step)
        return known.instruction if known and step != ANSWER else "writes the answer"


def _begun(name: str, what: str) -> Text:
    return Text.assemble(("… ", "yellow"), (one_line(name), "bold"), (f"  {one_line(what, _WIDTH)}", "dim"))


def _ended(mark: str, name: str, took: str, what: str) -> Text:
    style = "green" if mark == "✔" else "red"
    parts = [part for part in (took, one_line(what, _WIDTH * 2)) if part]
    return Text.assemble((f"{mark} ", style), (one_line(name), "bold"), *((f"  {part}", "") for part in parts))

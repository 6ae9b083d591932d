"""What a run does next. Pure: it reads a Run and returns commands; it never awaits and never writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentcore.domain.agent import PERSON, Agent
from agentcore.domain.event import Resort, RunStatus
from agentcore.domain.ids import ANSWER, AgentName, StepId
from agentcore.domain.json import JSON
from agentcore.domain.run import Run, StepState
from agentcore.domain.team import RunLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePlan:
    """Ask the supervisor for a plan: the first, or one that mends what failed. revision: 0 is the first."""

    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAttempt:
    """Try a step.

    escalate: with a model stronger than those whose attempts were rejected.  resort: when nothing was sure enough, and
    no stronger model is to be tried.
    """

    step: StepId
    attempt: int
    escalate: bool
    resort: Resort = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailStep:
    """Give a step up, with the reasons of its attempts."""

    step: StepId
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """Stop driving the run: all that is left waits for people's decisions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """End the run."""

    status: RunStatus
    answer: JSON = None
    reason: str = ""


Command = MakePlan | StartAttempt | FailStep | Park | Finish


def decide(run: Run, agents: Mapping[AgentName, Agent], limits: RunLimits) -> tuple[Command, ...]:
    """Return what to do now; empty while the run only waits for its running steps.

    Commands are a function of the state alone, so a run that is driven again by another process goes on in the same
    way. Costs time in the number of free slots, not in the size of the plan.
    """
    if run.status != "running":
        return ()
    if run.plan is None:
        return (MakePlan(revision=0),)
    if run.failed:
        if run.running:
            return ()
        return (Park(),) if run.asked else (_after_failure(run, limits),)
    if run.open == 0:
        return (Finish(status="succeeded", answer=run.steps[ANSWER].output),)
    commands: list[Command] = []
    free = limits.parallel_steps - run.running
    for step in run.ready:
        if free <= 0:
            break
        state = run.steps[step]
        command = _next_attempt(state, agents[state.step.agent])
        commands.append(command)
        if isinstance(command, FailStep):
            break
        free -= 1
    if not commands and not run.running and run.asked:
        return (Park(),)
    return tuple(commands)


def _next_attempt(state: StepState, agent: Agent) -> Command:
    tried = len(state.reasons)
    limits = agent.limits
    spent = state.unsure > limits.escalations or tried >= limits.attempts + limits.escalations
    if state.hopeless or spent or state.resorts:
        resort = None if state.hopeless else _resort(state, agent)
        if resort is None:
            return FailStep(step=state.step.id, reasons=_distinct(state.reasons))
        return StartAttempt(step=state.step.id, attempt=tried + 1, escalate=True, resort=resort)
    # One that was not sure enough is asked for of a stronger model at once: the same one would say the same.
    return StartAttempt(step=state.step.id, attempt=tried + 1, escalate=state.unsure > 0 or tried >= limits.attempts)


def _resort(state: StepState, agent: Agent) -> Resort | None:
    """Return what is left to do when no output was accepted, or none was sure enough; None when nothing is.

    A model that is named is asked once; a person is, also about an output that verifiers reject. The best so far is
    taken only of outputs that nothing else speaks against, and where nobody asks for a confidence in so many words.
    """
    routing = agent.routing
    if routing.escalate_to and routing.escalate_to != PERSON and "model" not in state.resorts:
        return "model"
    if routing.escalate_to == PERSON and "person" not in state.resorts and (state.judged or state.held):
        return "person"
    held = state.held
    confidence = None if held is None else held.verdict.confidence
    if confidence is not None and not confidence.hard and not {"person", "best"} & set(state.resorts):
        return "best"
    return None


def _after_failure(run: Run, limits: RunLimits) -> Command:
    failed = run.failed[0]
    state = run.steps[failed]
    # An answer that was declined or rejected is the end: other steps would not change what the evidence says.
    if failed != ANSWER and run.revision < limits.replans:
        return MakePlan(revision=run.revision + 1)
    reasons = "; ".join(_distinct(state.reasons)) or "no attempt was accepted"
    what = "the answer" if failed == ANSWER else f"step {failed} ({state.step.agent})"
    return Finish(status="refused" if state.judged else "failed", reason=f"{what} was given up: {reasons}")


def _distinct(reasons: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """Return each reason once, oldest first."""
    return tuple(dict.fromkeys(reason for attempt in reasons for reason in attempt))

"""RecordedDecision: the decisions of policy in a run's record, each with what it was about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agentcore.domain.approval import Ruling
from agentcore.domain.decision import Decision
from agentcore.domain.effect import Effect
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
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
from agentcore.domain.ids import ANSWER, PLAN, ApprovalId, EffectId, StepId
from agentcore.domain.label import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDecision:
    """One decision.

    at: seconds since the Unix epoch.  effect: the call that it is about, None for another matter.
    label: of a plan, what the supervisor was shown; of a released answer, its own; of a call, its outcome's, which has
    the sources of all that the call was given. None when that is not recorded: the call was refused, or has not ended.
    rulings: what people have decided about the call.
    """

    at: float
    step: StepId
    decision: Decision
    effect: Effect | None = None
    label: Label | None = None
    rulings: tuple[Ruling, ...] = ()


def recorded_decisions(events: Iterable[Event]) -> list[RecordedDecision]:
    """Return the decisions of a run in the order of the record."""
    recorded = list(events)
    outcomes: dict[EffectId, Label] = {
        event.fact.effect: event.fact.label for event in recorded if isinstance(event.fact, EffectFinished)
    }
    rulings = _rulings(recorded)
    ended = any(isinstance(event.fact, RunFinished) for event in recorded)
    found: list[RecordedDecision] = []
    task = answer = None
    for event in recorded:
        match event.fact:
            case RunStarted(task=started):
                task = started.label
            case PlanAccepted(decisions=decisions, label=label):
                found += [
                    RecordedDecision(at=event.at, step=PLAN, decision=each, label=label or task) for each in decisions
                ]
            case EffectStarted(effect=effect, decisions=decisions) | EffectRefused(effect=effect, decisions=decisions):
                label = outcomes.get(effect.id) if isinstance(event.fact, EffectStarted) else None
                found += [
                    RecordedDecision(
                        at=event.at,
                        step=effect.step,
                        decision=each,
                        effect=effect,
                        label=label,
                        rulings=rulings.get(effect.id, ()),
                    )
                    for each in decisions
                ]
            case AttemptFinished(step=step, label=label) if step == ANSWER:
                answer = label
            case RunFinished() as end:
                found += _at_the_end(event.at, end, answer)
            case RunEnding(end=end) if not ended:  # else the same stands in the fact that ended the run
                found += _at_the_end(event.at, end, answer)
            case _:
                pass
    return found


def _rulings(events: Iterable[Event]) -> dict[EffectId, tuple[Ruling, ...]]:
    """Return what people have decided, by the call that they were asked about."""
    asked: dict[ApprovalId, EffectId] = {}
    found: dict[EffectId, tuple[Ruling, ...]] = {}
    for event in events:
        match event.fact:
            case ApprovalRequested(approval=approval) if approval.subject == "call" and approval.effect is not None:
                asked[approval.id] = approval.effect
            case ApprovalDecided(approval=id, ruling=ruling) if id in asked:
                found[asked[id]] = (*found.get(asked[id], ()), ruling)
            case _:
                pass
    return found


def _at_the_end(at: float, end: RunFinished, answer: Label | None) -> Iterator[RecordedDecision]:
    """Yield the decisions that a run ended with; those about calls stand with the calls already."""
    for each in end.decisions:
        if each.action == "release":
            label = answer if each.resource == ANSWER else None
            yield RecordedDecision(at=at, step=ANSWER, decision=each, label=label)
        elif each.action in {"plan", "delegate"}:
            yield RecordedDecision(at=at, step=PLAN, decision=each)

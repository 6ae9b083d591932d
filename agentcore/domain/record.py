"""What a run's record comes to, as if no process had died and nobody had been waited for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    AttemptStarted,
    EffectFinished,
    EffectReused,
    EffectStarted,
    Event,
    Fact,
    PlanAccepted,
    RunEnding,
    RunParked,
    RunResumed,
)
from agentcore.domain.ids import ApprovalId, EffectId, StepId


def undisturbed(events: Iterable[Event]) -> Sequence[Event]:
    """Return the events without those that only crashes and waiting have caused.

    Left out are: who drove the run and when it was parked; attempts that started again because a process had died;
    all but the last start of an effect, which stands where the first one did; ends that say only that a call broke
    off; and questions about the outcome of such a call. Sequence numbers are those of the record, with gaps.
    """
    recorded = list(events)
    last_start = {event.fact.effect.id: event.fact for event in recorded if isinstance(event.fact, EffectStarted)}
    begun: set[tuple[StepId, int]] = set()
    seen: set[tuple[type[Fact], EffectId]] = set()
    outcome_questions: set[ApprovalId] = set()
    kept: list[Event] = []
    for event in recorded:
        fact = event.fact
        match fact:
            case RunResumed() | RunParked() | RunEnding():
                continue
            case ApprovalRequested(approval=asked) if asked.subject == "outcome":
                outcome_questions.add(asked.id)
                continue
            case ApprovalDecided(approval=id) if id in outcome_questions:
                continue
            case ApprovalDecided(step=step, escalated=None):
                begun = {attempt for attempt in begun if attempt[0] != step}
            case AttemptStarted(step=step, attempt=attempt):
                if (step, attempt) in begun:
                    continue
                begun = {other for other in begun if other[0] != step} | {(step, attempt)}
            case PlanAccepted():  # its steps may have the ids of others before
                begun = set()
            case EffectFinished(unknown=True):
                continue
            case EffectStarted(effect=effect):
                if (EffectStarted, effect.id) in seen:
                    continue
                seen.add((EffectStarted, effect.id))
                fact = last_start[effect.id]
            case EffectReused(effect=effect):
                if (EffectReused, effect.id) in seen:
                    continue
                seen.add((EffectReused, effect.id))
            case _:
                pass
        kept.append(Event(run=event.run, sequence=event.sequence, at=event.at, fact=fact))
    return kept

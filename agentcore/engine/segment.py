"""Segment: the part of a record that one process has driven, and what of it came from outside. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from agentcore.domain.approval import Approval
from agentcore.domain.effect import EffectKind, is_undo
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
    RunEnding,
    RunFinished,
    RunResumed,
    TextGuarded,
    VerdictReached,
)
from agentcore.domain.ids import EffectId, StepId


def segments(events: Iterable[Event]) -> list[list[Event]]:
    """Return a record in parts: each but the first begins where a process has taken the run over."""
    parts: list[list[Event]] = [[]]
    for event in events:
        if isinstance(event.fact, RunResumed):
            parts.append([])
        parts[-1].append(event)
    return parts


class Segment:
    """The facts that a replay has to come to, one after the other.

    dry: the run plans only.
    """

    def __init__(self, events: Sequence[Event], *, dry: bool = False) -> None:
        self.events = events
        self._facts: dict[EffectId, list[int]] = {}
        for index, event in enumerate(events):
            if (id := _about(event.fact)) is not None:
                self._facts.setdefault(id, []).append(index)
        self._attempts = {
            event.fact.effect.id: (event.fact.effect.step, event.fact.effect.attempt)
            for event in events
            if isinstance(event.fact, EffectStarted)
        }
        self._models = {
            event.fact.effect.id
            for event in events
            if isinstance(event.fact, EffectStarted) and event.fact.effect.kind is EffectKind.MODEL
        }
        ended = _end_from_outside(events, dry=dry)
        self._fed = [index >= ended or self._is_fed(index) for index in range(len(events))]
        self.ending = len(events)
        while self.ending and (self._fed[self.ending - 1] or _belongs_to_end(events[self.ending - 1].fact)):
            self.ending -= 1

    def fed(self, index: int) -> bool:
        """Return whether a fact has come from outside, so that no replay comes to it by itself.

        Such are what people decide, a cancellation with the ends of the calls that it breaks off, and what is undone:
        which follows from what was done, but happens when nothing else does any more.
        """
        return self._fed[index]

    def upcoming(self, effect: EffectId, start: int) -> Fact | None:
        """Return the first fact of an effect, or question about it, from an index on, that is not fed."""
        indices = self._facts.get(effect, [])
        for index in indices[bisect_left(indices, start) :]:
            if not self._fed[index]:
                return self.events[index].fact
        return None

    def _is_fed(self, index: int) -> bool:
        fact = self.events[index].fact
        match fact:
            case ApprovalDecided(ruling=ruling):
                return not ruling.closes
            case RunEnding():
                return True
            case EffectStarted(effect=effect) | EffectRefused(effect=effect):
                return is_undo(effect.id)
            case EffectFinished(effect=id, unknown=unknown):
                return is_undo(id) or (unknown and self._is_cancelled(id, index))
            case _:
                return False

    def _is_cancelled(self, effect: EffectId, index: int) -> bool:
        """Return whether a call was cancelled. Otherwise the tool has broken off, and the attempt has gone on."""
        attempt = self._attempts.get(effect)
        if effect in self._models or attempt is None:
            return True
        return not any(self._attempt_of(event.fact) == attempt for event in self.events[index + 1 :])

    def _attempt_of(self, fact: Fact) -> tuple[StepId, int] | None:
        match fact:
            case EffectStarted(effect=effect) | EffectRefused(effect=effect) | EffectReused(effect=effect):
                return None if is_undo(effect.id) else (effect.step, effect.attempt)
            case EffectFinished(effect=id):
                return self._attempts.get(id)
            case AttemptFinished() | AttemptStarted() | VerdictReached() | TextGuarded():
                return fact.step, fact.attempt
            case ApprovalRequested(approval=Approval(step=step, attempt=attempt)):
                return step, attempt
            case _:
                return None


def _about(fact: Fact) -> EffectId | None:
    match fact:
        case EffectStarted(effect=effect) | EffectRefused(effect=effect) | EffectReused(effect=effect):
            return effect.id
        case EffectFinished(effect=id) | TextGuarded(id=id):
            return id
        case ApprovalRequested(approval=approval):
            return approval.effect
        case _:
            return None


def _ends(fact: Fact) -> bool:
    return isinstance(fact, RunFinished) or (isinstance(fact, ApprovalDecided) and fact.ruling.closes)


def _belongs_to_end(fact: Fact) -> bool:
    return _ends(fact) or (isinstance(fact, TextGuarded) and fact.place == "output")


def _end_from_outside(events: Sequence[Event], *, dry: bool) -> int:
    """Return the index from which on the end of a run has come from outside; the length when it has not.

    A cancellation, and the lapse of its time, close the questions and end the run. So does a dry run after its plan:
    it looks at models, which a replay does not have.
    """
    last = events[-1].fact if events else None
    if not isinstance(last, RunFinished):
        return len(events)
    late = last.status == "over_budget" and last.reason.startswith("the budget's seconds")
    planned = dry and any(isinstance(event.fact, PlanAccepted) for event in events)
    if not (last.status == "cancelled" or late or planned):
        return len(events)
    index = len(events)
    while index and _ends(events[index - 1].fact):
        index -= 1
    return index

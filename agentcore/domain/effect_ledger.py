"""The effect ledger of a run: each call, what was meant by it, and what came of it. A projection, pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agentcore.domain.approval import Approval, Ruling
from agentcore.domain.decision import Decision
from agentcore.domain.effect import UNDO, Effect, EffectKind, Safety, is_undo
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    EffectFinished,
    EffectRefused,
    EffectReused,
    EffectStarted,
    Event,
    RunFinished,
    RunParked,
    RunResumed,
)
from agentcore.domain.ids import AgentName, ApprovalId, EffectId, StepId
from agentcore.domain.json import JSON
from agentcore.domain.masking import masked

EntryState = Literal[
    "waiting",
    "approved",
    "under way",
    "done",
    "failed",
    "refused",
    "in doubt",
    "undone",
    "reused",
    "answered",
    "closed",
]
"""What is known of a call.

waiting: for a person.  approved: it will be made.  under way: it has been started by the process that drives the run.
refused: it was never made.  in doubt: it has been started, and nobody knows whether it happened.
undone: it was done, and taken back.  reused: not made, as a call with the same key had been.
answered: not made, as a person gave the result.  closed: the run ended before it was made.
"""


@dataclass(slots=True, kw_only=True)
class LedgerEntry:
    """A call.

    safety: None while the call only waits for a person, who is asked about calls of every kind.
    intent_at: when it was first recorded, before anything was sent, in seconds since the Unix epoch.
    ended_at: when its outcome was.  tries: how often it was started.  arguments: of a tool; None for a model.
    receipt: what came of it; for one reused, the effect whose outcome it has.  undo_error: why it could not be undone.
    """

    effect: EffectId
    kind: EffectKind
    name: str
    step: StepId
    attempt: int
    agent: AgentName
    key: str
    intent_at: float
    safety: Safety | None = None
    state: EntryState = "under way"
    tries: int = 0
    arguments: JSON = None
    receipt: JSON = None
    error: str = ""
    ended_at: float | None = None
    undone_at: float | None = None
    undo_error: str = ""
    decisions: tuple[Decision, ...] = ()
    rulings: list[Ruling] = field(default_factory=list[Ruling])
    waits_for: Approval | None = None

    @property
    def acts(self) -> bool:
        """Whether the call may change something."""
        return self.kind is EffectKind.TOOL and self.safety is not Safety.READ

    @property
    def deciders(self) -> tuple[str, ...]:
        """Who let it happen, or not: people, or else policies."""
        people = tuple(dict.fromkeys(ruling.actor for ruling in self.rulings))
        policies = (policy for decision in self.decisions for policy in decision.policies)
        return people or tuple(dict.fromkeys(policies))


def effect_ledger(events: Iterable[Event]) -> Sequence[LedgerEntry]:
    """Return every call of a run in the order of its intents; a compensation is told with the call that it undoes.

    What policies want masked is.
    """
    ledger = _Ledger()
    for event in masked(events):
        ledger.add(event)
    return list(ledger.entries.values())


class _Ledger:
    """Entries as the events make them."""

    def __init__(self) -> None:
        self.entries: dict[EffectId, LedgerEntry] = {}
        self._asked: dict[ApprovalId, Approval] = {}

    def add(self, event: Event) -> None:
        """Take the next event."""
        match event.fact:
            case EffectStarted(effect=effect) as started if not is_undo(effect.id):
                self._started(started, event.at)
            case EffectRefused(effect=effect, reason=reason) if not is_undo(effect.id):
                entry = self._entry(effect, event.at)
                entry.error = reason
                if entry.tries and entry.kind is EffectKind.TOOL:  # it broke off, and is not made again
                    entry.state = "in doubt"
                else:
                    entry.state, entry.ended_at = "refused", event.at
                entry.arguments, entry.decisions = _arguments(effect, event.fact.request), event.fact.decisions
            case EffectRefused(effect=effect, reason=reason):
                self._undone(effect.id, event.at, reason)
            case EffectReused(effect=effect, receipt=receipt):
                entry = self._entry(effect, event.at)
                entry.state, entry.receipt, entry.ended_at = "reused", receipt, event.at
            case EffectFinished(effect=id) if is_undo(id):
                self._undone(id, event.at, event.fact.error)
            case EffectFinished() as finished:
                self._finished(finished, event.at)
            case ApprovalRequested(approval=asked) if asked.subject != "output":
                self._ask(asked, event.at)
            case ApprovalDecided(approval=id, ruling=ruling) if id in self._asked:
                self._decided(id, ruling, event.fact.escalated, event.at)
            case RunResumed() | RunParked() | RunFinished():
                self._leave()  # whoever had started a call does not wait for it any more
            case _:
                return

    def _entry(self, effect: Effect, at: float) -> LedgerEntry:
        entry = self.entries.get(effect.id)
        if entry is None:
            entry = self.entries[effect.id] = LedgerEntry(
                effect=effect.id,
                kind=effect.kind,
                name=effect.name,
                step=effect.step,
                attempt=effect.attempt,
                agent=effect.agent,
                key=effect.key,
                intent_at=at,
            )
        entry.safety, entry.key, entry.name = effect.safety, effect.key, effect.name
        return entry

    def _started(self, started: EffectStarted, at: float) -> None:
        entry = self._entry(started.effect, at)
        entry.state, entry.tries, entry.waits_for = "under way", entry.tries + 1, None
        entry.arguments, entry.decisions = _arguments(started.effect, started.request), started.decisions

    def _finished(self, finished: EffectFinished, at: float) -> None:
        entry = self.entries.get(finished.effect)
        if entry is None:
            return
        entry.error = finished.error
        if finished.unknown:
            entry.state = "in doubt"
            return
        entry.state, entry.ended_at = ("failed" if finished.error else "done"), at
        entry.receipt = _receipt(entry.kind, finished.output)

    def _undone(self, undo: EffectId, at: float, error: str) -> None:
        entry = self.entries.get(EffectId(undo.removesuffix(UNDO)))
        if entry is not None:
            entry.undo_error = error
            if not error:
                entry.state, entry.undone_at = "undone", at

    def _ask(self, asked: Approval, at: float) -> None:
        self._asked[asked.id] = asked
        if asked.effect is None:
            return
        entry = self.entries.get(asked.effect)
        if entry is None:
            entry = self.entries[asked.effect] = LedgerEntry(
                effect=asked.effect,
                kind=EffectKind.TOOL,
                name=asked.name,
                step=asked.step,
                attempt=asked.attempt,
                agent=asked.agent,
                key=asked.key,
                intent_at=at,
                arguments=asked.value,
            )
        entry.state, entry.waits_for = "waiting", asked

    def _decided(self, id: ApprovalId, ruling: Ruling, escalated: Approval | None, at: float) -> None:
        asked = self._asked[id]
        entry = None if asked.effect is None else self.entries.get(asked.effect)
        if entry is None:
            return
        if escalated is not None:
            entry.rulings.append(ruling)
            entry.waits_for = self._asked[id] = escalated
            return
        entry.waits_for = None
        if not ruling.closes:
            entry.rulings.append(ruling)
        match ruling.verb, asked.subject:
            case _, "outcome" if ruling.closes or ruling.verb == "terminate":
                entry.state = "in doubt"
            case "terminate", _:
                entry.state, entry.ended_at = "closed", at
            case "respond", "call":
                entry.state, entry.receipt, entry.ended_at = "answered", ruling.value, at
            case "approve" | "edit", _:
                entry.state = "approved"
                entry.arguments = ruling.value if ruling.verb == "edit" else entry.arguments
            case _:  # what follows is recorded as its own fact
                entry.state = "in doubt" if asked.subject == "outcome" else "refused"

    def _leave(self) -> None:
        for entry in self.entries.values():
            if entry.state == "under way":
                entry.state = "in doubt"


def _arguments(effect: Effect, request: JSON) -> JSON:
    return request if effect.kind is EffectKind.TOOL else None


def _receipt(kind: EffectKind, output: JSON) -> JSON:
    """Return what a tool returned; of a model only its text."""
    if kind is EffectKind.MODEL and isinstance(output, dict):
        return output.get("text") or output.get("tool_calls")
    return output

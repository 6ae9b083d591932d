"""History: what a run has recorded of its effects and questions. It is asked before anything is done.

An attempt that is driven again, after a crash or a person's decision, repeats its calls in the same order and so under
the same ids; here it finds what came of them, and calls only what has no outcome yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from agentcore.domain.approval import Approval, Ruling
from agentcore.domain.decision import Decision
from agentcore.domain.dues import Dues, asking
from agentcore.domain.effect import Effect, EffectKind, Safety, call_content
from agentcore.domain.endorsement import is_endorsed
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    AttemptFinished,
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
    RunStarted,
    TextGuarded,
    VerdictReached,
)
from agentcore.domain.ids import ANSWER, ApprovalId, EffectId, RunId, StepId, ToolName
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.domain.origins import Origins
from agentcore.domain.plan import Plan

_Attempt: TypeAlias = tuple[StepId, int]


@dataclass(slots=True, kw_only=True)
class Recorded:
    """What is recorded of one effect: its latest start, and what came of it.

    finished: None while nobody knows, also when the call was broken off.  tries: how often it was started.
    label: of the latest start that was broken off, None when the process died with it.
    """

    effect: Effect
    started: EffectStarted | None = None
    finished: EffectFinished | None = None
    refused: EffectRefused | None = None
    reused: EffectReused | None = None
    tries: int = 0
    label: Label | None = None

    @property
    def request(self) -> JSON:
        """What was sent, or would have been."""
        source = self.started or self.refused
        return None if source is None else source.request

    @property
    def settled(self) -> bool:
        """Whether the outcome is known."""
        return self.finished is not None or self.refused is not None or self.reused is not None


@dataclass(slots=True, kw_only=True)
class Question:
    """A question and its answer, None while there is none."""

    approval: Approval
    ruling: Ruling | None = None


class History:
    """The memory of one run.

    The effects of an attempt are forgotten when its verdict is known, but for tool calls that may have changed
    something.
    ending: how it will end, once what it did is undone; None while it may go on.
    origins: what the run was told, by where that came from; None when nobody asks for it.
    first_plan: the one that was made before anything was read.  approved_tools: of which a person approved a call.
    approved_by: those persons.
    limited: by policy and resource, when the calls began that a policy limits for each run.
    verifiers: by agent, how many verifiers policies want for its outputs, and which policies.
    in_favour: how many verifiers have accepted the answer.
    """

    def __init__(self) -> None:
        self._effects: dict[_Attempt, dict[EffectId, Recorded]] = {}
        self._attempts: dict[EffectId, _Attempt] = {}
        self._guarded: dict[_Attempt, dict[EffectId, TextGuarded]] = {}
        self._receipts: dict[str, Recorded] = {}
        self._deeds: dict[EffectId, Recorded] = {}
        self._doubts: dict[EffectId, Recorded] = {}
        self.ending: RunFinished | None = None
        self.origins: Origins | None = Origins()
        self._finished: dict[_Attempt, AttemptFinished] = {}
        self._questions: dict[ApprovalId, Question] = {}
        self.first_plan: Plan | None = None
        self.approved_tools: set[ToolName] = set()
        self.approved_by: frozenset[str] = frozenset()
        self.tool_calls: Counter[ToolName] = Counter()
        self.limited: dict[tuple[str, str], list[float]] = {}
        self.verifiers: dict[str, tuple[int, str]] = {}
        self.in_favour = 0
        self.active_seconds = 0.0

    @staticmethod
    def of(events: Iterable[Event], *, spent: bool = True) -> History:
        """Return the memory of what is recorded. spent: whether the time between the events was the run's own."""
        history = History()
        before: float | None = None
        for event in events:
            history.note(event.fact, event.at)
            if spent and before is not None and not isinstance(event.fact, RunResumed):  # nobody drove it until then
                history.active_seconds += max(0.0, event.at - before)
            before = event.at
        return history

    def effect(self, step: StepId, attempt: int, id: EffectId) -> Recorded | None:
        """Return what is recorded of an effect of an attempt that is under way."""
        known = self._effects.get((step, attempt))
        return None if known is None else known.get(id)

    def effects(self, step: StepId, attempt: int) -> Iterable[Recorded]:
        """Iterate over what is recorded of the effects of an attempt that is under way."""
        return self._effects.get((step, attempt), {}).values()

    @property
    def guards_have_spoken(self) -> bool:
        """Whether guards have said something of a text of an attempt that is under way."""
        return bool(self._guarded)

    def guarded(self, step: StepId, attempt: int, id: EffectId) -> TextGuarded | None:
        """Return what guards have said of a text of an attempt that is under way."""
        known = self._guarded.get((step, attempt))
        return None if known is None else known.get(id)

    def receipt(self, key: str) -> Recorded | None:
        """Return the effect that was done with an idempotency key; its outcome is known and it succeeded."""
        return self._receipts.get(key)

    def doubt(self, key: str) -> Recorded | None:
        """Return the effect that was begun with a key, may not be repeated, and of which nobody knows what came."""
        return next((known for known in self._doubts.values() if self._means(known, key)), None)

    def deeds(self) -> Iterable[Recorded]:
        """Iterate over the effects that may not be repeated and happened, or may have, by their starts."""
        return self._deeds.values()

    def finished(self, step: StepId, attempt: int) -> AttemptFinished | None:
        """Return the end of an attempt that has no verdict yet, None when it has not ended."""
        return self._finished.get((step, attempt))

    def question(self, id: ApprovalId) -> Question | None:
        """Return a question that was asked."""
        return self._questions.get(id)

    def note(self, fact: Fact, at: float) -> None:
        """Remember a fact."""
        match fact:
            case RunStarted(task=task):
                for source in task.label.sources:
                    self._told(source, [task.goal, task.inputs])
            case EffectStarted(effect=effect):
                known = self._of(effect)
                self._start(known, effect, fact, at)
            case EffectRefused(effect=effect):
                self._of(effect).refused = fact
            case EffectReused(effect=effect):
                self._of(effect).reused = fact
            case EffectFinished(effect=id):
                self._finish(id, fact)
            case TextGuarded():
                self._guarded.setdefault((fact.step, fact.attempt), {})[fact.id] = fact
            case AttemptFinished():
                self._finished[fact.step, fact.attempt] = fact
                if self.origins is not None and is_endorsed(fact.label):
                    self.origins.add(next(iter(fact.label.sources)), fact.output, entire=True)
            case VerdictReached():
                if fact.step == ANSWER and fact.verdict.accepted:
                    self.in_favour = fact.verdict.in_favour
                self._forget((fact.step, fact.attempt))
            case PlanAccepted(plan=plan, decisions=decisions):
                if self.first_plan is None:
                    self.first_plan = plan
                self.verifiers = dict(_wanted_verifiers(decisions))
                for attempt in [*self._effects, *self._guarded]:
                    self._forget(attempt)
            case ApprovalRequested(approval=approval):
                self._questions[approval.id] = Question(approval=approval)
            case ApprovalDecided(approval=id, ruling=ruling, escalated=escalated):
                if escalated is None:
                    self._decided(self._questions[id], ruling)
                else:
                    self._questions[id].approval = escalated
            case RunEnding(end=end):
                self.ending = end
            case _:
                pass

    def _decided(self, question: Question, ruling: Ruling) -> None:
        question.ruling = ruling
        self._told(f"person:{ruling.actor}", ruling.value)
        if question.approval.subject == "call" and ruling.verb in {"approve", "edit"}:
            self.approved_tools.add(ToolName(question.approval.name))
            self.approved_by |= {ruling.actor}
        if ruling.verb == "approve" and self.origins is not None:  # who approves a value vouches for it
            self.origins.add(f"person:{ruling.actor}", question.approval.value, entire=True)

    def _told(self, source: str, value: JSON, arguments: JSON = None) -> None:
        if self.origins is not None:
            self.origins.add(source, value, arguments if isinstance(arguments, Mapping) else {})

    def _of(self, effect: Effect) -> Recorded:
        attempt = (effect.step, effect.attempt)
        known = self._effects.setdefault(attempt, {}).get(effect.id)
        if known is None:
            known = self._effects[attempt][effect.id] = Recorded(effect=effect)
            self._attempts[effect.id] = attempt
        return known

    def _start(self, known: Recorded, effect: Effect, fact: EffectStarted, at: float) -> None:
        if known.started is None or effect.kind is EffectKind.MODEL:  # a tool's call that goes on is the same call
            for limit in fact.decisions[0].obligations if fact.decisions else ():
                if limit.kind == "limit" and limit.by == "run":
                    self.limited.setdefault((limit.policy, effect.name), []).append(at)
        if effect.kind is EffectKind.TOOL and known.started is None:
            self.tool_calls[ToolName(effect.name)] += 1
        known.effect, known.started, known.label = effect, fact, None
        known.tries += 1
        if effect.safety in {Safety.COMPENSABLE, Safety.UNSAFE}:
            self._deeds[effect.id] = self._doubts[effect.id] = known

    def _finish(self, id: EffectId, fact: EffectFinished) -> None:
        attempt = self._attempts.get(id)
        known = self._doubts.get(id) if attempt is None else self._effects[attempt][id]
        if known is None:  # it ended after the verdict
            return
        if fact.unknown:
            known.label = fact.label
            return
        known.finished = fact
        self._doubts.pop(id, None)
        if known.effect.kind is EffectKind.TOOL and not fact.error:
            self._told(f"tool:{known.effect.name}", fact.output, known.request)
        if fact.error:
            self._deeds.pop(id, None)
        elif known.effect.safety is not Safety.READ:
            self._receipts[self._receipt_key(known)] = known

    def _means(self, known: Recorded, key: str) -> bool:
        return key in {known.effect.key, self._receipt_key(known)}

    def _receipt_key(self, known: Recorded) -> str:
        """Return under which key a call is known to later attempts, also one of the first version."""
        effect = known.effect
        if not effect.keyed_by_id:
            return effect.key
        content = call_content(
            RunId(effect.key.removesuffix(f"/{effect.id}")), effect.step, effect.name, known.request
        )
        return next(key for number in count(1) if (key := f"{content}.{number}") not in self._receipts)

    def _forget(self, attempt: _Attempt) -> None:
        self._finished.pop(attempt, None)
        self._guarded.pop(attempt, None)
        for id in self._effects.pop(attempt, ()):
            del self._attempts[id]


def _wanted_verifiers(decisions: Iterable[Decision]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield the agents whose outputs policies want verified, by how many verifiers, and by which policies."""
    for decision in decisions:
        least = Dues.of(decision.obligations).verifiers
        if decision.action == "delegate" and least:
            yield decision.resource, (least, asking(decision.obligations, "verify"))

"""PastDecision: what a run's events say of a decision, and what they leave open.

The label of a call is not recorded with its decision. It follows from the events before, by the engine's own rules: a
step is given the labels of the plan and of what it uses, and each result of the attempt adds its own. Where the label
that the call's outcome is recorded with contradicts that, only what that label says is taken to be known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from agentcore.domain.answer_candidate import candidate_of
from agentcore.domain.decision import Decision
from agentcore.domain.dues import Dues
from agentcore.domain.effect import UNDO, Effect, EffectKind, Safety, is_undo
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
    RunFinished,
    TextGuarded,
)
from agentcore.domain.ids import ANSWER, PLAN, AgentName, EffectId, StepId
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.plan import FromStep
from agentcore.domain.run import Run
from agentcore.policy.abstract import SomeSet

_Attempt: TypeAlias = tuple[str, StepId, int]
"""How many plans had been accepted, the step, the number of the attempt: the beginning of its effects' ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDecision:
    """A decision of a run, with the facts of it that are known.

    step: `plan`, `answer` or a step of the plan.  call: the effect's id, empty for one that is about no call.
    confidentiality, sources: of what it was given; None when the former is not known.  safety, arguments: of a tool
    call.  redacted: only what was sent of the arguments is recorded.  limited: the budget in dollars had a limit;
    what was left of it is not recorded.
    """

    run: str
    step: str
    call: str
    decision: Decision
    tenant: str
    user: str
    confidentiality: Confidentiality | None
    sources: SomeSet
    limited: bool
    purpose: str = ""
    safety: Safety | None = None
    redacted: bool = False
    arguments: JSONObject = field(default_factory=dict[str, JSON])


def past_decisions(events: Iterable[Event]) -> Iterator[PastDecision]:
    """Yield a run's decisions in their order; those that a fork shares with another run are that one's."""
    recorded = list(events)
    story = _Story(recorded)
    lineage = story.run.started.lineage
    shared = 0 if lineage is None else lineage.events + 1
    for event in recorded[1:]:
        found = list(story.take(event))
        if event.sequence > shared:
            yield from found


class _Story:
    """A run, event by event, with the labels of what its attempts were given."""

    def __init__(self, events: list[Event]) -> None:
        self.run = Run.begin(events[0])
        self._finishes: dict[EffectId, Label] = {
            event.fact.effect: event.fact.label for event in events if isinstance(event.fact, EffectFinished)
        }
        self._effects: dict[EffectId, Effect] = {}
        self._given: dict[_Attempt, Label] = {}
        self._fetched: dict[tuple[_Attempt, int], Label] = {}
        self._agents: dict[_Attempt, AgentName] = {}
        self._outputs: dict[_Attempt, Label] = {}
        self._asked: dict[str, tuple[str, _Attempt]] = {}
        self._done: dict[EffectId, Label] = {}
        self._said: dict[tuple[_Attempt, str], Label] = {}
        self._leaving: Label | None = None

    def take(self, event: Event) -> Iterator[PastDecision]:
        """Yield the decisions of an event, and go on to the next."""
        yield from self._decisions(event)
        self.run = self.run.apply(event)
        self._learn(event)

    def _decisions(self, event: Event) -> Iterator[PastDecision]:
        match event.fact:
            case PlanAccepted(decisions=decisions, label=label):
                for decision in decisions:
                    yield self._of(PLAN, decision, label or self.run.started.task.label)
            case EffectStarted() | EffectRefused() as fact:
                label = self._label_of(fact.effect)
                for decision in fact.decisions:
                    yield self._call(fact, decision, label)
            case RunFinished(decisions=decisions):
                for decision in decisions:
                    match decision.action:
                        case "plan" | "delegate":
                            yield self._of(PLAN, decision, self._planning)
                        case "release":
                            yield self._release(decision)
                        case "call_model" | "call_tool":  # it stands with its call already
                            pass
            case _:
                pass

    def _release(self, decision: Decision) -> PastDecision:
        id = ANSWER if decision.resource == "answer" else next(iter(self.run.failed), ANSWER)
        state = self.run.steps.get(id)
        label = None if state is None else state.label
        return self._of(id, decision, label if label is None or self._leaving is None else label.join(self._leaving))

    def _call(self, fact: EffectStarted | EffectRefused, decision: Decision, label: Label | None) -> PastDecision:
        effect = fact.effect
        exact = self._confirmed(effect, label)
        extra: dict[str, Any] = {}
        if effect.kind == EffectKind.TOOL:
            original = self._effects.get(EffectId(effect.id.removesuffix(UNDO)), effect)
            arguments: JSONObject = fact.request if isinstance(fact.request, Mapping) else {}
            redacted = isinstance(fact, EffectStarted) and bool(Dues.of(decision.obligations).redact)
            extra = {"safety": original.safety, "arguments": arguments, "redacted": redacted}
        found = self._of(effect.step, decision, exact, call=effect.id, **extra)
        if exact is not None or effect.id not in self._finishes:
            return found
        return self._of(effect.step, decision, None, call=effect.id, after=self._finishes[effect.id], **extra)

    def _confirmed(self, effect: Effect, label: Label | None) -> Label | None:
        """Return the label that follows from the events before, None when the call's outcome contradicts it."""
        after = self._finishes.get(effect.id)
        if label is None or after is None:
            return label
        if effect.kind == EffectKind.MODEL:
            expected = label.also_from(f"model:{effect.name}")  # to which guards may have added what they found
            return label if after.sources == expected.sources and after == after.join(expected) else None
        return label if after == after.join(label) else None

    def _of(
        self,
        step: StepId,
        decision: Decision,
        label: Label | None,
        *,
        call: str = "",
        after: Label | None = None,
        **extra: Any,
    ) -> PastDecision:
        """Return a decision. label: of what it was given, when that is known.  after: of what came of it."""
        task = self.run.started.task
        known = SomeSet() if after is None else SomeSet(may=after.sources)
        return PastDecision(
            run=self.run.id,
            step=step,
            call=call,
            decision=decision,
            tenant=task.tenant,
            user=task.principal,
            purpose=task.purpose,
            confidentiality=None if label is None else label.confidentiality,
            sources=known if label is None else SomeSet(must=label.sources, may=label.sources),
            limited=self.run.started.budget.usd is not None,
            **extra,
        )

    @property
    def _planning(self) -> Label:
        """The label of what the supervisor is shown."""
        run = self.run
        steps = run.plan.steps if run.plan else ()
        failed = [run.steps[step.id] for step in steps if step.id != ANSWER and run.steps[step.id].status == "failed"]
        return run.label.join(*(state.label for state in failed))

    def _label_of(self, effect: Effect) -> Label | None:
        """Return the label of what a call is given, None when it does not follow from the events before."""
        if is_undo(effect.id):
            return self._done.get(EffectId(effect.id.removesuffix(UNDO)), self.run.label)
        attempt = _attempt_of(effect)
        if effect.step == PLAN:
            label = self._planning
        else:
            is_critic = self._agents.get(attempt) != effect.agent
            label = (self._outputs if is_critic else self._given).get(attempt)
            if label is not None and not is_critic:
                fetched = self._fetched.get((attempt, candidate_of(effect.id)))
                label = label if fetched is None else label.join(fetched)
        said = self._said.get((attempt, effect.agent))
        return label if label is None or said is None else label.join(said)

    def _learn(self, event: Event) -> None:
        match event.fact:
            case AttemptStarted(step=step, attempt=number, agent=agent):
                attempt = self._attempt(step, number)
                self._agents[attempt] = agent
                # One that is driven again repeats its calls from the record, so it has been given what they gave.
                self._given[attempt] = self._given.get(attempt, Label(confidentiality=Confidentiality.PUBLIC)).join(
                    self._gathered(step)
                )
            case EffectStarted(effect=effect) | EffectRefused(effect=effect):
                self._effects.setdefault(effect.id, effect)
            case EffectFinished() as fact:
                self._done[fact.effect] = fact.label
                if not fact.error:
                    self._give(self._effects.get(fact.effect), fact.label)
            case EffectReused(effect=effect, receipt=receipt):
                if receipt in self._finishes:
                    self._give(effect, self._finishes[receipt])
            case TextGuarded(denied="") as fact:
                self._hear(fact)
            case AttemptFinished(step=step, attempt=number, label=label):
                self._outputs[self._attempt(step, number)] = label
            case ApprovalRequested(approval=asked):
                self._asked[asked.id] = (asked.subject, self._attempt(asked.step, asked.attempt))
            case ApprovalDecided(approval=id, ruling=ruling):
                subject, attempt = self._asked.get(id, ("", None))
                if subject == "call" and ruling.verb == "respond" and attempt in self._given:
                    said = Label(sources=frozenset({f"person:{ruling.actor}"}), confidentiality=Confidentiality.PUBLIC)
                    self._given[attempt] = self._given[attempt].join(said)
            case _:
                pass

    def _hear(self, fact: TextGuarded) -> None:
        """Add what guards have found to what the calls are given that come after."""
        if fact.place == "output":
            self._leaving = fact.found
            return
        plans, _, _, agent, _ = fact.id.split("/")
        key = ((plans, fact.step, fact.attempt), agent)
        self._said[key] = fact.found.join(self._said.get(key, fact.found))

    def _give(self, effect: Effect | None, label: Label) -> None:
        """Add a result's label to what the candidate of the attempt that asked for it has been given."""
        if effect is None or is_undo(effect.id):
            return
        attempt = _attempt_of(effect)
        if self._agents.get(attempt) == effect.agent and attempt in self._given:
            key = (attempt, candidate_of(effect.id))
            self._fetched[key] = label.join(self._fetched.get(key, label))

    def _gathered(self, id: StepId) -> Label:
        """Return the label of what a step is given before it calls anything."""
        run, state = self.run, self.run.steps[id]
        labels = [state.rejected_label] if state.reasons else []
        sources: Mapping[str, object] = state.step.inputs
        used = [*(source.step for source in sources.values() if isinstance(source, FromStep)), *state.step.uses]
        return run.label.join(*labels, *(run.steps[each].label for each in used))

    def _attempt(self, step: StepId, number: int) -> _Attempt:
        return (str(self.run.revision + 1), step, number)


def _attempt_of(effect: Effect) -> _Attempt:
    return (effect.id.partition("/")[0], effect.step, effect.attempt)

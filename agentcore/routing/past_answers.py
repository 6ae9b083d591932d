"""PastAnswer: an answer that a run has recorded, with the evidence about it and whether it was right. Pure.

Who says that it was right, best first: a review from outside; a person who was asked about the output (approving it is
a yes, rejecting or editing it a no); the verdict. A verdict is made of the evidence itself, so it serves to compare
models, and never to calibrate the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, TypeAlias, cast

from agentcore.confidence.ladder import FORM_ONLY
from agentcore.domain.answer_candidate import Signals
from agentcore.domain.effect import EffectKind
from agentcore.domain.event import EffectStarted
from agentcore.domain.ids import AgentName, ModelName, RunId, StepId
from agentcore.domain.route import Route
from agentcore.domain.trace import AttemptTrace, EffectTrace, StepTrace, Trace
from agentcore.domain.verdict import CONFIDENCE, Verdict

LabelSource: TypeAlias = Literal["review", "person", "verdict"]

Reviews: TypeAlias = Mapping[tuple[RunId, StepId, int | None], bool]
"""Run, step, and the attempt (None is the last one with an output) → whether the answer is right."""

RUNTIME = "runtime"
"""Who votes when there is no output; it says nothing about an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAnswer:
    """One attempt's answer.

    kind: the type of the step, which is the agent's name.  route: the router's first choice of the attempt, None in
    records without one.  usd, seconds, tokens: of the agent's own model calls.  right: None when nobody has said.
    confidence: P(right) as it was recorded, None when nobody asked for it.  accepted: by the verdict.
    """

    run: RunId
    step: StepId
    attempt: int
    kind: AgentName
    model: ModelName
    signals: Signals
    usd: Decimal
    seconds: float
    accepted: bool
    input_tokens: int = 0
    output_tokens: int = 0
    route: Route | None = None
    confidence: float | None = None
    right: bool | None = None
    by: LabelSource | None = None

    @property
    def reviewed(self) -> bool:
        """Whether somebody who has not made the evidence has said if it is right."""
        return self.by in {"review", "person"}


def past_answers(trace: Trace, reviews: Reviews | None = None) -> Iterator[PastAnswer]:
    """Yield the answers of a run's steps, in their order; attempts without an output of a model have none."""
    for step in trace.steps:
        if step.step is None:  # the planning
            continue
        found = [answer for attempt in step.attempts if (answer := _answer(trace.run.id, step, attempt)) is not None]
        for number, answer in enumerate(found):
            is_last = number + 1 == len(found)
            yield _reviewed(answer, reviews or {}, is_last=is_last)


def _answer(run: RunId, step: StepTrace, attempt: AttemptTrace) -> PastAnswer | None:
    finished, verdict = attempt.finished, attempt.verdict
    if finished is None or verdict is None or finished.model is None or finished.error or finished.declined:
        return None
    own = [each for each in attempt.effects if _is_call_of(each, step.agent)]
    ended = [each.finished for each in own if each.finished is not None]
    right, by = _label(attempt, verdict)
    return PastAnswer(
        run=run,
        step=step.id,
        attempt=attempt.number,
        kind=step.agent,
        model=finished.model,
        signals=_signals(attempt, own, verdict),
        usd=sum((each.used.usd for each in ended), Decimal(0)),
        seconds=sum(each.seconds for each in ended),
        accepted=verdict.accepted,
        input_tokens=sum(each.used.input_tokens for each in ended),
        output_tokens=sum(each.used.output_tokens for each in ended),
        route=next((route for each in own if (route := _route(each)) is not None), None),
        confidence=None if verdict.confidence is None else verdict.confidence.p,
        right=right,
        by=by,
    )


def _is_call_of(effect: EffectTrace, agent: AgentName) -> bool:
    return effect.started.effect.kind is EffectKind.MODEL and effect.started.effect.agent == agent


def _route(effect: EffectTrace) -> Route | None:
    return effect.started.route if isinstance(effect.started, EffectStarted) else None


def _signals(attempt: AttemptTrace, own: list[EffectTrace], verdict: Verdict) -> Signals:
    """Return the evidence as it was recorded of the candidate that was chosen, or what votes and calls say of it."""
    checks = [vote for vote in verdict.votes if vote.verifier.startswith("check:") and vote.accepts is not None]
    panel = [vote for vote in verdict.votes if vote.verifier.startswith("agent:") and vote.accepts is not None]
    finished = attempt.finished
    chosen = [each for each in finished.candidates if each.number == finished.chosen] if finished else []
    last = next((each.finished for each in reversed(own) if each.finished and not each.finished.error), None)
    signals = (
        chosen[0].signals
        if chosen
        else Signals(
            passed=all(vote.accepts for vote in checks) if checks else None,
            sound=any(vote.accepts and vote.verifier not in FORM_ONLY for vote in checks),
            log_probability=None if last is None else _log_probability(last.output),
            output_tokens=0 if last is None else last.used.output_tokens,
        )
    )
    return replace(signals, in_favour=sum(bool(vote.accepts) for vote in panel) / len(panel)) if panel else signals


def _log_probability(output: object) -> float | None:
    value = cast("Mapping[str, Any]", output).get("log_probability") if isinstance(output, Mapping) else None
    return float(value) if isinstance(value, int | float) else None


def _label(attempt: AttemptTrace, verdict: Verdict) -> tuple[bool | None, LabelSource | None]:
    for question in reversed(attempt.questions):
        if question.approval.subject != "output" or question.open:
            continue
        ruling = question.rulings[-1]
        if ruling.closes or ruling.verb == "terminate":
            break
        return ruling.verb == "approve", "person"
    right = judged_right(verdict)
    return right, None if right is None else "verdict"


def judged_right(verdict: Verdict) -> bool | None:
    """Return whether a verdict says that an answer is right; None when nobody has looked at what it says."""
    about = [vote for vote in verdict.votes if vote.verifier not in {CONFIDENCE, RUNTIME}]
    if any(vote.accepts is False for vote in about):
        return False
    return True if any(vote.accepts and vote.verifier not in FORM_ONLY for vote in about) else None


def _reviewed(answer: PastAnswer, reviews: Reviews, *, is_last: bool) -> PastAnswer:
    said = reviews.get((answer.run, answer.step, answer.attempt))
    if said is None and is_last:
        said = reviews.get((answer.run, answer.step, None))
    return answer if said is None else replace(answer, right=said, by="review")

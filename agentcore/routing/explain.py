"""Why a step's answers came of the models that they came of: forecasts beside what came, and what hindsight says.

A projection of what is recorded. Nothing is asked and nothing computed anew, but for which answers say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from agentcore.confidence.same_answer import canonical_answer
from agentcore.domain.answer_candidate import AnswerCandidate, candidate_of
from agentcore.domain.confidence import Confidence
from agentcore.domain.effect import EffectKind
from agentcore.domain.event import EffectRefused, EffectStarted, Resort
from agentcore.domain.ids import ModelName
from agentcore.domain.json import JSON
from agentcore.domain.route import Route
from agentcore.domain.trace import AttemptTrace, EffectTrace, StepTrace
from agentcore.domain.verdict import CONFIDENCE, Verdict, Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class CallExplanation:
    """One call of a model by the step's agent.

    candidate: which of the attempt's answers it belongs to.  route: None in a record without one.  usd, seconds: what
    it really was; None while nobody knows.  error: why it came to nothing, or was not made.
    """

    candidate: int
    model: str
    route: Route | None
    usd: Decimal | None
    seconds: float | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptExplanation:
    """One attempt.

    candidates: the answers that its output was chosen from, when there were several; chosen: the number of that one.
    votes: of verifiers and people.  outcome: why it stopped there, or went on.
    """

    number: int
    resort: Resort
    calls: tuple[CallExplanation, ...]
    candidates: tuple[AnswerCandidate, ...]
    chosen: int
    why_chosen: str
    votes: tuple[Vote, ...]
    confidence: Confidence | None
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindsight:
    """The cheapest answer that was accepted, or said the same as the accepted one.

    usd: what it cost.  spent: what all calls of models at the step cost, verifiers included.
    """

    model: ModelName
    attempt: int
    usd: Decimal
    spent: Decimal
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A step. hindsight: None when no output was accepted, or no model wrote it."""

    step: str
    agent: str
    status: str
    attempts: tuple[AttemptExplanation, ...]
    hindsight: Hindsight | None


def explain(step: StepTrace) -> Explanation:
    """Return why a step went as it did."""
    return Explanation(
        step=step.id,
        agent=step.agent,
        status=step.status,
        attempts=tuple(_attempt(step, index) for index in range(len(step.attempts))),
        hindsight=_hindsight(step),
    )


def _attempt(step: StepTrace, index: int) -> AttemptExplanation:
    attempt = step.attempts[index]
    finished, verdict = attempt.finished, attempt.verdict
    return AttemptExplanation(
        number=attempt.number,
        resort=attempt.resort,
        calls=tuple(_call(effect) for effect in _models(step, attempt)),
        candidates=() if finished is None else finished.candidates,
        chosen=0 if finished is None else finished.chosen,
        why_chosen="" if finished is None else finished.why_chosen,
        votes=() if verdict is None else verdict.votes,
        confidence=None if verdict is None else verdict.confidence,
        outcome=_outcome(step, index),
    )


def _models(step: StepTrace, attempt: AttemptTrace) -> Iterator[EffectTrace]:
    """Yield the calls of models by the step's own agent."""
    for effect in attempt.effects:
        of = effect.started.effect
        if of.kind is EffectKind.MODEL and of.agent == step.agent:
            yield effect


def _call(effect: EffectTrace) -> CallExplanation:
    started, finished = effect.started, effect.finished
    error = started.reason if isinstance(started, EffectRefused) else "" if finished is None else finished.error
    return CallExplanation(
        candidate=candidate_of(started.effect.id),
        model=started.effect.name,
        route=started.route if isinstance(started, EffectStarted) else None,
        usd=None if finished is None else finished.used.usd,
        seconds=None if finished is None else finished.seconds,
        error=error,
    )


def _outcome(step: StepTrace, index: int) -> str:
    attempt = step.attempts[index]
    verdict = attempt.verdict
    if verdict is None:
        return "nobody has verified it"
    if verdict.accepted:
        return "stopped: accepted" if verdict.confidence is None or verdict.confidence.holds else "stopped: taken"
    reasons = "; ".join(dict.fromkeys(verdict.reasons))
    following = step.attempts[index + 1] if index + 1 < len(step.attempts) else None
    return f"{_next(verdict, following)}: {reasons}"


def _next(verdict: Verdict, following: AttemptTrace | None) -> str:
    if following is None:
        return "given up"
    match following.resort:
        case "model":
            return "escalated to the model that is named for that"
        case "person":
            return "escalated to a person"
        case "best":
            return "the best so far was taken"
        case "":
            return "escalated" if verdict.unsure else "tried again"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """One answer of a model. usd: what its calls cost."""

    model: ModelName
    attempt: int
    output: JSON
    usd: Decimal
    accepted: bool


def _hindsight(step: StepTrace) -> Hindsight | None:
    accepted = next(
        (each for each in reversed(step.attempts) if each.verdict and each.verdict.accepted and each.finished), None
    )
    if accepted is None or accepted.finished is None:
        return None
    right = canonical_answer(accepted.finished.output)
    enough = [
        each
        for attempt in step.attempts
        for each in _answers(step, attempt)
        if each.accepted or (right is not None and canonical_answer(each.output) == right)
    ]
    if not enough:
        return None
    best = min(enough, key=lambda each: (each.usd, each.attempt))
    spent = sum(
        (e.finished.used.usd for e in step.effects if e.finished and e.started.effect.kind is EffectKind.MODEL),
        Decimal(0),
    )
    return Hindsight(model=best.model, attempt=best.attempt, usd=best.usd, spent=spent, accepted=best.accepted)


def _answers(step: StepTrace, attempt: AttemptTrace) -> Iterator[_Answer]:
    finished = attempt.finished
    if finished is None or attempt.resort in {"person", "best"}:  # whose answer is another attempt's
        return
    stands = attempt.verdict is not None and attempt.verdict.accepted
    edited = any(vote.verifier != CONFIDENCE and vote.verifier.startswith("person:") for vote in _votes(attempt))
    if finished.candidates:
        for each in finished.candidates:
            if each.model is not None and not each.error and not each.declined:
                yield _Answer(
                    model=each.model,
                    attempt=attempt.number,
                    output=each.output,
                    usd=_cost(step, attempt, each.number),
                    accepted=stands and not edited and each.number == finished.chosen,
                )
    elif finished.model is not None and not finished.error and not finished.declined:
        yield _Answer(
            model=finished.model,
            attempt=attempt.number,
            output=finished.output,
            usd=_cost(step, attempt, 0),
            accepted=stands and not edited,
        )


def _votes(attempt: AttemptTrace) -> tuple[Vote, ...]:
    return () if attempt.verdict is None else attempt.verdict.votes


def _cost(step: StepTrace, attempt: AttemptTrace, candidate: int) -> Decimal:
    return sum(
        (
            effect.finished.used.usd
            for effect in _models(step, attempt)
            if effect.finished is not None and candidate_of(effect.started.effect.id) == candidate
        ),
        Decimal(0),
    )

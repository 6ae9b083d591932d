"""Confidences: how likely the outputs of a run are right, and whether that is likely enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentcore.confidence.calibration_knots import Interval
from agentcore.confidence.ladder import FORM_ONLY, climb
from agentcore.domain.agent import Agent, Check
from agentcore.domain.answer_candidate import Signals
from agentcore.domain.confidence import Confidence
from agentcore.domain.ids import ModelName
from agentcore.domain.verdict import CONFIDENCE, Verdict, Vote
from agentcore.engine.worker import Outcome
from agentcore.routing.fitted_steps import FittedSteps
from agentcore.verification.checks import run_checks
from agentcore.verification.rivals import unused_figures
from agentcore.verification.subject import Subject

_GROUNDING = (Check(name="numbers"),)
_LIKELIEST = 0.0
"""A log-probability can be no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidences:
    """Judges outputs by the evidence about them. fitted: what was learnt of the project's steps."""

    fitted: FittedSteps

    def weighs(self, agent: Agent) -> bool:
        """Return whether anybody asks how likely an agent's outputs are right: the agent, or who has fitted that."""
        return agent.routing.weighs or self.fitted.step(agent.name) is not None

    def calibrated(self, agent: Agent) -> bool:
        """Return whether P(correct) of an agent's outputs rests on something that was fitted."""
        step = self.fitted.step(agent.name)
        return step is not None and (bool(step.calibrations) or step.estimator is not None)

    def signals(
        self, outcome: Outcome, checks: Sequence[Vote], *, agreement: float | None = None, voices: int = 1
    ) -> Signals:
        """Return the evidence about an output that needs nobody to be asked. agreement: the share of other answers."""
        heard = [vote for vote in checks if vote.accepts is not None]
        reply = None if outcome.answered is None else outcome.answered.reply
        return Signals(
            passed=all(vote.accepts for vote in heard) if heard else None,
            sound=any(vote.accepts and vote.verifier not in FORM_ONLY for vote in heard),
            agreement=agreement,
            voices=voices,
            grounded=_grounded(outcome),
            log_probability=_mean(() if reply is None else reply.logprobs),
            output_tokens=0 if reply is None else reply.output_tokens,
            finish="" if reply is None else reply.finish,
            unused_figures=unused_figures(outcome.output, outcome.evidence),
        )

    def of(self, agent: Agent, model: ModelName | None, prior: Interval | None, signals: Signals) -> Confidence:
        """Return how likely an output is right, and how likely it has to be."""
        step, fitted = self.fitted.step(agent.name), self.fitted
        confidence = climb(
            signals,
            prior=prior,
            calibrations={} if step is None else step.calibrations,
            version=fitted.version,
            estimate=fitted.estimate(agent.name, model, signals),
        )
        threshold = fitted.threshold(agent.name, agent.routing)
        if threshold is None:
            return confidence
        return replace(confidence, threshold=threshold.value, threshold_version=threshold.version, hard=threshold.hard)

    def judged(self, agent: Agent, outcome: Outcome, signals: Signals, verdict: Verdict) -> Verdict:
        """Return a verdict with its confidence: a rejection where it accepts what is not likely enough right.

        What was rejected for other reasons needs none.
        """
        if not verdict.accepted or not self.weighs(agent):
            return verdict
        signals = replace(signals, in_favour=_in_favour(verdict.votes))
        prior = None if outcome.answered is None else outcome.answered.prior
        confidence = self.of(agent, outcome.model, prior, signals)
        verdict = replace(verdict, confidence=confidence)
        if confidence.holds:
            return verdict
        vote = Vote(
            verifier=CONFIDENCE,
            accepts=False,
            reasons=(confidence.shortfall,),
            checked=f"P(correct) against the threshold of {confidence.threshold_version}",
        )
        return replace(verdict, accepted=False, votes=(*verdict.votes, vote))


def _in_favour(votes: Sequence[Vote]) -> float | None:
    """Return the share of the panel's weight that accepts, of those who have said anything; None when nobody has."""
    heard = [vote for vote in votes if vote.verifier.startswith("agent:") and vote.counts and vote.accepts is not None]
    weight = sum(vote.weight for vote in heard)
    return sum(vote.weight for vote in heard if vote.accepts) / weight if weight > 0 else None


def _grounded(outcome: Outcome) -> float | None:
    """Return 1 when all figures of an output stand in its evidence, 0 when one does not, None without figures."""
    (vote,) = run_checks(_GROUNDING, Subject(output=outcome.output, evidence=outcome.evidence))
    return None if vote.accepts is None else float(vote.accepts)


def _mean(log_probabilities: Sequence[float]) -> float | None:
    """Return the mean, as it is recorded; None without any, or when one is no number."""
    if not log_probabilities:
        return None
    mean = sum(log_probabilities) / len(log_probabilities)
    return min(mean, _LIKELIEST) if math.isfinite(mean) else None

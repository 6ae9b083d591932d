"""Rechoose: what another policy would have chosen where runs have recorded a choice, and what that comes to. Pure.

A choice is made again among the candidates that are recorded, by their recorded forecasts. Of a model that was
filtered then, no forecast is recorded, so it cannot be chosen now.

What the other choices cost and risk is exact where the record has an answer of that model to that step: the same
choice, an escalation, another candidate. For all choices together it is estimated from the propensities
(`off_policy.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from agentcore.confidence.ladder import climb
from agentcore.domain.agent import Objective, Routing
from agentcore.domain.ids import AgentName, ModelName, RunId, StepId
from agentcore.domain.route import Candidate, Route
from agentcore.routing.choose import Weights
from agentcore.routing.fitted_steps import NOTHING_FITTED, FittedSteps
from agentcore.routing.off_policy import Estimate, Logged, doubly_robust, exact, snips
from agentcore.routing.past_answers import PastAnswer
from agentcore.routing.profile import Price

Figure: TypeAlias = Literal["usd", "seconds", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePolicy:
    """Another way of choosing.

    name: where it is from.  routing: agent → its terms; `default` for others.  prices: model → what it costs now.
    """

    name: str
    weights: Weights = field(default_factory=Weights)
    default: Routing = field(default_factory=Routing)
    routing: Mapping[AgentName, Routing] = field(default_factory=dict[AgentName, Routing])
    fitted: FittedSteps = NOTHING_FITTED
    prices: Mapping[ModelName, Price] = field(default_factory=dict[ModelName, Price])

    def terms(self, kind: AgentName) -> Routing:
        """Return an agent's terms."""
        return self.routing.get(kind, self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechosen:
    """One choice that was made again.

    before: the answer that came of the recorded one.  after: the candidate that is chosen now, None when the new
    policy leaves none.  known: an answer of that model to that step, when the record has one.  why: a sentence.
    expected: model → P(right) as the new policy has it.  costs: model → dollars for the tokens that were used, or the
    forecast when its price is not known.
    """

    before: PastAnswer
    after: Candidate | None
    known: PastAnswer | None
    why: str
    expected: Mapping[ModelName, float]
    costs: Mapping[ModelName, float]

    @property
    def changed(self) -> bool:
        """Whether another model is chosen, or none."""
        return self.after is None or self.after.model != self.before.model


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a policy comes to on past runs.

    before, after: for each figure the mean per step, of the recorded choices and of the new ones; "right" over the
    labelled steps alone.  known: how many of the new choices have a recorded outcome.  estimates: figure → of all new
    choices; exact when all are known, else doubly robust.  second: figure → by self-normalised weights, where there
    are any.  labelled: steps with a label.  accepts, risk: the share of labelled answers that the new threshold
    accepts, and P(accepted and wrong); None when the policy asks for no confidence.
    """

    policy: str
    runs: Sequence[RunId]
    choices: Sequence[Rechosen]
    before: Mapping[Figure, Estimate]
    known: Mapping[Figure, Estimate]
    estimates: Mapping[Figure, Estimate]
    second: Mapping[Figure, Estimate]
    labelled: int
    unrecorded: int
    accepts: float | None = None
    risk: float | None = None

    @property
    def changed(self) -> list[Rechosen]:
        """The choices that differ."""
        return [each for each in self.choices if each.changed]

    @property
    def by_model(self) -> Mapping[str, tuple[int, int]]:
        """Model → how often it was chosen, and how often it is now."""
        before = Counter(str(each.before.model) for each in self.choices)
        after = Counter(str(each.after.model) if each.after else "none" for each in self.choices)
        return {name: (before[name], after[name]) for name in sorted({*before, *after})}


def replay_routes(answers: Sequence[PastAnswer], policy: RoutePolicy) -> Replay:
    """Return what a policy would have chosen at the first attempt of each step, cost and risked.

    Raises ValueError when no choice is recorded.
    """
    steps: dict[tuple[RunId, StepId], list[PastAnswer]] = {}
    for answer in answers:
        steps.setdefault((answer.run, answer.step), []).append(answer)
    choices = [
        rechoose(route, of, policy) for of in steps.values() if (route := of[0].route) is not None and route.candidates
    ]
    if not choices:
        raise ValueError(f"none of the {len(steps)} recorded steps has a choice among models")
    accepts, risk = _acceptance(answers, policy)
    figures: tuple[Figure, ...] = ("usd", "seconds", "right")
    before: dict[Figure, Estimate] = {}
    known: dict[Figure, Estimate] = {}
    estimates: dict[Figure, Estimate] = {}
    second: dict[Figure, Estimate] = {}
    for figure in figures:
        found = _figure(choices, figure)
        if found is not None:
            before[figure], estimates[figure] = found[0], found[2]
            known |= {} if found[1] is None else {figure: found[1]}
            second |= {} if found[3] is None else {figure: found[3]}
    return Replay(
        policy=policy.name,
        runs=list(dict.fromkeys(answer.run for answer in answers)),
        choices=choices,
        before=before,
        known=known,
        estimates=estimates,
        second=second,
        labelled=sum(each.before.right is not None for each in choices),
        unrecorded=len(steps) - len(choices),
        accepts=accepts,
        risk=risk,
    )


def rechoose(route: Route, of: Sequence[PastAnswer], policy: RoutePolicy) -> Rechosen:
    """Return the choice made again. of: all answers to that step, the one of this choice first."""
    kind, terms = of[0].kind, policy.terms(of[0].kind)
    step = policy.fitted.step(kind)
    expected = {
        each.model: _expected(each, None if step is None else step.priors.get(each.model)) for each in route.candidates
    }
    allowed = [
        each
        for each in route.candidates
        if terms.max_latency_seconds is None or each.seconds <= terms.max_latency_seconds
    ]
    threshold = policy.fitted.threshold(kind, terms)
    least = None if threshold is None or step is None else threshold.value
    ranked = sorted(
        allowed, key=lambda each: _rank(each, expected[each.model], terms.objective, policy.weights, least)
    )
    after = ranked[0] if ranked else None
    costs = {each.model: _cost(each, of[0], policy.prices.get(each.model)) for each in route.candidates}
    known = None if after is None else next((each for each in of if each.model == after.model), None)
    why = (
        f"{terms.objective}: first of {len(ranked)} candidates"
        if ranked
        else f"no candidate is within max_latency_s, which is {terms.max_latency_seconds:g}"
    )
    return Rechosen(before=of[0], after=after, known=known, why=why, expected=expected, costs=costs)


def _cost(candidate: Candidate, answer: PastAnswer, price: Price | None) -> float:
    """Return what a model would have cost: of another, how much it writes is not known, so as much as was written."""
    if candidate.model == answer.model:
        return float(answer.usd)
    if price is None or not answer.input_tokens:
        return float(candidate.usd)
    return float(price.cost(input_tokens=answer.input_tokens, output_tokens=answer.output_tokens))


def _expected(candidate: Candidate, prior: tuple[float, float, float] | None) -> float:
    if prior is not None:
        return prior[0]
    return candidate.quality if candidate.p_correct is None else candidate.p_correct


def _rank(
    candidate: Candidate, p: float, objective: Objective, weights: Weights, least: float | None
) -> tuple[bool, float, float, str]:
    usd, seconds = float(candidate.usd), candidate.seconds
    utility = weights.quality * p - weights.cost * 100.0 * usd - weights.latency * seconds
    match objective:
        case "balanced":
            return False, -utility, usd, candidate.model
        case "cheapest":
            return least is not None and p < least, usd, -utility, candidate.model
        case "fastest":
            return False, seconds, -utility, candidate.model
        case "best":
            return False, -p, usd, candidate.model


def _outcome(answer: PastAnswer, figure: Figure) -> float | None:
    match figure:
        case "usd":
            return float(answer.usd)
        case "seconds":
            return answer.seconds
        case "right":
            return None if answer.right is None else float(answer.right)


def _figure(
    choices: Sequence[Rechosen], figure: Figure
) -> tuple[Estimate, Estimate | None, Estimate, Estimate | None] | None:
    """Return the figure of the recorded choices, of the known new ones, of all new ones, and by weights alone."""
    among = [each for each in choices if each.after is not None and _outcome(each.before, figure) is not None]
    if not among:
        return None
    before = exact([_outcome(each.before, figure) or 0.0 for each in among])
    outcomes = [None if each.known is None else _outcome(each.known, figure) for each in among]
    seen = [each for each in outcomes if each is not None]
    known = exact(seen) if seen else None
    if known is not None and len(seen) == len(among):
        return before, known, known, None
    logged = [_logged(each, figure) for each in among]
    weighed = snips(logged) if any(each.weight > 0.0 for each in logged) else None
    return before, known, doubly_robust(logged), weighed


def _logged(each: Rechosen, figure: Figure) -> Logged:
    route, after = each.before.route, each.after
    if route is None or after is None:
        raise AssertionError("only choices that are recorded, and made again, are estimated")
    models = {candidate.model: candidate for candidate in route.candidates}
    expected: dict[str, float] = {
        name: each.costs[name] if figure == "usd" else of.seconds if figure == "seconds" else each.expected[name]
        for name, of in models.items()
    }
    taken = str(each.before.model)
    expected.setdefault(taken, _outcome(each.before, figure) or 0.0)  # of a fallback, which is no candidate
    return Logged(
        arm=taken,
        propensity=route.propensity if route.model == each.before.model else 1.0,
        outcome=_outcome(each.before, figure) or 0.0,
        target={str(after.model): 1.0},
        expected=expected,
        possible=frozenset({taken}) if route.propensity == 1.0 else None,
    )


def _acceptance(answers: Sequence[PastAnswer], policy: RoutePolicy) -> tuple[float | None, float | None]:
    """Return the share of labelled answers that the policy's thresholds accept, and P(accepted and wrong)."""
    accepted = wrong = count = 0
    for answer in answers:
        threshold = policy.fitted.threshold(answer.kind, policy.terms(answer.kind))
        if threshold is None or answer.right is None:
            continue
        step = policy.fitted.step(answer.kind)
        p = climb(
            answer.signals,
            prior=None if step is None else step.priors.get(answer.model),
            calibrations={} if step is None else step.calibrations,
        ).p
        count += 1
        accepted += p >= threshold.value
        wrong += p >= threshold.value and not answer.right
    return (accepted / count, wrong / count) if count else (None, None)

"""Learned: the router's choice, corrected by what verdicts and reviews have taught, and now and then an exploring one.

What was learned is a fold of past answers, so it can be computed again from the record; nothing else is kept. Which
choices explore follows from the call's id, so that the same call is chosen the same way by whoever drives the run.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from agentcore.domain.ids import AgentName, ModelName
from agentcore.domain.route import Candidate, Route
from agentcore.routing.bandit import Arm, Bandit, BanditSettings
from agentcore.routing.choose import Weights
from agentcore.routing.past_answers import PastAnswer

SIZE: Final = 2
"""Of a context: 1, and how long what is asked is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned of each type of step. settings: of all; `explore` is 0 unless a project asks for more."""

    settings: BanditSettings = field(default_factory=BanditSettings)
    kinds: Mapping[AgentName, Bandit] = field(default_factory=dict[AgentName, Bandit])

    def teach(self, answers: Iterable[PastAnswer]) -> Learned:
        """Return what is known after more answers, the oldest first; those without a label teach nothing.

        An answer's outcome is held against what its own record says that was expected of its model.
        """
        learned = self
        for answer in answers:
            if answer.right is not None and answer.route is not None:
                learned = learned.observe(answer.kind, answer.route, answer.model, answer.input_tokens, answer.right)
        return learned

    def observe(self, kind: AgentName, route: Route, model: ModelName, input_tokens: int, right: bool) -> Learned:
        """Return what is known after an answer of a model, which was expected as its route says."""
        chosen = next((each for each in route.candidates if each.model == model), None)
        if chosen is None:
            return self
        bandit = self.kinds.get(kind) or Bandit(size=SIZE, settings=self.settings)
        arm = Arm(name=str(model), probability=_probability(chosen))
        return replace(self, kinds={**self.kinds, kind: bandit.learn(context(input_tokens), arm, float(right))})

    def choose(self, route: Route, kind: AgentName, *, input_tokens: int, weights: Weights, call: str) -> Route:
        """Return a route with its candidates in the order of what was learned, and the first one taken.

        call: the id of the call. A route by cost or latency alone stays as it is, as does one without a choice.
        """
        balanced = route.objective in {"", "balanced"}
        if len(route.candidates) < 2 or not (balanced or route.objective == "best") or weights.quality <= 0.0:
            return route
        bandit = self.kinds.get(kind) or Bandit(size=SIZE, settings=self.settings)
        arms = [
            Arm(
                name=str(each.model),
                probability=_probability(each),
                penalty=_penalty(each, weights) if balanced else 0.0,
            )
            for each in route.candidates
        ]
        choice = bandit.choose(context(input_tokens), arms, draw=draw(call))
        ordered = sorted(
            zip(route.candidates, arms, strict=True),
            key=lambda each: (each[1].name != choice.arm, -(choice.probabilities[each[1].name] - each[1].penalty)),
        )
        taken = ordered[0][0]
        if taken.model == route.model and not choice.explored and choice.propensity == 1.0:
            return route
        why = "explored" if choice.explored else "by what was learned"
        return replace(
            route,
            model=taken.model,
            candidates=tuple(candidate for candidate, _ in ordered),
            explored=choice.explored,
            propensity=choice.propensity,
            reason=route.reason
            if taken.model == route.model
            else f"{why}, P(right) {choice.probabilities[choice.arm]:.2f}",
        )

    def says(self) -> Sequence[str]:
        """Return what was learned, with the numbers: each model's drift and correction, by type of step."""
        return [
            f"{kind}: {model}: {known.outcomes} outcomes; {known.drift.says()}"
            for kind, bandit in self.kinds.items()
            for model, known in bandit.evidence.items()
        ]


def context(input_tokens: int) -> tuple[float, float]:
    """Return what the correction of a forecast depends on: 1, and the length, about -1 to 1 (1,000 tokens is 0)."""
    return 1.0, max(-1.0, min(1.0, math.log10(max(1, input_tokens)) - 3.0))


def draw(call: str) -> float:
    """Return the number in [0, 1) that decides about exploring, uniform over calls."""
    return int.from_bytes(hashlib.sha256(call.encode()).digest()[:7]) / 2.0**56


def _probability(candidate: Candidate) -> float:
    return candidate.quality if candidate.p_correct is None else candidate.p_correct


def _penalty(candidate: Candidate, weights: Weights) -> float:
    lost = weights.cost * 100.0 * float(candidate.usd) + weights.latency * candidate.seconds
    return lost / weights.quality

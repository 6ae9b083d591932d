"""Picks: which candidate of an attempt has which model, so that each has one of its own, or all have the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from agentcore.domain.answer_candidate import candidate_of
from agentcore.domain.effect import EffectKind
from agentcore.domain.ids import AgentName, ModelName
from agentcore.engine.history import Recorded
from agentcore.routing.profile import ModelProfile
from agentcore.routing.request import RouteRequest

SEEDS_APART: Final = 1000
"""How far the seeds of an attempt's candidates are apart: more attempts than that are made at no step."""


class Picks:
    """The models of one attempt's candidates.

    The router chooses for each when its first call is made; whoever comes first has the first choice. What has begun
    before, by a process that has died, is known from the start.

    same: all candidates are asked of one model.  independent: each is asked of another family's.
    """

    def __init__(self, *, same: bool, independent: bool, taken: Mapping[int, ModelName]) -> None:
        self._same = same
        self._independent = independent
        self._taken = {candidate: {model} for candidate, model in taken.items()}

    def take(self, candidate: int, model: ModelName) -> None:
        """Remember that a candidate has a model; one that fails, or is slow, is followed by another."""
        self._taken.setdefault(candidate, set()).add(model)

    def narrow(self, candidate: int, ask: RouteRequest, profiles: Mapping[ModelName, ModelProfile]) -> RouteRequest:
        """Return the router's question without the models that this candidate must not have."""
        others = {model for other, models in self._taken.items() if other != candidate for model in models}
        if self._same:
            common = others - ask.exclude
            return replace(ask, only=frozenset(common)) if common else ask
        barred: dict[ModelName, str] = dict.fromkeys(others, "another candidate of this attempt has it")
        if self._independent:
            families = {profiles[model].family: model for model in sorted(others) if model in profiles}
            for name, profile in profiles.items():
                if profile.family in families:
                    why = f"of the family {profile.family}, as {families[profile.family]}, which another candidate has"
                    barred.setdefault(name, why)
        return replace(ask, barred={**ask.barred, **barred})


def taken_before(effects: Iterable[Recorded], agent: AgentName) -> dict[int, ModelName]:
    """Return the models that an attempt's candidates have by the record, where their calls did not fail."""
    return {
        candidate_of(each.effect.id): ModelName(each.effect.name)
        for each in effects
        if each.effect.kind is EffectKind.MODEL
        and each.effect.agent == agent
        and each.started is not None
        and not (each.finished is not None and each.finished.error)
    }

"""Off-policy estimates: what another way of choosing would have come to, from logs of choices with propensities. Pure.

`snips` weighs what was seen (Swaminathan, Joachims, "The self-normalized estimator for counterfactual learning",
2015). `doubly_robust` starts from a model of the outcomes and corrects it by what was seen (Dudik, Langford, Li,
2011): it is unbiased when the propensities are right, whatever the model, and varies less the better the model is.
Neither can say anything about a choice that was never possible: what share of the new choices that is, is part of the
estimate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agentcore.confidence.proportion import Z95

FEW = 30.0
"""With fewer effective choices than this, an interval by the normal law is not to be trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A choice that was made, and what came of it.

    propensity: the chance that `arm` had, more than 0.  outcome: of `arm`.  target: arm → chance under the new way;
    they sum to 1.  expected: arm → the outcome that a model expects; needed by `doubly_robust` alone.
    possible: the arms that had a chance at all; None is all.
    """

    arm: str
    propensity: float
    outcome: float
    target: Mapping[str, float]
    expected: Mapping[str, float] | None = None
    possible: frozenset[str] | None = None

    @property
    def weight(self) -> float:
        """How many choices of the new way this one stands for."""
        return self.target.get(self.arm, 0.0) / self.propensity


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean outcome per choice.

    low, high: of its 95 % interval.  choices: how many were logged.  effective: how many equally weighted ones those
    are worth (Kish).  unsupported: the share of the new choices that could not have been seen; of them, `snips` knows
    nothing, and `doubly_robust` what the model expects.
    """

    method: Literal["exact", "snips", "doubly robust"]
    value: float
    low: float
    high: float
    choices: int
    effective: float
    unsupported: float = 0.0

    def says(self, unit: str = "") -> str:
        """Return it as people read it, with what is to be kept in mind."""
        if self.method == "exact":
            return f"{self.value:.4g}{unit} (exact, {self.choices} choices)"
        if self.effective == 0.0:
            return f"{self.value:.4g}{unit} (expected: none of the {self.choices} recorded choices is one of these)"
        text = (
            f"{self.value:.4g}{unit} [{self.low:.4g}, {self.high:.4g}] ({self.method}, {self.effective:.0f} effective"
        )
        text += f" of {self.choices} choices"
        if self.unsupported > 0.0:
            text += f"; {100 * self.unsupported:.0f} % of the new choices could not have been seen"
        if self.effective < FEW:
            text += f"; fewer than {FEW:.0f} effective: not to be relied on"
        return text + ")"


def exact(outcomes: Sequence[float]) -> Estimate:
    """Return the mean of outcomes that are all known. Raises ValueError for none."""
    if not outcomes:
        raise ValueError("there is no outcome to take the mean of")
    mean = sum(outcomes) / len(outcomes)
    return Estimate(
        method="exact", value=mean, low=mean, high=mean, choices=len(outcomes), effective=float(len(outcomes))
    )


def snips(logged: Sequence[Logged]) -> Estimate:
    """Return the self-normalised estimate, its interval by the delta method.

    Raises ValueError for no choices, for a propensity that is not within (0, 1], and when no choice could have been
    made in the new way, so that nothing is known of it.
    """
    _check(logged)
    weights = [each.weight for each in logged]
    total = sum(weights)
    if total == 0.0:
        raise ValueError(f"none of the {len(logged)} choices is one of the new way: nothing is known of its outcomes")
    value = sum(weight * each.outcome for weight, each in zip(weights, logged, strict=True)) / total
    spread = sum((weight * (each.outcome - value)) ** 2 for weight, each in zip(weights, logged, strict=True))
    return _estimate("snips", value, math.sqrt(spread) / total, logged, weights)


def doubly_robust(logged: Sequence[Logged]) -> Estimate:
    """Return the doubly robust estimate, its interval by the central limit theorem.

    Raises ValueError for no choices, for a propensity that is not within (0, 1], and for a choice of which the model
    expects nothing.
    """
    _check(logged)
    terms = [_term(each) for each in logged]
    value = sum(terms) / len(terms)
    spread = sum((term - value) ** 2 for term in terms) / max(1, len(terms) - 1)
    weights = [each.weight for each in logged]
    return _estimate("doubly robust", value, math.sqrt(spread / len(terms)), logged, weights)


def _term(each: Logged) -> float:
    expected = each.expected or {}
    needed = {arm for arm, chance in each.target.items() if chance > 0.0} | {each.arm}
    missing = sorted(needed - expected.keys())
    if missing:
        raise ValueError(f"no outcome is expected of {', '.join(missing)}: a model has to say one for each arm")
    model = sum(chance * expected[arm] for arm, chance in each.target.items() if chance > 0.0)
    return model + each.weight * (each.outcome - expected[each.arm])


def _check(logged: Sequence[Logged]) -> None:
    if not logged:
        raise ValueError("there are no choices to estimate from")
    for each in logged:
        if not 0.0 < each.propensity <= 1.0:
            raise ValueError(
                f"the propensity of {each.arm} is {each.propensity}; it is a chance, more than 0, at most 1"
            )
        total = sum(each.target.values())
        if not math.isclose(total, 1.0, abs_tol=1e-6):
            raise ValueError(f"the chances of the new way sum to {total:.6g}, not to 1")


def _estimate(
    method: Literal["snips", "doubly robust"],
    value: float,
    error: float,
    logged: Sequence[Logged],
    weights: Sequence[float],
) -> Estimate:
    squares = sum(weight * weight for weight in weights)
    unseen = sum(
        chance
        for each in logged
        if each.possible is not None
        for arm, chance in each.target.items()
        if arm not in each.possible
    )
    return Estimate(
        method=method,
        value=value,
        low=value - Z95 * error,
        high=value + Z95 * error,
        choices=len(logged),
        effective=sum(weights) ** 2 / squares if squares else 0.0,
        unsupported=unseen / len(logged),
    )

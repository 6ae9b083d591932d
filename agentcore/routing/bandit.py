"""Bandit: learns from verdicts and reviews by how much the forecasts of the offline fit are wrong. Immutable; pure.

    P(right) of an arm  =  the offline fit's P  +  residual(arm) . context

The residuals are discounted linear models, one for each arm, with a normal posterior around zero: an arm without
evidence is forecast as it was offline. Russac, Vernade, Cappe, "Weighted linear bandits for non-stationary
environments" (2019) have the discounting, Agrawal, Goyal, "Thompson sampling for contextual bandits with linear
payoffs" (2013) the posterior. An arm whose outcomes suddenly differ (CUSUM; Liu, Lee, Shroff 2018) forgets what was
before the change.

Mostly the arm of the greatest utility is taken. A share of the choices, between half of `explore` and all of it, goes
to the others: half of `explore` to each alike, the rest as Thompson sampling would have it. The chance of each arm is
computed instead of drawn, by integrating the normal densities, so that what is recorded as a propensity is exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from agentcore.confidence.drift import Drift, DriftLimits

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BanditSettings:
    """How it learns.

    explore: the largest share of choices that go to another arm than the best, 0 is none.  memory: after how many
    outcomes (of all arms) one counts 1/e.  trust: how many outcomes of an arm the offline fit's level is worth, which
    is the first value of a context.  trust_in_shape: the same for what depends on the others.  trust_when_changed: the
    level's, once an arm's outcomes have changed.  noise: the standard deviation of an outcome around its forecast.
    alarm: the limit of the CUSUM that finds changes; lower ones are found sooner, and more often where there are none.
    """

    explore: float = 0.0
    memory: float = 1_000.0
    trust: float = 30.0
    trust_in_shape: float = 120.0
    trust_when_changed: float = 5.0
    noise: float = 0.35
    alarm: float = 5.5

    def __post_init__(self) -> None:
        if not 0.0 <= self.explore <= 1.0:
            raise ValueError(f"explore is {self.explore}; it is a share of the choices, from 0 to 1")
        for name in ("memory", "trust", "trust_in_shape", "trust_when_changed", "noise", "alarm"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}; it is a positive number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What can be chosen. probability: of being right, as fitted offline.  penalty: what its cost and time take."""

    name: str
    probability: float
    penalty: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An arm, and how it came about.

    propensity: the chance that it had.  explored: another arm had the greatest utility.  probabilities: arm → P(right)
    as corrected, 0 to 1.  deviations: arm → their standard deviation.  propensities: arm → the chance that it had.
    """

    arm: str
    propensity: float
    explored: bool
    probabilities: Mapping[str, float]
    deviations: Mapping[str, float]
    propensities: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an arm's outcomes have come to, decayed to `at`.

    moments: sum of x x', rows.  sums: sum of (outcome minus forecast) x.  outcomes: how many, never forgotten.
    recent: those since the drift's sums were last zero, as (x, outcome minus forecast).
    """

    moments: tuple[tuple[float, ...], ...]
    sums: tuple[float, ...]
    at: int = 0
    outcomes: int = 0
    drift: Drift = field(default_factory=Drift)
    recent: tuple[tuple[tuple[float, ...], float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandit:
    """The state. size: of a context, whose first value should be 1.  clock: outcomes so far, of all arms."""

    size: int
    settings: BanditSettings = BanditSettings()
    clock: int = 0
    evidence: Mapping[str, Evidence] = field(default_factory=dict[str, Evidence])

    def choose(self, context: Sequence[float], arms: Sequence[Arm], *, draw: float) -> Choice:
        """Return an arm. draw: uniform in [0, 1); not looked at when `explore` is 0.

        Of equal arms the first is taken. Raises ValueError for no arms, or a context of another size.
        """
        if not arms:
            raise ValueError("there is no arm to choose from")
        forecasts = [self.forecast(context, arm) for arm in arms]
        means = [mean - arm.penalty for arm, (mean, _) in zip(arms, forecasts, strict=True)]
        deviations = [deviation for _, deviation in forecasts]
        best = max(range(len(arms)), key=lambda each: means[each])
        chances = self._chances(best, means, deviations)
        taken = _drawn(chances, best, draw)
        names = [arm.name for arm in arms]
        return Choice(
            arm=names[taken],
            propensity=chances[taken],
            explored=taken != best,
            probabilities={name: _clipped(mean) for name, (mean, _) in zip(names, forecasts, strict=True)},
            deviations=dict(zip(names, deviations, strict=True)),
            propensities=dict(zip(names, chances, strict=True)),
        )

    def forecast(self, context: Sequence[float], arm: Arm) -> tuple[float, float]:
        """Return P(right) as corrected by what was learned, which may pass 0 or 1, and its standard deviation."""
        x = self._context(context)
        known = self.evidence.get(arm.name)
        if known is None:
            return arm.probability, self.settings.noise * math.sqrt(float(x @ (x / self._prior())))
        moments, sums = self._decayed(known)
        precision = moments + np.diag(self._prior(known))
        solved = np.linalg.solve(precision, np.column_stack((x, sums)))
        variance = max(0.0, float(x @ solved[:, 0]))
        return arm.probability + float(x @ solved[:, 1]), self.settings.noise * math.sqrt(variance)

    def learn(self, context: Sequence[float], arm: Arm, outcome: float) -> Bandit:
        """Return the state after an outcome of an arm: 1 right, 0 wrong, or between. Verdicts may come late.

        When the arm's outcomes turn out to have changed, only those since the change are kept. Raises ValueError for
        an outcome that is not within 0 to 1, or a context of another size.
        """
        x = self._context(context)
        mean, _ = self.forecast(context, arm)
        known = self.evidence.get(arm.name) or self._nothing()
        drift = known.drift.observe(outcome, _clipped(mean))
        seen = (tuple(map(float, x)), outcome - arm.probability)
        recent = (*known.recent, seen)[-drift.run :] if drift.run else ()
        if drift.last is None:
            moments, sums = self._decayed(known)
            moments, sums = moments + np.outer(x, x), sums + seen[1] * x
        else:
            rows = np.array([row for row, _ in recent])
            moments, sums = rows.T @ rows, rows.T @ np.array([residual for _, residual in recent])
        evidence = Evidence(
            moments=tuple(tuple(map(float, row)) for row in moments),
            sums=tuple(map(float, sums)),
            at=self.clock + 1,
            outcomes=known.outcomes + 1,
            drift=drift,
            recent=recent,
        )
        return replace(self, clock=self.clock + 1, evidence={**self.evidence, arm.name: evidence})

    def _context(self, context: Sequence[float]) -> Array:
        x = np.asarray(context, dtype=np.float64)
        if x.shape != (self.size,):
            raise ValueError(f"the context has {x.size} values, not {self.size}")
        return x

    def _prior(self, known: Evidence | None = None) -> Array:
        prior = np.full(self.size, self.settings.trust_in_shape)
        has_changed = known is not None and known.drift.alarms > 0
        prior[0] = self.settings.trust_when_changed if has_changed else self.settings.trust
        return prior

    def _nothing(self) -> Evidence:
        zeros = (0.0,) * self.size
        return Evidence(
            moments=(zeros,) * self.size,
            sums=zeros,
            at=self.clock,
            drift=Drift(limits=DriftLimits(limit=self.settings.alarm)),
        )

    def _decayed(self, known: Evidence) -> tuple[Array, Array]:
        share = math.exp(-(self.clock - known.at) / self.settings.memory)
        return share * np.array(known.moments), share * np.array(known.sums)

    def _chances(self, best: int, means: Sequence[float], deviations: Sequence[float]) -> list[float]:
        count, explore = len(means), self.settings.explore
        if explore == 0.0 or count == 1:
            return [float(each == best) for each in range(count)]
        thompson = chances_of_being_best(means, deviations)
        wanted = 1.0 - thompson[best]
        floor = explore / 2.0
        rest = min(max(wanted, floor), explore) - floor
        chances = [floor / (count - 1) + (rest * chance / wanted if rest > 0.0 else 0.0) for chance in thompson]
        chances[best] = 1.0 - floor - rest
        return chances


def chances_of_being_best(means: Sequence[float], deviations: Sequence[float]) -> list[float]:
    """Return the chance of each of several independent normal variables to be the greatest; they sum to 1.

    Each is the integral of its density times the others' distribution functions, by Gauss-Legendre quadrature between
    points where any of them bends; the error is below 1e-6. deviations: positive.
    """
    cuts = sorted(
        mean + deviation * bend for mean, deviation in zip(means, deviations, strict=True) for bend in _BENDS
    )
    nodes: list[float] = []
    weights: list[float] = []
    for low, high in pairwise(cuts):
        half = (high - low) / 2.0
        if half <= 0.0:
            continue
        nodes.extend(low + half + half * node for node in _NODES)
        weights.extend(half * weight for weight in _WEIGHTS)
    at = np.array(nodes)
    z = (at - np.array(means)[:, None]) / np.array(deviations)[:, None]
    below = np.clip(_normal_cdf(z), 1e-300, 1.0)
    all_below = np.prod(below, axis=0)
    density = np.exp(-0.5 * z * z) / np.array(deviations)[:, None]
    chances = (density * (all_below / below)) @ np.array(weights)
    return [float(chance) for chance in chances / chances.sum()]


_BENDS = (-6.0, -3.5, -2.0, -1.0, 0.0, 1.0, 2.0, 3.5, 6.0)
"""Where a panel of the quadrature ends, in standard deviations."""

_NODES = (-0.9061798459386640, -0.5384693101056831, 0.0, 0.5384693101056831, 0.9061798459386640)
_WEIGHTS = (0.2369268850561891, 0.4786286704993665, 0.5688888888888889, 0.4786286704993665, 0.2369268850561891)


def _normal_cdf(z: Array) -> Array:
    erf = math.erf
    flat = [0.5 + 0.5 * erf(value) for value in (z * math.sqrt(0.5)).ravel().tolist()]
    return np.array(flat).reshape(z.shape)


def _drawn(chances: Sequence[float], best: int, draw: float) -> int:
    """Return the index that a uniform draw falls on, the best one first."""
    left = draw - chances[best]
    if left < 0.0:
        return best
    for each, chance in enumerate(chances):
        if each == best:
            continue
        left -= chance
        if left < 0.0:
            return each
    return best


def _clipped(probability: float) -> float:
    return min(1.0, max(0.0, probability))

"""Dawid and Skene: how reliable each verifier is, from what they say of the same outputs, with or without the truth.

An output is right or wrong; a verifier accepts a right one with its sensitivity, and rejects a wrong one with its
specificity. Expectation maximisation finds both, and P(right) of each output, from agreement alone (Dawid and Skene,
Applied Statistics 28, 1979); where the truth is known, it is used. Pseudo-counts keep estimates away from 0 and 1, and
say which of the two classes is called right: verifiers are better than chance until the votes show otherwise. An
abstention says nothing. The result depends on the votes only: there is no chance in it.

Without known truths, two verifiers cannot be told apart; from three on, if they err independently, they can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log
from typing import Final, TypeAlias

from agentcore.confidence.proportion import wilson

STEADY: Final = 1e-9
"""The largest change of a P(right) at which the estimate is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Pseudo-counts: (for, against), each > 0. right: of outputs.  accepts_right, rejects_wrong: of verifiers."""

    right: tuple[float, float] = (2.0, 2.0)
    accepts_right: tuple[float, float] = (3.0, 1.0)
    rejects_wrong: tuple[float, float] = (2.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """What a verifier is worth.

    sensitivity: P(accepts | right).  specificity: P(rejects | wrong).  Each with an interval of 95 %, as if it were
    known which outputs are right.  right, wrong: how many of each it has judged, as expected.
    """

    sensitivity: float
    specificity: float
    sensitivity_interval: tuple[float, float]
    specificity_interval: tuple[float, float]
    right: float
    wrong: float

    @property
    def balanced(self) -> float:
        """The mean of both: 0.5 is worth nothing."""
        return (self.sensitivity + self.specificity) / 2

    @property
    def weight(self) -> float:
        """What its vote should weigh: the log-odds of being right (Nitzan and Paroush, 1982), 0 at chance or below."""
        return max(0.0, log(self.balanced / (1 - self.balanced)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Of all verifiers. right: P(right) of each output, in their order.  share_right: of outputs.

    rounds: of the expectation maximisation.  steady: whether the last one has changed nothing any more.
    """

    skills: Mapping[str, Skill]
    right: tuple[float, ...]
    share_right: float
    rounds: int
    steady: bool


_Pattern: TypeAlias = tuple[tuple[tuple[str, bool], ...], int]
"""Votes in the order of the names, and the truth: 1 right, 0 wrong, -1 not known."""


@dataclass(slots=True)
class _Counts:
    accepts_right: float = 0.0
    right: float = 0.0
    rejects_wrong: float = 0.0
    wrong: float = 0.0
    skill: tuple[float, float] = field(default=(0.5, 0.5))


def estimate(
    votes: Sequence[Mapping[str, bool]],
    truths: Mapping[int, bool] | None = None,
    *,
    prior: Prior | None = None,
    most_rounds: int = 1000,
) -> Estimate:
    """Return how reliable verifiers are.

    votes: for each output, verifier → whether it accepts; who abstains is not in it.  truths: the place of an output →
    whether it is right, where that is known.
    """
    prior, truths = prior or Prior(), truths or {}
    keys = [_key(each, truths.get(place)) for place, each in enumerate(votes)]
    patterns = sorted(Counter(keys).items())  # few, however many outputs there are; sorted, so that sums are the same
    names = sorted({name for (said, _), _ in patterns for name, _ in said})
    right = [_begin(pattern) for pattern, _ in patterns]
    rounds, steady = 0, False
    counts, share = _maximise(names, patterns, right, prior)
    while rounds < most_rounds and not steady:
        rounds += 1
        new = [_expect(pattern, counts, share) for pattern, _ in patterns]
        steady = all(abs(a - b) < STEADY for a, b in zip(new, right, strict=True))
        right = new
        counts, share = _maximise(names, patterns, right, prior)
    of = {pattern: p for (pattern, _), p in zip(patterns, right, strict=True)}
    return Estimate(
        skills={name: _skill(counts[name]) for name in names},
        right=tuple(of[key] for key in keys),
        share_right=share,
        rounds=rounds,
        steady=steady,
    )


def _key(votes: Mapping[str, bool], truth: bool | None) -> _Pattern:
    return tuple(sorted(votes.items())), -1 if truth is None else int(truth)


def _begin(pattern: _Pattern) -> float:
    """Return a first P(right): the share of votes for it, one more on either side."""
    votes, truth = pattern
    return float(truth) if truth >= 0 else (1 + sum(accepts for _, accepts in votes)) / (2 + len(votes))


def _maximise(
    names: Sequence[str], patterns: Sequence[tuple[_Pattern, int]], right: Sequence[float], prior: Prior
) -> tuple[dict[str, _Counts], float]:
    counts = {name: _Counts() for name in names}
    all_right, outputs = 0.0, 0
    for ((votes, _), times), p in zip(patterns, right, strict=True):
        all_right += times * p
        outputs += times
        for name, accepts in votes:
            of = counts[name]
            of.right += times * p
            of.wrong += times * (1 - p)
            if accepts:
                of.accepts_right += times * p
            else:
                of.rejects_wrong += times * (1 - p)
    for of in counts.values():
        of.skill = (
            _smooth(of.accepts_right, of.right, prior.accepts_right),
            _smooth(of.rejects_wrong, of.wrong, prior.rejects_wrong),
        )
    return counts, _smooth(all_right, outputs, prior.right)


def _smooth(successes: float, trials: float, pseudo: tuple[float, float]) -> float:
    return (successes + pseudo[0]) / (trials + pseudo[0] + pseudo[1])


def _expect(pattern: _Pattern, counts: Mapping[str, _Counts], share: float) -> float:
    votes, truth = pattern
    if truth >= 0:
        return float(truth)
    odds = log(share / (1 - share))
    for name, accepts in votes:
        sensitivity, specificity = counts[name].skill
        odds += log(sensitivity / (1 - specificity)) if accepts else log((1 - sensitivity) / specificity)
    return 1 / (1 + exp(-odds)) if odds >= 0 else exp(odds) / (1 + exp(odds))


def _skill(of: _Counts) -> Skill:
    return Skill(
        sensitivity=of.skill[0],
        specificity=of.skill[1],
        sensitivity_interval=wilson(min(of.accepts_right, of.right), of.right),
        specificity_interval=wilson(min(of.rejects_wrong, of.wrong), of.wrong),
        right=of.right,
        wrong=of.wrong,
    )

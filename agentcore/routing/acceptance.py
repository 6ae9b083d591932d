"""Acceptance: how many answers verifiers accept, of which old verdicts fade, and a sudden change is noticed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb
from typing import Final

from agentcore.routing.stream import MEMORY, decay

RECENT: Final = 10
"""How many of the newest verdicts are kept as they are."""

ESTABLISHED: Final = 5.0
"""So many older verdicts there have to be before anything can be called a change."""

CHANCE: Final = 0.002
"""Newest verdicts that the older ones make less likely than this mean that quality has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Verdicts about answers.

    judged, accepted: those that are not among the recent, decayed to `at`.  recent: the newest, oldest first: when,
    and whether accepted.  since: when the last change was, 0 for never.  at: seconds since the epoch.
    """

    at: float = 0.0
    since: float = 0.0
    judged: float = 0.0
    accepted: float = 0.0
    recent: tuple[tuple[float, bool], ...] = ()

    def observe(self, accepted: bool, *, now: float) -> Acceptance:  # it is the observation
        """Return what is known after one more verdict."""
        aged = self.aged(now)
        recent = (*aged.recent, (aged.at, accepted))
        while len(recent) > RECENT:
            (when, oldest), recent = recent[0], recent[1:]
            weight = decay(aged.at - when)
            judged = aged.judged + weight
            kept = min(1.0, MEMORY / judged)
            aged = replace(aged, judged=judged * kept, accepted=(aged.accepted + weight * oldest) * kept)
        return _weighed(replace(aged, recent=recent))

    def aged(self, now: float) -> Acceptance:
        """Return it as it stands later."""
        if now <= self.at:
            return self
        factor = decay(now - self.at) if self.recent else 0.0
        return replace(self, at=now, judged=self.judged * factor, accepted=self.accepted * factor)

    def forgetting(self, since: float) -> Acceptance:
        """Return it without what was before a change."""
        if since <= self.since:
            return self
        return Acceptance(at=self.at, since=since, recent=tuple(each for each in self.recent if each[0] >= since))

    def merged(self, other: Acceptance) -> Acceptance:
        """Return the verdicts of both, as far as they are from after the last change that either knows of."""
        since, at = max(self.since, other.since), max(self.at, other.at)
        one, two = self.forgetting(since).aged(at), other.forgetting(since).aged(at)
        return Acceptance(
            at=at,
            since=since,
            judged=one.judged + two.judged,
            accepted=one.accepted + two.accepted,
            recent=tuple(sorted((*one.recent, *two.recent))),
        )

    def settled(self) -> Acceptance:
        """Return the same verdicts with no more of the newest as they are than one observer has."""
        fading = self.recent[:-RECENT]
        weights = [(decay(self.at - when), good) for when, good in fading]
        return replace(
            self,
            judged=self.judged + sum(weight for weight, _ in weights),
            accepted=self.accepted + sum(weight * good for weight, good in weights),
            recent=self.recent[-RECENT:],
        )

    def summary(self) -> tuple[float, float]:
        """Return the weight of all verdicts, and that of the accepted ones."""
        judged, accepted = self.judged, self.accepted
        for when, good in self.recent:
            weight = decay(self.at - when)
            judged += weight
            accepted += weight * good
        return judged, accepted


def _weighed(known: Acceptance) -> Acceptance:
    """Return it without its past, when the newest verdicts are too unlikely after it: an exact binomial test."""
    if known.judged < ESTABLISHED or len(known.recent) < RECENT:
        return known
    share = (known.accepted + 1.0) / (known.judged + 2.0)
    good = sum(accepted for _, accepted in known.recent)
    if min(_at_most(good, RECENT, share), _at_most(RECENT - good, RECENT, 1.0 - share)) >= CHANCE:
        return known
    return Acceptance(at=known.at, since=known.recent[0][0], recent=known.recent)


def _at_most(successes: int, tries: int, share: float) -> float:
    """Return the chance of so many successes, or fewer."""
    return sum(comb(tries, k) * share**k * (1.0 - share) ** (tries - k) for k in range(successes + 1))

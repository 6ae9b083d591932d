"""Verifier table: what each verifier's votes have been worth, and where verifiers disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agentcore.confidence.ballots import Ballot
from agentcore.confidence.dawid_skene import Skill, estimate
from agentcore.confidence.proportion import least_when_all

ENOUGH: Final = 20
"""Votes below which nothing is concluded about a verifier."""

ALWAYS: Final = 0.9
"""A verifier that says the same each time says nothing when that is known to hold for this share of its votes."""

USEFUL: Final = 0.55
"""The balanced accuracy that a vote must have to be worth its call; 0.5 is a coin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierRow:
    """One verifier.

    accepted, rejected, abstained: how often.  agreed, compared: how often it said the same as another agent about the
    same output, of how many comparisons.  reviewed: outputs of these that a person has judged.
    skill: None for a check, and for a verifier without votes.  families: of the models that voted.
    warnings: sentences, with numbers.
    """

    verifier: str
    accepted: int
    rejected: int
    abstained: int
    agreed: int = 0
    compared: int = 0
    reviewed: int = 0
    skill: Skill | None = None
    families: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def votes(self) -> int:
        """How often it had something to say."""
        return self.accepted + self.rejected

    @property
    def useful(self) -> bool:
        """Whether its votes are known to be worth something."""
        varies = self.accepted > 0 and self.rejected > 0
        return self.skill is not None and varies and self.votes >= ENOUGH and self.skill.balanced >= USEFUL


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierTable:
    """All verifiers of some ballots.

    outputs: how many were judged by an agent.  reviewed: of these by a person, too.  share_right: of them, as
    estimated; None without votes of agents.  disagreements: ballots on which agents were divided, for people to look
    at.  warnings: what limits the estimates.
    """

    rows: tuple[VerifierRow, ...]
    outputs: int
    reviewed: int
    share_right: float | None
    disagreements: tuple[Ballot, ...]
    warnings: tuple[str, ...]


def verifier_table(ballots: Sequence[Ballot]) -> VerifierTable:
    """Return what the votes of runs say about those who voted."""
    judged = [ballot for ballot in ballots if ballot.opinions]
    truths = {place: ballot.truth for place, ballot in enumerate(judged) if ballot.truth is not None}
    found = estimate([ballot.opinions for ballot in judged], truths)
    names = sorted({vote.verifier for ballot in ballots for vote in ballot.votes})
    rows = tuple(_row(name, ballots, found.skills) for name in names)
    return VerifierTable(
        rows=tuple(sorted(rows, key=lambda row: (row.skill is None, row.verifier))),
        outputs=len(judged),
        reviewed=len(truths),
        share_right=found.share_right if judged else None,
        disagreements=tuple(ballot for ballot in judged if ballot.divided),
        warnings=_limits(judged, len(truths), steady=found.steady),
    )


def _row(name: str, ballots: Sequence[Ballot], skills: Mapping[str, Skill]) -> VerifierRow:
    votes = [(ballot, vote) for ballot in ballots for vote in ballot.votes if vote.verifier == name]
    accepted = sum(vote.accepts is True for _, vote in votes)
    rejected = sum(vote.accepts is False for _, vote in votes)
    agreed = compared = 0
    for ballot, _ in votes:
        opinions = ballot.opinions
        if (own := opinions.get(name)) is not None:
            compared += len(opinions) - 1
            agreed += sum(said == own for other, said in opinions.items() if other != name)
    skill = skills.get(name)
    abstained = len(votes) - accepted - rejected
    others = sum(
        any(said is False for other, said in ballot.opinions.items() if other != name)
        for ballot, vote in votes
        if vote.accepts
    )
    wrong = sum(ballot.truth is False for ballot, vote in votes if vote.accepts)
    return VerifierRow(
        verifier=name,
        accepted=accepted,
        rejected=rejected,
        abstained=abstained,
        agreed=agreed,
        compared=compared,
        reviewed=sum(ballot.truth is not None for ballot, vote in votes if vote.accepts is not None),
        skill=skill,
        families=tuple(sorted({vote.family for _, vote in votes if vote.family})),
        warnings=tuple(
            each
            for each in (
                (skill and _always(accepted, rejected, others, wrong)) or _useless(skill, accepted + rejected),
                _echo(name, [ballot.opinions for ballot, _ in votes]) if accepted and rejected else "",
                _silent(abstained, accepted + rejected),
            )
            if each
        ),
    )


def _always(accepted: int, rejected: int, others: int, wrong: int) -> str:
    """Return what is to be said of one that says the same each time. others: rejected what it accepted."""
    votes = accepted + rejected
    least = least_when_all(votes)
    if least < ALWAYS or (accepted and rejected):
        return ""
    bound = f"{100 * least:.1f} % at least, with 95 % confidence"
    if rejected:
        return f"rejected {votes} of {votes} ({bound}): its vote tells nothing"
    missed = [f"{others} that others rejected"] if others else []
    missed += [f"{wrong} that people found wrong"] if wrong else []
    among = f", {' and '.join(missed)} among them" if missed else ""
    return f"accepted {votes} of {votes} ({bound}){among}: its vote tells nothing"


def _echo(name: str, opinions: Sequence[Mapping[str, bool]]) -> str:
    """Return what is to be said of one that says what another says each time."""
    together: Counter[str] = Counter()
    same: Counter[str] = Counter()
    for each in opinions:
        if name in each:
            together.update(other for other in each if other != name)
            same.update(other for other, said in each.items() if other != name and said == each[name])
    echoed = [
        f"{other} {times} of {times} times ({100 * least_when_all(times):.1f} % at least, with 95 % confidence)"
        for other, times in sorted(together.items())
        if same[other] == times and least_when_all(times) >= ALWAYS
    ]
    return f"said the same as {' and '.join(echoed)}: together they are one vote" if echoed else ""


def _silent(abstained: int, votes: int) -> str:
    asked = abstained + votes
    if asked < ENOUGH or abstained * 2 <= asked:
        return ""
    return f"abstained {abstained} of {asked} times: see why in `agentcore trace RUN --step STEP`"


def _useless(skill: Skill | None, votes: int) -> str:
    if skill is None:
        return ""
    if votes < ENOUGH:
        return f"{votes} votes are too few to tell: {ENOUGH - votes} more are needed"
    if skill.balanced >= USEFUL:
        return ""
    return (
        f"is right about {100 * skill.balanced:.0f} % of right and wrong outputs, counted alike; a coin is about 50 %"
    )


def _limits(judged: Sequence[Ballot], reviewed: int, *, steady: bool) -> tuple[str, ...]:
    if not judged:
        return ()
    together = sum(len(ballot.opinions) >= 3 for ballot in judged)
    found: list[str] = []
    if together < ENOUGH and reviewed < ENOUGH:
        found.append(
            f"{together} outputs were judged by three verifiers or more, and {reviewed} by people: with fewer than "
            f"{ENOUGH} of both, the estimates are little more than what is assumed beforehand"
        )
    if not steady:
        found.append("the estimate has not settled: more votes are needed")
    shared = sorted({family for ballot in judged for family in _shared(ballot)})
    if shared:
        found.append(
            f"verifiers of one family judged the same outputs ({', '.join(shared)}): they err together, so their "
            "estimates are too good"
        )
    return tuple(found)


def _shared(ballot: Ballot) -> set[str]:
    """Return the families of which several models have judged an output."""
    families = [vote.family for vote in ballot.votes if vote.family and vote.accepts is not None]
    return {family for family in families if families.count(family) > 1}

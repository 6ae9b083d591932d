"""Quorum: from votes to a verdict that claims no more than was done.

With votes that are counted, k of n have to accept. With votes that are weighed, W is the weight of the whole panel
and A the weight of those who accept: A >= share * W, and A > W / 2. So an abstention accepts nothing, as its weight
stays in W; and a tie rejects. One more vote in favour, or one changed into it, never undoes an acceptance, and only
the proportions of the weights count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from agentcore.domain.verdict import Verdict, Vote
from agentcore.verification.checks import CHECKS

WORDING = "whether the wording answers the question"
FIGURES = "whether the numbers are those of the evidence"
SUPPORT = "whether the evidence supports what is said"

Standing = Literal["accepts", "rejects", "open"]
"""What a panel has come to. rejects: more than half of it do.  open: neither that, nor enough to accept."""

FINEST = 1_000_000
"""Weights are told apart down to a millionth; 0.1 + 0.2 is 0.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """What it takes.

    required: how many verifiers must accept.  share: of the panel's weight that must accept too, 0.5 to 1; 0 when
    votes are counted and not weighed.  panel: how many verifiers it has.  weight: of all of them together.
    """

    required: int
    panel: int
    share: float = 0.0
    weight: float = 0.0

    def standing(self, votes: Sequence[Vote]) -> Standing:
        """Return what the votes come to, in whatever order they stand."""
        counting = [vote for vote in votes if vote.counts]
        accepting = [vote for vote in counting if vote.accepts]
        rejecting = [vote for vote in counting if vote.accepts is False]
        if not self.share:
            size = max(self.panel, len(counting))
            if len(accepting) >= self.required:
                return "accepts"
            return "rejects" if 2 * len(rejecting) > size else "open"
        whole = max(_exact(self.weight), weight_of(counting))
        favour = weight_of(accepting)
        enough = favour >= _exact(self.share) * whole and 2 * favour > whole
        if enough and len(accepting) >= self.required:
            return "accepts"
        return "rejects" if 2 * weight_of(rejecting) > whole else "open"


def weight_of(votes: Iterable[Vote]) -> Fraction:
    """Return what votes weigh together, exactly."""
    return sum((_exact(vote.weight) for vote in votes), Fraction(0))


def _exact(number: float) -> Fraction:
    return Fraction(number).limit_denominator(FINEST)


def needs_panel(checks: Sequence[Vote], panel: int) -> bool:
    """Return whether the panel must be asked: there is one, and no check has already rejected the output."""
    return panel > 0 and all(vote.accepts is not False for vote in checks)


def disagrees(votes: Sequence[Vote]) -> bool:
    """Return whether there are votes for and votes against among those that count."""
    said = {vote.accepts for vote in votes if vote.counts}
    return True in said and False in said


def conclude(
    checks: Sequence[Vote],
    votes: Sequence[Vote],
    *,
    required: int,
    panel: int,
    share: float = 0.0,
    weight: float = 0.0,
) -> Verdict:
    """Return the verdict.

    checks: of the deterministic checks.  votes: of the panel's verifiers in all rounds, of which the last ones count;
    empty when it was not asked.  required: how many of them must accept.  panel: how many verifiers the panel has.
    share: of the panel's weight that must accept, 0 when votes are counted.  weight: of the whole panel.

    Accepted: no check rejects, and the panel has its quorum. A check that abstains has nothing to judge: it neither
    passes nor fails, and the verdict says so. A verifier that abstains, or is not heard, does not accept.
    """
    quorum = Quorum(required=required, panel=panel, share=share, weight=weight)
    checks_hold = all(vote.accepts is not False for vote in checks)
    standing = quorum.standing(votes)
    counting = [vote for vote in votes if vote.counts]
    all_votes = (*checks, *votes)
    if checks_hold and standing != "accepts" and all(vote.accepts is not False for vote in counting):
        # nobody objected, yet too few accepted: without this vote the verdict would give no reason
        all_votes = (*all_votes, _short_of_quorum(counting, quorum))
    return Verdict(
        accepted=checks_hold and standing == "accepts",
        votes=all_votes,
        required=required,
        panel=panel,
        unchecked=_unchecked(checks, counting, panel),
        quorum=share,
        undecided=bool(votes) and checks_hold and standing == "open",
    )


def settle(verdict: Verdict, vote: Vote, *, least: int = 0) -> Verdict:
    """Return the verdict of an undecided panel, as who was asked in its place has decided.

    vote: of the verifier or the person who was asked; an abstention accepts nothing.  least: how many verifiers
    policies want in favour, whoever decides.
    """
    deciding = replace(vote, deciding=True)
    settled = replace(verdict, votes=(*verdict.votes, deciding), unchecked=(*verdict.unchecked, *_left_by(deciding)))
    accepted = vote.accepts is True and settled.in_favour >= least
    settled = replace(settled, accepted=accepted)
    if accepted or settled.reasons:
        return settled
    if vote.accepts is None:
        why = f"the panel did not decide, and {vote.verifier} abstained ({_said(vote)})"
    else:
        why = f"{settled.in_favour} verifiers accepted, and policies want {least}"
    short = Vote(verifier="quorum", accepts=False, reasons=(why,), checked="that somebody decides")
    return replace(settled, votes=(*settled.votes, short))


def undecided(verdict: Verdict) -> str:
    """Return what a person is told who is to decide in the panel's place."""
    said = [vote for vote in verdict.votes if vote.counts and vote.verifier.startswith("agent:")]
    names: dict[str, list[str]] = {"accepts": [], "rejects": [], "abstains": []}
    for vote in said:
        why = f" ({'; '.join(vote.reasons)})" if vote.reasons else ""
        does = "abstains" if vote.accepts is None else "accepts" if vote.accepts else "rejects"
        names[does].append(f"{vote.verifier.removeprefix('agent:')} {does}{why}")
    return f"the panel did not decide: {', '.join(each for listed in names.values() for each in listed)}"


def _left_by(deciding: Vote) -> tuple[str, ...]:
    if deciding.accepts is None:
        return (f"{deciding.verifier} abstained: {_said(deciding)}",)
    return (f"the panel did not decide; {deciding.verifier} did in its place",)


def _said(vote: Vote) -> str:
    return "; ".join(vote.reasons) or "no reason given"


def _short_of_quorum(votes: Sequence[Vote], quorum: Quorum) -> Vote:
    silent = "; ".join(f"{vote.verifier} abstained ({_said(vote)})" for vote in votes if vote.accepts is None)
    heard = f"{len(votes)} of {quorum.panel} verifiers were heard"
    accepting = [vote for vote in votes if vote.accepts]
    if quorum.share and len(accepting) >= quorum.required:
        whole = max(_exact(quorum.weight), weight_of(votes))
        got = f"{_number(weight_of(accepting))} of the panel's weight of {_number(whole)} accepted"
        wanted = f"{quorum.share:g} of it is required" if quorum.share > 1 / 2 else "more than half of it is required"
        why = f"{got}, and {wanted}; {silent or heard}"
    else:
        why = f"{len(accepting)} of {quorum.required} required verifiers accepted; {silent or heard}"
    return Vote(verifier="quorum", accepts=False, reasons=(why,), checked="that enough verifiers accept")


def _number(value: Fraction) -> str:
    return f"{float(value):g}"


def _unchecked(checks: Sequence[Vote], votes: Sequence[Vote], panel: int) -> tuple[str, ...]:
    """Return what nobody looked at: abstentions, the blind spots of what passed, and what had no verifier at all."""
    sentences = [f"{vote.verifier} abstained: {_said(vote)}" for vote in (*checks, *votes) if vote.accepts is None]
    if panel and not votes:
        failed = any(vote.accepts is False for vote in checks)
        why = "was not asked, as a check had already failed" if failed else "was not heard"
        sentences.append(f"the panel of {panel} {why}")
    looked = {vote.verifier.removeprefix("check:") for vote in checks if vote.accepts is not None and vote.checked}
    judged = [vote.verifier for vote in votes if vote.accepts is not None]
    gaps = [FIGURES] if "numbers" not in looked else []
    gaps += [SUPPORT] if not looked & {"quotes", "sources"} else []
    if judged:
        sentences.append(f"{WORDING} was judged by {', '.join(judged)}, and is not proved")
        sentences.extend(f"no check looked at {gap}" for gap in gaps)
    else:
        blind_spots = [CHECKS[name].leaves for name in CHECKS if name in looked and CHECKS[name].leaves]
        sentences.extend(f"nobody checked {gap}" for gap in (WORDING, *gaps, *blind_spots))
    return tuple(sentences)

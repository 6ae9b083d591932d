"""Quorum: from votes to a verdict that claims no more than was done."""

from __future__ import annotations

from collections.abc import Sequence

from agentcore.domain.verdict import Verdict, Vote
from agentcore.verification.checks import CHECKS

WORDING = "whether the wording answers the question"
FIGURES = "whether the numbers are those of the evidence"
SUPPORT = "whether the evidence supports what is said"


def needs_panel(checks: Sequence[Vote], panel: int) -> bool:
    """Return whether the panel must be asked: there is one, and no check has already rejected the output."""
    return panel > 0 and all(vote.accepts is not False for vote in checks)


def conclude(checks: Sequence[Vote], votes: Sequence[Vote], *, required: int, panel: int) -> Verdict:
    """Return the verdict.

    checks: of the deterministic checks.  votes: of the panel's verifiers; empty when it was not asked.  required: how
    many of them must accept.  panel: how many verifiers the panel has.

    Accepted: no check rejects, and at least `required` verifiers accept. A check that abstains has nothing to judge:
    it neither passes nor fails, and the verdict says so. A verifier that abstains, or is not heard, does not accept.
    """
    checks_hold = all(vote.accepts is not False for vote in checks)
    accepting = sum(1 for vote in votes if vote.accepts)
    all_votes = (*checks, *votes)
    if checks_hold and accepting < required and all(vote.accepts is not False for vote in votes):
        # nobody objected, yet too few accepted: without this vote the verdict would give no reason
        all_votes = (*all_votes, _short_of_quorum(votes, accepting, required, panel))
    return Verdict(
        accepted=checks_hold and accepting >= required,
        votes=all_votes,
        required=required,
        panel=panel,
        unchecked=_unchecked(checks, votes, panel),
    )


def _short_of_quorum(votes: Sequence[Vote], accepting: int, required: int, panel: int) -> Vote:
    silent = "; ".join(
        f"{vote.verifier} abstained ({'; '.join(vote.reasons) or 'no reason given'})"
        for vote in votes
        if vote.accepts is None
    )
    heard = f"{len(votes)} of {panel} verifiers were heard"
    why = f"{accepting} of {required} required verifiers accepted; {silent or heard}"
    return Vote(verifier="quorum", accepts=False, reasons=(why,), checked="that enough verifiers accept")


def _unchecked(checks: Sequence[Vote], votes: Sequence[Vote], panel: int) -> tuple[str, ...]:
    """Return what nobody looked at: abstentions, the blind spots of what passed, and what had no verifier at all."""
    sentences = [
        f"{vote.verifier} abstained: {'; '.join(vote.reasons) or 'no reason given'}"
        for vote in (*checks, *votes)
        if vote.accepts is None
    ]
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

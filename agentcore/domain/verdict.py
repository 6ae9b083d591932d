"""Vote and Verdict: what verifiers say about an attempt."""

from __future__ import annotations

from agentcore.domain.confidence import Confidence
from agentcore.domain.frozen import frozen

CONFIDENCE = "confidence"
"""Who votes against an output that is not likely enough to be right."""


@frozen
class Vote:
    """One verifier's opinion.

    verifier: `check:numbers`, `agent:critic` …  accepts: None is an abstention (nothing to judge, or it failed).
    reasons: for a rejection, sentences that help the next attempt.  checked: what was looked at, for people.
    final: a rejection that no other attempt can mend, such as data that is not there.
    """

    verifier: str
    accepts: bool | None
    reasons: tuple[str, ...] = ()
    checked: str = ""
    final: bool = False


@frozen
class Verdict:
    """What the panel concludes.

    accepted: every deterministic check passed and at least `required` of the `panel` accepted.
    unchecked: what nobody looked at, in words; a verdict never claims more than was done.
    confidence: how likely the output is right; None when nobody asks for it.
    """

    accepted: bool
    votes: tuple[Vote, ...] = ()
    required: int = 0
    panel: int = 0
    unchecked: tuple[str, ...] = ()
    confidence: Confidence | None = None

    @property
    def unsure(self) -> bool:
        """Whether nothing speaks against the output but that it is not likely enough to be right."""
        against = [vote for vote in self.votes if vote.accepts is False]
        return not self.accepted and bool(against) and all(vote.verifier == CONFIDENCE for vote in against)

    @property
    def final(self) -> bool:
        """Whether it was rejected for reasons that no other attempt can mend: every rejecting vote is final."""
        against = [vote for vote in self.votes if vote.accepts is False]
        return not self.accepted and bool(against) and all(vote.final for vote in against)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was rejected; empty when accepted."""
        if self.accepted:
            return ()
        return tuple(reason for vote in self.votes if vote.accepts is False for reason in vote.reasons)

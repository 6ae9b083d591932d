"""Vote and Verdict: what verifiers say about an attempt."""

from __future__ import annotations

from agentcore.domain.confidence import Confidence
from agentcore.domain.frozen import frozen
from agentcore.domain.ids import ModelName

CONFIDENCE = "confidence"
"""Who votes against an output that is not likely enough to be right."""


@frozen
class Vote:
    """One verifier's opinion.

    verifier: `check:numbers`, `agent:critic` …  accepts: None is an abstention (nothing to judge, or it failed).
    reasons: for a rejection, sentences that help the next attempt.  checked: what was looked at, for people.
    final: a rejection that no other attempt can mend, such as data that is not there.
    weight: what it weighs in a panel, > 0.  model, family: who voted; None and empty when no model did.
    round: 1 is the first; later ones are those of a debate.  counts: False for a vote that a later one has replaced.
    deciding: the vote of whom a panel without a decision has handed the output to.
    """

    verifier: str
    accepts: bool | None
    reasons: tuple[str, ...] = ()
    checked: str = ""
    final: bool = False
    weight: float = 1.0
    model: ModelName | None = None
    family: str = ""
    round: int = 1
    counts: bool = True
    deciding: bool = False

    @property
    def by_verifier(self) -> bool:
        """Whether it is the vote of an agent or a person, and not of a check."""
        return self.verifier.startswith(("agent:", "person:"))


@frozen
class Verdict:
    """What the panel concludes.

    accepted: every deterministic check passed and enough of the `panel` accepted, or who decides in its place did.
    required: how many had to accept.  quorum: the share of the panel's weight that had to, 0 when votes are counted.
    undecided: the panel reached neither what it takes to accept nor a majority against.
    unchecked: what nobody looked at, in words; a verdict never claims more than was done.
    confidence: how likely the output is right; None when nobody asks for it.
    """

    accepted: bool
    votes: tuple[Vote, ...] = ()
    required: int = 0
    panel: int = 0
    unchecked: tuple[str, ...] = ()
    confidence: Confidence | None = None
    quorum: float = 0.0
    undecided: bool = False

    @property
    def unsure(self) -> bool:
        """Whether nothing speaks against the output but that it is not likely enough to be right."""
        against = [vote for vote in self.votes if vote.counts and vote.accepts is False]
        return not self.accepted and bool(against) and all(vote.verifier == CONFIDENCE for vote in against)

    @property
    def final(self) -> bool:
        """Whether it was rejected for reasons that no other attempt can mend: every rejecting vote is final."""
        against = [vote for vote in self.votes if vote.counts and vote.accepts is False]
        return not self.accepted and bool(against) and all(vote.final for vote in against)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was rejected; empty when accepted."""
        if self.accepted:
            return ()
        against = [vote for vote in self.votes if vote.counts and vote.accepts is False]
        return tuple(reason for vote in against for reason in vote.reasons)

    @property
    def open(self) -> bool:
        """Whether the panel has not decided, nor anybody in its place."""
        return self.undecided and not any(vote.deciding and vote.accepts is not None for vote in self.votes)

    @property
    def in_favour(self) -> int:
        """How many verifiers accept, agents and people; checks are none."""
        return sum(1 for vote in self.votes if vote.counts and vote.accepts and vote.by_verifier)

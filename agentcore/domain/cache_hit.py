"""CacheHit and Trimmed: what a model call was spared, as its record says."""

from __future__ import annotations

from typing import Literal

from agentcore.domain.budget import Usage
from agentcore.domain.frozen import frozen
from agentcore.domain.ids import EffectId, RunId

CacheMode = Literal["off", "exact", "semantic"]
"""Which replies may be served again. semantic: also those to another wording of the same question."""

CacheScope = Literal["tenant", "user"]
"""Who may get a reply that was given to a user."""


@frozen
class CacheHit:
    """A reply that was not asked of a model, because it had been given before.

    match: how it was found; similarity: of the two questions, -1 to 1, and 1 for an exact one.  saved: what that call
    used.  run, effect: the call that the reply was given to, at seconds since the epoch.  key: of the entry.
    """

    match: Literal["exact", "semantic"]
    similarity: float
    saved: Usage
    run: RunId
    effect: EffectId
    at: float
    key: str


@frozen
class Cut:
    """A part of a request that was left out. message: its index.  tokens: about how many.  what: in words."""

    message: int
    tokens: int
    what: str


@frozen
class Trimmed:
    """What was left out of a request so that it fits.

    limit: input tokens that it had to fit.  whole: digest of the request as it would have been.  cuts: in the order
    in which they were made.
    """

    limit: int
    whole: str
    cuts: tuple[Cut, ...] = ()

    @property
    def tokens(self) -> int:
        """About how many tokens were left out."""
        return sum(cut.tokens for cut in self.cuts)

"""Choice: which of several outputs verifiers prefer, and what they compared."""

from __future__ import annotations

from agentcore.domain.frozen import frozen
from agentcore.domain.ids import ModelName


@frozen
class Comparison:
    """What one verifier says of two outputs that it was shown in both orders.

    first, second: their places among the candidates.  prefers: the place of the better one; None is a tie, also when
    the verifier changed its mind with the order, or could not be heard.  reason: why, for people.
    weight, model, family: as of a vote.
    """

    verifier: str
    first: int
    second: int
    prefers: int | None
    reason: str = ""
    weight: float = 1.0
    model: ModelName | None = None
    family: str = ""


@frozen
class Choice:
    """The better of several candidates.

    winner: its place; the first of those with the most points.  points: of each, one for every other that it beats and
    half for a tie.  reason: a sentence.
    """

    winner: int
    points: tuple[float, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    reason: str = ""

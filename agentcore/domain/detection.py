"""Detection: what a detector has found in a text."""

from __future__ import annotations

from agentcore.domain.frozen import frozen


@frozen
class Span:
    """A part of a text. type: what it is, such as `EMAIL_ADDRESS`.  start, end: in characters, end not included."""

    type: str
    start: int
    end: int


@frozen
class Detection:
    """What is in a text.

    score: from 0 to 1, how sure it is that the text holds what is looked for.  flagged: whether that is enough to act
    upon.  spans: where, by their starts; none when it is the text as a whole.
    """

    score: float
    flagged: bool
    spans: tuple[Span, ...] = ()


NOTHING = Detection(score=0.0, flagged=False)
"""What is found in a harmless text."""

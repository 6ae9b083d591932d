"""StreamWindow: a text that comes in pieces, of which only that part goes on about which all is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from agentcore.domain.detection import Span
from agentcore.domain.redaction import Replacement, bracketed, merged, redacted

_CONTEXT: int = 4
"""How many windows of what has gone on stay to be looked at, for what comes after."""


class StreamWindow:
    """Holds back the end of a text that still grows.

    window: characters. Whether a place is part of a span must depend on nothing that is further away from it; then
    what goes on is the same however the text is cut. A span itself may be longer: it is held until it has ended.
    stride: how many characters more must have come before it is worth to look. No place that nothing is found in is
    held back by more than both together.
    """

    def __init__(self, *, window: int = 200, stride: int = 100) -> None:
        self._window = window
        self._stride = stride
        self._text = ""
        self._gone = 0

    def add(self, piece: str) -> None:
        """Take a piece."""
        self._text += piece

    def ready(self, *, ended: bool = False) -> str:
        """Return what has to be looked at now, some of what has gone on included; empty while that can wait."""
        waiting = len(self._text) - self._gone
        enough = waiting > 0 if ended else waiting >= self._window + self._stride
        return self._text if enough else ""

    def release(self, spans: Iterable[Span], instead: Replacement = bracketed, *, ended: bool = False) -> str:
        """Return what goes on, without the spans that were found in what was ready."""
        length, gone = len(self._text), self._gone
        decided = length if ended else max(gone, length - self._window)
        # A span that begins in what has gone on was not found then: what is left of it does not go on, at least.
        found = [
            Span(type=span.type, start=max(span.start, gone), end=span.end)
            for span in merged(length, spans)
            if span.end > gone
        ]
        for span in found:
            if span.start < decided < span.end:
                decided = span.start
        inside = [Span(type=s.type, start=s.start - gone, end=s.end - gone) for s in found if s.end <= decided]
        part = redacted(self._text[gone:decided], inside, instead)
        cut = max(0, decided - _CONTEXT * self._window)
        self._text, self._gone = self._text[cut:], decided - cut
        return part

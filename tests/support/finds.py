"""A detector for tests."""

from __future__ import annotations

from agentcore.domain.detection import NOTHING, Detection, Span


class Finds:
    """A detector of a word. seen: what it has looked at."""

    name, version = "word", "1"

    def __init__(self, word: str = "KEY") -> None:
        self.word = word
        self.seen: list[str] = []

    def detect(self, text: str) -> Detection:
        self.seen.append(text)
        spans: list[Span] = []
        at = text.find(self.word)
        while at >= 0:
            spans.append(Span(type="WORD", start=at, end=at + len(self.word)))
            at = text.find(self.word, at + 1)
        return Detection(score=1.0, flagged=True, spans=tuple(spans)) if spans else NOTHING

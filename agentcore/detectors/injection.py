"""Injection: text that tries to tell a model what to do, by learned weights over n-grams, concepts and rules.

A logistic regression judges windows of a text, and a soft maximum over them the text: a planted sentence counts in a
long document, but must be the clearer, the more sentences there are to choose from. Text is judged as it is read, as
it stands, and as what is encoded in it comes to.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from agentcore.detectors.hidden_text import decoded, revealed
from agentcore.detectors.injection_rules import RULES
from agentcore.detectors.injection_weights import Weights
from agentcore.detectors.injection_windows import Reading, judged, read, scaled, scores
from agentcore.domain.detection import NOTHING, Detection, Span

_MOST_SPANS: Final = 16
_TAGGED: Final = {0xE0000 + code: code for code in range(0x20, 0x7F)}
"""Invisible tag characters → the letters that they stand for."""


class Injection:
    """A Detector of instructions in data. Plain requests that nothing gives away are not seen: it only labels."""

    def __init__(self, weights: bytes, *, threshold: float | None = None) -> None:
        """Take a file's content. Raises ConfigError when it is damaged. threshold: instead of the file's, 0 to 1."""
        self._weights = Weights.parse(weights)
        self._table = scaled(self._weights.table)
        self._threshold = self._weights.threshold if threshold is None else threshold
        self.name = "injection"
        self.version = self._weights.version

    def detect(self, text: str) -> Detection:
        """Return how surely somebody gives a model orders in a text, and, if it is flagged, where."""
        best = self._judged(text)
        shown = text.translate(_TAGGED) if not text.isascii() else text
        plain = shown if text.isascii() else revealed(shown)
        if plain != text:
            seen = self._judged(plain)
            if seen.score > best.score:
                # Its offsets are those of the text as it is read, so the spans are found again.
                spans = seen.spans if len(plain) == len(text) else _moved(seen.spans, shown, plain)
                best = Detection(score=seen.score, flagged=seen.flagged, spans=spans)
        hidden = list(best.spans)
        score = best.score
        for start, end, inner in decoded(text):
            found = self._judged(inner)
            if found.flagged:
                hidden.append(Span(type="INJECTION", start=start, end=end))
            score = max(score, found.score)
        if score == 0.0:
            return NOTHING
        spans = tuple(sorted(set(hidden), key=lambda span: (span.start, span.end, span.type)))
        return Detection(score=score, flagged=score >= self._threshold, spans=spans)

    def _judged(self, text: str) -> Detection:
        """Return what is in a text as it stands."""
        reading = read(text)
        if reading is None:
            return NOTHING
        odds = scores(reading, self._table, self._weights.bias)
        score = self._probability(judged(odds, len(reading.words.words)))
        if score < self._threshold:
            return Detection(score=score, flagged=False)
        return Detection(score=score, flagged=True, spans=_spans(reading, odds))

    def _probability(self, odds: float) -> float:
        """Return a probability of log-odds, which were calibrated on sources that the weights had not seen."""
        return 1.0 / (1.0 + math.exp(-max(min(self._weights.slope * odds + self._weights.offset, 60.0), -60.0)))


def _spans(reading: Reading, odds: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[Span, ...]:
    """Return the best window, others that are as good on their own, and what rules found inside them."""
    taken: list[tuple[int, int]] = []
    order = np.argsort(-odds, kind="stable")[: _MOST_SPANS * 8]
    least = float(odds[order[0]]) - 1.0
    for index in order:
        first, last = int(reading.starts[index]), int(reading.ends[index])
        if odds[index] < least or len(taken) == _MOST_SPANS:
            break
        if all(last <= start or first >= end for start, end in taken):
            taken.append((first, last))
    places = [(reading.words.starts[first], reading.words.ends[last - 1]) for first, last in taken]
    spans = [Span(type="INJECTION", start=start, end=end) for start, end in places]
    spans += [
        Span(type=RULES[number][0], start=start, end=end)
        for number, start, end in reading.rules
        if any(start < until and end > since for since, until in places)
    ][: _MOST_SPANS * 2]
    return tuple(sorted(spans, key=lambda span: (span.start, span.end)))


def _moved(spans: tuple[Span, ...], text: str, plain: str) -> tuple[Span, ...]:
    """Return spans of a text as it is read at their places in the text, of which characters were left out."""
    places: list[int] = []
    last = len(text) - 1
    at = 0
    for letter in plain:
        # What was left out is no letter; a letter that differs was replaced by the one that it looks like.
        while at < last and text[at] != letter and not text[at].isalnum():
            at += 1
        places.append(min(at, last))
        at += 1
    return tuple(
        Span(type=span.type, start=places[span.start], end=places[span.end - 1] + 1) for span in spans if span.end > 0
    )

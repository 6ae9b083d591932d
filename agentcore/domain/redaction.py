"""Redaction: a text without what was found in it."""

from __future__ import annotations

from collections.abc import Iterable

from agentcore.domain.detection import Span


def redacted(text: str, spans: Iterable[Span]) -> str:
    """Return the text with each span replaced by its type in brackets: `[EMAIL_ADDRESS]`.

    Spans may come in any order. Those that overlap are replaced as one, by the type of the longest of them (of the
    first, where two are equally long); those that only touch are replaced one by one. What is outside of the text, and
    a span of no characters, is passed over.
    """
    parts: list[str] = []
    done = 0
    for start, end, type_ in _merged(len(text), spans):
        parts += [text[done:start], f"[{type_}]"]
        done = end
    return "".join([*parts, text[done:]])


def _merged(length: int, spans: Iterable[Span]) -> list[tuple[int, int, str]]:
    """Return start, end and type of what is replaced, by their starts, none overlapping another."""
    merged: list[tuple[int, int, str]] = []
    longest = 0
    inside = ((max(span.start, 0), min(span.end, length), span.type) for span in spans)
    for start, end, type_ in sorted(inside):
        if end <= start:
            continue
        if merged and start < merged[-1][1]:
            first, last, name = merged[-1]
            merged[-1] = (first, max(last, end), type_ if end - start > longest else name)
            longest = max(longest, end - start)
        else:
            merged.append((start, end, type_))
            longest = end - start
    return merged

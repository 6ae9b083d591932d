"""Redaction: a text without what was found in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from agentcore.domain.detection import Span

Replacement: TypeAlias = Callable[[str, str], str]
"""(type, the text of that type) → what stands in its place."""


def bracketed(kind: str, text: str) -> str:  # noqa: ARG001  # a Replacement
    """Return a type in brackets: `[EMAIL_ADDRESS]`."""
    return f"[{kind}]"


def redacted(text: str, spans: Iterable[Span], instead: Replacement = bracketed) -> str:
    """Return the text with each span replaced, by its type in brackets unless said otherwise.

    Spans may come in any order. Those that overlap are replaced as one, by the type of the longest of them (of the
    first, where two are equally long); those that only touch are replaced one by one. What is outside of the text, and
    a span of no characters, is passed over.
    """
    parts: list[str] = []
    done = 0
    for span in merged(len(text), spans):
        parts += [text[done : span.start], instead(span.type, text[span.start : span.end])]
        done = span.end
    return "".join([*parts, text[done:]])


def merged(length: int, spans: Iterable[Span]) -> list[Span]:
    """Return spans by their starts, those that overlap made one. length: of the text, in characters."""
    found: list[Span] = []
    longest = 0
    inside = ((max(span.start, 0), min(span.end, length), span.type) for span in spans)
    for start, end, kind in sorted(inside):
        if end <= start:
            continue
        if found and start < found[-1].end:
            last = found[-1]
            found[-1] = Span(
                type=kind if end - start > longest else last.type, start=last.start, end=max(last.end, end)
            )
            longest = max(longest, end - start)
        else:
            found.append(Span(type=kind, start=start, end=end))
            longest = end - start
    return found

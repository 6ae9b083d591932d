"""The texts in a JSON value: read as one, and put back changed. Numbers are read as texts, too: some are of cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias, cast

from agentcore.domain.detection import Span
from agentcore.domain.json import JSON

_MOST_DIGITS: Final = 64
"""Of a number that is read. No longer one is of a card, an account or a person."""

_Piece: TypeAlias = tuple[str, str]
"""A text, and what stands behind it."""


def texts(value: JSON) -> Iterator[str]:
    """Yield all texts in a value, with the keys of objects and with numbers, in their order."""
    return (text for text, _ in _pieces(value))


def as_one(value: JSON) -> str:
    """Return all texts in a value as one, each in a line, a key and its text in the same: `password: x`.

    So a detector sees what stands beside a text, as a reader does.
    """
    return "".join(text + behind for text, behind in _pieces(value)).removesuffix("\n")


def spans_of_each(value: JSON, spans: Sequence[Span]) -> list[tuple[str, list[Span]]]:
    """Return each text of a value with the spans in it; they are given by their places in `as_one(value)`.

    A span that reaches over several texts is in each of them, as far as it goes.
    """
    found: list[tuple[str, list[Span]]] = []
    at = 0
    for text, behind in _pieces(value):
        end = at + len(text)
        inside = [
            Span(type=span.type, start=max(span.start, at) - at, end=min(span.end, end) - at)
            for span in spans
            if span.start < end and span.end > at
        ]
        found.append((text, inside))
        at = end + len(behind)
    return found


def with_texts(value: JSON, instead: Iterator[str]) -> JSON:
    """Return the value with other texts, given in the order of `texts`. Keys that became the same are numbered."""
    match value:
        case str():
            return next(instead)
        case Mapping():
            changed: dict[str, JSON] = {}
            for inner in value.values():
                key = base = next(instead)
                number = 2
                while key in changed:
                    key, number = f"{base} {number}", number + 1
                changed[key] = with_texts(inner, instead)
            return changed
        case bool() | None:
            return value
        case int() | float():
            text = next(instead)
            return value if text == _digits(value) else text
        case _:
            return [with_texts(inner, instead) for inner in value]


def _pieces(value: JSON) -> Iterator[_Piece]:
    match value:
        case str():
            yield value, "\n"
        case Mapping():
            for key, inner in value.items():
                yield key, ": " if isinstance(inner, str | int | float) and not isinstance(inner, bool) else "\n"
                yield from _pieces(inner)
        case bool() | None:
            return
        case int() | float():
            yield _digits(value), "\n"
        case _:
            for inner in cast("Sequence[JSON]", value):
                yield from _pieces(inner)


def _digits(number: float) -> str:
    """Return a number as it is written; nothing when it is too long to be read."""
    return str(number) if -(10**_MOST_DIGITS) < number < 10**_MOST_DIGITS else ""

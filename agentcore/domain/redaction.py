"""Redaction: texts with placeholders for what was found in them, and whether one text is another so redacted. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias, cast

from agentcore.domain.detection import Span
from agentcore.domain.json import JSON

Replacement: TypeAlias = Callable[[str, str], str]
"""(type, the text of that type) → what stands in its place."""

_PLACEHOLDER: Final = re.compile(r"\[[A-Z][A-Z0-9_]*\]")
_ODD: Final = re.compile(r"[^A-Z0-9]+")


def placeholder(type_: str) -> str:
    """Return what stands for something of a type: `[EMAIL_ADDRESS]`."""
    word = _ODD.sub("_", type_.upper()).strip("_")
    return f"[{word if word[:1].isalpha() else f'X_{word}'}]"


def bracketed(type_: str, text: str) -> str:  # noqa: ARG001  # a Replacement
    """Return what stands for something of a type, whatever it is."""
    return placeholder(type_)


def redacted(text: str, spans: Iterable[Span], instead: Replacement = bracketed) -> str:
    """Return a text without these parts of it. Parts that overlap are one, of the type of the first.

    instead: what stands in their places, placeholders unless said otherwise.
    """
    parts: list[str] = []
    end = 0
    for span in merged(len(text), spans):
        parts += (text[end : span.start], instead(span.type, text[span.start : span.end]))
        end = span.end
    return "".join((*parts, text[end:]))


def merged(length: int, spans: Iterable[Span]) -> list[Span]:
    """Return spans by their starts, those that overlap made one, of the type of the first.

    length: of the text, in characters; what is outside of it is cut off.
    """
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end, span.type)):
        start, end = max(span.start, 0), min(span.end, length)
        if end <= start:
            continue
        if found and start < found[-1].end:
            last = found[-1]
            found[-1] = Span(type=last.type, start=last.start, end=max(last.end, end))
        else:
            found.append(Span(type=span.type, start=start, end=end))
    return found


def texts_of(value: JSON) -> Iterator[str]:
    """Yield all texts in a value, the keys of objects included, and numbers as texts: they may be somebody's."""
    match value:
        case bool() | None:
            return
        case str():
            yield value
        case int() | float():
            yield str(value)
        case Mapping():
            for key, inner in value.items():
                yield key
                yield from texts_of(inner)
        case _:
            for inner in value:
                yield from texts_of(inner)


def with_texts(value: JSON, changed: Mapping[str, str]) -> JSON:
    """Return a value with other texts: text → what stands for it. Keys that come to be the same are numbered."""
    match value:
        case bool() | None:
            return value
        case str():
            return changed.get(value, value)
        case int() | float():
            return changed.get(str(value), value)
        case Mapping():
            made: dict[str, JSON] = {}
            for key, inner in value.items():
                name = wanted = changed.get(key, key)
                number = 1
                while name in made:
                    number += 1
                    name = f"{wanted} {number}"
                made[name] = with_texts(inner, changed)
            return made
        case _:
            return [with_texts(inner, changed) for inner in value]


def is_redaction(recorded: JSON, original: JSON) -> bool:
    """Return whether a value is another with placeholders for parts of its texts, or the same.

    It needs no detector: what a run was driven on with can be told from its record, whatever detectors find today.
    """
    match recorded, original:
        case str(), str():
            return _is_redacted(recorded, original) or _is_redacted_json(recorded, original)
        case str(), bool() | None:
            return False
        case str(), int() | float():
            return _is_redacted(recorded, str(original))
        case Mapping(), Mapping():
            if recorded.keys() == original.keys():
                return all(is_redaction(inner, original[key]) for key, inner in recorded.items())
            return len(recorded) == len(original) and all(
                _is_key(key, other) and is_redaction(inner, original[other])
                for (key, inner), other in zip(recorded.items(), original, strict=True)
            )
        case (list() | tuple(), list() | tuple()):
            return len(recorded) == len(original) and all(map(is_redaction, recorded, original))
        case _:
            return type(recorded) is type(original) and recorded == original


def _is_redacted_json(recorded: str, original: str) -> bool:
    """Compare texts that are JSON by what they say: redacted, they are written anew."""
    if recorded[:1] not in {"{", "["} or original[:1] != recorded[:1]:
        return False
    try:
        return is_redaction(json.loads(recorded), json.loads(original))
    except (ValueError, RecursionError):
        return False


def _is_key(recorded: str, original: str) -> bool:
    return _is_redacted(recorded, original) or _is_redacted(re.sub(r"(?<=\]) \d+$", "", recorded), original)


def _is_redacted(recorded: str, original: str) -> bool:
    """Match as a file name matches a pattern: each placeholder stands for at least one character."""
    if recorded == original:
        return True
    first, *rest = cast("list[str]", _PLACEHOLDER.split(recorded))
    if not rest or not original.startswith(first):
        return False
    at = len(first)
    for piece in rest[:-1]:
        found = original.find(piece, at + 1)
        if found < 0:
            return False
        at = found + len(piece)
    return len(original) - len(rest[-1]) > at and original.endswith(rest[-1])

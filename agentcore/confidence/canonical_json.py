"""Canonical answers: outputs that say the same become the same text, so that samples can be counted.

Numbers are equal as numbers, wherever they stand (`1,000.50` and `1000.5`); texts without regard to case, blanks and
punctuation; objects without regard to the order of their keys. A text that is JSON, fenced or not, counts as the value
that it stands for. What kind a value is stays: the text `true` is not the truth value.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Final, cast

from agentcore.domain.json import JSON

DIGITS: Final = 12
"""Significant digits to which numbers are compared: 0.1 + 0.2 is 0.3."""

_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|[+-]?\.\d+")
_CURRENCY: Final = "$€£¥"
_FENCE: Final = re.compile(r"^```[a-z]*\s*\n(.*?)\n?```$", re.DOTALL)
_ROUNDED: Final = Context(prec=DIGITS)


def canonical_answer(value: JSON) -> str:
    """Return the canonical form of an output: two outputs that say the same have the same."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def same_answer(one: JSON, other: JSON) -> bool:
    """Return whether two outputs say the same."""
    return canonical_answer(one) == canonical_answer(other)


def _plain(value: JSON) -> JSON:
    match value:
        case bool() | None:
            return value
        case int() | float():
            return _number(str(value)) or str(value)
        case str():
            return _text(value)
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items()}
        case _:
            return [_plain(inner) for inner in value]


def _text(text: str) -> JSON:
    stripped = text.strip()
    fenced = _FENCE.match(stripped)
    inner = fenced.group(1).strip() if fenced else stripped
    if inner.startswith(("{", "[")):
        try:
            return _plain(cast("JSON", json.loads(inner)))
        except (ValueError, RecursionError):
            pass
    bare = inner.strip(_CURRENCY + " ").removesuffix(".")
    number = _number(bare) if _NUMBER.fullmatch(bare) else None
    return number if number is not None else _words(inner)


def _words(text: str) -> str:
    """Return the words and numbers of a text, one blank between them, after a mark that no number has."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    parts: list[str] = []
    end = 0
    for found in _NUMBER.finditer(folded):
        if found.start() and folded[found.start() - 1].isalnum():  # part of a word, such as `b2`
            continue
        parts += [_letters(folded[end : found.start()]), _number(found.group()) or found.group()]
        end = found.end()
    parts.append(_letters(folded[end:]))
    return "'" + " ".join(" ".join(parts).split())


def _letters(text: str) -> str:
    return "".join(each if each.isalnum() else " " for each in text)


def _number(text: str) -> str | None:
    """Return a number as text, the same for the same number; None for what is none."""
    try:
        number = _ROUNDED.create_decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    return str(number.normalize(_ROUNDED)) if number else str(Decimal(0))

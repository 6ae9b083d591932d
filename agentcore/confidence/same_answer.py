"""When two answers say the same: a canonical form, in which what does not count is left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from agentcore.domain.json import JSON, canonical

SHORT_WORDS: Final = 8
"""A text of no more words is an answer by itself; a longer one agrees with another by its figures, if it has any."""

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def canonical_answer(value: JSON) -> str | None:
    """Return a form that is equal for answers that say the same, None for a text too long to be compared.

    Case, blanks and the punctuation at the ends do not count, nor do the order of keys and how a number is written.
    """
    if isinstance(value, str):
        return _text(value)
    return canonical(_plain(value))


def agreement(answers: Sequence[JSON], of: int) -> float | None:
    """Return the share of the other answers that say what that one says; None when none can be compared."""
    forms = [canonical_answer(answer) for answer in answers]
    others = [form for index, form in enumerate(forms) if index != of and form is not None]
    if forms[of] is None or not others:
        return None
    return sum(form == forms[of] for form in others) / len(others)


def _plain(value: JSON) -> JSON:
    match value:
        case str():
            return _number(value) or " ".join(value.casefold().split()).strip(" .,;:!?")
        case bool() | None:
            return value
        case int() | float():
            return _number(str(value)) or str(value)
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items()}
        case _:
            return [_plain(inner) for inner in value]


def _text(text: str) -> str | None:
    plain = str(_plain(text))
    if len(plain.split()) <= SHORT_WORDS:
        return plain
    figures = [_number(figure) for figure in _NUMBER.findall(text)]
    return "figures: " + " ".join(sorted({each for each in figures if each})) if figures else None


def _number(text: str) -> str | None:
    """Return a number as it is written shortest, None for what is none."""
    try:
        number = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None
    return format(number.normalize(), "f") if number.is_finite() else None

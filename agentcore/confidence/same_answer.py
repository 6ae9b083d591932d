"""When two answers say the same, and when that cannot be told: long texts are compared by their figures, if at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from agentcore.confidence.canonical_json import canonical_answer as whole_form
from agentcore.domain.json import JSON

SHORT_WORDS: Final = 8
"""A text of no more words is an answer by itself; a longer one agrees with another by its figures, if it has any."""

_TEXT: Final = "'"
"""What the canonical form of a text begins with, that of no other value."""


def canonical_answer(value: JSON) -> str | None:
    """Return a form that is equal for answers that say the same, None for a text too long to be compared."""
    form = whole_form(value)
    if not isinstance(value, str):
        return form
    plain: JSON = json.loads(form)
    if not isinstance(plain, str) or not plain.startswith(_TEXT):  # JSON, or a number
        return form
    words = plain.removeprefix(_TEXT).split()
    if len(words) <= SHORT_WORDS:
        return form
    figures = sorted({word for word in words if _is_number(word)})
    return f"figures: {' '.join(figures)}" if figures else None


def agreement(answers: Sequence[JSON], of: int) -> float | None:
    """Return the share of the other answers that say what that one says; None when none can be compared."""
    forms = [canonical_answer(answer) for answer in answers]
    others = [form for index, form in enumerate(forms) if index != of and form is not None]
    if forms[of] is None or not others:
        return None
    return sum(form == forms[of] for form in others) / len(others)


def _is_number(word: str) -> bool:
    try:
        return Decimal(word).is_finite()
    except InvalidOperation:
        return False

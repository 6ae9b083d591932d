"""Texts to be looked at by a detector, and what is found, as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from agentcore.domain.json import JSONObject
from agentcore.ports.detector import Detector

_FIELDS: Final = ("text", "full_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text. id: its line's `id`, or number."""

    id: str | int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadText:
    """A line that is no text. number: from 1."""

    number: int
    problem: str


def read_texts(lines: Iterable[str], *, field: str = "") -> Iterator[Text | BadText]:
    """Yield the texts of JSON lines; empty lines are passed over. field: the key of the text, `text` by default."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _text(number, line, (field,) if field else _FIELDS)


def _text(number: int, line: str, fields: tuple[str, ...]) -> Text | BadText:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        return BadText(number=number, problem=f"this is not JSON: {error}")
    if not isinstance(row, dict):
        return BadText(number=number, problem='this is not an object, such as {"text": "…"}')
    known = cast("dict[str, Any]", row)
    text = next((known[field] for field in fields if field in known), None)
    if not isinstance(text, str):
        names = ", ".join(map(str, known)) or "nothing"
        return BadText(number=number, problem=f"there is no text in {fields[0]!r} (it has {names}); see --field")
    id = known.get("id")
    return Text(id=id if isinstance(id, str | int) and not isinstance(id, bool) else number, text=text)


def scanned(detector: Detector, text: Text) -> JSONObject:
    """Return what a detector finds, as JSON. One that fails counts as one that has found something."""
    try:
        found = detector.detect(text.text)
    except Exception as error:  # noqa: BLE001  # foreign code
        return {
            "id": text.id, "score": 1.0, "flagged": True, "spans": [], "error": f"{type(error).__name__}: {error}",
        }  # fmt: skip
    return {
        "id": text.id,
        "score": round(found.score, 6),
        "flagged": found.flagged,
        "spans": [{"type": span.type, "start": span.start, "end": span.end} for span in found.spans],
    }

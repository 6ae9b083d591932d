"""Origins: where the values in a call's arguments have come from, found by what they say.

A label tells of what a call was made: of everything that the agent was given. That is too much to decide by: an agent
that has read a web page may still pay the account that its user has named. So the values themselves are looked up in
what the run was told: an argument that the user's words hold has come from the user, whatever else was read.

    task     Pay 12.50 to DE02…99
    bank     {"rows": [{"iban": "DE02…99"}, {"iban": "GB33…"}]}

    {"to": "DE02…99", "amount": 12.5, "note": "thanks"}

    to       {"user", "tool:bank", "tool:bank:rows[].iban"}
    amount   {"user"}
    note     {}                                                 of the model's own making

After CaMeL (Debenedetti et al., 2025), which tracks values through a program instead; here the model handles them, and
what it has copied is recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.json_path import joined

_NUMBER: Final = re.compile(r"(?<![\w.,])[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)|(?<![\w.])[-+]?\d+(?:\.\d+)?(?!\w)")
_SPACES: Final = re.compile(r"\s+")


@dataclass(slots=True)
class _Told:
    """What one place has said. texts: folded.  numbers: that stand in them, or by themselves."""

    texts: list[str] = field(default_factory=list[str])
    numbers: set[Decimal] = field(default_factory=set[Decimal])

    def add(self, value: str | float) -> None:
        if isinstance(value, str):
            self.texts.append(_folded(value))
            self.numbers.update(Decimal(found.replace(",", "")) for found in _NUMBER.findall(value))
        else:
            self.numbers.add(Decimal(str(value)))

    def has(self, value: str | float) -> bool:
        if not isinstance(value, str):
            return Decimal(str(value)) in self.numbers
        wanted = _folded(value)
        return any(_within(wanted, text) for text in self.texts)


class Origins:
    """What a run was told, by where it came from: `user`, `person:ann`, `tool:bank`, and `tool:bank:rows[].iban`."""

    def __init__(self) -> None:
        self._values: list[tuple[str, JSON]] = []
        self._read = 0
        self._told: dict[str, _Told] = {}

    def add(self, source: str, value: JSON) -> None:
        """Remember what a source has said."""
        self._values.append((source, value))

    def of(self, arguments: JSONObject) -> Mapping[str, frozenset[str]]:
        """Return, by the path of each argument, the sources that hold all its values.

        Paths are those of policies: `to`, `to.account`, `to[].name`, and `to` for the scalars of a list. True, false,
        null and empty texts are nobody's, and stand nowhere.
        """
        self._read_new()
        found: dict[str, frozenset[str]] = {}
        for path, value in _scalars(arguments, ""):
            sources = frozenset(source for source, told in self._told.items() if told.has(value))
            found[path] = sources if path not in found else found[path] & sources
        return found

    def _read_new(self) -> None:
        for source, value in self._values[self._read :]:
            for path, scalar in _scalars(value, ""):
                self._told.setdefault(source, _Told()).add(scalar)
                if path and source.startswith("tool:"):
                    self._told.setdefault(f"{source}:{path}", _Told()).add(scalar)
        self._read = len(self._values)


def _scalars(value: JSON, path: str) -> Iterator[tuple[str, str | float]]:
    """Yield each text and number with its path, as in `policy.arguments`."""
    match value:
        case bool() | None:
            return
        case str():
            if value.strip():
                yield path, value
        case int() | float():
            if abs(value) != float("inf") and value == value:  # noqa: PLR0124  not a number
                yield path, value
        case Mapping():
            for name, inner in value.items():
                yield from _scalars(inner, joined(path, name))
        case _:
            for inner in value:
                yield from _scalars(inner, f"{path}[]" if isinstance(inner, Mapping) else path)


def _folded(text: str) -> str:
    return _SPACES.sub(" ", text.casefold()).strip()


def _within(wanted: str, text: str) -> bool:
    """Return whether a text holds another one as a whole: not as a part of a longer word or number."""
    start = text.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        before = start == 0 or not (text[start - 1].isalnum() and wanted[0].isalnum())
        after = end == len(text) or not (text[end].isalnum() and wanted[-1].isalnum())
        if before and after:
            return True
        start = text.find(wanted, start + 1)
    return False

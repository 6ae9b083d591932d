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
from types import MappingProxyType
from typing import Final, NamedTuple

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.json_path import joined

_NUMBER: Final = re.compile(r"(?<![\w.,])[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)|(?<![\w.])[-+]?\d+(?:\.\d+)?(?!\w)")
_SPACES: Final = re.compile(r"\s+")
_CALLED: Final = (
    r"(?:\b(?:id|ids|number|no)\b\W{{0,3}}|#)['\"`\u201c\u2018]?{0}(?!\w)|['\"`\u201c\u2018]{0}['\"`\u201d\u2019]"
)
_DISTINCTIVE: Final = 5
"""Characters from which on a text with letters does not stand in another one by chance."""


@dataclass(slots=True)
class _Told:
    """What one place has said. texts: folded.  numbers: that stand in them.  values: numbers by themselves."""

    texts: set[str] = field(default_factory=set[str])
    numbers: set[Decimal] = field(default_factory=set[Decimal])
    values: set[Decimal] = field(default_factory=set[Decimal])

    def add(self, value: str | float) -> None:
        if isinstance(value, str):
            self.texts.add(folded(value))
            self.numbers.update(Decimal(found.replace(",", "")) for found in _NUMBER.findall(value))
        else:
            self.values.add(Decimal(str(value)))

    def has(self, value: str | float) -> bool:
        """Return whether it was said, also within a longer text."""
        if self.said(value):
            return True
        if not isinstance(value, str):
            return Decimal(str(value)) in self.numbers
        wanted = folded(value)
        return any(_within(wanted, text) for text in self.texts)

    def said(self, value: str | float) -> bool:
        """Return whether it was said by itself."""
        return folded(value) in self.texts if isinstance(value, str) else Decimal(str(value)) in self.values


class Place(NamedTuple):
    """Where something was said.

    path: in a tool's result.  asked: the user chose what that result is about.  entire: it vouches for whole values
    only, not for what stands within them, as a person does who has approved a call.
    """

    source: str
    path: str
    asked: bool
    entire: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The place as policies name it: `tool:bank`, and `tool:bank:rows[].iban` with its path."""
        is_field = self.path and self.source.startswith("tool:")
        return (self.source, f"{self.source}:{self.path}") if is_field else (self.source,)

    @property
    def is_people(self) -> bool:
        """Whether the user said it, or a person whom the run asked."""
        return self.source == "user" or self.source.startswith("person:")


class Origins:
    """What a run was told, by where it came from: `user`, `person:ann`, `tool:bank`, and `tool:bank:rows[].iban`."""

    def __init__(self) -> None:
        self._values: list[tuple[str, JSON, JSONObject, bool]] = []
        self._read = 0
        self._told: dict[Place, _Told] = {}

    def add(
        self, source: str, value: JSON, arguments: JSONObject = MappingProxyType({}), *, entire: bool = False
    ) -> None:
        """Remember what a source has said. arguments: of the tool call, when that is the source.

        entire: it has said yes to these values, as they are.
        """
        self._values.append((source, value, arguments, entire))

    def of(self, arguments: JSONObject) -> Mapping[str, frozenset[str]]:
        """Return, by the path of each argument, the sources that hold all its values.

        Paths are those of policies: `to`, `to.account`, `to[].name`, and `to` for the scalars of a list. True, false,
        null and empty texts are nobody's, and stand nowhere.
        """
        found: dict[str, frozenset[str]] = {}
        for path, value in scalars(arguments):
            sources = frozenset(name for place in self.places(value) for name in place.names)
            found[path] = sources if path not in found else found[path] & sources
        return found

    def places(self, value: str | float, *, whole: bool = False) -> Iterator[Place]:
        """Yield where a value was said. whole: not those where it stands within a longer text."""
        self._read_new()
        for place, told in self._told.items():
            if told.said(value) if whole or place.entire else told.has(value):
                yield place

    def named_in_text(self, value: str | float) -> Iterator[Place]:
        """Yield where a longer text names a value.

        What could stand there by chance, short ones and numbers, is named only where it is called an identifier: by
        `id`, `number`, `no.` or `#` before it, or by quotation marks.
        """
        self._read_new()
        wanted = folded(str(value))
        by_chance = len(wanted) < _DISTINCTIVE or not any(map(str.isalpha, wanted))
        called = re.compile(_CALLED.format(re.escape(wanted))) if by_chance else None
        for place, told in self._told.items():
            for text in told.texts:
                if text != wanted and (called.search(text) if called else _within(wanted, text)):
                    yield place
                    break

    def chosen_texts(self) -> Iterator[str]:
        """Yield the texts of results that the user has chosen: of calls whose arguments all came from people."""
        self._read_new()
        for place, told in self._told.items():
            if place.asked:
                yield from told.texts

    def said_by_people(self, value: str | float) -> bool:
        """Return whether the user has said it, or a person whom the run asked."""
        self._read_new()
        return self._people_said(value)

    def _people_said(self, value: str | float) -> bool:
        return any(
            place.is_people and (told.said(value) if place.entire else told.has(value))
            for place, told in self._told.items()
        )

    def _read_new(self) -> None:
        new, self._read = self._values[self._read :], len(self._values)
        for source, value, arguments, entire in new:
            asked = bool(arguments) and all(self._people_said(each) for _, each in scalars(arguments))
            for path, scalar in scalars(value):
                self._told.setdefault(Place(source, path, asked, entire), _Told()).add(scalar)


def scalars(value: JSON, path: str = "") -> Iterator[tuple[str, str | float]]:
    """Yield each text and number in a value with its path, as in `policy.arguments`."""
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
                yield from scalars(inner, joined(path, name))
        case _:
            for inner in value:
                yield from scalars(inner, f"{path}[]" if isinstance(inner, Mapping) else path)


def folded(text: str) -> str:
    """Return a text as it is compared: without regard to case and the kind of spaces."""
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

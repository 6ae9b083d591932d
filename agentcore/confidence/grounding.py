"""Grounding: whether what an answer states occurs in what was asked. A free verifier of arguments.

Numbers are compared as numbers, however they are written (1,000; 10 %; five; 2 million; a month's name); words without
case and endings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

MOST_DEPTH: Final = 12
"""How deep a value is searched for what it states."""

_NUMBER: Final = re.compile(
    r"(?<![\w.])[-+]?(\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)\s?(%|percent|thousand|million|billion|k\b|m\b)?", re.IGNORECASE
)
_DIGITS: Final = re.compile(r"\d+(?:\.\d+)?")
_GROUPED: Final = re.compile(r"(?<=\d),(?=\d{3})")
_WORD: Final = re.compile(r"[^\W\d_]+")
_PART: Final = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")
_SCALES: Final = {"%": 0.01, "percent": 0.01, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9}
_NUMERALS: Final = {
    word: float(at)
    for at, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
            "twenty",
        )
    )
} | {"thirty": 30.0, "forty": 40.0, "fifty": 50.0, "hundred": 100.0, "thousand": 1000.0, "half": 0.5, "dozen": 12.0}
_MONTHS: Final = {
    name: float(at)
    for at, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_STEM: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text to look things up in.

    stated: the numbers that stand in it as digits.  numbers: also those it implies.  percents: those before a "%".
    stems: how its words begin.  names: those of capitalised words.
    """

    text: str
    stems: frozenset[str]
    stated: frozenset[float]
    numbers: frozenset[float]
    names: frozenset[str]
    percents: frozenset[float]


def source(text: str) -> Source:
    """Return a text, made ready to look things up in."""
    stated: set[float] = set()
    implied: set[float] = set()
    percents: set[float] = set()
    for digits, scale in _NUMBER.findall(text):
        value = _float(digits.replace(",", ""))
        stated.add(value)
        if scale in {"%", "percent"}:
            percents.add(value)
        if scale:
            implied.add(round(value * _SCALES[scale.casefold()], 9))
    words = _WORD.findall(text)
    folded = [word.casefold() for word in words]
    for word in folded:
        if word in _NUMERALS:
            implied.add(_NUMERALS[word])
        if word[:3] in _MONTHS:
            implied.add(_MONTHS[word[:3]])
    return Source(
        text=" ".join(text.casefold().split()),
        stems=frozenset(word[:_STEM] for word in folded),
        stated=frozenset(stated),
        numbers=frozenset(stated | implied | {_float(part) for part in _DIGITS.findall(_GROUPED.sub("", text))}),
        percents=frozenset(percents),
        names=frozenset(
            word.casefold()[:_STEM]
            for before, word in zip(["", *words], words, strict=False)
            if before and word[0].isupper() and len(word) > 1
        ),
    )


def stems(text: str) -> frozenset[str]:
    """Return how the words of a text begin, without case."""
    return frozenset(word[:_STEM] for word in _WORD.findall(text.casefold()))


def _float(digits: str) -> float:
    try:
        return round(float(digits), 9)
    except (ValueError, OverflowError):
        return 0.0


def leaves(value: object, depth: int = 0) -> Iterator[object]:
    """Yield what a value states: itself, or what its lists and objects hold."""
    if depth <= MOST_DEPTH and isinstance(value, list | tuple):
        for each in cast("Sequence[Any]", value):
            yield from leaves(each, depth + 1)
    elif depth <= MOST_DEPTH and isinstance(value, dict):
        for each in cast("dict[Any, Any]", value).values():
            yield from leaves(each, depth + 1)
    else:
        yield value


def grounded(value: object, there: Source) -> float:
    """Return how much of a single value occurs in the text, 0 to 1. A bool, None and "" state nothing: 1."""
    match value:
        case bool() | None | "":
            return 1.0
        case int() | float():
            return 1.0 if _occurs(value, there) else 0.0
        case str():
            return _words_grounded(value, there)
        case _:
            return 0.0


def _occurs(value: float, there: Source) -> bool:
    try:
        number = abs(round(float(value), 9))
    except (OverflowError, ValueError):
        return False
    return number in there.numbers or round(number * 100.0, 7) in there.numbers


def _words_grounded(value: str, there: Source) -> float:
    folded = " ".join(value.casefold().split())
    if folded in there.text:
        return 1.0
    parts = _PART.findall(folded)
    if not parts:
        return 0.0
    found = sum(
        (float(part) in there.numbers) if part[0].isdecimal() and part.isascii() else (part[:_STEM] in there.stems)
        for part in parts
    )
    return found / len(parts)


def covered(values: Sequence[object], there: Source) -> tuple[float, float]:
    """Return the shares of the text's numbers, and of its names, that the values state; 1 where it has none.

    What is asked for and left out shows here. A name is a capitalised word that does not begin the text.
    """
    said_numbers: set[float] = set()
    said_stems: set[str] = set()
    for value in values:
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float):
            number = _float(str(abs(value)))
            said_numbers |= {number, round(number * 100.0, 7)}
        elif isinstance(value, str):
            for part in _PART.findall(value.casefold()):
                if part[0].isdecimal() and part.isascii():
                    said_numbers.add(float(part))
                else:
                    said_stems.add(part[:_STEM])
    numbers = len(there.stated & said_numbers) / len(there.stated) if there.stated else 1.0
    names = len(there.names & said_stems) / len(there.names) if there.names else 1.0
    return numbers, names


def overlap(text: str, there: Source) -> float:
    """Return the share of a text's words, of four letters or more, that occur in the source; 0 when it has none."""
    words = {word.casefold()[:_STEM] for word in _WORD.findall(text) if len(word) > 3}
    return len(words & there.stems) / len(words) if words else 0.0

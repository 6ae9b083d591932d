"""The numbers that a step was given: named values, and numbers and percentages that stand in texts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from agentcore.domain.json import JSON, JSONObject

_Path: TypeAlias = tuple[str, ...]

_MAX_DEPTH = 16
_MAX_TEXT = 100_000

_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_DATE = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b")
_IN_TEXT = re.compile(
    r"(?<![\w.,])"
    r"(?P<number>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,40})?|[0-9]{1,40}(?:\.[0-9]{1,40})?)"
    r"(?!\w|[.,][0-9])"
    r"(?P<percent>\s?(?:%|percent\b|per cent\b))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What may stand in an expression.

    names: the shortest unambiguous name of each value.  aliases: every unambiguous name, the longer ones included.
    percentages, literals: as written in texts, without the sign, in order.  numbers: all of them, to look up.
    """

    names: Mapping[str, Decimal]
    aliases: Mapping[str, Decimal]
    percentages: tuple[str, ...]
    literals: tuple[str, ...]
    numbers: frozenset[Decimal]


def read_facts(facts: JSONObject) -> Facts:
    """Return the numbers of facts.

    A value is named by its key; where keys repeat with other values, by more of its path (`orders.rows.quantity`).
    The fact's name and the key alone (`orders.quantity`) are an alias. The rows of a list with several get `_1`, `_2`
    and so on. Numbers may be JSON numbers or text such as "189.00". Of the results of this package's own tools only
    the substance counts: a query's rows, a passage's text, a value.
    """
    values: list[tuple[_Path, Decimal]] = []
    percentages: dict[str, None] = {}
    literals: dict[str, None] = {}
    for path, leaf in _leaves(facts, (), "", 0):
        number = _number(leaf)
        if number is not None and path:
            values.append((path, number))
        elif isinstance(leaf, str):
            for match in _IN_TEXT.finditer(_DATE.sub(" ", leaf[:_MAX_TEXT])):
                (percentages if match["percent"] else literals)[match["number"].replace(",", "")] = None
    known: defaultdict[str, set[Decimal]] = defaultdict(set)
    for path, value in values:
        for name in {*_suffixes(path), f"{path[0]}.{path[-1]}"}:
            known[name].add(value)
    names: dict[str, Decimal] = {}
    for path, value in values:
        name = next((name for name in _suffixes(path) if len(known[name]) == 1), None)
        if name is not None:
            names.setdefault(name, value)  # the first way of writing it: 189.00 rather than 189
    aliases = {name: next(iter(found)) for name, found in known.items() if len(found) == 1} | names
    texts = (*percentages, *literals)
    return Facts(
        names=names,
        aliases=aliases,
        percentages=tuple(percentages),
        literals=tuple(literals),
        numbers=frozenset(value for _, value in values) | {Decimal(text) for text in texts},
    )


def _leaves(value: JSON, path: _Path, suffix: str, depth: int) -> Iterator[tuple[_Path, JSON]]:
    if depth > _MAX_DEPTH:
        return
    match value:
        case str() | int() | float() | None:
            yield ((*path[:-1], path[-1] + suffix) if path else ()), value
        case Mapping():
            for key, item in _substance(value):
                yield from _leaves(item, (*path, _slug(key)), suffix, depth + 1)
        case Sequence():
            for index, item in enumerate(value, 1):
                yield from _leaves(item, path, suffix if len(value) == 1 else f"{suffix}_{index}", depth + 1)


def _substance(value: Mapping[str, JSON]) -> Iterator[tuple[str, JSON]]:
    """Yield what to look at, by key."""
    keys = value.keys()
    if {"columns", "rows", "row_count"} <= keys:
        yield "rows", value["rows"]
    elif {"id", "title", "text", "score"} <= keys:
        yield "text", value["text"]
    elif {"expression", "terms", "value"} <= keys:
        yield "value", value["value"]
    else:
        yield from value.items()


def _suffixes(path: _Path) -> Iterator[str]:
    """Yield the names of a value, shortest first."""
    for length in range(1, len(path) + 1):
        yield ".".join(path[-length:])


def _slug(key: str) -> str:
    slug = re.sub(r"\W+", "_", key.lower()).strip("_")
    return f"_{slug}" if not slug or slug[0].isdigit() else slug


def _number(leaf: JSON) -> Decimal | None:
    if isinstance(leaf, bool):
        return None
    if isinstance(leaf, int | float):
        number = Decimal(repr(leaf))
        return number if number.is_finite() else None
    if isinstance(leaf, str) and _NUMBER.fullmatch(leaf.strip()):
        return Decimal(leaf.strip())
    return None

"""Sections: data in a prompt, kept apart from instructions.

Every fact is labelled, and none can pretend to be anything else. A short value takes one line, `name = value`, where
text stands in quotation marks as in JSON; a long one takes a block:

    orders.quantity = 40
    rule = "In a dry month the amount rises by 25 %."
    <data name="letter">
    Dear all,
    …
    </data>

A value on one line has no line break in it; a value in a block has no `<data` or `</data` in it (the `<` becomes
`&lt;`, which is the only change that is ever made to a text). So the data ends where the label says. The form is short
because small models read it, and plain because people write few-shot examples in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from agentcore.domain.json import JSON, canonical, digest

MAX_LEAVES = 40
"""A nested value with more scalars than this is shown as JSON in a block."""

MAX_LINE = 240
"""Characters of text that may stand on one line."""

MAX_PASSAGE = 600
"""Characters of a search result's text that may stand on one line after its id."""

Scalar: TypeAlias = str | int | float | bool | None

_json: Final = json.JSONEncoder(ensure_ascii=False).encode
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_NOT_IN_IDS = re.compile(r"[^\w.#/-]+")
_TAG = re.compile(r"<(?=\s*/?\s*data\b)", re.IGNORECASE)
_NEEDS_BLOCK = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A labelled value: a step's id or an input's name, and its JSON. about: what it is, in words, on one line."""

    name: str
    value: JSON
    about: str = ""


def fact(name: str, value: JSON, *, about: str = "") -> Fact:
    """Return a fact, whose name is reduced to letters, digits, `_`, `-` and `.`, so that it cannot carry text."""
    words = one_line(about)[:MAX_LINE]
    return Fact(name=_NOT_IN_NAMES.sub("_", name).strip("_") or "fact", value=value, about=words)


def one_line(text: str) -> str:
    """Return a text that stands outside of a block: no line break, so that it cannot pass for the lines around it."""
    return " ".join(text.split())


def leaves(name: str, value: JSON) -> list[tuple[str, Scalar]]:
    """Return the scalars of a value by name: `orders.quantity`; in several rows `orders.quantity_1` and so on.

    These are the names under which a prompt shows them, and those that the calculator takes.
    """
    return list(_leaves(name, value, ""))


def _leaves(name: str, value: JSON, suffix: str) -> Iterator[tuple[str, Scalar]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(f"{name}.{_slug(key)}", part, suffix)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, part in enumerate(value, start=1):
            yield from _leaves(name, part, suffix if len(value) == 1 else f"{suffix}_{index}")
    else:
        yield name + suffix, value


def _slug(key: str) -> str:
    slug = re.sub(r"\W+", "_", key.lower()).strip("_")
    return f"_{slug}" if not slug or slug[0].isdigit() else slug


def facts_section(facts: Sequence[Fact]) -> str:
    """Return the facts in the form above, one after the other; empty text for none."""
    return "\n".join(line for each in facts for line in _described(each))


def data_block(name: str, text: str) -> str:
    """Return a text as a block that nothing in it can end."""
    return f'<data name="{name}">\n{_TAG.sub("&lt;", text)}\n</data>'


def _described(each: Fact) -> list[str]:
    lines = _lines(each)
    return [f"# {_TAG.sub('&lt;', each.about)}", *lines] if each.about else lines


def _lines(each: Fact) -> list[str]:
    if isinstance(each.value, str | int | float | bool) or each.value is None:
        return [_line(each.name, each.value)]
    passages = _passages(each.value)
    if passages is not None:
        return [f"[{id}] {text}" if _fits(text) else data_block(id, text) for id, text in passages]
    parts = leaves(each.name, _substance(each.value))
    if not parts:
        return [f"{each.name} = {canonical(each.value)}"]
    if len(parts) > MAX_LEAVES:
        return [data_block(each.name, canonical(each.value))]
    return [_line(name, part) for name, part in parts]


def _substance(value: JSON) -> JSON:
    """Return what a model needs of a query's result: its rows, and whether there were more."""
    if not isinstance(value, Mapping) or not {"columns", "rows", "row_count"} <= value.keys():
        return value
    rows = value["rows"]
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        return {"rows": 0}
    if value.get("truncated"):
        return {"rows": rows, "truncated": True}
    return rows


def _passages(value: JSON) -> list[tuple[str, str]] | None:
    """Return id and text of search results: `{"passages": [{"id": …, "text": …}, …]}`."""
    found = value.get("passages") if isinstance(value, Mapping) else None
    if not isinstance(found, Sequence) or isinstance(found, str):
        return None
    passages: list[tuple[str, str]] = []
    for one in found:
        id, text = (one.get("id"), one.get("text")) if isinstance(one, Mapping) else (None, None)
        if not isinstance(id, str) or not isinstance(text, str):
            return None
        passages.append((_NOT_IN_IDS.sub("_", id), " ".join(text.split())))
    return passages


def _fits(text: str) -> bool:
    return len(text) <= MAX_PASSAGE and not _TAG.search(text) and not text.startswith("[")


def _line(name: str, value: Scalar) -> str:
    if isinstance(value, str) and (len(value) > MAX_LINE or _NEEDS_BLOCK.search(value)):
        return data_block(name, value)
    return f"{name} = {_json(value)}"


FORMAT_VERSION = digest(
    [
        facts_section(
            [
                fact("a b", 1.5),
                fact("text", "a"),
                fact("long", 'a\n"</data>' + "b" * MAX_LINE),
                fact("rows", [{"a": 1}]),
                fact("none", []),
                fact("many", list(range(MAX_LEAVES + 1))),
            ]
        ),
    ]
)
"""Content hash of how facts are shown, so that a change of the form is a change of every prompt that holds facts."""

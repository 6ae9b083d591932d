"""Function calls in an answer, in one canonical form, so that answers of different models can be compared.

Models write the same call in many ways: as JSON (`[{"name": …, "arguments": …}]`, `[{"name": "{…}"}]`) or as Python
(`[area(base=10, unit='cm')]`). An answer without a call, e.g. prose that explains why none fits, is an answer, too.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

MOST_CHARACTERS: Final = 20_000
"""A longer answer is not searched for calls: it counts as broken."""

_NO_LETTERS: Final = re.compile(r"[^0-9A-Za-z]+")

Form: TypeAlias = Literal["calls", "none", "broken"]
"""Whether an answer holds calls, none at all, or something like a call that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. name: as declared, with `_` for `.`.  arguments: by name; positional ones by number, e.g. "0"."""

    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What an answer wants to call, in its order. canonical: equal for answers that call the same, in any order."""

    form: Form
    calls: tuple[Call, ...] = ()
    canonical: tuple[object, ...] = ()


def read_calls(text: str, names: Sequence[str] = ()) -> Calls:
    """Return the calls in an answer's text. names: of the functions there are, to tell broken calls from prose.

    Never raises: what cannot be read is broken when it names a function before a bracket, and none otherwise.
    """
    if len(text) > MOST_CHARACTERS:
        return Calls(form="broken")
    found = _from_json(text)
    plain = text
    if found is None:
        plain = _unquoted(text)
        found = _from_python(plain)
    if found:
        return Calls(form="calls", calls=tuple(found), canonical=tuple(sorted(map(_canonical_call, found), key=repr)))
    if found is None and any(f"{name}(" in plain or f'"{name}"' in plain for name in names):
        return Calls(form="broken")
    return Calls(form="none")


def plain_name(name: str) -> str:
    """Return a function's name as it is compared: some providers allow no dots in names."""
    return _NO_LETTERS.sub("_", name)


def _unquoted(text: str) -> str:
    """Return what a JSON string says, and any other text as it is, without a fence of code."""
    if text.startswith('"'):
        try:
            inner: object = json.loads(text)
        except ValueError:
            inner = text
        if isinstance(inner, str):
            text = inner
    text = text.strip()
    fenced = re.fullmatch(r"```[a-z]*\n(.*?)\n?```", text, re.DOTALL)
    return fenced.group(1).strip() if fenced else text


def _from_json(text: str) -> list[Call] | None:
    """Return the calls of a JSON text; None when it is not JSON, or JSON that is not about calls."""
    if text[:1] not in "[{":
        return None
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    entries = cast("list[object]", found) if isinstance(found, list) else [found]
    calls: list[Call] = []
    for entry in entries:
        if not isinstance(entry, dict):
            return [] if isinstance(entry, str) else None
        call = _json_call(cast("dict[str, object]", entry))
        if call is None:
            return None
        calls.append(call)
    return calls


def _json_call(entry: dict[str, object]) -> Call | None:
    if isinstance(entry.get("function"), dict):  # OpenAI's tool calls
        entry = cast("dict[str, object]", entry["function"])
    if isinstance(entry.get("name"), str) and ("arguments" in entry or "parameters" in entry):
        return _call(cast("str", entry["name"]), entry.get("arguments", entry.get("parameters")))
    if len(entry) == 1:
        name, arguments = next(iter(entry.items()))
        return _call(name, arguments)
    return None


def _call(name: str, arguments: object) -> Call | None:
    if isinstance(arguments, str):
        try:
            arguments = cast("object", json.loads(arguments))
        except (ValueError, RecursionError):
            return None
    if not isinstance(arguments, dict):
        return None
    return Call(name=plain_name(name), arguments=cast("dict[str, object]", arguments))


def _from_python(text: str) -> list[Call] | None:
    """Return the calls of a Python expression, one or a list; None when it is not one."""
    if not text.endswith((")", "]", ");")) or "(" not in text:
        return [] if text in {"", "[]"} else None
    try:
        parsed = _parsed(text.rstrip(";"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    entries = parsed.elts if isinstance(parsed, ast.List | ast.Tuple) else [parsed]
    calls: list[Call] = []
    for entry in entries:
        name = _dotted(entry.func) if isinstance(entry, ast.Call) else None
        if not isinstance(entry, ast.Call) or name is None:
            return None
        arguments: dict[str, object] = {str(at): _value(each) for at, each in enumerate(entry.args)}
        arguments |= {each.arg: _value(each.value) for each in entry.keywords if each.arg is not None}
        calls.append(Call(name=plain_name(name), arguments=arguments))
    return calls


def _parsed(text: str) -> ast.expr:
    if "\\" not in text:
        return ast.parse(text, mode="eval").body
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes in a model's text
        return ast.parse(text, mode="eval").body


def _dotted(node: ast.expr) -> str | None:
    """Return a name with its dots; None for anything else."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            before = _dotted(node.value)
            return None if before is None else f"{before}.{node.attr}"
        case _:
            return None


def _value(node: ast.expr) -> object:
    """Return the value of a literal, and the source of anything else: a name, a formula."""
    if isinstance(node, ast.Constant):
        return node.value
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return ast.unparse(node)


def _canonical_call(call: Call) -> tuple[str, tuple[tuple[str, object], ...]]:
    return call.name.casefold(), tuple((key, canonical_value(call.arguments[key])) for key in sorted(call.arguments))


def canonical_value(value: object) -> object:
    """Return a value as it is compared: 5 and 5.0 are one; case, blanks and the order of keys do not matter."""
    match value:
        case bool():
            return "true" if value else "false"  # for Python, True equals 1
        case None:
            return None
        case int() | float():
            return _number(value)
        case str():
            return " ".join(value.casefold().split())
        case list() | tuple():
            return tuple(canonical_value(each) for each in cast("Sequence[Any]", value))
        case dict():
            entries = cast("dict[object, object]", value)
            return tuple(sorted(((str(key), canonical_value(each)) for key, each in entries.items()), key=repr))
        case _:
            return repr(value)


def _number(value: float) -> float | str:
    try:
        return round(float(value), 9)
    except OverflowError:
        return str(value)

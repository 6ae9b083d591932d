"""Strict reading: a part of a file into a pydantic model, each thing that does not fit told with its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from agentcore.config.problem import Problems
from agentcore.config.source import KeyPath, Source
from agentcore.domain.json import JSON

M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Keys of a file: no others are allowed, and values are not converted from other types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


_EXPECTED = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "decimal_parsing": "a decimal number",
    "decimal_type": "a decimal number",
    "dict_type": "a mapping",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "frozen_set_type": "a list",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "mapping_type": "a mapping",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "set_type": "a list",
    "string_type": "text",
    "tuple_type": "a list",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
SHOWN_KEYS = 20
"""How many known keys a message lists when none is near."""


def fit(
    model: type[M],
    source: Source,
    problems: Problems,
    *,
    at: KeyPath = (),
    value: JSON = None,
    ignore: Callable[[KeyPath], bool] = lambda _: False,
) -> M | None:
    """Return the value at `at` as a model, after adding to `problems` what does not fit.

    What is returned then is the rest, so that more can be found out; None when the rest is not enough.
    value: instead of the one in the file, with the same places.  ignore: paths in it that are not to be judged.
    """
    given = source.get(at) if value is None else value
    try:
        return model.model_validate_json(json.dumps(given))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = _path(source, at, detail["loc"])
            if not ignore(path):
                _tell(detail, path=path, model=model, source=source, problems=problems, at=at)
            given = _without(given, path[len(at) :])
    try:
        return model.model_validate_json(json.dumps(given))
    except ValidationError:
        return None


def _without(value: JSON, path: KeyPath) -> JSON:
    """Return a value without its part at `path`, None when nothing is left; a list is left whole or not at all."""
    if not path:
        return None
    key, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        parts = dict(value)
        part = _without(parts.pop(str(key), None), rest)
        return parts if part is None else {**parts, str(key): part}
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        part = _without(value[key], rest)
        return None if part is None else [*value[:key], part, *value[key + 1 :]]
    return None


def _path(source: Source, at: KeyPath, loc: tuple[int | str, ...]) -> KeyPath:
    """Return where in the file an error is; parts of `loc` that only name a branch of a union are left out."""
    path = at
    for part in loc:
        if (*path, part) in source.values:
            path = (*path, part)
    return path


def _tell(
    detail: ErrorDetails, *, path: KeyPath, model: type[BaseModel], source: Source, problems: Problems, at: KeyPath
) -> None:
    kind = detail["type"]
    name = detail["loc"][-1] if detail["loc"] else None
    if kind == "extra_forbidden":
        known = known_keys(model, path[len(at) : -1])
        problems.error(source.key_place(path), _unknown_key(str(name), known))
    elif kind == "missing":
        where = f" in `{path[-1]}`" if path and isinstance(path[-1], str) else ""
        problems.error(source.key_place(path), f"`{name}` is required{where}")
    elif name == "[key]":
        problems.error(source.key_place(path), f"`{path[-1]}` cannot be a name: {_name_form(detail)}")
    else:
        key = next((part for part in reversed(path) if isinstance(part, str)), None)
        given = source.get(path)  # as written: `detail` may hold a secret that stood for a variable
        problems.error(source.place(path), f"`{key}` {_message(detail, given)}" if key else _message(detail, given))


def _message(detail: ErrorDetails, value: JSON) -> str:
    kind = detail["type"]
    ctx: Mapping[str, Any] = detail.get("ctx", {})
    given = _shown(value)
    if kind in {"literal_error", "enum"}:
        expected = str(ctx["expected"])
        choices = expected.replace(" or ", ", ").replace("'", "").split(", ")
        near = get_close_matches(str(value), choices, n=1)
        return f"must be one of {', '.join(choices)}, not {given}" + (f"; did you mean {near[0]}?" if near else "")
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}, not {given}"
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"must be {words} {ctx[key]}, not {given}"
    if kind in {"string_too_short", "too_short"} and ctx.get("min_length") == 1:
        return "must not be empty"
    if kind == "too_long":
        return f"must have at most {ctx['max_length']}, not {ctx['actual_length']}"
    if kind == "string_pattern_mismatch":
        return f"{given} does not match {ctx['pattern']}"
    return _reason(detail)


def _reason(detail: ErrorDetails) -> str:
    if detail["type"] == "value_error":
        return str(detail.get("ctx", {}).get("error", detail["msg"]))
    message = detail["msg"]
    return message[:1].lower() + message[1:]


def _name_form(detail: ErrorDetails) -> str:
    dash = ", `-`" if "-]" in str(detail.get("ctx", {}).get("pattern")) else ""
    return f"a name has letters, digits, `_`{dash}, at most 48, and begins with a letter"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return json.dumps(value if len(value) <= 40 else value[:40] + "…", ensure_ascii=False)
        case _:
            return json.dumps(value, default=str)


def _unknown_key(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"unknown key `{name}`; did you mean `{near[0]}`?"
    more = ", …" if len(known) > SHOWN_KEYS else ""
    return f"unknown key `{name}`; known: {', '.join(known[:SHOWN_KEYS])}{more}" if known else f"unknown key `{name}`"


def known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys that a model knows at a path within it, in the order of their definition."""
    schema = model.model_json_schema()
    nodes = list(_branches(schema, schema))
    for part in path:
        nodes = [branch for node in nodes for child in _children(node, part) for branch in _branches(child, schema)]
    return list(dict.fromkeys(key for node in nodes for key in cast("dict[str, Any]", node.get("properties", {}))))


def _children(node: Mapping[str, Any], part: str | int) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, int):
        candidates = [node.get("items")]
    else:
        named = cast("dict[str, Any]", node.get("properties", {})).get(part)
        candidates = [named or node.get("additionalProperties")]
        if named is None:
            candidates += cast("dict[str, Any]", node.get("patternProperties", {})).values()
    for child in candidates:
        if isinstance(child, dict):
            yield cast("dict[str, Any]", child)


def _branches(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema with its references followed, and those that it combines."""
    if "$ref" in node:
        yield from _branches(schema["$defs"][str(node["$ref"]).rpartition("/")[2]], schema)
        return
    yield node
    for word in ("anyOf", "oneOf", "allOf"):
        for branch in cast("list[dict[str, Any]]", node.get(word, [])):
            yield from _branches(branch, schema)

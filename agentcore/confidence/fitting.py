"""Whether a call fits the declaration of its function: a free verifier of an answer.

Declarations are JSON Schemas, or nearly so: those of BFCL say `dict`, `float`, `tuple`, `any`, and Java's types. What
is not understood is held to fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from agentcore.confidence.calls import Call, plain_name

MOST_DEPTH: Final = 12
"""How deep a value is compared with its schema."""

_FORMS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "char": (str,),
    "integer": (int,),
    "int": (int,),
    "long": (int,),
    "number": (int, float),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "bool": (bool,),
    "array": (list, tuple),
    "tuple": (list, tuple),
    "list": (list, tuple),
    "object": (dict,),
    "dict": (dict,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One function that may be called. parameters: name → schema."""

    name: str
    words: str
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """How a call does not fit: counts, all 0 when it fits."""

    unknown_function: int = 0
    missing: int = 0
    unknown: int = 0
    wrong_type: int = 0
    not_allowed: int = 0

    def total(self) -> int:
        """Return how many faults there are."""
        return self.unknown_function + self.missing + self.unknown + self.wrong_type + self.not_allowed


def declared(tools: Sequence[Mapping[str, Any]]) -> dict[str, Declared]:
    """Return the declared functions by plain name. What is no declaration is left out."""
    found: dict[str, Declared] = {}
    for tool in tools:
        inner: Any = tool.get("function")
        entry = cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else tool
        name = entry.get("name")
        if not isinstance(name, str):
            continue
        schema = _mapping(entry.get("parameters", entry.get("input_schema")))
        parameters = {key: _mapping(each) for key, each in _mapping(schema.get("properties")).items()}
        required: Any = schema.get("required")
        found[plain_name(name)] = Declared(
            name=name,
            words=" ".join([str(entry.get("description", "")), *_descriptions(parameters)]),
            parameters=parameters,
            required=frozenset(cast("list[str]", required)) if isinstance(required, list | tuple) else frozenset(),
        )
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _descriptions(parameters: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, schema in parameters.items():
        yield f"{name} {schema.get('description', '')}"


def misfit(call: Call, functions: Mapping[str, Declared]) -> Misfit:
    """Return how a call does not fit what is declared. functions: by plain name. Positional arguments are unknown."""
    function = functions.get(call.name)
    if function is None:
        return Misfit(unknown_function=1)
    wrong_type = not_allowed = 0
    for name, value in call.arguments.items():
        schema = function.parameters.get(name)
        if schema is None:
            continue
        wrong_type += not _of_type(value, schema)
        not_allowed += not _allowed(value, schema)
    return Misfit(
        missing=len(function.required - call.arguments.keys()),
        unknown=len(call.arguments.keys() - function.parameters.keys()),
        wrong_type=wrong_type,
        not_allowed=not_allowed,
    )


def _of_type(value: object, schema: Mapping[str, Any], depth: int = 0) -> bool:
    if depth > MOST_DEPTH:
        return True
    kind: Any = schema.get("type")
    if not isinstance(kind, str):
        return True
    forms = _FORMS.get(kind.casefold() if kind[:1].islower() else kind)
    if forms is None:
        return True
    if isinstance(value, bool) and bool not in forms:
        return False
    if not isinstance(value, forms):
        return False
    if isinstance(value, list | tuple):
        inner = _mapping(schema.get("items"))
        return all(_of_type(each, inner, depth + 1) for each in cast("Sequence[object]", value))
    if isinstance(value, dict):
        inner = _mapping(schema.get("properties"))
        entries = cast("dict[str, object]", value)
        return all(_of_type(each, _mapping(inner.get(key)), depth + 1) for key, each in entries.items())
    return True


def _allowed(value: object, schema: Mapping[str, Any]) -> bool:
    """Return whether a value is one of the schema's `enum`, or each of its elements one of the elements'."""
    allowed: Any = schema.get("enum")
    if isinstance(allowed, list) and allowed:
        values = cast("Sequence[object]", value) if isinstance(value, list | tuple) else [value]
        return all(each in allowed for each in values)
    if isinstance(value, list | tuple):
        inner = _mapping(schema.get("items"))
        return not inner.get("enum") or all(_allowed(each, inner) for each in cast("Sequence[object]", value))
    return True

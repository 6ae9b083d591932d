"""The simplest value that satisfies a JSON Schema, so that scripted models can answer any request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from agentcore.domain.json import JSON, JSONObject


def instance(schema: JSONObject) -> JSON:
    """Return a small value for the schemas that agents use: const, enum, anyOf, objects, arrays, local references.

    Raises ValueError for a schema of another kind.
    """
    return _value(schema, schema, 0)


def _value(schema: JSONObject, root: JSONObject, depth: int) -> JSON:
    if depth > 50:
        raise ValueError("the schema refers to itself without end")
    match schema:
        case {"$ref": str(target)}:
            return _value(_resolved(root, target), root, depth + 1)
        case {"const": constant}:
            return constant
        case {"enum": [first, *_]}:
            return first
        case {"anyOf": [first, *_]} | {"oneOf": [first, *_]}:
            return _value(cast("JSONObject", first), root, depth + 1)
        case {"type": [first, *_]}:
            return _typed(str(first), schema, root, depth)
        case {"type": str(type)}:
            return _typed(type, schema, root, depth)
        case {"properties": _}:
            return _typed("object", schema, root, depth)
        case _ if not schema:
            return ""
        case _:
            raise ValueError(f"no instance is known for a schema with the keys {sorted(schema)}")


def _typed(type: str, schema: JSONObject, root: JSONObject, depth: int) -> JSON:
    match type:
        case "object":
            properties = cast("Mapping[str, JSONObject]", schema.get("properties") or {})
            names = cast("Sequence[str]", schema.get("required") or ())
            return {name: _value(properties.get(name, {}), root, depth + 1) for name in names}
        case "array":
            items = cast("JSONObject", schema.get("items") or {})
            return [_value(items, root, depth + 1) for _ in range(cast("int", schema.get("minItems") or 0))]
        case "string":
            return "x" * cast("int", schema.get("minLength") or 1)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case _:
            return None


def _number(schema: JSONObject) -> JSON:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    if isinstance(low, int | float) and low >= 1:
        return low + 1 if "exclusiveMinimum" in schema else low
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if isinstance(high, int | float) and high <= 1:
        return high - 1 if "exclusiveMaximum" in schema else high
    return 1


def _resolved(root: JSONObject, target: str) -> JSONObject:
    found: JSON = root
    for part in target.removeprefix("#").split("/")[1:]:
        found = cast("JSONObject", found)[part.replace("~1", "/").replace("~0", "~")]
    return cast("JSONObject", found)

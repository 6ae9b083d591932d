"""Judges the JSON Schemas that people write in agents: is this one, and could a word in it be misspelt?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, cast

from agentcore.config.source import KeyPath
from agentcore.domain.json import JSON, JSONObject, canonical

META_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_OF_SCHEMAS = {"$defs", "dependentSchemas", "patternProperties", "properties"}
_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_SCHEMAS = {"additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"}
_OTHERS = {
    "$anchor",
    "$comment",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$ref",
    "$schema",
    "$vocabulary",
    "const",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "dependentRequired",
    "deprecated",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "readOnly",
    "required",
    "title",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
    "writeOnly",
}
KEYWORDS = _OF_SCHEMAS | _LISTS | _SCHEMAS | _OTHERS


def schema_problems(schema: JSONObject) -> list[tuple[KeyPath, str]]:
    """Return what makes this no JSON Schema of draft 2020-12, each with its path in the schema."""
    import jsonschema_rs  # noqa: PLC0415  # only needed when an agent has a schema

    meta = jsonschema_rs.Draft202012Validator({"$ref": META_SCHEMA})
    found = [(tuple(error.instance_path), _message(error, schema)) for error in meta.iter_errors(schema)]
    if found:
        return found
    try:
        jsonschema_rs.Draft202012Validator(cast("dict[str, Any]", schema), offline=True)
    except (jsonschema_rs.ValidationError, ValueError) as error:  # a bad pattern, a reference to nowhere
        path = tuple(getattr(error, "instance_path", ()))
        return [(path, f"this is no valid JSON Schema: {getattr(error, 'message', error)}")]
    return []


def misspelt(schema: JSON, at: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Yield words of a schema that are no keywords but nearly are: JSON Schema would silently ignore them."""
    if not isinstance(schema, Mapping):
        return
    for word, value in schema.items():
        here = (*at, word)
        if word in _OF_SCHEMAS and isinstance(value, Mapping):
            for name, part in value.items():
                yield from misspelt(part, (*here, name))
        elif word in _LISTS and isinstance(value, list):
            for index, part in enumerate(value):
                yield from misspelt(part, (*here, index))
        elif word in _SCHEMAS:
            yield from misspelt(value, here)
        elif word not in KEYWORDS and (near := get_close_matches(word, KEYWORDS, n=1, cutoff=0.75)):
            yield here, f"`{word}` is no keyword of JSON Schema and has no effect; did you mean `{near[0]}`?"


def _message(error: Any, schema: JSONObject) -> str:
    path = cast("list[str | int]", error.instance_path)
    found: Any = schema
    for part in path:
        found = found[part]
    if path and path[-1] == "type" and isinstance(found, str):
        near = get_close_matches(found, TYPES, n=1)
        meant = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(TYPES)}"
        return f"`{found}` is no JSON type; {meant}"
    word = f"`{path[-1]}`" if path and isinstance(path[-1], str) else canonical(found)[:60]
    return f"{word} is no valid JSON Schema: {error.message}"

"""A schema's paths are those that arguments which satisfy it can have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.policy.argument_paths import ArgumentPaths
from agentcore.policy.arguments import ToolArguments

NAMES = st.sampled_from(["a", "b", "a.b", "c[d"])
SCALARS = {
    "string": st.text(max_size=3),
    "boolean": st.booleans(),
    "integer": st.integers(-9, 9),
    "number": st.floats(-9, 9),
    "null": st.none(),
}


def an_object(properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


def alternatives(inner):
    return st.one_of(
        inner.map(lambda items: {"type": "array", "items": items}),
        st.dictionaries(NAMES, inner, max_size=3).map(an_object),
        st.lists(inner, min_size=1, max_size=3).map(lambda several: {"anyOf": several}),
    )


SCHEMAS = st.recursive(
    st.sampled_from([*SCALARS]).map(lambda kind: {"type": kind}) | st.just({}) | st.just({"enum": ["x", 1]}),
    alternatives,
    max_leaves=8,
)


@st.composite
def values(draw, schema):
    if "anyOf" in schema:
        return draw(values(draw(st.sampled_from(schema["anyOf"]))))
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    match schema.get("type"):
        case "array":
            return [draw(values(schema["items"])) for _ in range(draw(st.integers(0, 2)))]
        case "object":
            chosen = [name for name in schema["properties"] if draw(st.booleans())]
            return {name: draw(values(schema["properties"][name])) for name in chosen}
        case None:
            return draw(st.sampled_from(["x", 1, ["y"], {"z": [{"w": 2}]}]))
        case kind:
            return draw(SCALARS[kind])


@given(st.data())
def test_whatever_satisfies_a_schema_has_no_other_paths(data):
    schema = an_object(data.draw(st.dictionaries(NAMES, SCHEMAS, max_size=3)))
    arguments = ToolArguments.of(data.draw(values(schema)))
    paths = ArgumentPaths.of(schema)
    given_ = {"arguments": arguments.texts, "numbers": arguments.numbers, "lists": arguments.lists}
    other = {
        (name, path)
        for name, found in given_.items()
        for path in found
        if path not in paths.paths[name] and not paths.allows(path)
    }
    assert other == set()
    assert set(arguments.names) <= paths.names


TREE = {
    "type": "object",
    "properties": {"root": {"$ref": "#/$defs/node"}},
    "$defs": {
        "node": {"type": "object", "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/node"}}}
    },
}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (an_object({"a": {"type": ["integer", "null"]}}), {"arguments": {"a"}, "numbers": {"a"}}),
        (an_object({"a": {"const": 5}, "b": {"enum": ["x"]}}), {"arguments": {"a", "b"}, "numbers": {"a"}}),
        (
            an_object({"a": {"type": "array", "items": an_object({"b": {"type": "number"}})}}),
            {"lists": {"a", "a[].b"}},
        ),
        ({"$ref": "#/$defs/x", "$defs": {"x": an_object({"a": {"type": "string"}})}}, {"arguments": {"a"}}),
        (
            {
                **an_object({"b": {"type": "string"}}),
                "$ref": "#/$defs/x",
                "$defs": {"x": an_object({"a": {"const": "y"}})},
            },
            {"arguments": {"a", "b"}},
        ),
        ({"allOf": [an_object({"a": {"type": "string"}})], "type": "object"}, {"arguments": {"a"}}),
        ({"then": an_object({"a": {"type": "string"}})}, {"arguments": {"a"}}),
    ],
)
def test_the_paths_of_a_schema(schema, expected):
    found = ArgumentPaths.of(schema)
    assert {name: paths for name, paths in found.paths.items() if paths} == expected


def test_a_schema_that_refers_to_itself_has_paths_to_a_certain_depth():
    found = ArgumentPaths.of(TREE)
    assert {"root.name", "root.next.name", "root.next.next.name"} <= found.paths["arguments"]


@pytest.mark.parametrize(
    ("schema", "allows", "may_have"),
    [
        (an_object({}), False, False),
        ({"type": "object"}, False, True),
        ({"type": "object", "additionalProperties": {"type": "string"}}, True, False),
        ({"type": "object", "patternProperties": {"^x": {}}, "additionalProperties": False}, True, False),
        (an_object({"x": {}}), True, False),
        (an_object({"x": {"type": "object"}}), False, True),
    ],
)
def test_what_a_schema_does_not_forbid(schema, allows, may_have):
    found = ArgumentPaths.of(schema)
    assert (found.allows("x.y"), found.may_have("x.y")) == (allows, may_have)

"""What a tool declares of its data: controls and content of its arguments, trust in its results."""

from __future__ import annotations

import pytest

from agentcore.domain.effect import Safety
from agentcore.domain.flow import ToolFlow, Trust, declared_flow, undeclared, upwards


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("to", ["to"]),
        ("to[].name", ["to[].name", "to[]", "to"]),
        ("[].owner.id", ["[].owner.id", "[].owner", "[]"]),
        (r"a\.b.c", [r"a\.b.c", r"a\.b"]),
        (r"a\[].c", [r"a\[].c", r"a\[]"]),
        ("", []),
    ],
)
def test_upwards(path, above):
    assert list(upwards(path)) == above


def test_without_a_declaration_every_argument_steers_what_changes_something_and_none_what_reads():
    assert ToolFlow().steers("note", Safety.UNSAFE)
    assert ToolFlow().steers("note", Safety.IDEMPOTENT)
    assert not ToolFlow().steers("note", Safety.READ)


def test_the_nearest_declaration_counts():
    flow = ToolFlow(controls=frozenset({"to", "extra.key"}), content=frozenset({"extra"}))
    assert flow.steers("to[].account", Safety.READ)
    assert not flow.steers("extra.note", Safety.UNSAFE)
    assert flow.steers("extra.key", Safety.UNSAFE)


def test_parts_of_a_result_have_trust_of_their_own():
    flow = ToolFlow(trust=Trust.INTERNAL, parts={"[].id": Trust.TRUSTED, "[].text": Trust.UNTRUSTED})
    assert flow.trusted("[].id") is Trust.TRUSTED
    assert flow.trusted("[].text") is Trust.UNTRUSTED
    assert flow.trusted("[].text.deeper") is Trust.UNTRUSTED
    assert flow.trusted("[].other") is Trust.INTERNAL
    assert flow.trusted("") is Trust.INTERNAL


PARAMETERS = {
    "type": "object",
    "properties": {
        "to": {"type": "array", "items": {"$ref": "#/$defs/Person"}, "x-agentcore-flow": "control"},
        "cc": {"anyOf": [{"type": "string", "x-agentcore-flow": "control"}, {"type": "null"}]},
        "note": {"type": "string", "x-agentcore-flow": "content"},
    },
    "$defs": {"Person": {"properties": {"remark": {"type": "string", "x-agentcore-flow": "content"}}}},
}
RETURNS = {
    "type": "array",
    "x-agentcore-trust": "internal",
    "items": {"properties": {"id": {"x-agentcore-trust": "trusted"}, "text": {"x-agentcore-trust": "untrusted"}}},
}


def test_keywords_in_the_schemas_are_read_through_references_and_lists():
    flow = declared_flow(PARAMETERS, RETURNS)
    assert flow.controls == {"to", "cc"}
    assert flow.content == {"note", "to[].remark"}
    assert flow.trust is Trust.INTERNAL
    assert flow.parts == {"[].id": Trust.TRUSTED, "[].text": Trust.UNTRUSTED}


def test_models_are_not_shown_the_keywords():
    assert "x-agentcore" not in str(undeclared(PARAMETERS))
    assert undeclared(PARAMETERS)["properties"]["note"] == {"type": "string"}


@pytest.mark.parametrize(
    ("parameters", "returns", "message"),
    [
        ({"properties": {"to": {"x-agentcore-flow": "contrl"}}}, None, "`control` or `content`, not `contrl`"),
        ({}, {"x-agentcore-trust": "full"}, "`trusted`, `internal` or `untrusted`, not `full`"),
    ],
)
def test_a_keyword_with_another_value_is_an_error(parameters, returns, message):
    with pytest.raises(ValueError, match=message):
        declared_flow(parameters, returns)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.verification.schema import MOST_ERRORS, check, schema_errors, schema_problems
from agentcore.verification.subject import Subject

SCHEMA = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "minLength": 1},
        "items": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
        "state": {"enum": ["open", "closed"]},
    },
    "required": ["answer"],
    "additionalProperties": False,
}


def test_errors_name_the_place_and_what_is_wrong():
    output = {"items": [{"price": 1}, {"price": "cheap"}], "state": "ajar", "extra": 1}
    assert check(Subject(output=output, output_schema=SCHEMA), {}).reasons == snapshot(
        (
            'at $.items[1].price: "cheap" is not of type "number"',
            'at $.state: "ajar" is not one of "open" or "closed"',
            "at $: Additional properties are not allowed ('extra' was unexpected)",
            'at $: "answer" is a required property',
        )
    )


def test_a_valid_output_is_accepted():
    vote = check(Subject(output={"answer": "yes"}, output_schema=SCHEMA), {})
    assert vote.accepts is True
    assert vote.reasons == ()


def test_free_text_has_no_form_to_judge():
    assert check(Subject(output="yes"), {}).accepts is None


def test_sentences_are_few_and_short():
    schema = {"type": "array", "items": {"type": "integer"}}
    errors = schema_errors(schema, ["x" * 10_000] * 50)
    assert len(errors) == MOST_ERRORS + 1
    assert errors[-1] == "and 42 more errors"
    assert max(len(error) for error in errors) < 300


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"properties": 5},
        {"$ref": "#/$defs/missing"},
        {"$ref": "https://example.org/schema.json"},
        {"$ref": "file:///etc/passwd"},
    ],
)
def test_a_schema_that_cannot_be_used_is_a_problem_and_never_a_request(schema):
    assert schema_problems(schema)
    with pytest.raises(ValueError, match="the schema"):
        schema_errors(schema, {})


def test_a_schema_that_can_be_used_is_no_problem():
    assert schema_problems(SCHEMA) == ()
    assert schema_problems({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}) == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_any_output_gets_a_vote(output):
    vote = check(Subject(output=output, output_schema=SCHEMA), {})
    assert vote.accepts is (not vote.reasons)

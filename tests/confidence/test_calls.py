from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.calls import MOST_CHARACTERS, canonical_value, read_calls


@pytest.mark.parametrize(
    "text",
    [
        '[{"geo_area": "{\\"base\\": 10, \\"unit\\": \\"cm\\"}"}]',
        '[{"geo_area": {"unit": "cm", "base": 10.0}}]',
        '[{"name": "geo.area", "arguments": {"base": 10, "unit": "CM"}}]',
        '[{"function": {"name": "geo.area", "arguments": "{\\"base\\": 10, \\"unit\\": \\" cm\\"}"}}]',
        "[geo.area(base=10, unit='cm')]",
        "geo.area(unit='cm', base=10)",
        "\"[geo.area(base=10, unit='cm')]\"",
        "```python\n[geo.area(base=10, unit='cm')]\n```",
    ],
)
def test_one_call_written_in_many_ways_is_one(text):
    read = read_calls(text)
    assert read.form == "calls"
    assert [call.name for call in read.calls] == ["geo_area"]
    assert read.canonical == read_calls("[geo.area(base=10, unit='cm')]").canonical


def test_the_order_of_calls_does_not_matter_and_their_number_does():
    two = read_calls("[a(x=1), b(y=2)]")
    assert two.canonical == read_calls("[b(y=2), a(x=1)]").canonical
    assert two.canonical != read_calls("[a(x=1), b(y=2), b(y=2)]").canonical


@pytest.mark.parametrize("text", ["", "[]", '"[]"', "No function fits this.", '["I am sorry, I cannot."]', '"Sorry."'])
def test_no_call_is_an_answer_too(text):
    assert read_calls(text, ["geo.area"]).form == "none"


@pytest.mark.parametrize(
    "text", ["[geo.area(base=10", "[geo.area(base=<your base>)]", "Use this:\n[geo.area(base=1)]\nwhere 1 is the base"]
)
def test_what_looks_like_a_call_and_cannot_be_read_is_broken(text):
    assert read_calls(text, ["geo.area"]).form == "broken"
    assert read_calls(text, ["other"]).form == "none"


def test_a_long_answer_is_not_searched():
    assert read_calls("a(x=" + "1" * MOST_CHARACTERS + ")").form == "broken"


def test_positional_arguments_and_formulas_are_kept():
    (call,) = read_calls("[f(3, x=a.b, y=-2)]").calls
    assert call.arguments == {"0": 3, "x": "a.b", "y": -2}


@given(st.text(max_size=200))
def test_no_text_makes_it_fail(text):
    assert read_calls(text, ["f"]).form in {"calls", "none", "broken"}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=4), _VALUES, max_size=4))
def test_a_call_survives_json_and_the_order_of_its_arguments(arguments):
    one = read_calls(json.dumps([{"name": "f", "arguments": arguments}]))
    other = read_calls(json.dumps([{"f": json.dumps(dict(reversed(arguments.items())))}]))
    assert one.form == other.form == "calls"
    assert one.canonical == other.canonical


def test_values_that_mean_the_same_compare_equal():
    assert canonical_value(5) == canonical_value(5.0)
    assert canonical_value(" New  York") == canonical_value("new york")
    assert canonical_value(True) != canonical_value(1)
    assert canonical_value((1, 2)) == canonical_value([1, 2])
    assert canonical_value({"a": 1, "b": 2}) == canonical_value({"b": 2, "a": 1})

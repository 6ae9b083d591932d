"""A tool's arguments as a policy sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.policy.arguments import MAX_DEPTH, MAX_TEXT, MAX_VALUES, ToolArguments


def test_the_example_of_the_module():
    seen = ToolArguments.of({"to": ["a@x", "b@x"], "amount": 12.5, "note": {"text": "hi"}, "cc": None})
    assert seen.texts == {"amount": "12.5", "note.text": "hi"}
    assert seen.numbers == {"amount": 12_500_000}
    assert seen.lists == {"to": ["a@x", "b@x"]}
    assert seen.names == ["amount", "cc", "note", "to"]


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        (5, "5", 5_000_000),
        (5.0, "5", 5_000_000),
        (-0.0, "0", 0),
        (0.1, "0.1", 100_000),
        (1e-9, "0.000000001", 1),
        (-1e-9, "-0.000000001", -1),
        (100.0000001, "100.0000001", 100_000_001),
        (1e21, "1000000000000000000000", 2**63 - 1),
        (-(2**80), str(-(2**80)), -(2**63) + 1),
    ],
)
def test_numbers_never_round_under_a_limit(value, text, number):
    seen = ToolArguments.of({"n": value})
    assert (seen.texts["n"], seen.numbers["n"]) == (text, number)


def test_what_is_no_number_is_not_among_the_numbers():
    seen = ToolArguments.of({"text": "5", "flag": True})
    assert seen.numbers == {}
    assert seen.texts == {"text": "5", "flag": "true"}


def test_objects_in_lists_have_paths_of_their_own():
    seen = ToolArguments.of({"items": [{"id": 1, "tags": ["x"]}, {"id": 2}, "plain", [3]]})
    assert seen.lists == {"items": ["plain", "3"], "items[].id": ["1", "2"], "items[].tags": ["x"]}
    assert seen.texts == {}


def test_an_empty_list_is_there():
    assert ToolArguments.of({"to": [], "in": {"to": []}}).lists == {"to": [], "in.to": []}


JSON = st.recursive(
    st.text(max_size=3) | st.integers(),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "a.b", "a\\", "a[]", "\\.b"]), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["a", "b", "a.b", "a\\", "a[]"]), JSON, max_size=4))
def test_no_two_values_share_a_path(arguments):
    def leaves(value):
        return sum(map(leaves, value.values())) if isinstance(value, dict) else 1

    assert len(ToolArguments.of(arguments).texts) == leaves(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"a": list(range(MAX_VALUES))},
        {"a": "x" * MAX_TEXT},
        {"x" * (MAX_TEXT + 1): 1},
        {"a": 10**5000},
    ],
)
def test_what_is_too_large_is_refused(arguments):
    with pytest.raises(ValueError, match=r"too large|limit"):
        ToolArguments.of(arguments)


def test_what_is_too_deep_is_refused():
    nested = "x"
    for _ in range(MAX_DEPTH):
        nested = {"a": nested}
    with pytest.raises(ValueError, match="too large"):
        ToolArguments.of({"a": nested})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_number_is_refused(value):
    with pytest.raises(ValueError, match="not a JSON number"):
        ToolArguments.of({"a": value})

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.confidence.canonical_json import canonical_answer, same_answer

NUMBERS = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9, allow_nan=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (6652.8, "6,652.80"),
        ("$6652.80", "6652.8."),
        (1, 1.0),
        (0.1 + 0.2, 0.3),
        ("-0", 0),
        (1e3, "1000"),
        ("Paris", " paris. "),
        ("The answer is 1,000 euros!", "the answer is 1000.0 EUROS"),
        ("New-York", "new york"),
        ("ﬁve", "five"),
        ({"a": 1, "b": ["X", 2.0]}, {"b": ["x", 2], "a": "1"}),
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ("[1, 2]", [1, 2.0]),
    ],
)
def test_what_says_the_same(one, other):
    assert same_answer(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, -1),
        (1, True),
        (0, False),
        (0, None),
        ("true", True),
        ("null", None),
        ("", None),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 1, "b": None}),
        ("b2", "b 2"),
        ("room 12", "room 1 2"),
        ("1.5", "15"),
        ("Paris", "Lyon"),
        ("1,00", "100"),
    ],
)
def test_what_does_not(one, other):
    assert not same_answer(one, other)


@given(VALUES)
def test_a_value_and_its_json_say_the_same_and_the_form_is_stable(value):
    form = canonical_answer(value)
    assert canonical_answer(value) == form
    if isinstance(value, dict | list):
        assert canonical_answer(json.dumps(value)) == form


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value, random):
    keys = list(value)
    random.shuffle(keys)
    assert same_answer(value, {key: value[key] for key in keys})


@given(NUMBERS)
def test_a_number_is_the_same_as_text(number):
    assert same_answer(number, f" {number} ")


@given(st.text())
def test_case_and_blanks_do_not_matter(text):
    words = text.split()
    assert same_answer(" ".join(words), "\n ".join(words) + " ")

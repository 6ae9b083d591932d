"""Canonical JSON is that of RFC 8785, whoever writes it."""

from __future__ import annotations

import math
from collections import OrderedDict
from types import MappingProxyType

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from agentcore.audit.canonical import canonical, canonical_facts

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
ANY = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)
FACTS = st.dictionaries(
    st.text(st.characters(max_codepoint=126, min_codepoint=32)),
    st.none() | st.booleans() | INTEGERS | TEXT | st.lists(TEXT) | st.dictionaries(st.sampled_from("abc"), INTEGERS),
)


@given(ANY)
def test_any_value_is_written_as_the_standard_says(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(FACTS)
def test_facts_are_written_so_too(facts):
    assert canonical_facts(facts) == rfc8785.dumps(facts)


@pytest.mark.parametrize("value", [2**60, math.nan, math.inf, "\ud800", {"a": [-(2**70)]}])
def test_what_the_standard_has_no_form_for_is_written_all_the_same(value):
    assert canonical(value) == canonical(value)
    assert canonical(value) != canonical(1)


def test_kinds_of_mappings_make_no_difference():
    same = [{"b": (1, 2), "a": 1.0}, OrderedDict(a=1, b=[1, 2]), MappingProxyType({"a": 1, "b": [1.0, 2]})]
    assert {canonical(value) for value in same} == {b'{"a":1,"b":[1,2]}'}


def test_what_is_nested_without_end_is_refused_by_nobody():
    value: object = 1
    for _ in range(200):
        value = [value]
    assert canonical(value) == b"[" * 200 + b"1" + b"]" * 200

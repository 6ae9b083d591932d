"""Redaction: what was found is gone, and the record can be told from the original without finding it again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.detection import Span
from agentcore.domain.redaction import is_redaction, placeholder, redacted, texts_of, with_texts

TEXTS = st.text(alphabet="ab [M]1", max_size=12)
JSON = st.recursive(
    TEXTS | st.integers(0, 99) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def spans(draw, text):
    found = []
    for start in draw(st.lists(st.integers(0, max(0, len(text) - 1)), max_size=4)):
        end = draw(st.integers(start + 1, max(start + 1, len(text))))
        if end <= len(text):
            found.append(Span(type=draw(st.sampled_from(["MAIL", "CARD"])), start=start, end=end))
    return found


@given(st.data(), st.text(alphabet="abcdefgh", min_size=1, max_size=12))
def test_nothing_of_a_span_is_left_and_all_else_is(data, text):
    marked = data.draw(spans(text))
    kept = [letter for at, letter in enumerate(text) if not any(span.start <= at < span.end for span in marked)]
    made = redacted(text, marked)
    assert [letter for letter in made if letter.islower()] == kept
    assert is_redaction(made, text)


@given(st.data(), JSON)
def test_a_value_is_told_from_its_record(data, value):
    changed = {text: redacted(text, data.draw(spans(text))) for text in texts_of(value)}
    assert is_redaction(with_texts(value, changed), value)


@given(JSON)
def test_every_value_is_its_own(value):
    assert is_redaction(value, value)
    assert with_texts(value, {}) == value


@pytest.mark.parametrize(
    ("recorded", "original", "same"),
    [
        ("to [MAIL]!", "to ann!", True),
        ("to [MAIL]!", "to ann", False),
        ("to [MAIL]!", "to !", False),
        ("to [MAIL][CARD]", "to a", False),
        ("to [MAIL] and [MAIL]", "to ann and bob", True),
        ("to [mail]", "to ann", False),
        ({"a": "[CARD]"}, {"a": 4111}, True),
        ({"a": "[CARD]"}, {"b": 4111}, False),
        ({"[MAIL]": 1, "[MAIL] 2": 2}, {"ann": 1, "bob": 2}, True),
        ('{"a":"[MAIL]"}', '{"a": "ann"}', True),
        ('{"a":"[MAIL]"}', '{"b": "ann"}', False),
        ('{"a":"[MAIL]"', '{"a": "ann"', False),
        ("[MAIL]", None, False),
        ("[MAIL]", ["ann"], False),
        (1, True, False),
        ([1, "[MAIL]"], [1, "ann"], True),
        ([1], [1, 2], False),
    ],
)
def test_what_a_placeholder_can_stand_for(recorded, original, same):
    assert is_redaction(recorded, original) is same


def test_a_placeholder_is_always_recognised():
    assert [placeholder(name) for name in ("EMAIL_ADDRESS", "aws key", "1st")] == [
        "[EMAIL_ADDRESS]",
        "[AWS_KEY]",
        "[X_1ST]",
    ]
    assert is_redaction(f"a{placeholder('¿')}c", "abc")


def test_parts_that_overlap_are_one():
    text = "write to ann@example.com"
    found = [
        Span(type="EMAIL", start=9, end=24),
        Span(type="DOMAIN", start=13, end=24),
        Span(type="X", start=5, end=12),
    ]
    assert redacted(text, found) == "write[X]"


def test_spans_are_cut_off_where_the_text_ends_and_what_stands_instead_may_be_chosen():
    found = [Span(type="A", start=-3, end=2), Span(type="B", start=4, end=99), Span(type="C", start=3, end=3)]
    assert redacted("abcdef", found) == "[A]cd[B]"
    assert redacted("abcdef", found, lambda kind, text: text.upper()) == "ABcdEF"
    assert redacted("abcd", [Span(type="A", start=0, end=2), Span(type="B", start=2, end=4)]) == "[A][B]"

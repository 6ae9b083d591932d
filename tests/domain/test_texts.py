from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.detection import Span
from agentcore.domain.redaction import redacted
from agentcore.domain.texts import as_one, spans_of_each, texts, with_texts

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab\n:", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def test_a_key_and_its_text_stand_in_one_line():
    value = {"rows": [{"password": "x"}, 3, None, True], "note": {"a": ["b"]}}
    assert list(texts(value)) == ["rows", "password", "x", "3", "note", "a", "b"]
    assert as_one(value) == "rows\npassword: x\n3\nnote\na\nb"


def test_numbers_are_read_as_texts_and_stay_numbers_where_nothing_is_taken_out():
    value = {"card": 4111111111111111, "rate": 0.5, "huge": 10**5000, "no": float("nan")}
    assert as_one(value) == "card: 4111111111111111\nrate: 0.5\nhuge: \nno: "
    assert with_texts(value, iter(["card", "[CARD]", "rate", "0.5", "huge", "", "no", ""])) == {
        **value,
        "card": "[CARD]",
    }


@given(values)
def test_the_same_texts_put_back_give_the_same_value(value):
    assert with_texts(value, texts(value)) == value


@given(values, st.integers(0, 20), st.integers(1, 10))
def test_a_span_is_in_the_texts_that_it_reaches_over(value, start, length):
    span = Span(type="X", start=start, end=start + length)
    whole = as_one(value)
    marked = "".join("#" if start <= at < start + length else character for at, character in enumerate(whole))
    each = [redacted(text, spans, lambda _, part: "#" * len(part)) for text, spans in spans_of_each(value, [span])]
    assert [text.replace("\n", "") for text in each] == [
        "".join(part).replace("\n", "") for part in _cut(marked, value)
    ]


def _cut(marked, value):
    at = 0
    for text, _ in spans_of_each(value, []):
        at = as_one(value).index(text, at) if text else at
        yield marked[at : at + len(text)]
        at += len(text)


def test_keys_that_became_the_same_are_numbered():
    value = {"a@b.c": None, "d@e.f": True, "rest": 3}
    assert with_texts(value, iter(["[E]", "[E]", "rest", "3"])) == {"[E]": None, "[E] 2": True, "rest": 3}

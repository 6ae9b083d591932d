"""A text without what was found in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.detection import Span
from agentcore.domain.redaction import redacted

spans = st.lists(
    st.builds(Span, type=st.sampled_from(["A", "B"]), start=st.integers(-3, 30), end=st.integers(-3, 30)), max_size=6
)


def test_what_was_found_is_replaced_by_its_type() -> None:
    text = "Ann: ann@example.com, 4111111111111111"
    found = [Span(type="CREDIT_CARD", start=22, end=38), Span(type="EMAIL_ADDRESS", start=5, end=20)]
    assert redacted(text, found) == "Ann: [EMAIL_ADDRESS], [CREDIT_CARD]"
    assert redacted(text, []) == text


def test_overlapping_spans_are_replaced_as_one_by_the_longest() -> None:
    found = [Span(type="DOMAIN_NAME", start=4, end=15), Span(type="EMAIL_ADDRESS", start=0, end=15)]
    assert redacted("ann@example.com!", found) == "[EMAIL_ADDRESS]!"
    chain = [Span(type="A", start=0, end=3), Span(type="B", start=2, end=7), Span(type="C", start=6, end=9)]
    assert redacted("0123456789", chain) == "[B]9"


def test_spans_that_only_touch_are_replaced_one_by_one() -> None:
    assert redacted("abcd", [Span(type="A", start=0, end=2), Span(type="B", start=2, end=4)]) == "[A][B]"


@given(st.text("xyz", max_size=25), spans)
def test_nothing_of_a_span_stays_and_all_else_does(text: str, found: list[Span]) -> None:
    inside = {place for span in found for place in range(span.start, span.end)}
    kept = "".join(character for place, character in enumerate(text) if place not in inside)
    assert redacted(text, found).replace("[A]", "").replace("[B]", "") == kept

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.verification.evidence import Evidence
from agentcore.verification.quotes import check
from agentcore.verification.subject import Subject

HANDBOOK = Evidence(
    id="documents.1",
    kind="tool",
    content=[
        {"id": "pricing.md", "text": "From 25 routers on, the discount is 15 %.\nIt applies to the\n   list price."},
        {"id": "support.md", "text": "Support answers within two days - \u201cbusiness days\u201d, that is."},
    ],
)
GOAL = Evidence(id="goal", kind="task", content="What is the volume discount?")


def vote(output, **options):
    return check(Subject(output=output, evidence=(GOAL, HANDBOOK)), options)


@pytest.mark.parametrize(
    "quote",
    [
        "the discount is 15 %",
        "It applies to the list price.",
        'two days \u2014 "business days", that is',
        "From 25 routers on \u2026 15 %.",
        "From 25 routers on [...] list price",
        "\u201cthe discount is 15 %\u201d",
    ],
)
def test_verbatim_quotes_are_accepted(quote):
    assert vote({"quote": quote}).accepts is True
    assert vote({"claims": [{"text": "x", "quotes": [quote]}]}).accepts is True


@pytest.mark.parametrize(
    "quote",
    [
        "the discount is 20 %",
        "The Discount is 15 %",
        "list price \u2026 From 25 routers",
        "",
        " \u2026 ",
        "x two days",
    ],
)
def test_other_quotes_are_rejected(quote):
    assert vote({"quote": quote}).accepts is False


def test_a_quote_does_not_run_over_from_one_passage_into_the_next():
    assert vote({"quote": "list price. Support answers"}).accepts is False


def test_the_nearest_sentence_is_shown():
    assert vote({"quote": "the discount is 20 % from 25 routers on"}).reasons == snapshot(
        (
            (
                "the quote “the discount is 20 % from 25 routers on” does not stand in the evidence word for word; "
                "the nearest sentence there is: “From 25 routers on, the discount is 15 %.”"
            ),
        )
    )


def test_the_named_passage_must_hold_the_quote():
    right = {"quote": "the discount is 15 %", "source": "pricing.md"}
    assert vote([right], source_field="source").accepts is True
    assert vote([right | {"source": "documents.1"}], source_field="source").accepts is True
    wrong = [right | {"source": name} for name in ("support.md", "missing.md", None)]
    assert vote(wrong, source_field="source").reasons == snapshot(
        (
            "the quote “the discount is 15 %” does not stand in the passage support.md word for word",
            "the quote “the discount is 15 %” names the passage missing.md, which does not exist",
            "the quote “the discount is 15 %” does not name its passage in source",
        )
    )


def test_options():
    assert vote({"text": "no quotes"}).accepts is None
    assert vote({"text": "no quotes"}, min=1).accepts is False
    assert vote({"cited": "the discount is 20 %"}, field="cited").accepts is False
    assert vote({"quote": "What is the volume discount?"}).accepts is True
    assert vote({"quote": "What is the volume discount?"}, kinds=["tool"]).accepts is False
    free = 'The handbook says "the discount is 20 %", and "only two" is short.'
    assert vote(free).accepts is None
    assert vote(free, free_text=True).accepts is False
    assert vote('It says "the discount is 15 %".', free_text=True).accepts is True


@given(st.text(min_size=1), st.data())
def test_any_cut_of_the_evidence_is_a_quote_of_it(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    quote = text[start:end]
    verdict = check(Subject(output={"quote": quote}, evidence=(Evidence(id="a", kind="input", content=text),)), {})
    assert verdict.accepts is True or verdict.reasons == ("a quote is empty",)

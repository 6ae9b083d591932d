from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from agentcore.verification.evidence import Evidence
from agentcore.verification.sources import check
from agentcore.verification.subject import Subject

GOAL = Evidence(id="goal", kind="task", content="What is the discount?")
FOUND = Evidence(
    id="documents.1",
    kind="tool",
    content={"passages": [{"id": "pricing.md", "text": "15 %"}, {"id": 7, "text": "two days"}]},
)


def vote(output, *evidence: Evidence, **options):
    return check(Subject(output=output, evidence=evidence or (GOAL, FOUND)), options)


@pytest.mark.parametrize(
    "output",
    [
        {"sources": ["pricing.md"]},
        {"sources": "documents.1"},
        {"answer": {"citations": [{"id": 7, "why": "x"}]}},
        {"sources": [1, "[2]"]},
        "The discount is 15 % [1].",
        "The discount is 15 % [pricing.md], see also [1, 2].",
    ],
)
def test_what_exists_may_be_cited(output):
    assert vote(output).accepts is True


@pytest.mark.parametrize(
    "output", [{"sources": ["prices.md"]}, {"sources": [3]}, "15 % [3].", "15 % [1, 9].", {"sources": [0]}]
)
def test_what_does_not_exist_may_not(output):
    assert vote(output).accepts is False


def test_the_reason_lists_what_exists():
    assert vote({"sources": ["prices.md", "pricing.md"]}, min=2).reasons == snapshot(
        (
            "cited but not in the evidence: prices.md; there is pricing.md, 7",
            "1 sources are cited where at least 2 must be; there is pricing.md, 7",
        )
    )
    assert vote("no citation", Evidence(id="goal", kind="task", content="x")).reasons == snapshot(
        ("0 sources are cited where at least 1 must be; there is goal",)
    )
    assert check(Subject(output={"sources": [1]}), {}).reasons == snapshot(
        (
            "cited but not in the evidence: 1; there is no evidence to cite",
            "0 sources are cited where at least 1 must be; there is no evidence to cite",
        )
    )


def test_numbers_count_the_pieces_when_nothing_inside_has_an_id():
    plain = Evidence(id="notes", kind="input", content="text")
    assert vote({"sources": [2]}, GOAL, plain).accepts is True
    assert vote({"sources": [3]}, GOAL, plain).accepts is False


def test_options():
    assert vote({"sources": []}, min=0).accepts is None
    assert vote({"sources": []}).accepts is False
    assert vote({"sources": [1, 1]}, min=2).accepts is False
    assert vote({"refs": [1]}, field="refs").accepts is True
    assert vote("15 % [9]", marks=False, min=0).accepts is None
    assert vote("a remark [sic] and a [link](https://example.org)", min=0).accepts is None
    assert vote({"sources": ["goal"]}, kinds=["tool"]).accepts is False

"""Candidates: equal answers are one, and its evidence says who gave it."""

from __future__ import annotations

from agentcore.confidence.candidates import Given, candidates_of


def given(**texts):
    return [Given(by=by, text=text, length=10) for by, text in texts.items()]


def test_equal_answers_are_one_candidate():
    found = candidates_of("gsm", "How many?", given(a="12", b="13", c="12.0"))
    assert [candidate.by for candidate in found] == [("a", "c"), ("b",)]
    first = found[0].evidence
    assert (first["support"], first["rivals"], first["rival_support"]) == (2.0, 1.0, 1.0)
    assert (first["by:a"], first["by:b"], first["by:c"]) == (1.0, 0.0, 1.0)


def test_no_answer_supports_nobody():
    empty, said = candidates_of("gsm", "How many?", given(a="", b="7"))
    assert empty.evidence["support"] == 0.0
    assert said.evidence["rivals"] == 0.0


def test_the_names_of_the_evidence_do_not_depend_on_the_answers():
    names = [tuple(candidates_of("gsm", "?", given(a=one, b=other))[0].evidence) for one, other in ("12", "11")]
    assert names[0] == names[1]

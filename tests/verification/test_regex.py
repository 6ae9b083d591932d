from __future__ import annotations

import time

import pytest

from agentcore.verification.regex import check, problems
from agentcore.verification.subject import Subject


def vote(output, **options):
    return check(Subject(output=output), options)


def test_a_pattern_matches_anywhere_unless_anchored():
    assert vote("order A-1001", pattern=r"A-\d{4}").accepts is True
    assert vote("order A-1001", pattern=r"^A-\d{4}$").accepts is False
    assert vote({"n": 5}, pattern=r'"n":5').accepts is True


def test_forbidden_patterns():
    assert vote("I am sorry", pattern="(?i)SORRY", **{"not": True}).reasons == (
        "the output must not match the pattern (?i)SORRY",
    )
    assert vote("fine", pattern="(?i)SORRY", **{"not": True}).accepts is True


def test_fields():
    output = {"id": "A-1", "items": [{"id": "B-2"}, {"id": "x"}]}
    assert vote(output, pattern="^[A-Z]-", field=["id", "items.id"]).reasons == (
        "$.items[1].id must match the pattern ^[A-Z]-",
    )
    assert vote(output, pattern="x", field="name").reasons == ("the field name is missing",)
    assert vote(output, pattern="x", field="name", **{"not": True}).accepts is True
    assert vote(output, pattern="^C", field="id", reason="use ids that begin with C").reasons == (
        "use ids that begin with C",
    )


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=a)b", "(?<!a)b", "a{1000000}"])
def test_patterns_that_cannot_run_in_linear_time_are_problems(pattern):
    assert len(problems({"pattern": pattern})) == 1


def test_a_catastrophic_pattern_is_harmless():
    started = time.process_time()
    assert vote("a" * 200_000 + "b", pattern="^(a+)+$").accepts is False
    assert time.process_time() - started < 2.0

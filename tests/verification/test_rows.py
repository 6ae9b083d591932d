from __future__ import annotations

import pytest

from agentcore.verification.evidence import Evidence
from agentcore.verification.rows import check
from agentcore.verification.subject import Subject


def vote(output, *evidence: Evidence, **options):
    return check(Subject(output=output, evidence=evidence), options)


@pytest.mark.parametrize("output", [[[1]], {"rows": [{"a": 0}]}, {"rows": [[None, 5]]}])
def test_rows_that_say_something_are_accepted(output):
    assert vote(output).accepts is True


@pytest.mark.parametrize("output", [[], {"rows": []}, {"rows": [[None]]}, {"rows": [{"sum": None, "name": " "}]}])
def test_a_query_that_found_nothing_is_rejected_with_advice(output):
    rejected = vote(output)
    assert rejected.accepts is False
    assert "relax" in rejected.reasons[0]


def test_no_rows_can_be_an_answer_that_no_other_attempt_mends():
    rejected = vote({"query": "SELECT 1 FROM t WHERE 0", "rows": []}, final=True)
    assert (rejected.accepts, rejected.final) == (False, True)
    assert rejected.reasons == ("no row of the data matches: SELECT 1 FROM t WHERE 0",)
    assert not vote({"rows": []}).final
    assert not vote({"rows": [[1]]}, final=True, min=2).final


def test_what_holds_no_rows_is_rejected():
    assert vote("no rows").accepts is False
    assert vote({"count": 3}).accepts is False


def test_options():
    assert vote([[1]], min=2).reasons == ("the query found 1 rows where at least 2 are needed",)
    assert vote({"found": {"orders": [1]}}, field="found.orders").accepts is True
    old = Evidence(id="sql.1", kind="tool", content={"rows": [[1]]})
    new = Evidence(id="sql.2", kind="tool", content={"rows": []})
    assert vote("text", old, of="tool").accepts is True
    assert vote("text", old, new, of="tool").accepts is False
    assert vote("text", of="tool").accepts is False

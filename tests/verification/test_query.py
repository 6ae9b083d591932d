from __future__ import annotations

import pytest

from agentcore.verification.evidence import Evidence
from agentcore.verification.query import check
from agentcore.verification.subject import Subject

TASK = Evidence(id="task", kind="task", content={"goal": "What did Acme order in open orders above 500 euros?"})


def vote(query, mentioned=None, instruction="orders of Acme"):
    output = {"query": query, "mentioned": mentioned or {}}
    return check(Subject(output=output, instruction=instruction, evidence=(TASK,)), {})


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM orders WHERE customer = 'Acme'",
        "SELECT * FROM orders WHERE customer LIKE '%acme%' LIMIT 1",
        "SELECT * FROM orders WHERE customer = 'Acme' AND status = 'open' AND total > 500",
        "SELECT round(sum(a * b), 2) FROM orders WHERE customer = 'Acme'",
        "SELECT * FROM orders WHERE customer = 'Acme' AND ordered_on >= '2026-08-01'",
    ],
)
def test_conditions_of_the_question_are_accepted(query):
    assert vote(query, {"customer": "Acme"}).accepts is True


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT * FROM orders", "customer must be 'Acme'"),
        ("SELECT * FROM orders WHERE customer = 'Globex'", "customer must be 'Acme'"),
        ("SELECT * FROM orders WHERE customer = 'Acme' AND status = 'shipped'", "nobody asked for 'shipped'"),
        ("SELECT * FROM orders WHERE customer = 'Acme' AND quantity > 25", "the number 25 comes from nowhere"),
        ("SELECT a * 0.9 FROM orders WHERE customer = 'Acme'", "the number 0.9 comes from nowhere"),
    ],
)
def test_a_condition_that_is_missing_or_invented_is_rejected(query, reason):
    rejected = vote(query, {"customer": "Acme"})
    assert rejected.accepts is False
    assert reason in rejected.reasons


def test_a_quote_inside_a_value_is_read_as_sql_writes_it():
    assert vote("SELECT 1 FROM t WHERE name = 'O''Brien'", {"name": "O'Brien"}).accepts is True


def test_without_a_query_it_abstains():
    assert check(Subject(output={"rows": []}), {}).accepts is None
    assert check(Subject(output="text"), {}).accepts is None

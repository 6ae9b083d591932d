from __future__ import annotations

import json

import jsonschema_rs
import pytest
from inline_snapshot import snapshot

from agentcore.domain.agent import Check
from agentcore.verification.checks import CHECKS, check_problems, run_checks
from agentcore.verification.evidence import Evidence
from agentcore.verification.subject import Subject


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        (Check(name="number"), "there is no check number; did you mean numbers?"),
        (
            Check(name="numbers", options={"round": True}),
            "check numbers: there is no option round; did you mean rounded?",
        ),
        (
            Check(name="numbers", options={"zzz": 1}),
            snapshot("check numbers: there is no option zzz; it has allow, derived, field, kinds, rounded, words"),
        ),
        (Check(name="schema", options={"zzz": 1}), "check schema: there is no option zzz; it has none"),
        (
            Check(name="numbers", options={"rounded": "yes"}),
            snapshot("check numbers: option rounded must be true or false, not 'yes'"),
        ),
        (
            Check(name="numbers", options={"kinds": ["tools"]}),
            snapshot("check numbers: option kinds must be one of task, input, step, tool, not 'tools'"),
        ),
        (
            Check(name="sources", options={"min": -1}),
            snapshot("check sources: option min must be an integer, 0 or more, not -1"),
        ),
        (
            Check(name="sources", options={"min": True}),
            snapshot("check sources: option min must be an integer, 0 or more, not True"),
        ),
        (
            Check(name="regex"),
            snapshot(
                "check regex: option pattern is missing: matches anywhere in the text unless anchored with ^ and $"
            ),
        ),
        (
            Check(name="regex", options={"pattern": "("}),
            snapshot(
                "check regex: the pattern '(' cannot be used: it is not a regular expression, "
                "or it uses look-around or back-references, which do not run in linear time"
            ),
        ),
        (
            Check(name="rows", options={"of": "tools"}),
            snapshot("check rows: option of must be one of output, tool, not 'tools'"),
        ),
        (
            Check(name="quotes", options={"field": []}),
            snapshot("check quotes: option field must be a text or a list of texts, not []"),
        ),
    ],
)
def test_problems_are_told_before_anything_runs(check, problem):
    assert check_problems(check) == (problem,)


def test_an_unknown_check_lists_those_that_exist():
    assert check_problems(Check(name="zzz")) == (f"there is no check zzz; there are {', '.join(CHECKS)}",)


def test_a_check_that_cannot_run_rejects():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    unknown, broken, faulty = run_checks(
        (Check(name="zzz"), Check(name="regex", options={"pattern": "("}), Check(name="non_empty")),
        Subject(output=deep),
    )
    assert unknown.accepts is False
    assert broken.accepts is False
    assert faulty.accepts is False
    assert "RecursionError" in faulty.reasons[0]


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_describes_its_options_and_votes_under_its_name(name):
    definition = CHECKS[name]
    assert definition.meaning
    jsonschema_rs.validator_for(json.loads(json.dumps(definition.options_schema())))
    options = {"pattern": "x"} if name == "regex" else {}
    assert check_problems(Check(name=name, options=options)) == ()
    (vote,) = run_checks((Check(name=name, options=options),), Subject(output={"rows": []}))
    assert vote.verifier == f"check:{name}"


def test_an_answer_that_holds():
    evidence = (
        Evidence(id="goal", kind="task", content="What should Acme pay for its order?"),
        Evidence(
            id="documents.1",
            kind="tool",
            content=[{"id": "pricing.md", "text": "From 25 routers on, the discount is 15 %. List price: $189.00."}],
        ),
        Evidence(id="analyst", kind="step", content={"rows": [{"customer": "Acme", "quantity": 40}]}),
        Evidence(id="calculator", kind="step", content={"total": 6426.0}),
    )
    output = {
        "answer": "Acme pays $6,426.00: 40 * 189.00 * (1 - 15%) = 6426.00 [1].",
        "sources": ["pricing.md"],
        "quotes": ["the discount is 15 %"],
    }
    schema = {"type": "object", "required": ["answer", "sources"]}
    checks = tuple(Check(name=name) for name in ("schema", "numbers", "arithmetic", "quotes", "sources", "non_empty"))
    votes = run_checks(checks, Subject(output=output, output_schema=schema, evidence=evidence))
    assert [vote.accepts for vote in votes] == [True] * 6

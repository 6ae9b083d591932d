# ruff: noqa: E501  # messages stand as people read them
"""`agentcore policy test`: cases from files, decided by a project's policies."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from agentcore.surfaces.cli.exit_codes import ExitCode

POLICIES = """\
@id("calls") permit (principal, action, resource) when { context.declared };
@id("acme") forbid (principal, action == Action::"call_tool", resource == Tool::"orders")
when { context.arguments.hasTag("query") && context.arguments.getTag("query") like "*Globex*" }
unless { context.tenant == "globex" };
@id("cents") forbid (principal, action == Action::"call_model", resource)
when { context has budget_micro_usd && context.budget_micro_usd < 50000 };
"""
CASES = """\
cases:
  - name: the analyst queries
    principal: analyst
    action: call_tool
    resource: orders
    arguments: { query: SELECT 1 }
    expect: permit
    policies: [calls]
  - name: not about others
    principal: analyst
    action: call_tool
    resource: orders
    arguments: { query: "SELECT 'Globex'" }
    expect: deny
    policies: [acme]
  - name: but about oneself
    principal: analyst
    action: call_tool
    resource: orders
    arguments: { query: "SELECT 'Globex'" }
    tenant: globex
    user: ann
    expect: permit
  - { name: not for the last cents, principal: writer, action: call_model, resource: local,
      budget: "0.049", expect: deny }
  - { name: the writer has no tools, principal: writer, action: call_tool, resource: calculate,
      arguments: { expression: 1 + 1 }, expect: deny, policies: [] }
  - { name: everybody plans, principal: planner, action: plan, expect: permit }
  - { name: steps for the team, principal: planner, action: delegate, resource: analyst, expect: permit }
  - { name: no steps for the planner, principal: planner, action: delegate, resource: planner, expect: deny }
"""


@pytest.fixture
def tested(desk):
    (desk / "policies" / "tests").mkdir(parents=True)
    (desk / "policies" / "desk.cedar").write_text(POLICIES, encoding="utf-8")
    path = desk / "policies" / "tests" / "desk.yaml"
    path.write_text(CASES, encoding="utf-8")
    return path


def test_cases_that_are_decided_as_expected(tested, agentcore):
    done = agentcore("policy", "test")
    assert (done.exit_code, done.stdout) == (0, "8 of 8 cases are decided as expected\n")


def test_a_case_that_is_decided_otherwise_is_a_line(tested, agentcore):
    text = CASES.replace("policies: [calls]", "policies: [acme]").replace('budget: "0.049"', "budget: 1")
    tested.write_text(text.replace("expect: deny, policies: []", "expect: permit"), encoding="utf-8")
    done = agentcore("policy", "test")
    assert done.exit_code == ExitCode.FAILED
    assert done.stdout == snapshot("""\
policies/tests/desk.yaml:2:5: the analyst queries: expected permit by acme; decided: permit by calls; principal analyst; role worker; action call_tool; resource orders; tenant default; user local; declared true; sources ["user"]; confidentiality internal; safety read; arguments {"query": "SELECT 1"}
policies/tests/desk.yaml:24:5: not for the last cents: expected deny; decided: permit by calls; principal writer; role worker; action call_model; resource local; tenant default; user local; declared true; sources ["user"]; confidentiality internal; budget 1.0; family tiny; provider openai; local false
policies/tests/desk.yaml:26:5: the writer has no tools: expected permit; decided: deny by no policy; principal writer; role worker; action call_tool; resource calculate; tenant default; user local; declared false; sources ["user"]; confidentiality internal; safety read; arguments {"expression": "1 + 1"}
5 of 8 cases are decided as expected
""")


OBLIGED = """\
cases:
  - { name: as it is, principal: writer, action: call_model, resource: local, expect: permit,
      obliges: [redact, pricey] }
  - { name: by ids, principal: writer, action: call_model, resource: local, expect: permit,
      obliges: [no-mail, limit] }
  - { name: too few, principal: writer, action: call_model, resource: local, expect: permit, obliges: [redact] }
  - { name: too many, principal: writer, action: call_model, resource: local, expect: permit,
      obliges: [redact, limit, mask] }
  - { name: nothing, principal: writer, action: call_model, resource: local, expect: permit, obliges: [] }
  - { name: not approval, principal: writer, action: call_model, resource: local, expect: permit, asks: [] }
  - { name: nothing is right, principal: planner, action: plan, expect: permit, obliges: [] }
"""


def test_cases_can_say_what_must_be_done(tested, desk, agentcore):
    asking = """
@id("no-mail") @obligation("redact") @types("pii") permit (principal, action == Action::"call_model", resource);
@id("pricey") @obligation("limit") @rate("9") @per("60") permit (principal, action == Action::"call_model", resource);
"""
    (desk / "policies" / "desk.cedar").write_text(POLICIES + asking, encoding="utf-8")
    tested.write_text(OBLIGED, encoding="utf-8")
    lines = agentcore("policy", "test").stdout.splitlines()
    assert [line.partition(": expected")[0].rpartition(": ")[2] for line in lines[:-1]] == [
        "too few",
        "too many",
        "nothing",
    ]
    assert (
        "expected permit, which obliges to redact; decided: permit by calls, which obliges to redact (no-mail), "
        in lines[0]
    )
    assert lines[-1] == "4 of 7 cases are decided as expected"
    (first, *_) = json.loads(agentcore("policy", "test", "--json").stdout)["cases"]
    assert first["expected"]["obliges"] == ["pricey", "redact"]
    assert first["decided"]["obligations"] == [
        {"policy": "no-mail", "types": ["pii"], "kind": "redact"},
        {"policy": "pricey", "calls": 9, "seconds": 60.0, "by": "run", "kind": "limit"},
    ]
    tested.write_text(OBLIGED.replace("[redact]", "[redct]"), encoding="utf-8")
    failed = agentcore("policy", "test")
    assert failed.exit_code == ExitCode.USAGE
    assert "unknown obligation or policy `redct`; did you mean `redact`?" in failed.stderr


def test_outcomes_as_json(tested, agentcore):
    found = json.loads(agentcore("policy", "test", "--json").stdout)
    assert (found["passed"], len(found["cases"])) == (8, 8)
    assert found["cases"][1] == snapshot(
        {
            "place": "policies/tests/desk.yaml:9:5",
            "case": "not about others",
            "passed": True,
            "expected": {"permitted": False, "policies": ["acme"], "asks": None, "obliges": None},
            "decided": {
                "permitted": False,
                "policies": ["acme"],
                "asks": [],
                "obligations": [],
                "unmet": [],
                "errors": [],
            },
            "facts": {
                "principal": "analyst",
                "role": "worker",
                "action": "call_tool",
                "resource": "orders",
                "tenant": "default",
                "user": "local",
                "declared": True,
                "sources": ["user"],
                "confidentiality": "internal",
                "budget": None,
                "safety": "read",
                "arguments": {"query": "SELECT 'Globex'"},
            },
        }
    )
    assert found["cases"][3]["facts"] == snapshot(
        {
            "principal": "writer",
            "role": "worker",
            "action": "call_model",
            "resource": "local",
            "tenant": "default",
            "user": "local",
            "declared": True,
            "sources": ["user"],
            "confidentiality": "internal",
            "budget": 0.049,
            "family": "tiny",
            "provider": "openai",
            "local": False,
        }
    )


def test_files_can_be_named(tested, desk, agentcore):
    path = desk / "mine.yaml"
    path.write_text("cases:\n  - { name: x, principal: analyst, action: plan, expect: deny }\n", encoding="utf-8")
    done = agentcore("policy", "test", path, tested, "--project", desk)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "8 of 9 cases are decided as expected")


def test_a_case_that_makes_no_sense_is_told_with_its_place(tested, agentcore):
    tested.write_text(
        """\
cases:
  - { name: a, principal: analist, action: call_tol, resource: orders, expect: permit }
  - { name: b, principal: analist, action: call_tool, resource: ordrs, expect: permit, policies: [cals] }
  - { name: b, principal: planner, action: plan, arguments: { x: 1 }, expect: maybe }
  - { name: c, principal: planner, action: plan, arguments: { x: 1 }, expect: deny }
  - { name: c, principal: analyst, action: call_tool, resource: orders, arguments: { qurey: x }, expect: deny }
  - { name: d, principal: planner, action: delegate, expect: deny }
  - { name: e, principal: planner, action: delegate, resource: riter, expect: deny }
  - { name: f, principal: planner, action: call_model, resource: locl, expect: deny }
  - { name: g, principal: planner, action: release, resource: anwser, expect: deny, tennant: x }
""",
        encoding="utf-8",
    )
    done = agentcore("policy", "test")
    assert done.exit_code == ExitCode.USAGE
    assert done.stderr == snapshot("""\
error: policies/tests/desk.yaml:2:44: `action` must be one of plan, delegate, call_model, call_tool, release, not "call_tol"; did you mean call_tool?
error: policies/tests/desk.yaml:3:27: unknown agent `analist`; did you mean `analyst`?
error: policies/tests/desk.yaml:3:65: unknown tool `ordrs`; did you mean `orders`?
error: policies/tests/desk.yaml:3:99: unknown policy `cals`; did you mean `calls`?
error: policies/tests/desk.yaml:4:79: `expect` must be one of permit, deny, not "maybe"
error: policies/tests/desk.yaml:5:61: `plan` has no arguments; `call_tool` has
error: policies/tests/desk.yaml:6:13: another case is called `c`
error: policies/tests/desk.yaml:6:84: a call with these arguments never gets as far as the policies: at $: Additional properties are not allowed ('qurey' was unexpected)
error: policies/tests/desk.yaml:6:84: a call with these arguments never gets as far as the policies: at $: "query" is a required property
error: policies/tests/desk.yaml:7:5: `resource` is required for `delegate`
error: policies/tests/desk.yaml:8:64: unknown agent `riter`; did you mean `writer`?
error: policies/tests/desk.yaml:9:66: unknown model `locl`; did you mean `local`?
error: policies/tests/desk.yaml:10:63: unknown output `anwser`; did you mean `answer`?
error: policies/tests/desk.yaml:10:85: unknown key `tennant`; did you mean `tenant`?
""")


def test_without_tests_it_says_where_they_would_be(desk, agentcore):
    done = agentcore("policy", "test")
    assert (done.exit_code, done.stderr) == snapshot(
        (
            ExitCode.USAGE,
            """\
error: policies/tests: there are no tests of policies
hint: docs/policies.md shows how to write one; `agentcore policy test FILE` takes it from anywhere
""",
        )
    )


def test_a_fault_in_evaluation_is_not_what_was_expected(tested, desk, agentcore):
    (desk / "policies" / "desk.cedar").write_text(
        '@id("calls") permit (principal, action, resource);\n'
        '@id("over") forbid (principal, action, resource)\n'
        "when { context has budget_micro_usd && context.budget_micro_usd * 4611686018427387904 > 1 };\n",
        encoding="utf-8",
    )
    tested.write_text(
        "cases:\n  - { name: x, principal: planner, action: plan, budget: 1, expect: deny, policies: [] }\n",
        encoding="utf-8",
    )
    done = agentcore("policy", "test")
    assert done.exit_code == ExitCode.FAILED
    assert "decided: deny, because evaluation failed" in done.stdout


def test_the_repository_s_own_cases_pass(agentcore, monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    assert agentcore("policy", "test").exit_code == 0
    done = agentcore("policy", "check")
    assert (done.exit_code, done.stdout) == snapshot(
        (0, "no problems, no warnings in .: 2 files, 7 policies, 5 agents, 3 tools, 1 model\n")
    )


def test_a_case_can_say_what_a_run_is_for_and_where_a_model_is_served(tested, agentcore):
    (tested.parents[1] / "more.cedar").write_text(
        """\
@id("billing") forbid (principal, action == Action::"call_model", resource)
when { context.purpose == "billing" } unless { resource.region == "eu" };
""",
        encoding="utf-8",
    )
    tested.write_text(
        """\
cases:
  - { name: in europe, principal: writer, action: call_model, resource: local, purpose: billing, region: eu,
      expect: permit }
  - { name: not elsewhere, principal: writer, action: call_model, resource: local, purpose: billing,
      expect: deny, policies: [billing] }
  - { name: else anywhere, principal: writer, action: call_model, resource: local, expect: permit }
""",
        encoding="utf-8",
    )
    done = agentcore("policy", "test", "--json")
    assert done.exit_code == 0, done.stdout
    facts = [case["facts"] for case in json.loads(done.stdout)["cases"]]
    assert [(each.get("purpose"), each.get("region")) for each in facts] == [
        ("billing", "eu"),
        ("billing", None),
        (None, None),
    ]

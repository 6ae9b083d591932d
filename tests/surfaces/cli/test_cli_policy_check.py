# ruff: noqa: E501  # messages stand as people read them
"""`agentcore policy check`: a project's policies against what it has."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from agentcore.surfaces.cli.exit_codes import ExitCode

POLICIES = """\
@id("all") permit (principal, action, resource);

@id("queries")
forbid (principal == Agent::"analist", action == Action::"call_tool", resource == Tool::"orders")
when { context.arguments.hasTag("qurey") };

@id("numbers") forbid (principal, action == Action::"call_tool", resource == Tool::"calculate")
when { context.numbers.hasTag("expression") };

@id("writes") forbid (principal == Agent::"writer", action == Action::"call_tool", resource == Tool::"orders");

@id("sources") forbid (principal, action == Action::"release", resource)
when { context.sources.contains("tool:brwose") };
"""


@pytest.fixture
def guarded(desk):
    (desk / "policies").mkdir()
    path = desk / "policies" / "desk.cedar"
    path.write_text(POLICIES, encoding="utf-8")
    return path


def test_what_is_wrong_is_told_with_its_place(guarded, agentcore):
    done = agentcore("policy", "check")
    assert (done.exit_code, done.stdout) == snapshot(
        (
            ExitCode.USAGE,
            """\
error: policies/desk.cedar:4:29: policy 'queries': unknown agent `analist`; did you mean `analyst`?
error: policies/desk.cedar:5:33: policy 'queries': tool `orders`: unknown argument `qurey`; did you mean `query`?
error: policies/desk.cedar:8:31: policy 'numbers': tool `calculate`: the argument `expression` is text, not a number: ask `context.arguments`
warning: policies/desk.cedar:10:1: policy 'writes': it can never apply: agent `writer` does not have the tool `orders`
warning: policies/desk.cedar:13:33: policy 'sources': no source is called `tool:brwose`: unknown tool `brwose`; known: calculate, handbook, orders
3 problems, 2 warnings in .: 1 file, 5 policies, 5 agents, 3 tools, 1 model
""",
        )
    )


def test_warnings_alone_are_no_failure(guarded, agentcore):
    guarded.write_text(
        '@id("all") permit (principal, action, resource) when { context.sources.contains("x") };', encoding="utf-8"
    )
    done = agentcore("policy", "check")
    assert (done.exit_code, done.stdout) == snapshot(
        (
            0,
            """\
warning: policies/desk.cedar:1:81: policy 'all': no source is called `x`: unknown kind of source `x`; known: document:, model:, person:, tool:, trigger:, user
no problems, 1 warning in .: 1 file, 1 policy, 5 agents, 3 tools, 1 model
""",
        )
    )


def test_what_is_wrong_as_json_and_what_validate_says_are_the_same(guarded, agentcore):
    found = json.loads(agentcore("policy", "check", "--json").stdout)
    assert found["counts"] == snapshot({"files": 1, "policies": 5, "agents": 5, "tools": 3, "models": 1})
    assert (found["valid"], len(found["problems"]), len(found["warnings"])) == snapshot((False, 3, 2))
    validated = json.loads(agentcore("validate", "--json").stdout)
    assert (validated["problems"], validated["warnings"]) == (found["problems"], found["warnings"])


def test_a_project_without_policies_has_the_default_set(desk, agentcore):
    done = agentcore("policy", "check", desk)
    assert (done.exit_code, done.stdout.replace(str(desk), "desk")) == snapshot(
        (0, "no problems, no warnings in desk: 2 files, 7 policies, 5 agents, 3 tools, 1 model\n")
    )


def test_another_file_that_is_wrong_is_told_instead_of_what_would_follow(guarded, desk, agentcore):
    (desk / "agents/analyst.yaml").unlink()
    guarded.write_text("permit (principal, acton, resource);", encoding="utf-8")
    done = agentcore("policy", "check")
    assert (done.exit_code, done.stdout) == snapshot(
        (
            ExitCode.USAGE,
            """\
error: agentcore.yaml:15:25: unknown agent `analyst`; known: calculator, researcher, writer
error: policies/desk.cedar:1:20: found an invalid variable in the policy scope: acton
2 problems, no warnings in .
""",
        )
    )


def test_outside_a_project_it_says_so(tmp_path, monkeypatch, agentcore):
    monkeypatch.chdir(tmp_path)
    done = agentcore("policy", "check")
    assert done.exit_code == ExitCode.USAGE
    assert "there is no agentcore.yaml" in done.stderr

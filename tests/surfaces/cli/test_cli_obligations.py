"""What policies oblige to, in a project of files: with its own detectors, its webhook, and its commands."""

from __future__ import annotations

import json

import pytest

from agentcore.surfaces.cli.exit_codes import ExitCode

POLICIES = """\
@id("all") permit (principal, action, resource);
"""
REDACTED = """\
@id("no-mail-in-prompts") @obligation("redact") @types("pii")
permit (principal, action == Action::"call_model", resource);
@id("no-mail-in-answers") @obligation("redact") @types("pii:EMAIL_ADDRESS")
permit (principal, action == Action::"release", resource);
"""
MASKED = """\
@id("queries-are-not-shown") @obligation("mask")
permit (principal, action == Action::"call_tool", resource == Tool::"orders");
"""


@pytest.fixture
def guarded(desk):
    """Return a function that writes policies beside a guard for personal data."""
    (desk / "policies").mkdir()
    settings = desk / "agentcore.yaml"
    guards = (
        "guards: { personal-data: { provider: pii, at: [tool_result] } }\nlimits: { parallel_steps: 1, replans: 0 }\n"
    )
    settings.write_text(guards + settings.read_text(encoding="utf-8"), encoding="utf-8")

    def write(text):
        (desk / "policies" / "desk.cedar").write_text(POLICIES + text, encoding="utf-8")

    return write


def test_prompts_and_answers_are_redacted_by_the_project_s_detectors(guarded, agentcore, script):
    guarded(REDACTED)
    prompts = []
    plan = script.answers["You plan."]
    script.answers["You plan."] = lambda prompt: (prompts.append(prompt), plan(prompt))[1]
    written = script.answers["You write."]
    script.answers["You write."] = type(written)(
        text=written.text.replace("6652.80.", "6652.80, says eve@example.org.")
    )
    done = agentcore("run", "price", "--input", "customer=Acme, ann@example.com,", "--json")
    found = json.loads(done.stdout)
    assert prompts
    assert "Acme, [EMAIL_ADDRESS]," in prompts[0]
    assert "ann@example.com" not in "".join(prompts)
    assert found["status"] == "succeeded"
    assert "says [EMAIL_ADDRESS]" in found["answer"]["answer"]
    assert found["citations"] == []
    assert agentcore("policy", "check").exit_code == 0
    assert agentcore("runs", "replay", "latest").exit_code == 0
    explained = agentcore("policy", "explain", "latest", "plan").stdout
    assert "no-mail-in-prompts asks to redact it  policies/desk.cedar:2:1" in explained


def test_what_is_masked_is_in_no_view(guarded, agentcore):
    guarded(MASKED)
    run = agentcore("run", "price")
    assert run.exit_code == 0
    views = [
        agentcore(*command).stdout
        for command in (
            ("trace", "latest", "--json"),
            ("trace", "latest", "--step", "analyst"),
            ("runs", "show", "latest", "--json"),
            ("runs", "ledger", "latest", "--all", "--json"),
        )
    ]
    for view in views:
        assert "analyst" in view
        assert "SELECT quantity" not in view
    assert "•••" in views[1]


def test_a_detector_that_is_missing_is_told(guarded, agentcore):
    guarded(REDACTED.replace('"pii"', '"pi"'))
    checked = agentcore("policy", "check")
    assert checked.exit_code == ExitCode.USAGE
    assert (
        "policies/desk.cedar:2:50: policy 'no-mail-in-prompts': unknown detector `pi`"
        in checked.stdout + checked.stderr
    )
    run = agentcore("run", "price")
    assert run.exit_code == ExitCode.DENIED


def test_without_a_webhook_it_is_told_that_nobody_is(guarded, agentcore):
    guarded('@id("told") @obligation("notify") permit (principal, action == Action::"release", resource);')
    checked = agentcore("policy", "check")
    assert checked.exit_code == 0
    assert "policy 'told': nobody is told: there is no `webhook`" in checked.stdout + checked.stderr
    assert agentcore("run", "price").exit_code == 0

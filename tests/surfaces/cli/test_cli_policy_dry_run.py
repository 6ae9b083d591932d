"""`agentcore policy dry-run`: past decisions under other policies."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from support.bank import BankScript

from agentcore.surfaces.cli.exit_codes import ExitCode

NO_ORDERS = """
@id("no-orders")
forbid (principal, action == Action::"call_tool", resource == Tool::"orders");
"""
BY_ARGUMENTS = """
@id("acme-is-not-looked-up")
forbid (principal, action == Action::"call_tool", resource == Tool::"orders")
when { context.arguments.hasTag("query") && context.arguments.getTag("query") like "*'Acme'*" };
"""
BY_BUDGET = """
@id("save-the-last-cents")
forbid (principal, action == Action::"call_model", resource)
when { context has budget_micro_usd && context.budget_micro_usd < 50000 };
"""
AFTER_TOOLS = """
@id("answers-are-not-made-of-documents")
forbid (principal, action == Action::"release", resource)
when { context.sources.contains("tool:orders") };
"""


@pytest.fixture
def new(desk):
    """Write the default policies and more into the folder `new`."""

    def write(*more: str):
        folder = desk / "new"
        folder.mkdir(exist_ok=True)
        for path in (resources.files("agentcore.policy") / "default").iterdir():
            (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        (folder / "more.cedar").write_text("\n".join(more), encoding="utf-8")
        return folder

    return write


def test_what_would_change_is_shown(desk, agentcore, steady, new):
    agentcore("run", "price")
    done = agentcore("policy", "dry-run", new(NO_ORDERS))
    assert (done.exit_code, done.stderr) == (ExitCode.OK, "")
    assert steady(done.stdout) == snapshot("""\
1run000000000000 analyst analyst call_tool orders: permitted → denied
  call    1/analyst/1/analyst/tool.1
  before  workers-call-their-reading-tools
  after   no-orders
14 decisions of 1 run: 13 stay as they are, 1 would change, 0 cannot be told
""")
    assert agentcore("policy", "dry-run", new(NO_ORDERS), "--fail-on-change").exit_code == ExitCode.FAILED


def test_policies_that_say_the_same_change_nothing(desk, agentcore, new):
    agentcore("run", "price")
    done = agentcore("policy", "dry-run", new("// nothing more"), "--fail-on-change")
    assert done.exit_code == ExitCode.OK
    assert done.stdout == snapshot("14 decisions of 1 run: 14 stay as they are, 0 would change, 0 cannot be told\n")


def test_recorded_arguments_and_labels_are_judged(desk, agentcore, new):
    agentcore("run", "price")
    agentcore("run", "price", "--input", "customer=Nobody")
    found = json.loads(agentcore("policy", "dry-run", new(BY_ARGUMENTS, AFTER_TOOLS), "--json").stdout)
    assert (len(found["runs"]), found["cannot_tell"]) == (2, 0)
    assert [(each["step"], each["resource"], each["after"]["policies"]) for each in found["changes"]] == snapshot(
        [("analyst", "orders", ["acme-is-not-looked-up"]), ("answer", "answer", ["answers-are-not-made-of-documents"])]
    )


def test_what_is_not_recorded_is_named_and_not_guessed(desk, agentcore, new):
    agentcore("run", "price")
    done = agentcore("policy", "dry-run", new(BY_BUDGET), "--fail-on-change")
    assert done.exit_code == ExitCode.OK
    assert "cannot tell: budget_micro_usd not recorded (read by save-the-last-cents)" in done.stdout
    found = json.loads(agentcore("policy", "dry-run", new(BY_BUDGET), "--json").stdout)
    assert {each["action"] for each in found["open"]} == {"call_model"}
    assert {tuple(each["after"]["unknown"]) for each in found["open"]} == {("budget_micro_usd",)}


def test_some_runs_are_chosen(desk, agentcore, new):
    agentcore("run", "price")
    agentcore("run", "price", "--input", "customer=Nobody")
    listed = json.loads(agentcore("runs", "list", "--json").stdout)
    chosen = agentcore("policy", "dry-run", new(NO_ORDERS), "--run", listed[1]["run"], "--json")
    assert json.loads(chosen.stdout)["runs"] == [listed[1]["run"]]
    newest = agentcore("policy", "dry-run", new(NO_ORDERS), "--limit", "1", "--json")
    assert json.loads(newest.stdout)["runs"] == [listed[0]["run"]]
    assert agentcore("policy", "dry-run", new(NO_ORDERS), "--run", "nothing").exit_code == ExitCode.USAGE


def test_the_journal_stays_as_it_is(desk, agentcore, new):
    agentcore("run", "price")
    before = agentcore("trace", "latest", "--json").stdout
    agentcore("policy", "dry-run", new(NO_ORDERS))
    assert agentcore("trace", "latest", "--json").stdout == before


def test_without_runs_or_with_wrong_policies(desk, agentcore, new):
    assert agentcore("policy", "dry-run", new(NO_ORDERS)).stdout == "no runs yet\n"
    wrong = agentcore("policy", "dry-run", new('@id("x") permit (principal, action, nobody);'))
    assert wrong.exit_code == ExitCode.USAGE
    assert "more.cedar:1:" in wrong.stderr


SMALL_PAYMENTS = """
@id("all") permit (principal, action, resource);
@id("large-payments") forbid (principal, action == Action::"call_tool", resource == Tool::"pay")
when { resource.safety == Safety::"compensable" && context.numbers.hasTag("amount") &&
       context.numbers.getTag("amount") > 30000000 };
"""
NOTHING_FROM_PEOPLE = """
@id("all") permit (principal, action, resource);
@id("people") forbid (principal, action, resource) when { context.sources.contains("person:ann") };
"""


@pytest.fixture
def other(tmp_path):
    """Write policies into the folder `other`."""

    def write(text):
        folder = tmp_path / "other"
        folder.mkdir()
        (folder / "all.cedar").write_text(text, encoding="utf-8")
        return folder

    return write


def test_a_call_and_what_takes_it_back_are_judged_alike(bank, agentcore, tmp_path, other):
    bank(BankScript(), safety="compensable")
    (tmp_path / "agents" / "writer.yaml").write_text(
        "instructions: You write.\nuses: earlier\napproval: true\n", encoding="utf-8"
    )
    assert agentcore("run", "pay").exit_code == 6
    assert agentcore("runs", "cancel", "latest").exit_code == 0
    found = json.loads(agentcore("policy", "dry-run", other(SMALL_PAYMENTS), "--json").stdout)
    calls = [(each["call"], each["recorded"]["ruling"], each["after"]["ruling"]) for each in found["changes"]]
    assert calls == [
        ("1/payer/1/payer/tool.1", "permitted", "denied"),
        ("1/payer/1/payer/tool.1/undo", "permitted", "denied"),
    ]
    assert found["cannot_tell"] == 0


def test_what_a_person_answered_is_a_source_of_what_follows(bank, agentcore, other):
    bank(BankScript(), approval="true")
    assert agentcore("run", "pay").exit_code == 6
    (question,) = json.loads(agentcore("approvals", "list", "--json").stdout)
    agentcore("approvals", "respond", question["approval"], "--value", '"paid by hand"')
    assert agentcore("runs", "resume", "latest").exit_code == 0
    found = json.loads(agentcore("policy", "dry-run", other(NOTHING_FROM_PEOPLE), "--json").stdout)
    changed = [(each["step"], each["action"]) for each in found["changes"]]
    assert (changed, found["cannot_tell"]) == ([("answer", "call_model"), ("answer", "release")], 0)


def test_the_page_on_policies_shows_what_is_printed(desk, agentcore, new):
    agentcore("run", "price")
    page = (Path(__file__).resolve().parents[3] / "docs/policies.md").read_text(encoding="utf-8")
    told = page.partition("$ agentcore policy dry-run new-policies --limit 20\n")[2].partition("```")[0]
    shown = agentcore("policy", "dry-run", new(NO_ORDERS), "--limit", "20").stdout
    assert re.sub(r"^[0-9a-z]{16}", "", shown, flags=re.MULTILINE) == re.sub(
        r"^[0-9a-z]{16}", "", told, flags=re.MULTILINE
    )


def test_what_a_run_was_for_is_known_from_its_record(desk, agentcore, new):
    scope, condition = '(principal, action == Action::"plan", resource)', 'context.purpose == "billing"'
    billing = f'@id("billing") forbid {scope} unless {{ {condition} }};'
    agentcore("run", "price", "--purpose", "billing")
    assert agentcore("policy", "dry-run", new(billing), "--fail-on-change").exit_code == ExitCode.OK
    agentcore("run", "price")
    found = json.loads(agentcore("policy", "dry-run", new(billing), "--json").stdout)
    assert (found["changed"], found["cannot_tell"]) == (1, 0)
    assert found["changes"][0]["after"]["policies"] == ["billing"]


def test_where_a_model_was_served_is_what_the_project_says(desk, agentcore, new):
    agentcore("run", "price")
    in_europe = (
        '@id("eu") forbid (principal, action == Action::"call_model", resource) unless { resource.region == "eu" };'
    )
    found = json.loads(agentcore("policy", "dry-run", new(in_europe), "--json").stdout)
    assert found["changed"] == 5

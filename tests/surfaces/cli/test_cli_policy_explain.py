"""`agentcore policy explain`: what was decided in a run, and by which text."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from agentcore.surfaces.cli.exit_codes import ExitCode

POLICIES = """\
// Everything, but
@id("all")
permit (principal, action, resource);

@id("no-tools")
forbid (principal == Agent::"calculator", action == Action::"call_tool", resource)
when { context.tenant == "default" };
"""


@pytest.fixture
def guarded(desk):
    (desk / "policies").mkdir()
    settings = desk / "agentcore.yaml"
    limits = "limits: { parallel_steps: 1, replans: 0 }\n"  # so that the record has the same order each time
    settings.write_text(limits + settings.read_text(encoding="utf-8"), encoding="utf-8")
    path = desk / "policies" / "desk.cedar"
    path.write_text(POLICIES, encoding="utf-8")
    return path


def test_every_decision_of_a_run_is_shown(guarded, agentcore, steady):
    agentcore("run", "price")
    done = agentcore("policy", "explain", "latest")
    assert done.exit_code == 0
    assert steady(done.stdout) == snapshot("""\
2026-11-01 12:00:00  plan  planner call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from model:local, user
2026-11-01 12:00:00  plan  planner plan price: permitted
  by all  policies/desk.cedar:2:1
  what it is about: internal, from user
2026-11-01 12:00:00  plan  planner delegate researcher: permitted
  by all  policies/desk.cedar:2:1
  what it is about: internal, from user
2026-11-01 12:00:00  plan  planner delegate analyst: permitted
  by all  policies/desk.cedar:2:1
  what it is about: internal, from user
2026-11-01 12:00:00  plan  planner delegate calculator: permitted
  by all  policies/desk.cedar:2:1
  what it is about: internal, from user
2026-11-01 12:00:00  plan  planner delegate writer: permitted
  by all  policies/desk.cedar:2:1
  what it is about: internal, from user
2026-11-01 12:00:00  researcher  researcher call_tool handbook: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  researcher  researcher call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  analyst  analyst call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from model:local, user
2026-11-01 12:00:00  analyst  analyst call_tool orders: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from model:local, tool:orders, user
2026-11-01 12:00:00  calculator  calculator call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied
  by no-tools  policies/desk.cedar:5:1
2026-11-01 12:00:00  calculator  calculator call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied
  by no-tools  policies/desk.cedar:5:1
2026-11-01 12:00:00  calculator  calculator call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied
  by no-tools  policies/desk.cedar:5:1
2026-11-01 12:00:00  calculator  calculator call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied
  by no-tools  policies/desk.cedar:5:1

policies/desk.cedar:2:1
@id("all")
permit (principal, action, resource);

policies/desk.cedar:5:1
@id("no-tools")
forbid (principal == Agent::"calculator", action == Action::"call_tool", resource)
when { context.tenant == "default" };
""")


def test_the_decisions_of_a_step(guarded, agentcore, steady):
    agentcore("run", "price")
    assert steady(agentcore("policy", "explain", "latest", "calculator").stdout) == snapshot("""\
2026-11-01 12:00:00  calculator  calculator call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied
  by no-tools  policies/desk.cedar:5:1
2026-11-01 12:00:00  calculator  calculator call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied
  by no-tools  policies/desk.cedar:5:1
2026-11-01 12:00:00  calculator  calculator call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied
  by no-tools  policies/desk.cedar:5:1
2026-11-01 12:00:00  calculator  calculator call_model local: permitted
  by all  policies/desk.cedar:2:1
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied
  by no-tools  policies/desk.cedar:5:1

policies/desk.cedar:2:1
@id("all")
permit (principal, action, resource);

policies/desk.cedar:5:1
@id("no-tools")
forbid (principal == Agent::"calculator", action == Action::"call_tool", resource)
when { context.tenant == "default" };
""")


def test_decisions_as_json(guarded, agentcore):
    agentcore("run", "price")
    found = json.loads(agentcore("policy", "explain", "latest", "calculator", "--json").stdout)
    assert found["policies"] == snapshot(
        {
            "all": {
                "place": "policies/desk.cedar:2:1",
                "text": """\
@id("all")
permit (principal, action, resource);\
""",
            },
            "no-tools": {
                "place": "policies/desk.cedar:5:1",
                "text": """\
@id("no-tools")
forbid (principal == Agent::"calculator", action == Action::"call_tool", resource)
when { context.tenant == "default" };\
""",
            },
        }
    )
    model, tool = found["decisions"][:2]
    for each in (model, tool):
        assert each["bundle"] == found["bundle"]
        del each["at"], each["bundle"]
    assert model == snapshot(
        {
            "step": "calculator",
            "effect": "1/calculator/1/calculator/model.1",
            "principal": "calculator",
            "action": "call_model",
            "resource": "local",
            "permitted": True,
            "policies": ["all"],
            "asks": [],
            "obligations": [],
            "unmet": [],
            "errors": [],
            "changed_since": False,
            "label": {
                "sources": [
                    "document:pricing.md#delivery",
                    "document:pricing.md#volume-discounts",
                    "model:local",
                    "tool:handbook",
                    "tool:orders",
                    "user",
                ],
                "confidentiality": "internal",
            },
            "rulings": [],
        }
    )
    assert tool == snapshot(
        {
            "step": "calculator",
            "effect": "1/calculator/1/calculator/tool.1",
            "principal": "calculator",
            "action": "call_tool",
            "resource": "calculate",
            "permitted": False,
            "policies": ["no-tools"],
            "asks": [],
            "obligations": [],
            "unmet": [],
            "errors": [],
            "changed_since": False,
            "label": None,
            "rulings": [],
        }
    )


def test_policies_that_have_changed_since_are_not_shown(guarded, agentcore, steady):
    agentcore("run", "price")
    guarded.write_text(POLICIES.replace("tenant", "user"), encoding="utf-8")
    assert steady(agentcore("policy", "explain", "latest", "calculator").stdout) == snapshot("""\
2026-11-01 12:00:00  calculator  calculator call_model local: permitted  (the policies have change…
  by all
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied  (the policies have change…
  by no-tools
2026-11-01 12:00:00  calculator  calculator call_model local: permitted  (the policies have change…
  by all
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied  (the policies have change…
  by no-tools
2026-11-01 12:00:00  calculator  calculator call_model local: permitted  (the policies have change…
  by all
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied  (the policies have change…
  by no-tools
2026-11-01 12:00:00  calculator  calculator call_model local: permitted  (the policies have change…
  by all
  what came of it: internal, from document:pricing.md#delivery, document:pricing.md#volume-discoun…
2026-11-01 12:00:00  calculator  calculator call_tool calculate: denied  (the policies have change…
  by no-tools
""")
    found = json.loads(agentcore("policy", "explain", "latest", "--json").stdout)
    assert (found["policies"], {each["changed_since"] for each in found["decisions"]}) == ({}, {True})


def test_a_project_without_policies_is_explained_by_the_default_set(desk, agentcore):
    agentcore("run", "price")
    shown = agentcore("policy", "explain", "latest").stdout
    assert "  by answers-are-released  agents.cedar:" in shown
    assert '@id("workers-call-their-reading-tools")\npermit (principal, action == Action::"call_tool"' in shown
    assert "changed" not in shown


@pytest.mark.parametrize("broken", ["agents/writer.yaml", "scenarios/price.yaml", "agentcore.yaml", "orders.csv"])
def test_a_run_can_be_explained_while_the_project_is_broken(guarded, desk, agentcore, broken):
    agentcore("run", "price")
    before = agentcore("policy", "explain", "latest").stdout
    journal = desk / ".agentcore/journal.sqlite"
    record = journal.read_bytes()
    (desk / broken).write_text("{", encoding="utf-8")
    assert agentcore("policy", "explain", "latest", "--project", desk).stdout.replace(f"{desk}/", "") == before
    assert journal.read_bytes() == record


@pytest.mark.parametrize("text", ["permit (", "// nothing\n"])
def test_policies_that_cannot_be_read_have_changed(guarded, agentcore, text):
    agentcore("run", "price")
    guarded.write_text(text, encoding="utf-8")
    done = agentcore("policy", "explain", "latest", "calculator")
    assert (done.exit_code, done.stdout.count("the policies have changed since")) == (0, 8)


def test_a_step_without_decisions_is_told_with_those_that_have_some(guarded, agentcore, steady):
    agentcore("run", "price")
    done = agentcore("policy", "explain", "latest", "critic")
    assert (done.exit_code, steady(done.stderr)) == snapshot(
        (
            ExitCode.USAGE,
            """\
error: no decision is recorded of a step 'critic' of run 1run000000000000
hint: there are some of plan, researcher, analyst, calculator
""",
        )
    )


def test_no_run_yet(desk, agentcore):
    assert agentcore("policy", "explain", "latest").exit_code == ExitCode.USAGE


def test_what_policies_ask_for_is_shown_with_what_came_of_it(guarded, agentcore, steady):
    asking = """
@id("no-keys-in-prompts") @obligation("redact") @types("pii")
permit (principal == Agent::"analyst", action == Action::"call_model", resource);
"""
    guarded.write_text(POLICIES + asking, encoding="utf-8")
    agentcore("run", "price")
    shown = steady(agentcore("policy", "explain", "latest", "analyst").stdout)
    assert "  no-keys-in-prompts asks to redact it  policies/desk.cedar:9:1\n" in shown
    assert "which was not done, and so it was denied: no-keys-in-prompts asks to redact it: unknown" in shown
    assert '@id("no-keys-in-prompts") @obligation("redact")' in shown
    found = json.loads(agentcore("policy", "explain", "latest", "analyst", "--json").stdout)
    decision = found["decisions"][0]
    assert (decision["permitted"], decision["asks"]) == (False, [])
    assert decision["obligations"] == [{"policy": "no-keys-in-prompts", "types": ["pii"], "kind": "redact"}]
    assert decision["unmet"][0].startswith("no-keys-in-prompts asks to redact it: unknown detector `pii`")
    assert found["policies"]["no-keys-in-prompts"]["place"] == "policies/desk.cedar:9:1"

# ruff: noqa: E501  # messages stand as people read them
"""`agentcore policy template`: what there is, and files that `policy check` accepts."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from agentcore.config.policy_templates import policy_templates
from agentcore.surfaces.cli.exit_codes import ExitCode

FILLED = {
    "approval-above-amount": ("tool=refund", "amount=100", "approvers=lead", "agent=clerk"),
    "data-flow": (),
    "data-flow-strict": (),
    "model-allow-list-for-agent": ("agent=clerk", "models=local"),
    "no-pii-to-outside-models": (),
    "no-secrets-released": (),
    "purpose": ("tool=price_list", "purposes=sales"),
    "read-only-agent": ("agent=clerk",),
    "region": ("regions=eu",),
    "spending-limit": ("models=hosted",),
    "tenant-isolation": ("tool=price_list", "tenant=acme"),
    "untrusted-sources-do-not-act": ("source=tool:price_list",),
    "values-from-named-sources": ("tool=refund", "argument=order"),
}
REFUND = '''

def refund(order: str, amount: float) -> str:
    """Pay something back."""
    return f"{order}: {amount}"
'''


@pytest.fixture
def shop(tmp_path, monkeypatch, agentcore):
    """Make a project with everything that templates can name, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    assert agentcore("init", "shop").exit_code == 0
    root = tmp_path / "shop"
    monkeypatch.chdir(root)
    for file, old, new in (
        (
            "agentcore.yaml",
            "\ntools:\n",
            "  hosted: { provider: openai, region: eu, price: { input_usd_per_million: 1 }, options: { model: m } }\n\ntools:\n  refund: { provider: python, safety: unsafe, options: { file: shop.py, functions: [refund] } }\n",
        ),
        (
            "agentcore.yaml",
            "\nteam:\n",
            "\nguards: { pii: { provider: pii }, secrets: { provider: secrets } }\n\nteam:\n",
        ),
        ("agents/clerk.yaml", "tools: [price_list]\ntool_use: output", "tools: [price_list, refund]"),
        ("shop.py", '\n\n@tool(safety="read")', f'{REFUND}\n\n@tool(safety="read")'),
    ):
        path = root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
    return root


def sets(name):
    return [word for each in FILLED[name] for word in ("--set", each)]


def test_the_list_has_a_line_for_each(agentcore, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = agentcore("policy", "template")
    assert done.exit_code == 0
    assert "\n".join(line.rstrip() for line in done.stdout.splitlines()) == snapshot("""\
template                      what it says
approval-above-amount         A person approves a tool's calls above an amount.
data-flow                     A person approves calls that nobody trusted has steered, that the task does not ask for,
                              or that carry foreign links.
data-flow-strict              Calls that nobody trusted has steered, that the task does not ask for, or that carry
                              foreign links, are forbidden.
model-allow-list-for-agent    An agent calls no models but the named ones.
no-pii-to-outside-models      Personal data goes to no model elsewhere, but for named providers.
no-secrets-released           What carries a secret does not leave.
purpose                       What a tool returns is for named purposes only.
read-only-agent               An agent that only reads.
region                        Personal data goes to no model outside the named regions.
spending-limit                What a run may spend on models elsewhere, and on costly ones.
tenant-isolation              A tenant's tool, and what it returned, is for that tenant's runs only.
untrusted-sources-do-not-act  Who has been given anything of a named source calls no tool that changes something.
values-from-named-sources     An argument has to be a value that the user, or another named source, has said.\
""")


def test_the_list_as_json(agentcore):
    found = json.loads(agentcore("policy", "template", "--json").stdout)["templates"]
    assert [each["name"] for each in found] == sorted(FILLED)
    assert found[0]["parameters"][1] == snapshot(
        {
            "name": "argument",
            "type": "argument",
            "default": "amount",
            "required": False,
            "description": "the argument with the amount, by its path",
        }
    )


@pytest.mark.parametrize("name", [each.name for each in policy_templates()])
def test_what_is_written_is_accepted_by_the_check(name, shop, agentcore):
    done = agentcore("policy", "template", name, *sets(name), "--out", f"policies/{name}.cedar")
    assert (done.exit_code, done.stdout) == (0, f"policies/{name}.cedar\n")
    report = json.loads(agentcore("policy", "check", "--json").stdout)
    assert (report["valid"], report["problems"]) == (True, [])
    assert [each for each in report["warnings"] if name in each] == []
    printed = agentcore("policy", "template", name, *sets(name)).stdout
    assert (shop / "policies" / f"{name}.cedar").read_text(encoding="utf-8") == printed


def test_all_of_them_together_are_accepted_by_the_check(shop, agentcore):
    for name in FILLED:
        assert agentcore("policy", "template", name, *sets(name), "--out", f"policies/{name}.cedar").exit_code == 0
    assert json.loads(agentcore("policy", "check", "--json").stdout)["problems"] == []


def test_a_name_that_the_project_does_not_have_is_for_the_check_to_say(shop, agentcore):
    agentcore("policy", "template", "read-only-agent", "--set", "agent=clerc", "--out", "policies/clerk.cedar")
    done = agentcore("policy", "check")
    assert done.exit_code == ExitCode.USAGE
    assert "unknown agent `clerc`; did you mean `clerk`?" in done.stdout


def test_without_values_a_template_is_shown_as_it_is(agentcore):
    done = agentcore("policy", "template", "read-only-agent")
    assert done.exit_code == 0
    assert "// @param agent: agent - who only reads\n" in done.stdout
    assert 'permit (principal == Agent::"${agent}"' in done.stdout
    assert done.stderr == "to fill it in: agentcore policy template read-only-agent --set agent=…\n"


def test_one_that_needs_no_values_is_filled_in(agentcore):
    done = agentcore("policy", "template", "no-secrets-released", "--json")
    found = json.loads(done.stdout)
    assert (found["filled"], found["name"]) == (True, "no-secrets-released")
    assert 'containsAny(["secrets"])' in found["text"]


def test_nothing_is_written_over_unless_it_is_said(shop, agentcore):
    path = shop / "policies" / "agents.cedar"
    before = path.read_text(encoding="utf-8")
    done = agentcore("policy", "template", "no-secrets-released", "--out", path)
    assert done.exit_code == ExitCode.USAGE
    assert "is there already" in done.stderr
    assert path.read_text(encoding="utf-8") == before
    assert agentcore("policy", "template", "no-secrets-released", "--out", path, "--force").exit_code == 0
    assert path.read_text(encoding="utf-8") != before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("read-only-agnet",), "unknown template `read-only-agnet`; did you mean `read-only-agent`?"),
        (("read-only-agent", "--out", "a.cedar"), "parameter `agent` is missing"),
        (("read-only-agent", "--set", "x=y"), "unknown parameter `x`; known: agent"),
        (("read-only-agent", "--set", "agent"), "'agent' is not of the form NAME=VALUE"),
        (("no-secrets-released", "--out", "a.txt"), "files of policies end in `.cedar`"),
        (("no-secrets-released", "--out", "policies/a.cedar"), "policies is not a folder"),
        (("--set", "agent=x"), "name the template"),
    ],
)
def test_wrong_usage_is_told_and_writes_nothing(arguments, says, tmp_path, monkeypatch, agentcore):
    monkeypatch.chdir(tmp_path)
    done = agentcore("policy", "template", *arguments)
    assert done.exit_code == ExitCode.USAGE
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []

"""What the page on policies shows of `agentcore policy` is what the commands print."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner

from agentcore.config.policy_templates import policy_templates
from agentcore.surfaces.cli.main import cli

PAGE = Path(__file__).resolve().parents[2] / "docs/policies.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)

FILES = {
    "agentcore.yaml": """\
models: { local: { provider: llama, options: { model: smollm2-135m-instruct } } }
tools:
  refund: { provider: python, options: { file: desk.py, functions: [refund] }, safety: unsafe }
  browse: { provider: python, options: { file: desk.py, functions: [browse] }, safety: read }
team: { supervisor: planner, workers: [clerk], answer: writer }
""",
    "agents/planner.yaml": "role: supervisor\ninstructions: plan\n",
    "agents/clerk.yaml": "instructions: work\ntools: [refund, browse]\n",
    "agents/writer.yaml": "instructions: write\n",
    "desk.py": """\
def refund(order: str, amount: float) -> str:
    \"\"\"Give money back.\"\"\"


def browse(url: str) -> str:
    \"\"\"Read a page.\"\"\"
""",
}
WRONG = """\
@id("clerk-refunds")
permit (principal == Agent::"clerc", action == Action::"call_tool", resource == Tool::"refund")
when { context.numbers.hasTag("amonut") && context.numbers.getTag("amonut") <= 100000000 };

@id("web-pages-do-not-pay")
forbid (principal, action == Action::"call_tool", resource == Tool::"refund")
when { context.sources.contains("tool:brwose") };

@id("writer-refunds")
permit (principal == Agent::"writer", action == Action::"call_tool", resource == Tool::"refund");

@id("clerk-refunds-too")
permit (principal == Agent::"clerk", action == Action::"call_tool", resource == Tool::"refund");
"""


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if kind == language]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Write a project with the default policies."""
    monkeypatch.chdir(tmp_path)
    default = resources.files("agentcore.policy") / "default"
    texts = {f"policies/{path.name}": path.read_text(encoding="utf-8") for path in default.iterdir()}
    for name, text in (FILES | texts).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_the_check_that_is_shown(desk):
    (desk / "policies/desk.cedar").write_text(WRONG, encoding="utf-8")
    (shown,) = [text for text in blocks("console") if text.startswith("$ agentcore policy check\n")]
    done = CliRunner().invoke(cli, ["policy", "check"])
    assert (done.exit_code, done.stdout) == (2, shown.partition("\n")[2])


def test_the_cases_that_are_shown_are_decided_as_they_say(desk):
    shown = [text for text in blocks("cedar") if "clerk-refunds-small-amounts" in text or "web-pages-do-not" in text]
    (desk / "policies/desk.cedar").write_text("".join(shown), encoding="utf-8")
    (desk / "policies/tests").mkdir()
    (cases,) = [text for text in blocks("yaml") if "cases:" in text]
    (desk / "policies/tests/desk.yaml").write_text(cases, encoding="utf-8")
    done = CliRunner().invoke(cli, ["policy", "test"])
    assert (done.exit_code, done.stdout) == (0, "3 of 3 cases are decided as expected\n")
    assert CliRunner().invoke(cli, ["policy", "check"]).exit_code == 0


@pytest.mark.parametrize("command", ["check", "test", "explain"])
def test_each_command_has_a_section(command):
    assert f"`agentcore policy {command}" in PAGE.read_text(encoding="utf-8")


def test_every_template_is_in_the_table_with_its_parameters():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `") and line.count("|") == 4]
    shown = [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]
    expected = [
        (f"`{each.name}`", each.title, ", ".join(f"`{name}`" for name in each.parameters))
        for each in policy_templates()
    ]
    assert [row for row in expected if row not in shown] == []

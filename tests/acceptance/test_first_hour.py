"""What a user can do in the first hour, in an empty folder that is not this repository."""

from __future__ import annotations

import json
import os
import re

import pytest
import yaml

from agentcore.testing.loopback import Answer

# semantic-kernel's own deprecations, which Python shows to nobody by default
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")

SEMANTIC_KERNEL = """\
models:
  local:
    provider: semantic-kernel
    options:
      service: OpenAIChatCompletion
      arguments: { ai_model_id: tiny, api_key: { env: SHOP_KEY } }
"""


def test_the_starter_project_runs_on_another_endpoint_after_a_change_of_one_file_and_one_variable(
    tmp_path, process, server, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    made = process("init", "shop")
    assert made.returncode == 0
    assert "agentcore run stock_value" in made.stdout
    monkeypatch.chdir(tmp_path / "shop")
    before = process("validate")
    assert (before.returncode, before.stderr) == (0, "")
    settings = yaml.safe_load((tmp_path / "shop" / "agentcore.yaml").read_text())
    settings["models"] = {"local": {"provider": "openai", "options": {"model": "m", "base_url": "${SHOP_MODEL_URL}"}}}
    (tmp_path / "shop" / "agentcore.yaml").write_text(yaml.safe_dump(settings))
    done = process("run", "stock_value", "--json", SHOP_MODEL_URL=server)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"] == {"answer": "The stock is worth 768.00."}
    assert process("run", "stock_value", "--cases", "--case", "x").returncode == 2


def test_a_variable_that_is_not_set_is_named_before_anything_runs(shop, agentcore, monkeypatch):
    monkeypatch.delenv("MODEL_URL")
    done = agentcore("run", "stock_value")
    assert done.exit_code == 2
    assert "MODEL_URL" in done.stderr
    assert done.stdout == ""
    assert agentcore("validate").exit_code == 0
    assert "MODEL_URL" in agentcore("validate").stdout
    doctor = agentcore("doctor")
    assert "MODEL_URL is not set" in doctor.stdout


def test_the_same_scenario_on_a_stock_service_of_semantic_kernel(shop, agentcore, script, latest, monkeypatch):
    text = re.sub(r"models:\n(?: +.*\n)+", SEMANTIC_KERNEL, (shop / "agentcore.yaml").read_text())
    (shop / "agentcore.yaml").write_text(text)
    monkeypatch.setenv("SHOP_KEY", "sk-secret-of-the-shop")
    monkeypatch.setenv("OPENAI_BASE_URL", os.environ["MODEL_URL"])
    done = agentcore("run", "stock_value", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["answer"] == {"answer": "The stock is worth 768.00."}
    assert script.calls == ["planner", "clerk", "calculator", "writer"]
    assert {one.headers["authorization"] for one in script.received} == {"Bearer sk-secret-of-the-shop"}
    assert latest()["status"] == "succeeded"
    journal = b"".join(path.read_bytes() for path in (shop / ".agentcore").iterdir())
    assert b"sk-secret-of-the-shop" not in journal


def test_each_case_of_the_starter_is_compared(shop, agentcore, script):
    done = agentcore("run", "stock_value", "--cases", "--json")
    cases = json.loads(done.stdout)["cases"]
    assert [(case["case"], case["passed"]) for case in cases] == [("assam", True), ("darjeeling", False)]
    assert done.exit_code == 1


def test_a_dry_run_calls_the_planner_alone(shop, agentcore, script, latest):
    done = agentcore("run", "stock_value", "--dry-run", "--json")
    assert json.loads(done.stdout)["status"] == "planned"
    assert script.calls == ["planner"]
    assert latest()["status"] == "planned"


@pytest.mark.parametrize(
    "words",
    [
        ("run", "stock_value", "--json"),
        ("run", "stock_value", "--dry-run", "--json"),
        ("run", "stock_value", "--cases", "--json"),
        ("validate", "--json"),
        ("doctor", "--json"),
        ("models", "list", "--json"),
        ("runs", "list", "--json"),
        ("runs", "show", "latest", "--json"),
        ("trace", "latest", "--json"),
        ("trace", "latest", "--step", "clerk", "--json"),
        ("schema", "project"),
        ("schema", "agent"),
        ("schema", "scenario"),
    ],
)
def test_what_is_printed_for_programs_is_json_and_nothing_else(shop, agentcore, words):
    assert agentcore("run", "stock_value").exit_code == 0
    assert json.loads(agentcore(*words).stdout)


def test_help_of_every_command_tells_its_options(agentcore):
    for command in (
        "init",
        "validate",
        "run",
        "runs list",
        "runs show",
        "trace",
        "graph",
        "models list",
        "models pull",
    ):
        done = agentcore(*command.split(), "--help")
        assert done.exit_code == 0
        assert "Usage:" in done.stdout
        described = re.findall(r"^  (--[a-z-]+).*?(?:  +(\S.*))?$", done.stdout, re.MULTILINE)
        assert described


def test_no_run_is_lost_when_a_project_is_used_from_a_folder_inside_it(shop, agentcore, monkeypatch):
    monkeypatch.chdir(shop / "agents")
    assert agentcore("run", "stock_value").exit_code == 0
    monkeypatch.chdir(shop)
    assert len(json.loads(agentcore("runs", "list", "--json").stdout)) == 1
    assert not (shop / "agents" / ".agentcore").exists()


def test_verbose_logs_are_a_line_each_with_the_run_and_the_step(shop, agentcore, script):
    script.answers["clerk"] = Answer(text="I would rather not.")
    done = agentcore("run", "stock_value", "-v", "--log-json", "--json")
    run = json.loads(done.stdout)["run"]
    logged = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert logged
    assert {"time", "level", "where", "message"} <= set.intersection(*(set(entry) for entry in logged))
    assert {entry.get("run") for entry in logged} == {run}
    assert "clerk" in {entry.get("step") for entry in logged}
    plain = agentcore("run", "stock_value", "-v").stderr
    assert re.search(r"^\d\d:\d\d:\d\d\.\d{3} INFO .*run=\w+", plain, re.MULTILINE)


def test_without_verbose_a_good_run_logs_nothing(shop, agentcore):
    done = agentcore("run", "stock_value")
    assert not re.search(r"INFO|DEBUG|WARNING", done.stderr)


def test_no_colour_is_written_where_nobody_looks_or_nobody_wants_it(shop, agentcore, monkeypatch):
    assert "\x1b" not in agentcore("run", "stock_value").output
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = re.compile(r"\x1b\[(?:\d+;)*(?:3\d|9\d|38|48)")
    assert coloured.search(agentcore("trace", "latest").stdout)
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured.search(agentcore("trace", "latest").stdout)


def test_a_mermaid_graph_names_each_step_once_and_draws_arrows_between_those_only(shop, agentcore, script):
    nasty = 'worth "; end subgraph] --> x((a)) %% <script> `b` #quot; | of {the} stock'
    steps = [{"agent": "clerk", "task": nasty}, {"agent": "calculator", "task": "style n1 fill:red;\nclick n1 alert"}]
    script.answers["planner"] = Answer(text=json.dumps({"steps": steps}))
    assert agentcore("run", "stock_value").exit_code == 0
    head, *lines = agentcore("graph", "latest", "--format", "mermaid").stdout.splitlines()
    assert head == "flowchart TD"
    nodes = [re.fullmatch(r'  (n\d+)\["([^"]*)"\]:::(\w+)', line) for line in lines]
    names = {found[1] for found in nodes if found}
    classes = {found[1] for line in lines if (found := re.fullmatch(r"  classDef (\w+) [\w:#,-]+", line))}
    assert len(names) == 3
    assert {found[3] for found in nodes if found} <= classes
    for line, node in zip(lines, nodes, strict=True):
        arrow = re.fullmatch(r"  (n\d+) --> (n\d+)", line)
        assert node or line.startswith("  classDef ") or (arrow and {arrow[1], arrow[2]} <= names), line

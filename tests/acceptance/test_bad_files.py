"""Files that are wrong: each is named with its place, nothing runs, and nothing is recorded."""

from __future__ import annotations

import json
import re

import pytest

AT = r"agentcore\.yaml:\d+:\d+: "

CASES = [
    ("agentcore.yaml", "team:", "teem:", r"agentcore\.yaml:\d+:1: .*`?teem`?.*team"),
    ("agentcore.yaml", "parallel_steps: 2", "parallel_step: 2", AT + r".*parallel_step.*parallel_steps"),
    ("agentcore.yaml", "max_steps: 6", "max_steps: many", AT + r".*whole number"),
    ("agentcore.yaml", 'usd: "0.10"', "usd: -1", AT),
    (
        "agentcore.yaml",
        "name: tea-shop",
        "name: tea-shop\nname: other",
        r"agentcore\.yaml:3:1: .*name.*(twice|line 2)",
    ),
    ("agentcore.yaml", "supervisor: planner", "supervisor: plannr", AT + r".*plannr.*planner"),
    ("agentcore.yaml", "provider: calculator", "provider: calculater", AT + r".*calculater.*calculator"),
    ("agentcore.yaml", "provider: openai", "provider: openia", AT + r".*openia.*openai"),
    ("agentcore.yaml", "file: shop.py", "file: shp.py", AT + r".*shp\.py"),
    ("agentcore.yaml", "model: tiny", "modell: tiny", AT + r".*modell.*model"),
    ("agentcore.yaml", "team:", "policies: nowhere\nteam:", AT + r".*nowhere"),
    (
        "agents/clerk.yaml",
        "tools: [price_list]",
        "tools: [price_lst]",
        r"agents/clerk\.yaml:\d+:\d+: .*price_lst.*price_list",
    ),
    ("agents/clerk.yaml", "uses: none", "uses: nothing", r"agents/clerk\.yaml:\d+:\d+: "),
    ("agents/clerk.yaml", "name: clerk", "name: clerk\nname: clerk", r"agents/clerk\.yaml:3:1: .*name"),
    ("agents/clerk.yaml", "name: clerk", "name: [clerk]", r"agents/clerk\.yaml:2:7: .*text"),
    ("agents/clerk.yaml", "limits: {", "limits: {{", r"agents/clerk\.yaml:\d+:\d+: "),
    ("agents/clerk.yaml", "name: clerk", "name: writer", r"agents/.*\.yaml:\d+:\d+: .*writer"),
    (
        "agents/writer.yaml",
        "checks: [schema, numbers]",
        "checks: [schema, numbrs]",
        r"agents/writer\.yaml:\d+:\d+: .*numbrs.*numbers",
    ),
    ("agents/writer.yaml", "type: object", "type: objekt", r"agents/writer\.yaml:\d+:\d+: "),
    ("scenarios/stock_value.yaml", "goal: What", "gaol: What", r"stock_value\.yaml:\d+:\d+: .*gaol.*goal"),
    ("scenarios/stock_value.yaml", "{{tea}}", "{{coffee}}", r"stock_value\.yaml:\d+:\d+: .*coffee"),
    ("policies/agents.cedar", "\npermit", "\npremit", r"agents\.cedar"),
]


@pytest.mark.parametrize(("file", "before", "after", "told"), CASES, ids=[f"{case[0]} {case[2]}" for case in CASES])
def test_what_is_wrong_in_a_file_is_named_with_its_place(shop, edit, agentcore, file, before, after, told):  # noqa: PLR0917
    edit(file, before, after)
    done = agentcore("validate")
    assert done.exit_code == 2
    problems = [line for line in done.stdout.splitlines() if line.startswith("error: ")]
    assert any(re.search(told, problem) for problem in problems), problems
    assert json.loads(agentcore("validate", "--json").stdout)["valid"] is False
    run = agentcore("run", "stock_value")
    assert (run.exit_code, run.stdout) == (2, "")
    assert re.search(told, run.stderr), run.stderr
    doctor = agentcore("doctor")
    assert doctor.exit_code == 1
    assert re.search(r"^fail .*\n +→ ", doctor.stdout, re.MULTILINE)
    assert not (shop / ".agentcore").exists()


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("agentcore.yaml", r"agentcore\.yaml"),
        ("agents/writer.yaml", r"writer"),
        ("shop.py", r"shop\.py"),
    ],
)
def test_a_missing_file_is_named(shop, agentcore, file, told):
    (shop / file).unlink()
    for words in (("validate", "."), ("run", "stock_value", "--project", ".")):
        done = agentcore(*words)
        assert done.exit_code == 2, words
        assert re.search(f"error: .*{told}", done.output), done.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"\xff\xfe\x00 name", "UTF-8"),
        (b"", "empty|team|models"),
        (b"- a\n- b\n", "agentcore.yaml:1:1"),
        (b"a: &x [*x]\n", "agentcore.yaml:1"),
        (b"name: \x07bell\n", "agentcore.yaml:1"),
        (b"? [complex, key]\n: value\n", "agentcore.yaml:1"),
        (b"a: !!python/object/apply:os.system [true]\n", "agentcore.yaml:1"),
    ],
)
def test_a_project_file_that_is_none(shop, agentcore, text, told):
    (shop / "agentcore.yaml").write_bytes(text)
    done = agentcore("validate")
    assert done.exit_code == 2
    assert re.search(told, done.output), done.output
    assert agentcore("run", "stock_value").exit_code == 2


def test_all_problems_of_all_files_are_told_at_once(shop, edit, agentcore):
    for file, before, after, _ in (CASES[1], CASES[11], CASES[17], CASES[19]):
        edit(file, before, after)
    problems = json.loads(agentcore("validate", "--json").stdout)["problems"]
    assert {problem.partition(":")[0].rpartition("/")[2] for problem in problems} == {
        "agentcore.yaml",
        "clerk.yaml",
        "writer.yaml",
        "stock_value.yaml",
    }


def test_a_tool_whose_code_does_not_load_is_named(shop, agentcore):
    (shop / "shop.py").write_text("def look_up(product: str -> str: pass\n")
    for words in (("run", "stock_value"), ("doctor",)):
        done = agentcore(*words)
        assert done.exit_code in {1, 2}
        assert "shop.py" in done.output
        assert "SyntaxError" in done.output or "syntax" in done.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "stock_value", "--input", "tea"), "NAME=VALUE"),
        (("run", "stock_value", "--input", "te=assam"), "`te`.*tea"),
        (("run", "stock_value", "--budget-usd", "free"), "dollars"),
        (("run", "stock_value", "--budget-usd", "nan"), "dollars"),
        (("run", "stock_value", "--model", "locl=openai:x"), "locl.*local"),
        (("run", "stock_value", "--model", "local=opnai:x"), "opnai"),
        (("run", "stock_valu"), "stock_valu.*stock_value"),
        (("run", "scenarios"), "scenario"),
        (("runs", "show", "latest"), "no run"),
        (("trace", "zzz"), "zzz"),
        (("graph", "latest"), "no run"),
        (("models", "pull", "qwen"), "qwen2.5"),
        (("schema", "projekt"), "project"),
        (("init", "."), "not empty"),
        (("validate", "nowhere"), "nowhere"),
    ],
)
def test_a_command_line_that_is_wrong_says_so_and_ends_with_2(shop, agentcore, words, told):
    done = agentcore(*words)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert re.search(told, done.stderr, re.DOTALL), done.stderr

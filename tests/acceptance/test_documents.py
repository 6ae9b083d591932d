"""What the README shows works as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from support.outcome_files import write_calls

from agentcore.config import project as config
from agentcore.config.models import STRUCTURED
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.loopback import Answer
from agentcore.testing.scripted import Call, ScriptedModel

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def replies(request):
    system = request.messages[0].content
    if system.startswith("You plan"):
        return {"steps": [{"id": "a", "agent": "clerk", "task": "teapots", "uses": []}]}
    return Call("in_stock", {"product": "teapot"}) if system.startswith("You look up") else "There are 3 teapots."


@pytest.mark.parametrize("code", blocks("python"))
def test_its_python_runs(tmp_path, monkeypatch, capsys, code):
    profile = ModelProfile(
        name="m",
        family="m",
        quality=0.5,
        context_tokens=9_000,
        capabilities=STRUCTURED,
        price=Price(),
        latency_seconds=1,
    )
    monkeypatch.chdir(tmp_path)
    real = config.Project.__init__

    def with_a_script(self, **parts):
        real(self, **parts, built_models=[(profile, ScriptedModel(replies))])

    monkeypatch.setattr(config.Project, "__init__", with_a_script)
    file = tmp_path / "example.py"
    file.write_text(code, encoding="utf-8")
    exec(compile(code, str(file), "exec"), {"__name__": "example"})  # noqa: S102  our own README
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "1 run_started"
    assert shown[-1] == "There are 3 teapots."


@pytest.mark.parametrize("text", [block for block in blocks("yaml") if block.startswith("models:")])
def test_its_models_can_be_put_into_a_project(shop, agentcore, monkeypatch, text):
    for variable in re.findall(r"[A-Z]+_API_KEY", text):
        monkeypatch.setenv(variable, "k")
    file = shop / "agentcore.yaml"
    file.write_text(
        re.sub(r"models:\n(?: +.*\n)+", lambda _: text, file.read_text(encoding="utf-8")), encoding="utf-8"
    )
    done = agentcore("validate")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("text", [block for block in blocks("yaml") if "\nname: " in block])
def test_its_agents_can_be_put_into_a_project(shop, edit, agentcore, text):
    agent = yaml.safe_load(text)
    (shop / "agents" / f"{agent['name']}.yaml").write_text(text, encoding="utf-8")
    (shop / "orders.csv").write_text("customer,amount\nAcme,7\n", encoding="utf-8")
    edit(
        "agentcore.yaml",
        "tools:\n",
        "tools:\n  orders: { provider: sql, options: { tables: { orders: orders.csv } } }\n",
    )
    edit("agentcore.yaml", "workers: [clerk,", f"workers: [clerk, {agent['name']},")
    done = agentcore("validate")
    assert done.exit_code == 0, done.output


def test_its_first_project_runs_as_told(shop, agentcore, script):
    told = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    assert "agentcore init shop && cd shop" in told
    for line in ("agentcore validate", "agentcore run stock_value"):
        assert line in told
        assert agentcore(*line.split()[1:]).exit_code == 0
    script.answers["writer"] = Answer(text='{"answer": "1"}')
    assert agentcore("run", "stock_value").exit_code == 3


JSON = (Path(__file__).resolve().parents[2] / "docs" / "json-output.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("section", re.findall(r"^## .*?(?=^## |\Z)", JSON, re.DOTALL | re.MULTILINE))
def test_json_has_the_keys_that_are_told(shop, agentcore, section):
    assert agentcore("run", "stock_value").exit_code == 0
    if "approvals list --json" in section:
        with (shop / "agents" / "writer.yaml").open("a", encoding="utf-8") as writer:
            writer.write("approval: true\n")
        assert agentcore("run", "stock_value").exit_code == 6
        (question,) = json.loads(agentcore("approvals", "list", "--json").stdout)
        section = section.replace("show ID --json", f"show {question['approval']} --json")
    if "FILE.jsonl" in section:
        (shop / "FILE.jsonl").write_text("{}\n", encoding="utf-8")
    if "--policy NEW" in section:
        (shop / "NEW").write_text("routing: { objective: cheapest }\n", encoding="utf-8")
    if "--table new" in section:
        (shop / "new").mkdir()
        write_calls(shop / "new", 200)
        fit = ("route", "fit", "--table", "new", "--dataset", "bfcl", "--out", "router.json")
        assert agentcore(*fit).exit_code == 0
    if "runs cancel" in section:
        agentcore("run", "stock_value", "--detach")
    commands = re.findall(r"`agentcore ([^`]+ --json)`", section)
    assert commands
    tables = [re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) for part in re.split(r"\n\n", section)]
    keys, *parts = [set(table) for table in tables if table]
    for command in commands:
        names = {
            "SCENARIO": "stock_value",
            "RUN": "latest",
            "ID": "clerk",
            "STEP": "answer",
            "A": "latest",
            "B": "latest",
        }
        words = [names.get(word, word) for word in command.split()]
        found = json.loads(agentcore(*words).stdout)
        whole = found[0] if isinstance(found, list) else found
        if "trace latest --json" in " ".join(words):
            assert set(whole) - {"started_at", "started"} == set(
                json.loads(agentcore("runs", "show", "latest", "--json").stdout)
            )
        elif words[0] == "trace":
            like = {"agent", "status", "instruction", "needs", "models", "verdict", "used", "seconds"}
            assert set(whole) == keys | like
        else:
            assert set(whole) == keys
        for part in parts:
            assert set(whole["steps"][0]) == part

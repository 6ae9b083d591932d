"""`agentcore init`, `validate`, `schema`, `doctor` and `models`."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from agentcore.adapters.models import catalogue, fetch
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.surfaces.cli.fetch_progress import Lines
from agentcore.surfaces.cli.terminal import messages
from agentcore.version import __version__


def test_a_new_project_is_valid(tmp_path, monkeypatch, agentcore):
    monkeypatch.chdir(tmp_path)
    made = agentcore("init", "shop")
    assert made.exit_code == 0
    assert made.stdout.splitlines()[-4:] == snapshot(
        ["next:", "  cd shop", "  agentcore doctor", "  agentcore run stock_value"]
    )
    done = agentcore("validate", "shop")
    assert (done.exit_code, done.stdout) == snapshot(
        (0, "no problems in shop: 4 agents, 1 model, 2 tools, 2 policies, 1 scenario\n")
    )
    again = agentcore("init", "shop")
    assert (again.exit_code, again.stderr) == snapshot(
        (
            ExitCode.USAGE,
            """\
error: shop is not empty
hint: name a new folder: agentcore init FOLDER
""",
        )
    )


def test_every_problem_is_told_with_its_place(desk, agentcore):
    path = desk / "agents" / "writer.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("instructions:", "instruction:"), encoding="utf-8")
    done = agentcore("validate")
    assert (done.exit_code, done.stdout) == snapshot(
        (
            ExitCode.USAGE,
            """\
error: agents/writer.yaml:2:1: unknown key `instruction`; did you mean `instructions`?
1 problem in .: 5 agents, 1 model, 3 tools, no policies, 1 scenario
""",
        )
    )
    found = json.loads(agentcore("validate", "--json").stdout)
    assert (found["valid"], len(found["problems"])) == (False, 1)
    run = agentcore("run", "price")
    assert (run.exit_code, run.stdout) == (2, "")
    assert run.stderr.startswith("error: ")


def test_outside_a_project_commands_say_so(tmp_path, monkeypatch, agentcore):
    monkeypatch.chdir(tmp_path)
    done = agentcore("validate")
    assert (done.exit_code, done.stderr) == snapshot(
        (
            ExitCode.USAGE,
            """\
error: .: there is no agentcore.yaml here or in a folder above
hint: make a project with: agentcore init FOLDER
""",
        )
    )


def test_schemas_are_printed_and_written(tmp_path, agentcore):
    printed = json.loads(agentcore("schema", "scenario").stdout)
    assert "goal" in printed["properties"]
    written = agentcore("schema", "--out", tmp_path / "schemas").stdout.splitlines()
    assert [line.rpartition("/")[2] for line in written] == snapshot(
        [
            "project.schema.json",
            "agent.schema.json",
            "scenario.schema.json",
            "policy-test.schema.json",
            "policy-assertions.schema.json",
        ]
    )
    assert json.loads((tmp_path / "schemas" / "scenario.schema.json").read_text(encoding="utf-8")) == printed
    assert agentcore("schema").exit_code == 2


def test_the_version_is_the_package_s(agentcore):
    assert agentcore("--version").stdout == f"agentcore {__version__}\n"


def test_the_doctor_finds_a_healthy_project(desk, agentcore, tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTCORE_CACHE_DIR", str(tmp_path / "cache"))
    done = agentcore("doctor")
    assert done.exit_code == 0, done.stdout
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == snapshot(
        [
            "ok    python",
            "ok    packages",
            "ok    agentcore.models",
            "ok    agentcore.tools",
            "ok    agentcore.triggers",
            "ok    agentcore.detectors",
            "ok    extras",
            "ok    cache",
            "ok    embedded model",
            "ok    embedded model",
            "ok    project",
            "ok    policies",
            "ok    model local",
            "ok    model local",
            "ok    tool handbook",
            "ok    tool orders",
            "ok    tool calculate",
            "ok    store",
            "all is well",
        ]
    )


def test_the_doctor_says_what_to_mend_and_shows_no_value(desk, agentcore, monkeypatch):
    path = desk / "agentcore.yaml"
    text = path.read_text(encoding="utf-8")
    more = """\
  far:
    provider: openai
    price: { input_usd_per_million: 0 }
    options: { model: big, base_url: "http://127.0.0.1:9/v1", api_key_env: FAR_KEY }
  keyless:
    provider: openai
    price: { input_usd_per_million: 0 }
    options: { model: big, base_url: "http://127.0.0.1:9/v1", api_key_env: KEYLESS_KEY }
"""
    path.write_text(text.replace("models:\n", f"models:\n{more}"), encoding="utf-8")
    monkeypatch.setenv("FAR_KEY", "very-secret")
    monkeypatch.delenv("KEYLESS_KEY", raising=False)
    done = agentcore("doctor")
    assert done.exit_code == 1
    assert "very-secret" not in done.output
    told = [line for line in done.stdout.splitlines() if "far" in line or "keyless" in line or "FAR" in line]
    assert [line[:90] for line in told] == snapshot(
        [
            "ok    model far: the variable FAR_KEY is set",
            "ok    model far: openai big",
            "fail  model far: http://127.0.0.1:9/v1 cannot be reached: Cannot connect to host 127.0.0.1",
            "warn  model keyless: the variable KEYLESS_KEY is not set",
            "ok    model keyless: openai big",
            "fail  model keyless: http://127.0.0.1:9/v1 cannot be reached: Cannot connect to host 127.0",
        ]
    )
    states = {finding["what"]: finding["state"] for finding in json.loads(agentcore("doctor", "--json").stdout)}
    assert states["model far"] == "fail"


def test_models_are_listed_with_the_project_s(desk, agentcore, tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTCORE_CACHE_DIR", str(tmp_path / "cache"))
    found = json.loads(agentcore("models", "list", "--json").stdout)
    assert [(model["name"], model["present"]) for model in found["catalogue"]] == snapshot(
        [("qwen2.5-coder-1.5b-instruct", False), ("smollm2-135m-instruct", False)]
    )
    assert found["project"] == snapshot(
        [
            {
                "name": "local",
                "provider": "openai",
                "model": "tiny",
                "quality": 0.5,
                "context_tokens": 8192,
                "input_usd_per_million": 1.0,
                "output_usd_per_million": 2.0,
                "price_as_of": "2999-01-01",
                "price_source": "",
            }
        ]
    )
    assert "smollm2-135m-instruct" in agentcore("models", "list").stdout


def test_a_model_that_is_there_is_not_fetched(agentcore, tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTCORE_CACHE_DIR", str(tmp_path))
    model = catalogue.find("smollm2-135m-instruct")
    path = tmp_path / "models" / model.filename
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(model.size)
    done = agentcore("models", "pull", model.name)
    assert (done.exit_code, done.output) == (0, "")


def test_fetching_tells_every_tenth(agentcore, tmp_path, monkeypatch):
    async def pull(model, environment, progress):
        progress(0, model.size, "trying the hub")
        for percent in range(1, 100):
            progress(model.size * percent // 100, model.size, "downloading")
        progress(model.size, model.size, "checking the hash")
        return tmp_path / "model.gguf"

    monkeypatch.setattr(fetch, "pull", pull)
    monkeypatch.setenv("AGENTCORE_CACHE_DIR", str(tmp_path))
    done = agentcore("models", "pull", "smollm2-135m-instruct")
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    assert [line.partition(": ")[2].partition(" MB,")[0] for line in lines[:-1]] == snapshot(
        [
            "trying the hub",
            "10 % of 98",
            "20 % of 98",
            "30 % of 98",
            "40 % of 98",
            "50 % of 98",
            "60 % of 98",
            "70 % of 98",
            "80 % of 98",
            "90 % of 98",
            "checking the hash",
        ]
    )
    assert lines[-1].endswith("model.gguf")


def test_a_fetch_that_goes_on_tells_the_speed_of_what_it_fetched(capsys):
    times = iter([10.0, 12.0])
    with Lines(messages(), "m", monotonic=lambda: next(times)) as progress:
        progress.show(50_000_000, 100_000_000, "downloading")
        progress.show(60_000_000, 100_000_000, "downloading")
    assert capsys.readouterr().err == snapshot("""\
m: 50 % of 100 MB, downloading
m: 60 % of 100 MB, 5.0 MB/s, downloading
""")


def test_an_unknown_model_is_told_with_those_that_exist(agentcore):
    done = agentcore("models", "pull", "gpt")
    assert done.exit_code == 2
    assert "there is no model 'gpt' in the catalogue; it has qwen2.5-coder-1.5b-instruct, smollm2" in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["runs", "--help"], ["models", "pull", "--help"]])
def test_help_is_there_for_every_command(agentcore, words):
    assert agentcore(*words).stdout.startswith("Usage: ")

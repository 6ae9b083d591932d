from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from inline_snapshot import snapshot

from agentcore.adapters.plugins import EntryPointPlugins
from agentcore.config.load import load_project, load_scenario, validate
from agentcore.config.schema import as_file, schemas, write_schemas
from agentcore.config.starter import write_template
from agentcore.domain.errors import ConfigError

ROOT = Path(__file__).parents[2]
KINDS = {"agentcore.yaml": "project", "agents": "agent", "scenarios": "scenario", "policies": "policy-test"}


@pytest.fixture
def starter(tmp_path):
    folder = tmp_path / "new" / "shop"
    write_template(folder, EntryPointPlugins())
    return folder


def test_the_starter_is_a_valid_project(starter):
    report = validate(starter, EntryPointPlugins(), environment={})
    assert report.problems == ()
    assert report.warnings == ()
    assert report.counts == snapshot({"agents": 4, "models": 1, "tools": 2, "policies": 2, "scenarios": 1})
    project = load_project(starter, EntryPointPlugins(), environment={})
    assert project.policies == starter / "policies"
    goals = [load_scenario(path, project).task().goal for path in project.scenarios.values()]
    assert goals == snapshot(["What is all the assam in stock worth?"])


def test_what_the_starter_is_made_of(starter):
    assert sorted(path.relative_to(starter).as_posix() for path in starter.rglob("*") if path.is_file()) == snapshot(
        [
            ".gitignore",
            "agentcore.yaml",
            "agents/calculator.yaml",
            "agents/clerk.yaml",
            "agents/planner.yaml",
            "agents/writer.yaml",
            "policies/agents.cedar",
            "policies/data.cedar",
            "policies/tests/tea_shop.yaml",
            "scenarios/stock_value.yaml",
            "schemas/agent.schema.json",
            "schemas/policy-assertions.schema.json",
            "schemas/policy-test.schema.json",
            "schemas/project.schema.json",
            "schemas/scenario.schema.json",
            "shop.py",
        ]
    )
    default = files("agentcore.policy") / "default"
    for path in (starter / "policies").glob("*.cedar"):
        assert path.read_bytes() == (default / path.name).read_bytes()


def test_every_file_of_the_starter_names_its_schema_and_satisfies_it(starter):
    for path in starter.rglob("*.yaml"):
        first = path.read_text().partition("\n")[0]
        schema = (path.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
        kind = KINDS[path.relative_to(starter).parts[0]]
        assert schema == starter / "schemas" / f"{kind}.schema.json"
        jsonschema_rs.validate(json.loads(schema.read_text()), yaml.safe_load(path.read_text()))


def test_an_existing_project_is_left_alone(starter):
    before = {path: path.read_bytes() for path in starter.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError) as caught:
        write_template(starter, EntryPointPlugins())
    assert str(caught.value) == f"{starter} is not empty"
    assert caught.value.hint == snapshot("name a new folder: agentcore init FOLDER")
    assert before == {path: path.read_bytes() for path in starter.rglob("*") if path.is_file()}


def test_a_file_is_no_folder(tmp_path, plugins):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(ConfigError, match="is not a folder"):
        write_template(path, plugins)
    with pytest.raises(ConfigError, match="cannot be written: not a directory"):
        write_template(path / "below", plugins)


def test_the_schemas_in_the_repository_are_those_of_this_version():
    for name, schema in schemas(EntryPointPlugins()).items():
        path = ROOT / "schemas" / f"{name}.schema.json"
        assert path.read_bytes() == as_file(schema), "run: make docs"


def test_every_key_is_described():
    missing = [
        f"{kind}: {owner}.{key}"
        for kind, schema in schemas(EntryPointPlugins()).items()
        for owner, definition in {kind: schema, **schema["$defs"]}.items()
        if owner == kind or owner.endswith("Keys")
        for key, part in definition.get("properties", {}).items()
        if not {"description", "$ref"} & part.keys()  # a reference has the description of what it refers to
    ]
    assert missing == []


def schema_of_a_project(plugins, tmp_path):
    write_schemas(tmp_path, plugins)
    return jsonschema_rs.validator_for(json.loads((tmp_path / "project.schema.json").read_text()))


TEAM = {"supervisor": "a", "workers": ["b"], "answer": "c"}


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ({"provider": "llama", "options": {"model": "x"}}, True),
        ({"provider": "llama", "options": {"model": "x", "port": 80}}, True),
        ({"provider": "llama", "options": {"model": "x", "port": "${PORT}"}}, True),
        ({"provider": "llama", "options": {"model": "x", "port": "eighty"}}, False),
        ({"provider": "llama", "options": {"modle": "x"}}, False),
        ({"provider": "llama"}, False),
        ({"provider": "lama", "options": {}}, False),
        ({"provider": "llama", "options": {"model": "x"}, "qualty": 1}, False),
        ({"provider": "llama", "options": {"model": "x"}, "price": {"input_usd_per_million": "0.15"}}, True),
    ],
)
def test_an_editor_sees_what_the_reader_sees(plugins, project, tmp_path, model, fits):
    document = {
        "models": {"local": model},
        "team": {"supervisor": "planner", "workers": ["writer"], "answer": "writer"},
    }
    assert schema_of_a_project(plugins, tmp_path).is_valid(document) is fits
    root = project(project=json.dumps(document), researcher="name: researcher\n")
    assert (validate(root, plugins, environment={}).problems == ()) is fits


def test_validation_is_quick_and_loads_nothing_heavy(starter):
    code = (
        "import sys; from pathlib import Path\n"
        "from agentcore.adapters.plugins import EntryPointPlugins\n"
        "from agentcore.config.load import validate\n"
        "assert not validate(Path(sys.argv[1]), EntryPointPlugins()).problems\n"
        "print(*{'cedarpy', 'networkx', 'numpy', 'semantic_kernel', 'wordllama', 'xllamacpp'} & {*sys.modules})"
    )
    before = os.times()
    done = subprocess.run([sys.executable, "-c", code, starter], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    assert seconds < 1.5  # of CPU; about 0.5 on a machine at rest

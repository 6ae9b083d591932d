# ruff: noqa: E501  # messages stand as people read them
from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from agentcore.config.load import find_root, find_store, load_project, load_scenario, validate
from agentcore.config.webhook import WebhookSettings
from agentcore.domain.agent import Capability, Check, Example, Role, ToolUse, Uses
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ConfigError
from agentcore.domain.label import Confidentiality
from agentcore.domain.store_url import StoreUrl
from agentcore.domain.team import RunLimits, Team
from agentcore.routing.choose import Weights
from agentcore.routing.profile import ModelProfile, Price


def problems_of(root: Path, plugins) -> str:
    with pytest.raises(ConfigError) as caught:
        load_project(root, plugins, environment={})
    assert caught.value.problems == validate(root, plugins, environment={}).problems
    return str(caught.value)


def test_a_project_becomes_values(project, plugins):
    root = project(
        project="""
            name: desk
            models:
              local:
                provider: llama
                quality: 0.4
                context_tokens: 4096
                capabilities: [json_schema]
                price: {input_usd_per_million: "0.15", output_usd_per_million: 0.6, as_of: 2026-11-01}
                latency_seconds: 8
                parallel: 1
                options: {model: small, port: 8080}
              remote: {provider: openai, family: gpt, region: eu, options: {model: large}}
            tools:
              handbook: {provider: documents, seconds: 5, max_calls: 3, safety: read, options: {path: handbook}}
            team: {supervisor: planner, workers: [researcher], answer: writer}
            limits: {parallel_steps: 2, max_steps: 12, max_depth: 6, replans: 0}
            budget: {tokens: 60000, usd: "0.50", calls: null, on_exceeded: downgrade}
            routing: {cost_weight: 2}
            store: runs.sqlite
        """,
        researcher="""
            name: researcher
            description: finds rules
            instructions: "Look for {{topic}}."
            inputs: {topic: string, count: {type: integer, minimum: 1}}
            output: {type: object, properties: {b: {type: string}, a: {type: string}}}
            tools: [handbook]
            tool_use: first
            uses: none
            may_decline: true
            examples:
              - {user: hello, assistant: {b: 1, a: [x, é]}}
              - {user: bye, assistant: "so long"}
            model: {any_of: [local, remote], capabilities: [json_schema], min_quality: 0.3, max_usd: "0.01"}
            verify:
              checks: [numbers, {regex: {pattern: "^a"}}, {python: {file: checks.py, function: judge}}]
              panel: [critic]
            limits: {seconds: 60, attempts: 3}
            temperature: 0.5
        """,
        critic="role: verifier\n",
        checks="def judge(output, subject): return True\n",
    )
    loaded = load_project(root, plugins, environment={})
    assert loaded.name == "desk"
    assert loaded.models["local"].profile == ModelProfile(
        name="local",
        family="small",
        quality=0.4,
        context_tokens=4096,
        capabilities=frozenset({Capability.JSON_SCHEMA}),
        price=Price(input=Decimal("0.15"), output=Decimal("0.6"), as_of="2026-11-01"),
        latency_seconds=8.0,
    )
    assert loaded.models["local"].parallel == 1
    assert loaded.models["local"].build_options(plugins.model("llama")).port == 8080
    assert (loaded.models["remote"].profile.family, loaded.models["remote"].profile.region) == ("gpt", "eu")
    assert loaded.tools["handbook"].seconds == 5
    assert loaded.tools["handbook"].build_options(plugins.tool("documents")).path == "handbook"
    assert loaded.team == Team(supervisor="planner", workers=("researcher",), answer="writer")
    assert loaded.limits == RunLimits(parallel_steps=2, max_steps=12, max_depth=6, replans=0, on_exceeded="downgrade")
    assert loaded.budget == Budget(tokens=60000, usd=Decimal("0.50"), calls=None, seconds=900.0)
    assert loaded.weights == Weights(cost=2.0)
    assert loaded.store == Path("runs.sqlite")
    assert loaded.policies is None
    agent = loaded.agents["researcher"]
    assert (agent.role, agent.tool_use, agent.uses, agent.may_decline) == (
        Role.WORKER,
        ToolUse.FIRST,
        Uses.NONE,
        True,
    )
    assert agent.inputs == {"topic": {"type": "string"}, "count": {"type": "integer", "minimum": 1}}
    assert agent.examples == (
        Example(user="hello", assistant='{"b":1,"a":["x","é"]}'),
        Example(user="bye", assistant="so long"),
    )
    assert agent.requirements.models == ("local", "remote")
    assert agent.requirements.max_usd == Decimal("0.01")
    assert agent.verification.checks == (
        Check(name="numbers"),
        Check(name="regex", options={"pattern": "^a"}),
        Check(name="python", options={"file": "checks.py", "function": "judge"}),
    )
    assert (agent.verification.panel, agent.verification.required) == (("critic",), 1)
    assert (agent.limits.seconds, agent.limits.attempts, agent.limits.output_tokens) == (60.0, 3, 512)
    assert loaded.agents["critic"].role is Role.VERIFIER


def test_every_problem_of_every_file_is_told_at_once(project, plugins):
    root = project(
        project="""
            name: desk
            modles: {}
            models:
              local:
                provider: lama
                qualty: 0.4
                quality: 1.4
                price: {input_usd_per_million: cheap}
                capabilities: [json-schema]
              bad name: {provider: llama, options: {modle: x, port: many}}
              empty: {}
            tools: [handbook]
            team: {supervisor: writer, workers: [reseacher, planner], answer: zzz}
            limits: {parallel_steps: 0, max_steps: "12", replans: 1.5}
            budget: {usd: -1, on_exceeded: stopp}
            store: 1
            policies: rules
        """,
        planner="""
            name: planner
            role: superviser
            instrutions: Plan.
            limits: {attempts: true}
            examples: [{user: a}]
        """,
        researcher="""
            name: researcher
            instructions: "Look for {{topik}} and {{1 + 1}}"
            instructions_file: nowhere.md
            inputs: {topic: strin, other: {type: txt}}
            output: {type: object, propertis: {}, required: answer}
            tools: [handbok]
            tool_use: output
            model: {any_of: [locl], capabilities: [vision]}
            verify: {checks: [number, {regex: {pattern: "("}}, 7, {python: {file: x.py}}], panel: [writer, crtic]}
        """,
        writer="""
            name: writer
            verify: {panel: [], required: 2}
            output: text
        """,
        broken="name: [\n",
    )
    assert problems_of(root, plugins) == snapshot("""\
agentcore.yaml:2:1: unknown key `modles`; did you mean `models`?
agentcore.yaml:5:15: no plug-in `lama` in agentcore.models; there are: llama, openai
agentcore.yaml:6:5: unknown key `qualty`; did you mean `quality`?
agentcore.yaml:7:14: `quality` must be at most 1.0, not 1.4
agentcore.yaml:8:36: `input_usd_per_million` must be a decimal number, not "cheap"
agentcore.yaml:9:20: `capabilities` must be one of tools, json_schema, logprobs, vision, not "json-schema"; did you mean json_schema?
agentcore.yaml:10:3: `bad name` cannot be a name: a name has letters, digits, `_`, `-`, at most 48, and begins with a letter
agentcore.yaml:10:31: `model` is required in `options`
agentcore.yaml:10:41: unknown key `modle`; did you mean `model`?
agentcore.yaml:10:57: `port` must be a whole number, not "many"
agentcore.yaml:11:3: `provider` is required in `empty`
agentcore.yaml:12:8: `tools` must be a mapping, not a list
agentcore.yaml:13:20: `writer` is a worker; a supervisor is needed here
agentcore.yaml:13:38: unknown agent `reseacher`; did you mean `researcher`?
agentcore.yaml:13:67: unknown agent `zzz`; known: broken, planner, researcher, writer
agentcore.yaml:14:26: `parallel_steps` must be at least 1, not 0
agentcore.yaml:14:40: `max_steps` must be a whole number, not "12"
agentcore.yaml:14:55: `replans` must be a whole number, not 1.5
agentcore.yaml:15:15: `usd` must be at least 0, not -1
agentcore.yaml:15:32: `on_exceeded` must be one of stop, downgrade, fail, not "stopp"; did you mean stop?
agentcore.yaml:16:8: `store` must be text, not 1
agentcore.yaml:17:11: there is no folder `rules`
agents/broken.yaml:2:1: not valid YAML: did not find expected node content
agents/planner.yaml:2:7: `role` must be one of supervisor, worker, verifier, not "superviser"; did you mean supervisor?
agents/planner.yaml:3:1: unknown key `instrutions`; did you mean `instructions`?
agents/planner.yaml:4:20: `attempts` must be a whole number, not true
agents/planner.yaml:5:12: `assistant` is required
agents/researcher.yaml:3:20: give `instructions` or `instructions_file`, not both
agents/researcher.yaml:3:20: there is no file `nowhere.md` (paths start at the project's folder)
agents/researcher.yaml:4:17: `topic` must be one of string, integer, number, boolean, array, object, not "strin"; did you mean string?
agents/researcher.yaml:4:38: `txt` is no JSON type; there are array, boolean, integer, null, number, object, string
agents/researcher.yaml:5:49: `required` is no valid JSON Schema: "answer" is not of type "array"
agents/researcher.yaml:6:9: unknown tool `handbok`; there are none
agents/researcher.yaml:8:18: unknown model `locl`; did you mean `local`?
agents/researcher.yaml:9:52: `checks` takes names of checks, or `name: {option: …}`
agents/researcher.yaml:9:88: `writer` is a worker; a panel has agents of the role verifier
agents/researcher.yaml:9:96: unknown agent `crtic`; known: broken
agents/writer.yaml:2:31: 2 must accept, but the panel has 0
agents/writer.yaml:3:9: `output` must be a mapping, not "text"\
""")
    assert validate(root, plugins, environment={}).warnings == snapshot(
        (
            "agents/researcher.yaml:5:24: `propertis` is no keyword of JSON Schema and has no effect; did you mean `properties`?",
        )
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"researcher": "name: planner\n"},
            snapshot("""\
agentcore.yaml:8:39: unknown agent `researcher`; known: writer
agents/researcher.yaml:1:7: another agent is called `planner`, in agents/planner.yaml\
"""),
        ),
        (
            {"researcher": "name: researcher\ntool_use: required\n"},
            snapshot("agents/researcher.yaml:2:11: `required` takes at least one tool; there are none"),
        ),
        (
            {"researcher": "name: researcher\ntools: [handbook]\ntool_use: maybe\n"},
            snapshot(
                'agents/researcher.yaml:3:11: `tool_use` must be one of auto, required, output, first, not "maybe"'
            ),
        ),
        (
            {"researcher": "name: researcher\nmodel: {min_quality: 0.9}\n"},
            snapshot(
                "agents/researcher.yaml:2:22: no model that the agent may use (`local`) has it; the best has 0.5"
            ),
        ),
        (
            {"researcher": "name: researcher\nmodel: {capabilities: [logprobs]}\n"},
            snapshot("agents/researcher.yaml:2:23: no model that the agent may use (`local`) is capable of logprobs"),
        ),
        (
            {"researcher": "name: researcher\noutput: {type: object, pattern: '('}\n"},
            snapshot('agents/researcher.yaml:2:33: this is no valid JSON Schema: "(" is not a "regex"'),
        ),
        (
            {"researcher": "name: researcher\noutput: {$ref: 'https://example.org/schema'}\n"},
            snapshot(
                "agents/researcher.yaml:2:9: this is no valid JSON Schema: Resource 'https://example.org/schema' is not present in a registry and retrieving it failed: Retrieval is disabled, cannot fetch https://example.org/schema"
            ),
        ),
        (
            {"researcher": "name: researcher\nmay_decline: true\noutput: {type: array}\n"},
            snapshot(
                "agents/researcher.yaml:2:14: an agent that may decline needs an `output` of type object, to say so in"
            ),
        ),
        (
            {"researcher": "name: researcher\nendorse: true\noutput: {type: string}\n"},
            snapshot(
                "agents/researcher.yaml:2:10: an agent that endorses needs an `output` without room for text: numbers and enumerations"
            ),
        ),
        (
            {"researcher": "name: researcher\nname: researcher\n"},
            snapshot("agents/researcher.yaml:2:1: duplicate key `name`; it stands in line 1 already"),
        ),
        (
            {"researcher": "name: researcher\nverify: {checks: [{regex: {}}]}\n"},
            snapshot(
                "agents/researcher.yaml:2:19: check regex: option pattern is missing: matches anywhere in the text unless anchored with ^ and $"
            ),
        ),
        (
            {"researcher": "name: researcher\nverify: {checks: [{numbers: {}, quotes: {}}]}\n"},
            snapshot("agents/researcher.yaml:2:19: `checks` must have at most 1, not 2"),
        ),
        (
            {"researcher": "name: researcher\nverify: {checks: [{python: {file: x.py, function: f}}]}\n"},
            snapshot("agents/researcher.yaml:2:35: there is no file `x.py` (paths start at the project's folder)"),
        ),
        (
            {"researcher": "name: researcher\nverify: {checks: [pyton]}\n"},
            snapshot("agents/researcher.yaml:2:19: there is no check pyton; did you mean python?"),
        ),
        (
            {"two words": "role: worker\n"},
            snapshot("agents/two words.yaml:1:1: `name` is required: `two words`, the file's own, cannot be one"),
        ),
        (
            {"project": "models: {}\n"},
            snapshot("""\
agentcore.yaml:1:1: `models` is required: name at least one
agentcore.yaml:1:1: `team` is required
agents/researcher.yaml:2:9: unknown tool `handbook`; there are none\
"""),
        ),
        (
            {"project": "name: desk\nagents: people\n"},
            snapshot("""\
agentcore.yaml:1:1: `models` is required: name at least one
agentcore.yaml:1:1: `team` is required
agentcore.yaml:2:9: there is no folder `people` with agents\
"""),
        ),
        (
            {"project": "- a list\n"},
            snapshot("agentcore.yaml:1:1: the file must hold keys and their values (`name: …`) at the top"),
        ),
    ],
)
def test_one_problem(project, plugins, files, message):
    assert problems_of(project(**files), plugins) == message


def test_variables_in_options(project, plugins):
    text = """
        models:
          local: {provider: llama, options: {model: "${MODEL}", port: "${PORT:-8080}", key: "k-${KEY:-}"}}
        tools: {handbook: {provider: documents, options: {path: "${FOLDER}/x"}}}
        team: {supervisor: planner, workers: [researcher], answer: writer}
    """
    loaded = load_project(project(project=text), plugins, environment={"MODEL": "m1", "KEY": "s3cret"})
    options = loaded.models["local"].build_options(plugins.model("llama"))
    assert (options.model, options.port, options.key) == ("m1", 8080, "k-s3cret")
    assert loaded.models["local"].profile.family == "m1"
    with pytest.raises(ConfigError) as caught:
        loaded.tools["handbook"].build_options(plugins.tool("documents"))
    assert str(caught.value) == snapshot("agentcore.yaml:3:57: the environment variable FOLDER is not set")
    report = validate(Path(), plugins, environment={"MODEL": "m1"})
    assert report.problems == ()
    assert report.warnings == caught.value.problems


def test_a_secret_is_neither_shown_nor_part_of_the_snapshot(project, plugins):
    text = """
        models: {local: {provider: llama, options: {model: x, key: "${KEY}"}}}
        tools: {handbook: {provider: documents, options: {path: x}}}
        team: {supervisor: planner, workers: [researcher], answer: writer}
    """
    root = project(project=text)
    with pytest.raises(ConfigError) as caught:
        load_project(root, plugins, environment={"KEY": "a very long s3cret"})
    assert str(caught.value) == snapshot("agentcore.yaml:1:60: `key` string should have at most 12 characters")
    one = load_project(root, plugins, environment={"KEY": "s3cret"})
    other = load_project(root, plugins, environment={"KEY": "other"})
    assert one.snapshot == other.snapshot


@pytest.mark.parametrize("written", ["${NAME", "${}", "${1A}", "${A-b}", "${A B}"])
def test_malformed_variables(project, plugins, written):
    text = f"""
        models: {{local: {{provider: llama, options: {{model: "{written}"}}}}}}
        tools: {{handbook: {{provider: documents, options: {{path: x}}}}}}
        team: {{supervisor: planner, workers: [researcher], answer: writer}}
    """
    assert f"`{written}` is neither ${{NAME}} nor ${{NAME:-default}}" in problems_of(project(project=text), plugins)


def test_instructions_from_a_file_are_part_of_the_version(project, plugins):
    root = project(researcher="name: researcher\ninstructions_file: agents/researcher.md\ninputs: {topic: string}\n")
    Path("agents/researcher.md").write_text("Find {{topic}}.\n")
    one = load_project(root, plugins, environment={})
    assert one.agents["researcher"].instructions == "Find {{topic}}."
    Path("agents/researcher.md").write_text("Find {{topic}} quickly.\n")
    other = load_project(root, plugins, environment={})
    changed = {name for name in one.agents if one.agents[name].version != other.agents[name].version}
    assert changed == {"researcher"}
    assert one.snapshot != other.snapshot
    Path("agents/researcher.md").write_text("Find {{topc}}.\n")
    assert problems_of(root, plugins) == snapshot(
        "agents/researcher.yaml:2:20: `{{topc}}` is not a declared input; did you mean `{{topic}}`?"
    )


def test_the_projects_own_checks_are_part_of_the_version(project, plugins):
    root = project(
        researcher="name: researcher\nverify: {checks: [{python: {file: checks.py, function: f}}]}\n",
        checks="def f(output, subject): return True\n",
    )
    one = load_project(root, plugins, environment={}).agents["researcher"].version
    Path("checks.py").write_text("def f(output, subject): return False\n")
    assert load_project(root, plugins, environment={}).agents["researcher"].version != one


def test_policies_are_part_of_the_snapshot(project, plugins):
    root = project()
    without = load_project(root, plugins, environment={})
    Path("policies").mkdir()
    Path("policies/a.cedar").write_text("permit(principal, action, resource);")
    with_policies = load_project(root, plugins, environment={})
    assert with_policies.policies == Path("policies")
    permitting = with_policies.snapshot
    assert without.snapshot != permitting
    Path("policies/a.cedar").write_text("forbid(principal, action, resource);")
    assert load_project(root, plugins, environment={}).snapshot != permitting


def test_what_is_counted_and_what_is_doubtful(project, plugins):
    root = project(
        idle="name: idle\noutput: {type: object, propertes: {a: {typ: string}}}\n",
        scenario="goal: Why {{what}}?\n",
    )
    report = validate(root, plugins, environment={})
    assert report.counts == {"agents": 4, "models": 1, "tools": 1, "policies": 0, "scenarios": 1}
    assert report.problems == snapshot(
        ("scenarios/scenario.yaml:1:7: `{{what}}` is not a declared input; no inputs are declared",)
    )
    assert report.warnings == snapshot(
        (
            "agents/idle.yaml:1:7: `idle` is neither in the team nor on a panel",
            "agents/idle.yaml:2:24: `propertes` is no keyword of JSON Schema and has no effect; did you mean `properties`?",
        )
    )
    assert list(load_project(root, plugins, environment={}).scenarios) == ["scenario"]


def test_a_scenario_finds_its_project(project, plugins, monkeypatch):
    root = project(scenario="goal: Why?\n")
    assert find_root(Path("scenarios/scenario.yaml")).resolve() == root.resolve()
    assert find_root(Path()) == Path()
    monkeypatch.chdir("agents")
    assert find_root(Path("planner.yaml")).resolve() == Path("..").resolve()
    found = load_scenario(Path("../scenarios/scenario.yaml"), load_project(Path(".."), plugins, environment={}))
    assert (found.name, found.goal) == ("scenario", "Why?")


def test_a_folder_without_a_project(write, plugins):
    write()
    with pytest.raises(ConfigError) as caught:
        find_root(Path("nowhere/x.yaml"))
    assert (str(caught.value), caught.value.hint) == snapshot(
        (
            "nowhere/x.yaml: there is no agentcore.yaml here or in a folder above",
            "make a project with: agentcore init FOLDER",
        )
    )
    with pytest.raises(ConfigError, match=r"^agentcore.yaml: the file does not exist$"):
        load_project(Path(), plugins)


def add(root: Path, text: str) -> None:
    with (root / "agentcore.yaml").open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_folder_without_policies_would_deny_everything(project, plugins):
    root = project()
    (root / "policies").mkdir()
    (root / "policies/notes.txt").write_text("none yet", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_project(root, plugins)
    assert caught.value.problems == snapshot(
        (
            "policies: there is no `*.cedar` file in `policies`, so everything would be denied; for the default set, leave it out",
        )
    )


@pytest.mark.parametrize("name", ["rules", "missing"])
def test_a_named_folder_of_policies_is_there_and_holds_some(project, plugins, name):
    root = project()
    add(root, f"policies: {name}\n")
    (root / "rules").mkdir()
    found = {"rules": "there is no `*.cedar` file in `rules`", "missing": "there is no folder `missing`"}
    (problem,) = validate(root, plugins).problems
    assert problem.startswith(f"agentcore.yaml:9:11: {found[name]}")


def test_the_store_is_found_whatever_else_is_wrong(project, plugins):
    root = project(planner="{")
    add(root, "store: runs/all.sqlite\nnonsense: 1\n")
    assert find_store(root) == Path("runs/all.sqlite")
    root = project(project="store: 7\n")
    assert find_store(root) == Path(".agentcore/journal.sqlite")


def test_the_store_is_the_default_one_when_the_file_is_broken_only_if_it_is_there(project, plugins):
    root = project(project="store: {\n")
    with pytest.raises(ConfigError, match=r"agentcore\.yaml:2:1: not valid YAML"):
        find_store(root)
    default = root / ".agentcore/journal.sqlite"
    default.parent.mkdir()
    default.touch()
    assert find_store(root) == default


def test_a_model_elsewhere_without_a_price_would_count_as_free(project, plugins):
    root = project(
        project="""
            name: desk
            models:
              here: {provider: llama, options: {model: small}}
              far: {provider: openai, price: {as_of: 2026-11-01}, options: {model: large}}
              free: {provider: openai, price: {input_usd_per_million: 0}, options: {model: large}}
              odd: {provider: openay, options: {model: large}}
            team: {supervisor: planner, workers: [researcher], answer: writer}
        """
    )
    assert validate(root, plugins).warnings == snapshot(
        (
            "agentcore.yaml:4:3: `far` has no price: its calls count as $0, and `budget.usd` cannot stop them; if they are free, write `price: {input_usd_per_million: 0}`",
        )
    )


def test_the_day_of_a_price_is_a_day(project, plugins):
    root = project()
    path = root / "agentcore.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("provider: llama", "provider: llama\n    price: {as_of: last May}"), encoding="utf-8")
    assert problems_of(root, plugins) == snapshot(
        "agentcore.yaml:5:20: `as_of` must be a day such as 2026-11-01, not `last May`"
    )


def test_the_store_may_be_a_database_of_the_environment(project, plugins):
    root = project()
    add(root, "store: postgres://me:${PASSWORD}@db.example/runs\n")
    environment = {"PASSWORD": "very-secret"}
    store = load_project(root, plugins, environment=environment).store
    assert store == find_store(root, environment=environment)
    assert store == StoreUrl("postgres://me:very-secret@db.example/runs")
    assert str(store) == "postgres://me@db.example/runs"
    assert "very-secret" not in repr(load_project(root, plugins, environment=environment))


def test_the_store_may_be_a_file_that_the_environment_names(project, plugins):
    root = project()
    add(root, "store: ${WHERE:-runs}/all.sqlite\n")
    assert load_project(root, plugins, environment={}).store == Path("runs/all.sqlite")
    assert find_store(root, environment={"WHERE": "/var/lib"}) == Path("/var/lib/all.sqlite")


def test_a_store_whose_variable_is_not_set_is_a_warning_until_it_is_opened(project, plugins):
    root = project()
    add(root, "store: ${DATABASE_URL}\n")
    report = validate(root, plugins, environment={})
    assert report.problems == ()
    assert report.warnings == ("agentcore.yaml:9:8: the environment variable DATABASE_URL is not set",)
    assert load_project(root, plugins, environment={}).store == StoreUrl("${DATABASE_URL}", missing=report.warnings)


@pytest.mark.parametrize(
    ("store", "told"),
    [
        ("mysql://me:secret@host/db", "`mysql://` is no store: give a file, or postgres://USER@HOST:PORT/DATABASE"),
        ("postgres://${}", "`${}` is neither ${NAME} nor ${NAME:-default}"),
    ],
)
def test_a_store_that_is_none(project, plugins, store, told):
    root = project()
    add(root, f"store: {store}\n")
    assert validate(root, plugins, environment={}).problems == (f"agentcore.yaml:9:8: {told}",)
    with pytest.raises(ConfigError, match=r"store|neither"):
        find_store(root, environment={})


def test_approval_of_calls_and_outputs(project, plugins):
    root = project(
        project="""
            models: {local: {provider: llama, options: {model: small}}}
            tools:
              handbook: {provider: documents, approval: true, options: {path: handbook}}
              orders:
                provider: documents
                approval: {approvers: [lead, cfo], due_seconds: 86400, on_due: escalate}
                options: {path: handbook}
              free: {provider: documents, approval: false, options: {path: handbook}}
              plain: {provider: documents, options: {path: handbook}}
            team: {supervisor: planner, workers: [researcher], answer: writer}
        """,
        writer="approval: {approvers: [editor]}\n",
    )
    loaded = load_project(root, plugins, environment={})
    assert {name: each.approval for name, each in loaded.tools.items()} == {
        "handbook": ApprovalRule(),
        "orders": ApprovalRule(approvers=("lead", "cfo"), due_seconds=86400, on_due="escalate"),
        "free": False,
        "plain": None,
    }
    assert loaded.agents["writer"].approval == ApprovalRule(approvers=("editor",))
    assert loaded.agents["researcher"].approval is None
    strict = replace(loaded.tools["plain"], approval=ApprovalRule())
    assert replace(loaded, tools={**loaded.tools, "plain": strict}).snapshot != loaded.snapshot


def test_what_is_wrong_with_an_approval(project, plugins):
    root = project(
        project="""
            models: {local: {provider: llama, options: {model: small}}}
            tools:
              a: {provider: documents, approval: "yes", options: {path: handbook}}
              b: {provider: documents, approval: {approver: [lead]}, options: {path: handbook}}
              c: {provider: documents, approval: {due_seconds: 0, on_due: approve}, options: {path: handbook}}
              d: {provider: documents, approval: {on_due: escalate}, options: {path: handbook}}
            team: {supervisor: planner, workers: [researcher], answer: writer}
        """,
        planner="role: supervisor\napproval: true\n",
        researcher="approval: {approvers: [1]}\n",
    )
    assert problems_of(root, plugins) == snapshot("""\
agentcore.yaml:3:38: `approval` takes true, false or `{approvers: […], due_seconds: …, on_due: …}`
agentcore.yaml:4:39: unknown key `approver`; did you mean `approvers`?
agentcore.yaml:5:52: `due_seconds` must be more than 0.0, not 0
agentcore.yaml:5:63: `on_due` must be one of reject, escalate, not "approve"
agentcore.yaml:6:38: `approval` has `on_due`, which needs `due_seconds`
agents/planner.yaml:2:11: a supervisor has no outputs that people approve; give it to workers
agents/researcher.yaml:1:24: `approvers` must be text, not 1\
""")


WEBHOOK = """
    models: {local: {provider: llama, options: {model: small}}}
    team: {supervisor: planner, workers: [researcher], answer: writer}
    approvals: {webhook: %s}
"""


def test_a_webhook_has_its_variables_filled_in(project, plugins):
    text = WEBHOOK % "{url: 'https://${HOST}/hook', secret: '${KEY}', include_value: true}"
    root = project(project=text, researcher="name: researcher\n")
    loaded = load_project(root, plugins, environment={"HOST": "example.org", "KEY": "geheim"})
    assert loaded.webhook == WebhookSettings(url="https://example.org/hook", secret="geheim", include_value=True)
    assert "geheim" not in repr(loaded)
    other = load_project(root, plugins, environment={"HOST": "example.net", "KEY": "other"})
    assert other.snapshot == loaded.snapshot
    unset = load_project(root, plugins, environment={"HOST": "example.org"})
    assert unset.webhook is not None
    assert unset.webhook.missing == ("agentcore.yaml:3:60: the environment variable KEY is not set",)


@pytest.mark.parametrize(
    ("webhook", "problem"),
    [
        ("{url: 'ftp://a/', secret: s}", "agentcore.yaml:3:28: `url` must be an http or https URL with a host"),
        ("{url: 'https://', secret: s}", "agentcore.yaml:3:28: `url` must be an http or https URL with a host"),
        ("{url: 'http://a:b/', secret: s}", "agentcore.yaml:3:28: `url` is not a URL"),
        ("{url: 'http://a/'}", "agentcore.yaml:3:13: `secret` is required in `webhook`"),
        ("{url: 'http://a/', secret: ''}", "agentcore.yaml:3:49: `secret` must not be empty"),
        ("{url: 'http://a/', secret: '${NONE:-}'}", "agentcore.yaml:3:49: `secret` must not be empty"),
        (
            "{url: 'http://a/', secret: '${N-}'}",
            "agentcore.yaml:3:49: `${N-}` is neither ${NAME} nor ${NAME:-default}",
        ),
        ("{url: 'http://a/', secret: s, values: true}", "agentcore.yaml:3:52: unknown key `values`"),
    ],
)
def test_what_is_wrong_with_a_webhook(project, plugins, webhook, problem):
    root = project(project=WEBHOOK % webhook, researcher="name: researcher\n")
    assert problem in problems_of(root, plugins)


GUARDS = """
    models: {local: {provider: llama, options: {model: small}}}
    team: {supervisor: planner, workers: [researcher], answer: writer}
    guards: {mine: %s}
"""


def test_guards_are_read(project, plugins):
    keys = "at: [input, knowledge], action: sanitise, raises: secret, on_failure: flag"
    text = GUARDS % f"{{provider: words, {keys}, options: {{path: '${{HOME}}'}}}}"
    loaded = load_project(
        project(project=text, researcher="name: researcher\n"), plugins, environment={"HOME": "words.txt"}
    )
    (mine,) = loaded.guards.values()
    assert (mine.name, mine.provider, mine.on_failure) == ("mine", "words", "flag")
    assert (mine.at, mine.action) == (("input", "knowledge"), "sanitise")
    assert mine.raises is Confidentiality.SECRET
    assert mine.build_options(plugins.detector("words")) == plugins.detectors["words"].options(path="words.txt")


@pytest.mark.parametrize(
    ("guard", "problem"),
    [
        ("{provider: word, options: {path: a}}", "agentcore.yaml:3:27: no plug-in `word` in agentcore.detectors"),
        ("{provider: words, at: [memory], options: {path: a}}", "3:39: `at` must be one of input, plan, prompt"),
        ("{provider: words, action: redact, options: {path: a}}", "`action` must be one of label, sanitise, deny"),
        ("{provider: words, at: [], options: {path: a}}", "agentcore.yaml:3:"),
        ("{provider: words, raises: public, options: {path: a}}", "`raises` must be one of internal, personal"),
        ("{provider: words, on_failur: deny, options: {path: a}}", "did you mean `on_failure`?"),
        ("{provider: words, options: {paht: a}}", "did you mean `path`?"),
    ],
)
def test_what_is_wrong_with_a_guard(project, plugins, guard, problem):
    root = project(project=GUARDS % guard, researcher="name: researcher\n")
    assert problem in problems_of(root, plugins)

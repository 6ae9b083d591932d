"""`agentcore run` against a server on this machine."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.testing.loopback import Answer, refusing


def test_an_answer_comes_with_what_it_rests_on_and_the_tree(desk, agentcore, steady):
    done = agentcore("run", "scenarios/price.yaml")
    assert done.exit_code == 0
    assert steady(done.stdout) == snapshot("""\
It is 6652.80.

  [1] pricing.md#volume-discounts "An order of 25 or more units earns a volume discount of 12 % on…
  [2] analyst: SELECT quantity * unit_price AS amount FROM orders WHERE customer = 'Acme' → amount…
  [3] calculator: amount * (1 - 12%) = 7560.00 * (1 - 12%) = 6652.80

price 1run000000000000 succeeded · 8 calls · 50 tokens · $0.000065 · 0.0 s
step                                  model  verdict            tokens       cost   time
├─ ✔ planner  makes the plan          local  ✔ valid             7 + 3  $0.000013  0.0 s
├─ ✔ researcher  the discount         local  ✔ schema, quotes    7 + 3  $0.000013  0.0 s
└─ ✔ analyst  amount of Acme          local  ✔ rows              7 + 3  $0.000013  0.0 s
   └─ ✔ calculator  price             local  not checked         7 + 3  $0.000013  0.0 s
      └─ ✔ writer  writes the answer  local  ✔ schema, numbers   7 + 3  $0.000013  0.0 s

agentcore trace 1run000000000000
""")


def test_progress_goes_to_standard_error_a_line_a_step(desk, agentcore, steady, script):
    script.answers["You query."] = Answer(text="I cannot.")
    done = agentcore("run", "price")
    lines = steady(done.stderr).splitlines()
    assert sorted(lines) == snapshot(
        [
            "price 1run000000000000  What should Acme pay?",
            "… analyst  amount of Acme",
            "… analyst  amount of Acme",
            "… analyst  amount of Acme (attempt 2)",
            "… analyst  amount of Acme (attempt 2)",
            "… plan  planner makes the plan",
            "… plan  planner makes the plan",
            "… researcher  the discount",
            "… researcher_2 (researcher)  the discount",
            "✔ new plan  0.0 s  5 steps: researcher, researcher_2, analyst, calculator, answer",
            "✔ plan  0.0 s  4 steps: researcher, analyst, calculator, answer",
            "✔ researcher  0.0 s",
            "✔ researcher_2 (researcher)  0.0 s",
            "✘ analyst  0.0 s  a tool had to be called, but the model answered without one",
            "✘ analyst  0.0 s  a tool had to be called, but the model answered without one",
            "✘ analyst  0.0 s  a tool had to be called, but the model answered without one",
            "✘ analyst  0.0 s  a tool had to be called, but the model answered without one",
            "✘ analyst  given up",
            "✘ analyst  given up",
        ]
    )
    assert "\x1b" not in done.output


def test_what_failed_stands_first(desk, agentcore, steady, script):
    script.answers["You write."] = Answer(text=json.dumps({"answer": "It is 7000.", "sources": ["analyst"]}))
    done = agentcore("run", "price")
    assert done.exit_code == 3
    assert steady(done.stdout) == snapshot("""\
refused: the answer was given up: not in the evidence: 7000; use only numbers that the evidence st…
  ✘ answer attempt 1: not in the evidence: 7000; use only numbers that the evidence states

price 1run000000000000 refused · 8 calls · 50 tokens · $0.000065 · 0.0 s
step                                  model  verdict                        tokens       cost   ti…
├─ ✔ planner  makes the plan          local  ✔ valid                         7 + 3  $0.000013  0.0…
├─ ✔ researcher  the discount         local  ✔ schema, quotes                7 + 3  $0.000013  0.0…
└─ ✔ analyst  amount of Acme          local  ✔ rows                          7 + 3  $0.000013  0.0…
   └─ ✔ calculator  price             local  not checked                     7 + 3  $0.000013  0.0…
      └─ ✘ writer  writes the answer  local  ✘ not in the evidence: 7000;    7 + 3  $0.000013  0.0…
                                             use only numbers that the
                                             evidence states

agentcore trace 1run000000000000 --step answer
""")


def test_json_is_one_object_and_nothing_else(desk, agentcore):
    done = agentcore("run", "price", "--json")
    found = json.loads(done.stdout)
    assert list(found) == snapshot(
        [
            "run",
            "name",
            "goal",
            "status",
            "answer",
            "reason",
            "waits_for",
            "used",
            "saved",
            "seconds",
            "lineage",
            "steps",
            "citations",
        ]
    )
    assert (found["status"], found["answer"]["answer"]) == ("succeeded", "It is 6652.80.")
    assert [citation["source"] for citation in found["citations"]] == snapshot(
        ["pricing.md#volume-discounts", "analyst", "calculator"]
    )
    assert found["used"] == snapshot(
        {"input_tokens": 35, "output_tokens": 15, "cached_tokens": 0, "calls": 8, "usd": 6.5e-05}
    )
    assert [(step["id"], step["status"]) for step in found["steps"]] == snapshot(
        [
            ("plan", "succeeded"),
            ("researcher", "succeeded"),
            ("analyst", "succeeded"),
            ("calculator", "succeeded"),
            ("answer", "succeeded"),
        ]
    )


def test_a_dry_run_shows_the_plan_and_routes_and_calls_no_worker(desk, agentcore, steady, script):
    script.answers = {"You plan.": script.answers["You plan."]}
    done = agentcore("run", "price", "--dry-run")
    assert done.exit_code == 0
    assert steady(done.stdout) == snapshot("""\
step                          needs                            model       cost   time
researcher the discount       -                                local  $0.000055  0.0 s
analyst amount of Acme        -                                local  $0.000014  0.0 s
calculator price              analyst, researcher              local  $0.000012  0.0 s
answer What should Acme pay?  analyst, calculator, researcher  local  $0.000066  0.0 s

local: the only model that can take the call (researcher, analyst, calculator, answer)
4 steps; the first model calls would cost $0.000147; planning used 10 tokens, $0.000013
""")


def test_a_dry_run_as_json(desk, agentcore):
    found = json.loads(agentcore("run", "price", "--dry-run", "--json").stdout)
    assert found["status"] == "planned"
    assert [(step["id"], step["route"]["model"]) for step in found["steps"]] == snapshot(
        [("researcher", "local"), ("analyst", "local"), ("calculator", "local"), ("answer", "local")]
    )
    assert found["forecast_usd"] > 0


def test_cases_are_compared_with_what_they_expect(desk, agentcore, steady):
    done = agentcore("run", "price", "--cases")
    assert done.exit_code == 0
    assert steady(done.stdout) == snapshot("""\
✔ known customer  succeeded · 0.0 s · $0.000065 · 1run000000000000
✔ unknown customer  refused · 0.0 s · $0.000104 · 1run000000000000
2 of 2 cases are as expected
""")


def test_a_case_that_is_not_as_expected_fails(desk, agentcore, steady, script):
    script.answers["You write."] = Answer(text=json.dumps({"answer": "Sorry, 7560.00", "sources": ["analyst"]}))
    done = agentcore("run", "price", "--case", "known customer")
    assert done.exit_code == 1
    assert steady(done.stdout) == snapshot("""\
✘ known customer  succeeded · 0.0 s · $0.000065 · 1run000000000000
    the answer does not contain '6652.80'
    the answer contains 'sorry'
    agentcore trace 1run000000000000
0 of 1 cases are as expected
""")


def test_cases_as_json(desk, agentcore):
    found = json.loads(agentcore("run", "price", "--cases", "--json").stdout)
    assert [(case["case"], case["passed"], case["status"]) for case in found["cases"]] == snapshot(
        [("known customer", True, "succeeded"), ("unknown customer", True, "refused")]
    )
    assert (found["passed"], found["planned"]) == (2, 2)


def test_another_model_and_another_budget(desk, agentcore, server, script):
    asked = []
    script.answers = {"You plan.": lambda prompt: asked.append(prompt) or refusing(400, "no such model")}
    done = agentcore("run", "price", "--model", "local=openai:other", "--budget-usd", "0.5")
    assert done.exit_code == 1
    assert "no such model" in done.stdout
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["run", "prices"], 2, "error: unknown scenario `prices`; did you mean `price`?"),
        (["run", "scenarios/none.yaml"], 2, "error: scenarios/none.yaml: there is no such file"),
        (["run", "price", "--input", "client=Acme"], 2, "unknown input `client`"),
        (["run", "price", "--input", "client"], 2, "'client' is not of the form NAME=VALUE"),
        (["run", "price", "--case", "other"], 2, "unknown case `other`"),
        (["run", "price", "--cases", "--dry-run"], 2, "leave out --input and --dry-run"),
        (["run", "price", "--case", "known customer", "--cases"], 2, "give --case or --cases, not both"),
        (["run", "price", "--budget-usd", "-1"], 2, "not an amount of dollars"),
        (["run", "price", "--model", "local"], 2, "--model NAME=PROVIDER:MODEL"),
        (["run", "price", "--project", "elsewhere"], 2, "elsewhere"),
        (["trace", "nothing"], 2, "no run has an id that starts with 'nothing'"),
        (["no-such-command"], 2, "No such command"),
    ],
)
def test_wrong_usage_is_one_error_without_a_traceback(desk, agentcore, arguments, code, says):
    done = agentcore(*arguments)
    assert done.exit_code == code
    assert says in done.stderr
    assert "Traceback" not in done.output
    assert done.stdout == ""


def test_a_budget_that_is_too_small_ends_the_run_with_its_own_code(desk, agentcore, steady):
    done = agentcore("run", "price", "--budget-usd", "0")
    assert done.exit_code == 5
    assert steady(done.stdout).splitlines()[0] == snapshot(
        "over budget: the budget's usd ran out: $0.00115 needed, $0 left"
    )


def test_a_denial_ends_the_run_with_its_own_code(desk, agentcore, steady):
    (desk / "policies").mkdir()
    (desk / "policies" / "none.cedar").write_text(
        '@id("no-plans")\nforbid (principal, action, resource);\n', encoding="utf-8"
    )
    done = agentcore("run", "price")
    assert done.exit_code == 4
    assert steady(done.stdout).splitlines()[0] == snapshot("denied by policy: planner may not plan price: no-plans")


def test_a_scenario_brings_its_project_from_wherever_it_is_named(desk, agentcore, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert agentcore("run", desk / "scenarios" / "price.yaml").exit_code == 0
    assert agentcore("run", "price").exit_code == 2
    assert agentcore("run", "price", "--project", desk).exit_code == 0


def test_what_a_model_writes_cannot_command_the_terminal(desk, agentcore, script):
    hostile = "\x1b]owned\x07\x1b[J\x9bm \u202e[bold red]6652.80[/bold red]"
    script.answers["You write."] = Answer(text=json.dumps({"answer": hostile, "sources": ["analyst", hostile]}))
    shown = [
        agentcore("run", "price"),
        *(
            agentcore(*words)
            for words in (
                ("runs", "show", "latest"),
                ("runs", "list"),
                ("trace", "latest"),
                ("trace", "latest", "--step", "answer"),
                ("trace", "latest", "--step", "answer", "--json"),
                ("graph", "latest"),
                ("graph", "latest", "--format", "mermaid"),
                ("run", "price", "--json"),
            )
        ),
    ]
    assert "[bold red]6652.80[/bold red]" in shown[0].stdout
    for done in shown:
        assert {"\x1b", "\x07", "\x9b", "\u202e"} & set(done.output) == set()


def test_what_a_run_is_for_is_a_fact_of_policies(desk, agentcore):
    (desk / "policies").mkdir()
    (desk / "policies" / "desk.cedar").write_text(
        '@id("billing") permit (principal, action, resource) when { context.purpose == "billing" };', encoding="utf-8"
    )
    assert agentcore("run", "price").exit_code == ExitCode.DENIED
    assert agentcore("run", "price", "--purpose", "billing").exit_code == ExitCode.OK
    scenario = desk / "scenarios" / "price.yaml"
    scenario.write_text(scenario.read_text(encoding="utf-8") + "purpose: billing\n", encoding="utf-8")
    assert agentcore("run", "price", "--case", "known customer").exit_code == ExitCode.OK
    assert agentcore("run", "price", "--purpose", "research").exit_code == ExitCode.DENIED

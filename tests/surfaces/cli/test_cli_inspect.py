"""`agentcore runs`, `trace` and `graph`: what is recorded, as people and programs read it."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.testing.loopback import Answer


def test_runs_are_listed_newest_first(desk, agentcore, steady):
    agentcore("run", "price")
    agentcore("run", "price", "--input", "customer=Nobody")
    assert steady(agentcore("runs", "list").stdout) == snapshot("""\
run               started              status     name   goal
1run000000000000  2026-11-01 12:00:00  refused    price  What should Nobody pay?
1run000000000000  2026-11-01 12:00:00  succeeded  price  What should Acme pay?
""")
    listed = json.loads(agentcore("runs", "list", "--json").stdout)
    assert [run["status"] for run in listed] == ["refused", "succeeded"]
    only = json.loads(agentcore("runs", "list", "--json", "--status", "refused").stdout)
    assert only == listed[:1]
    assert len(json.loads(agentcore("runs", "list", "--json", "--limit", "1").stdout)) == 1


def test_no_runs_yet(desk, agentcore):
    assert agentcore("runs", "list").stdout == "no runs yet\n"
    assert agentcore("runs", "list", "--status", "failed").stdout == "no runs with the status failed\n"
    assert agentcore("trace", "latest").stderr == snapshot("""\
error: there is no run yet
hint: list the runs with `agentcore runs list`
""")


def test_a_run_is_shown_as_it_was_when_it_ended(desk, agentcore):
    ended = agentcore("run", "price")
    assert agentcore("runs", "show", "latest").stdout == ended.stdout
    as_json = json.loads(agentcore("runs", "show", "latest", "--json").stdout)
    assert agentcore("runs", "show", as_json["run"][:10]).stdout == ended.stdout


def test_a_step_is_shown_with_all_that_is_recorded_of_it(desk, agentcore, steady, script):
    answers = iter([Answer(text="I cannot."), script.query("Acme")])
    script.answers["You query."] = lambda prompt: next(answers)
    agentcore("run", "price")
    assert steady(agentcore("trace", "latest", "--step", "analyst").stdout) == snapshot("""\
analyst · analyst · succeeded · 2 attempts · 0.0 s · 14 + 6 tokens · $0.000026
task: amount of Acme

attempt 1  0.0 s
  model local  0.0 s  7 + 3 tokens  $0.000013
    route: local: the only model that can take the call
      candidate: local  quality 0.5, $0.000155, 0.0 s, utility 0.500
    permitted: analyst may call_model local: agents-call-configured-models
    system: You query.
    user: Mentioned: nothing
          Task: amount of Acme
    asked with: {"tools": ["orders"], "max_output_tokens": 512, "temperature": 0.0}
    response: I cannot.
  error: a tool had to be called, but the model answered without one
  verdict: rejected
    vote: runtime rejects: a tool had to be called, but the model answered without one (checked wh…

attempt 2  0.0 s
  model local  0.0 s  7 + 3 tokens  $0.000013
    route: local: the only model that can take the call
      candidate: local  quality 0.5, $0.000186, 0.0 s, utility 0.500
    permitted: analyst may call_model local: agents-call-configured-models
    system: You query.
    user: Mentioned: nothing
          Task: amount of Acme
          Reason: a tool had to be called, but the model answered without one
          Do it again, and better.
    asked with: {"tools": ["orders"], "max_output_tokens": 512, "temperature": 0.0}
    calls: orders {"query": "SELECT quantity * unit_price AS amount FROM orders WHERE customer = '…
  tool orders  0.0 s
    permitted: analyst may call_tool orders: workers-call-their-reading-tools
    arguments: {"query": "SELECT quantity * unit_price AS amount FROM orders WHERE customer = 'Acm…
    result: {"query": "SELECT quantity * unit_price AS amount FROM orders WHERE customer = 'Acme'"…
  output: {"query": "SELECT quantity * unit_price AS amount FROM orders WHERE customer = 'Acme'", …
  verdict: accepted
    vote: check:rows accepts (checked how many rows were found)
    not checked: nobody checked whether the wording answers the question
    not checked: nobody checked whether the numbers are those of the evidence
    not checked: nobody checked whether the evidence supports what is said
    not checked: nobody checked whether the query asked for the right thing
""")


def test_the_planning_is_a_step_too(desk, agentcore, steady, script):
    good = script.plan("Acme")
    answers = iter([Answer(text='{"steps": []}'), good])
    script.answers["You plan."] = lambda prompt: next(answers)
    agentcore("run", "price")
    shown = steady(agentcore("trace", "latest", "--step", "plan").stdout)
    assert "plan rejected" in shown
    assert "valid after a repair" in agentcore("trace", "latest").stdout


def test_a_trace_as_json_has_every_effect(desk, agentcore):
    agentcore("run", "price")
    whole = json.loads(agentcore("trace", "latest", "--json").stdout)
    analyst = json.loads(agentcore("trace", "latest", "--step", "analyst", "--json").stdout)
    assert analyst in whole["steps"]
    assert [
        (effect["kind"], effect["name"], effect["state"]) for effect in analyst["attempts"][0]["effects"]
    ] == snapshot([("model", "local", "finished"), ("tool", "orders", "finished")])
    assert whole["started"]["task"]["goal"] == "What should Acme pay?"


def test_a_step_that_is_not_there_is_told_with_those_that_are(desk, agentcore, steady):
    agentcore("run", "price")
    done = agentcore("trace", "latest", "--step", "critic")
    assert (done.exit_code, steady(done.stderr)) == snapshot(
        (
            ExitCode.USAGE,
            """\
error: run 1run000000000000 has no step 'critic'
hint: its steps are plan, researcher, analyst, calculator, answer
""",
        )
    )


def test_a_plan_is_drawn(desk, agentcore):
    agentcore("run", "price")
    assert agentcore("graph", "latest").stdout == snapshot("""\
researcher [researcher] succeeded: the discount
analyst [analyst] succeeded: amount of Acme
analyst, researcher → calculator [calculator] succeeded: price
analyst, calculator, researcher → answer [writer] succeeded: What should Acme pay?
""")
    assert agentcore("graph", "latest", "--format", "mermaid").stdout == snapshot("""\
flowchart TD
  n1["<b>researcher</b> · researcher<br/>the discount<br/><i>local</i>"]:::done
  n2["<b>analyst</b> · analyst<br/>amount of Acme<br/><i>local</i>"]:::done
  n3["<b>calculator</b> · calculator<br/>price<br/><i>local</i>"]:::done
  n4["<b>answer</b> · writer<br/>What should Acme pay?<br/><i>local</i>"]:::done
  n2 --> n3
  n1 --> n3
  n2 --> n4
  n3 --> n4
  n1 --> n4
  classDef done stroke:#2a7,stroke-width:2px
  classDef failed stroke:#c33,stroke-width:2px
  classDef running stroke:#c90,stroke-width:2px
  classDef waiting stroke:#999,stroke-dasharray:4
""")


@pytest.mark.parametrize("broken", ["agents/writer.yaml", "scenarios/price.yaml", "agentcore.yaml", "orders.csv"])
def test_runs_can_be_looked_at_while_the_project_is_broken(desk, agentcore, broken):
    agentcore("run", "price")
    commands = (["runs", "list"], ["runs", "show", "latest"], ["trace", "latest"], ["graph", "latest"])
    before = [agentcore(*command).stdout for command in commands]
    (desk / broken).write_text("{", encoding="utf-8")
    assert [agentcore(*command).stdout for command in commands] == before
    (desk / broken).unlink()
    assert [agentcore(*command, "--project", desk).stdout for command in commands] == before


def test_the_journal_that_the_project_names_is_looked_at(desk, agentcore):
    path = desk / "agentcore.yaml"
    path.write_text("store: elsewhere/runs.sqlite\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    agentcore("run", "price")
    (desk / "agents/writer.yaml").write_text("{", encoding="utf-8")
    assert json.loads(agentcore("runs", "list", "--json").stdout)[0]["status"] == "succeeded"
    assert (desk / "elsewhere/runs.sqlite").is_file()

"""`agentcore runs fork`, `replay` and `diff`: what becomes of a run, as people and programs read it."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.testing.loopback import Answer

OTHER = "SELECT quantity * unit_price AS amount FROM orders WHERE customer = 'Globex'"


@pytest.fixture
def steadier(steady):
    """Return output with digests held still, too, and without times at the ends of lines."""

    def hold(text: str) -> str:
        text = re.sub(r"\b[0-9a-f]{12}\b", "0" * 12, text)
        return re.sub(r" +(time|0\.0 s( → 0\.0 s)?) *$", "", steady(text), flags=re.MULTILINE)

    return hold


@pytest.fixture
def ran(desk, agentcore):
    """Run the scenario."""
    assert agentcore("run", "price").exit_code == 0
    return desk


@pytest.fixture
def two_models(desk, server):
    """Give the project a second model."""
    path = desk / "agentcore.yaml"
    other = '  large:\n    provider: openai\n    price: { input_usd_per_million: "3", as_of: 2999-01-01 }\n'
    other += f'    options: {{ model: big, base_url: "{server}" }}\n'
    path.write_text(path.read_text().replace("tools:\n", f"{other}tools:\n", 1), encoding="utf-8")
    planner = desk / "agents/planner.yaml"
    for agent in planner.parent.glob("*.yaml"):
        agent.write_text(agent.read_text() + "model: { any_of: [local] }\n", encoding="utf-8")
    return desk


def test_a_fork_shows_where_it_comes_from(ran, agentcore, steady):
    done = agentcore("runs", "fork", "latest", "--from", "calculator", "--set", "prompt=You calculate. Slowly.")
    assert done.exit_code == 0
    assert steady(done.stdout) == snapshot("""\
It is 6652.80.

  [1] pricing.md#volume-discounts "An order of 25 or more units earns a volume discount of 12 % on…
  [2] analyst: SELECT quantity * unit_price AS amount FROM orders WHERE customer = 'Acme' → amount…
  [3] calculator: amount * (1 - 12%) = 7560.00 * (1 - 12%) = 6652.80

price 1run000000000000 succeeded · 3 calls · 20 tokens · $0.000026 · 0.0 s
forked from 1run000000000000 at calculator, shares 17 events; changed: prompt=You calculate. Slowl…
step                                  model  verdict            tokens       cost   time
├─ ✔ planner  makes the plan          local  ✔ valid                 -         $0  0.0 s
├─ ✔ researcher  the discount         local  ✔ schema, quotes        -         $0  0.0 s
└─ ✔ analyst  amount of Acme          local  ✔ rows                  -         $0  0.0 s
   └─ ✔ calculator  price             local  not checked         7 + 3  $0.000013  0.0 s
      └─ ✔ writer  writes the answer  local  ✔ schema, numbers   7 + 3  $0.000013  0.0 s

agentcore trace 1run000000000000
""")
    assert steady(done.stderr) == snapshot("""\
forked from 1run000000000000 at calculator, shares 17 events; changed: prompt=You calculate. Slowl…
price 1run000000000000  What should Acme pay?
… calculator  price
✔ calculator  0.0 s
… answer  writes the answer
✔ answer  0.0 s
""")
    assert agentcore("runs", "show", "latest").stdout == done.stdout
    assert "forked from" in agentcore("trace", "latest").stdout


def test_a_fork_as_json_has_its_lineage(ran, agentcore):
    origin = json.loads(agentcore("runs", "show", "latest", "--json").stdout)
    assert origin["lineage"] is None
    done = agentcore("runs", "fork", "latest", "--from", "answer", "--budget-usd", "0.5", "--json")
    found = json.loads(done.stdout)
    assert found["lineage"] == {
        "run": origin["run"],
        "step": "answer",
        "events": found["lineage"]["events"],
        "changes": ["budget.usd=0.5"],
    }
    assert found["answer"] == origin["answer"]
    assert found["used"]["calls"] == 1
    traced = json.loads(agentcore("trace", "latest", "--json").stdout)
    assert traced["lineage"] == found["lineage"]
    assert traced["started"]["budget"]["usd"] == 0.5


def test_another_model_does_the_step(two_models, agentcore):
    agentcore("run", "price")
    found = json.loads(
        agentcore("runs", "fork", "latest", "--from", "answer", "--set", "model=large", "--json").stdout
    )
    assert {step["id"]: step["models"] for step in found["steps"]} == {
        "plan": ["local"],
        "researcher": ["local"],
        "analyst": ["local"],
        "calculator": ["local"],
        "answer": ["large"],
    }


def test_another_input_makes_another_goal(ran, agentcore):
    arguments = ("--from", "plan", "--set", "input.customer=Globex", "--json")
    found = json.loads(agentcore("runs", "fork", "latest", *arguments).stdout)
    assert found["goal"] == "What should Globex pay?"
    assert found["lineage"]["changes"] == ["input.customer=Globex"]
    assert found["lineage"]["events"] == 0


def test_a_prompt_may_stand_in_a_file(ran, agentcore):
    Path("prompt.txt").write_text("You calculate.\nWith care.\n", encoding="utf-8")
    agentcore("runs", "fork", "latest", "--from", "calculator", "--set", "prompt=@prompt.txt")
    assert "system: You calculate.\n" in agentcore("trace", "latest", "--step", "calculator").stdout
    assert "With care." in agentcore("trace", "latest", "--step", "calculator").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--from", "nine"),
            snapshot("""\
error: run 1run000000000000 has no step nine
hint: fork from one of: plan, researcher, analyst, calculator, answer
"""),
        ),
        (
            ("--from", "answer", "--set", "model=locl"),
            snapshot("""\
error: unknown model `locl`; did you mean `local`?
hint: name one of the project's models
"""),
        ),
        (
            ("--from", "answer", "--set", "prompt=Say {{what}}."),
            snapshot("""\
error: agent `writer`: instructions: `{{what}}` is not a declared input; no inputs are declared
hint: change that, or something else
"""),
        ),
        (
            ("--from", "answer", "--set", "prompt= "),
            snapshot("""\
error: the prompt is empty
hint: leave it out to keep the one that the run had
"""),
        ),
        (
            ("--from", "plan", "--set", "input.client=Globex"),
            snapshot("""\
error: unknown input `client`; known: customer
hint: its inputs are: customer
"""),
        ),
    ],
)
def test_a_fork_that_cannot_begin_says_what_there_is(ran, agentcore, steady, arguments, said):
    done = agentcore("runs", "fork", "latest", *arguments)
    assert done.exit_code == ExitCode.USAGE
    assert steady(done.stderr) == said
    assert len(json.loads(agentcore("runs", "list", "--json").stdout)) == 1


@pytest.mark.parametrize("change", ["modle=x", "model", "input.=x", "prompt=@nowhere.txt"])
def test_a_change_that_is_none_is_wrong_usage(ran, agentcore, change):
    done = agentcore("runs", "fork", "latest", "--from", "answer", "--set", change)
    assert done.exit_code == ExitCode.USAGE
    assert "--set" in done.stderr


def test_a_fork_starts_from_the_definitions_of_then(ran, agentcore):
    writer = ran / "agents/writer.yaml"
    writer.write_text(writer.read_text().replace("You write.", "You sing."), encoding="utf-8")
    done = agentcore("runs", "fork", "latest", "--from", "answer")
    assert done.exit_code == 0
    assert "the project has changed since; the fork starts from the definitions of then" in done.stderr
    assert "system: You write." in agentcore("trace", "latest", "--step", "answer").stdout


def test_a_fork_is_left_to_others(ran, agentcore, steady):
    done = agentcore("runs", "fork", "latest", "--from", "answer", "--detach")
    assert (done.exit_code, steady(done.stdout)) == snapshot(
        (
            ExitCode.OK,
            """\
forked from 1run000000000000 at answer, shares 24 events
agentcore runs show 1run000000000000
""",
        )
    )
    assert json.loads(agentcore("runs", "show", "latest", "--json").stdout)["status"] == "running"


def test_a_replay_needs_neither_model_nor_key(ran, agentcore, steady):
    path = ran / "agentcore.yaml"
    agentcore("runs", "fork", "latest", "--from", "calculator", "--set", "prompt=You calculate. Calmly.")
    broken = path.read_text().replace("http://127.0.0.1", "http://nowhere.invalid")
    assert broken != path.read_text()
    path.write_text(broken, encoding="utf-8")
    assert steady(agentcore("runs", "replay", "latest").stdout) == snapshot(
        "1run000000000000 succeeded: 14 events are equal\n"
    )
    done = agentcore("runs", "replay", "--all-ended")
    assert (done.exit_code, done.stdout) == snapshot((ExitCode.OK, "2 of 2 runs are equal, 45 events\n"))
    listed = json.loads(agentcore("runs", "replay", "--all-ended", "--json").stdout)
    assert [(each["outcome"], each["status"]) for each in listed] == [("equal", "succeeded")] * 2


async def forge(root: Path, run: str) -> None:
    """Write the store anew, with a run that has another output of a step."""
    journal = SqliteJournal(root / ".agentcore/journal.sqlite")
    events = list(await journal.read(run))
    await journal.aclose()
    at = next(n for n, event in enumerate(events) if event.fact.kind == "attempt_finished")
    events[at] = replace(events[at], fact=replace(events[at].fact, output="forged"))
    for file in (root / ".agentcore").glob("journal.sqlite*"):
        file.unlink()
    journal = SqliteJournal(root / ".agentcore/journal.sqlite")
    await journal.append(events, durable=True)
    await journal.aclose()


def test_a_replay_shows_the_first_difference(ran, agentcore, steady):
    run = json.loads(agentcore("runs", "show", "latest", "--json").stdout)["run"]
    asyncio.run(forge(ran, run))
    done = agentcore("runs", "replay", run)
    assert done.exit_code == 1
    assert re.fullmatch(r"\w+ differs: event \d+ is attempt_finished \w+; it differs: output: .*\n", done.stdout)
    found = json.loads(agentcore("runs", "replay", run, "--json").stdout)
    assert (found["outcome"], found["run"]) == ("different", run)


def test_a_run_whose_definitions_are_gone_cannot_be_replayed(ran, agentcore, steadier):
    writer = ran / "agents/writer.yaml"
    writer.write_text(writer.read_text().replace("You write.", "You sing."), encoding="utf-8")
    assert agentcore("runs", "replay", "latest").exit_code == 0
    with sqlite3.connect(ran / ".agentcore/journal.sqlite") as store:
        store.execute("DELETE FROM snapshots")
    done = agentcore("runs", "replay", "latest")
    assert (done.exit_code, steadier(done.stdout)) == snapshot(
        (
            ExitCode.FAILED,
            """\
1run000000000000 cannot be replayed: the definitions of snapshot 000000000000 are not in the store
  run it with the project as it was then, or cancel it
""",
        )
    )


def test_a_replay_takes_a_run_or_all(ran, agentcore):
    assert agentcore("runs", "replay").exit_code == ExitCode.USAGE
    assert agentcore("runs", "replay", "latest", "--all-ended").exit_code == ExitCode.USAGE


def test_runs_are_compared(ran, agentcore, steadier, script):
    script.answers["You query."] = Answer(tool_calls=(("orders", json.dumps({"query": OTHER})),))
    script.answers["You write."] = Answer(
        text=json.dumps({"answer": "It is 2592.48.", "sources": ["researcher", "analyst", "calculator"]})
    )
    origin = json.loads(agentcore("runs", "show", "latest", "--json").stdout)["run"]
    agentcore("runs", "fork", "latest", "--from", "analyst", "--set", "prompt=You query. Well.")
    done = agentcore("runs", "diff", origin, "latest")
    assert done.exit_code == 1
    assert steadier(done.stdout) == snapshot("""\
A price 1run000000000000 succeeded · 8 calls · 50 tokens · $0.000065 ·
B price 1run000000000000 succeeded · 5 calls · 30 tokens · $0.000039 ·
  forked from 1run000000000000 at analyst, shares 10 events; changed: prompt=You query. Well.

definitions
  snapshot: 000000000000 → 000000000000
  agents.analyst: 000000000000 → 000000000000

steps: 3 differ, 2 are equal
step        status     model  verdict   tokens  cost
analyst     succeeded  local  accepted  10      $0.000013
calculator  succeeded  local  accepted  10      $0.000013
answer      succeeded  local  accepted  10      $0.000013
  analyst.output.query: SELECT quantity * unit_price AS amount FROM orders WHERE customer = 'Acme'…
  analyst.output.rows[0].amount: 7560.00 → 2946.00
  calculator.output.terms: 7560.00 * (1 - 12%) → 2946.00 * (1 - 12%)
  calculator.output.value: 6652.80 → 2592.48
  answer.output.answer: It is 6652.80. → It is 2592.48.

ended
  answer.answer: It is 6652.80. → It is 2592.48.

first event that differs
  effect_started 1/analyst/1/analyst/model.1: event 8 of A, event 13 of B
    request.messages[0].content: You query. → You query. Well.
""")
    found = json.loads(agentcore("runs", "diff", origin, "latest", "--json").stdout)
    assert found["equal"] is False
    assert [step["id"] for step in found["steps"] if step["differences"]] == ["analyst", "calculator", "answer"]
    assert found["right"]["lineage"]["run"] == origin


def test_the_same_twice_is_equal(ran, agentcore, steady):
    origin = json.loads(agentcore("runs", "show", "latest", "--json").stdout)["run"]
    agentcore("run", "price")
    done = agentcore("runs", "diff", origin, "latest")
    assert (done.exit_code, steady(done.stdout)) == snapshot(
        (
            ExitCode.OK,
            """\
A price 1run000000000000 succeeded · 8 calls · 50 tokens · $0.000065 · 0.0 s
B price 1run000000000000 succeeded · 8 calls · 50 tokens · $0.000065 · 0.0 s
equal, times and ids aside: 5 steps
""",
        )
    )
    assert json.loads(agentcore("runs", "diff", origin, "latest", "--json").stdout)["equal"] is True

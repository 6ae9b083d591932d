"""`agentcore batch` against a server on this machine."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from agentcore.testing.loopback import Answer

AGENTCORE = Path(sys.executable).parent / "agentcore"
RUN = re.compile(r"\b[0-9a-hjkmnp-tv-z]{16}\b")


@pytest.fixture
def lines(desk):
    """Write the lines of the batch, and return how the results can be read."""

    def write(*texts, name="orders.jsonl"):
        written = [text if isinstance(text, str) else json.dumps(text) for text in texts]
        (desk / name).write_text("".join(f"{text}\n" for text in written), encoding="utf-8")
        return desk / name

    return write


def results(desk, name="orders.results.jsonl"):
    return [json.loads(line) for line in (desk / name).read_text(encoding="utf-8").splitlines()]


def ends(desk):
    return {record["line"]: record["status"] for record in results(desk)}


def recorded(agentcore):
    return [run["run"] for run in json.loads(agentcore("runs", "list", "--json", "--limit", 99).stdout)]


def test_each_line_is_a_run_and_a_result(desk, agentcore, lines, steady):
    lines({"customer": "Acme", "id": "a-1"}, "", {"customer": "Nobody"})
    done = agentcore("batch", "price", "orders.jsonl", "--parallel", 1)
    assert done.exit_code == 1
    assert RUN.sub("RUN", steady(done.stdout)) == snapshot("""\
1 of 2 lines succeeded; 1 refused
$0.000169 · 130 tokens · orders.results.jsonl
""")
    assert RUN.sub("RUN", steady(done.stderr)) == snapshot("""\
✔ line 1 (a-1)  succeeded · 0.0 s · $0.000065 · RUN
✘ line 3  refused: step analyst (analyst) was given up: the query found nothing; check names, spel…
""")
    first, second = results(desk)
    assert list(first) == snapshot(["line", "id", "run", "status", "answer", "error", "usd", "tokens", "seconds"])
    assert (first["line"], first["id"], first["status"], first["answer"]["answer"], first["error"]) == snapshot(
        (1, "a-1", "succeeded", "It is 6652.80.", "")
    )
    assert (first["usd"], first["tokens"]) == snapshot((6.5e-05, 50))
    assert (second["line"], second["id"], second["status"], second["answer"]) == snapshot((3, None, "refused", None))
    assert json.loads(agentcore("runs", "show", first["run"], "--json").stdout)["answer"] == first["answer"]


def test_all_that_succeeds_is_exit_code_0_and_json_is_one_object(desk, agentcore, lines):
    file = lines({"customer": "Acme"}, {})
    done = agentcore("batch", "price", file, "--out", "there/out.jsonl", "--name", "july", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == snapshot(
        {
            "batch": "july",
            "scenario": "price",
            "results": "there/out.jsonl",
            "lines": 2,
            "done": 2,
            "statuses": {"succeeded": 2},
            "usd": 0.00013,
            "tokens": 100,
        }
    )
    assert len(results(desk, "there/out.jsonl")) == 2


def test_the_same_command_again_runs_nothing_and_completes_the_results(desk, agentcore, lines, script):
    lines({"customer": "Acme", "id": 1}, {"customer": "Acme"}, {"customer": "Acme"})
    agentcore("batch", "price", "orders.jsonl")
    before = results(desk)
    assert len({record["run"] for record in before}) == 3
    path = desk / "orders.results.jsonl"
    text = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text(text[0] + text[1][:40], encoding="utf-8")  # the process died while it wrote
    script.answers = {}  # whoever asks now fails
    done = agentcore("batch", "price", "orders.jsonl")
    assert done.exit_code == 0
    assert "3 of 3 lines succeeded; 1 done before" in done.stdout
    assert sorted(results(desk), key=str) == sorted(before, key=str)
    assert len(recorded(agentcore)) == 3
    path.unlink()
    agentcore("batch", "price", "orders.jsonl")
    assert sorted(results(desk), key=str) == sorted(before, key=str)
    again = agentcore("batch", "price", "orders.jsonl")
    assert "3 of 3 lines succeeded; 3 done before" in again.stdout
    assert again.stderr == ""


def test_a_line_put_in_or_corrected_runs_alone(desk, agentcore, lines):
    lines({"customer": "Acme"}, {"customer": "Acme", "id": "x"}, {"customer": "Nobody", "id": "y"})
    agentcore("batch", "price", "orders.jsonl")
    lines({"customer": "Acme", "id": "new"}, {"customer": "Acme"}, {"customer": "Acme", "id": "x"}, {"id": "y"})
    before = set(recorded(agentcore))
    done = agentcore("batch", "price", "orders.jsonl")
    assert done.exit_code == 0
    assert "4 of 4 lines succeeded; 2 done before" in done.stdout
    assert ends(desk) == dict.fromkeys(range(1, 5), "succeeded")
    assert len(set(recorded(agentcore)) - before) == 2


def test_another_name_makes_new_runs(desk, agentcore, lines):
    lines({"customer": "Acme"})
    agentcore("batch", "price", "orders.jsonl")
    refused = agentcore("batch", "price", "orders.jsonl", "--name", "again")
    assert refused.exit_code == 2
    assert "orders.results.jsonl: these are the results of another batch" in refused.stderr
    agentcore("batch", "price", "orders.jsonl", "--name", "again", "--out", "again.jsonl")
    assert len(recorded(agentcore)) == 2


def test_bad_lines_are_told_and_recorded_and_stop_nothing(desk, agentcore, lines):
    lines(
        '{"customer": ',
        [1],
        {"custmer": "Acme"},
        {"customer": 7},
        {"customer": "Acme", "id": "a"},
        {"customer": "Acme", "id": "a"},
        {"id": [1]},
        '{"customer": NaN}',
        '{"customer": "\\ud800"}',
    )
    with (desk / "orders.jsonl").open("ab") as file:
        file.write(b'{"customer": "\xff"}\n' + b"[" * 100_000)
    done = agentcore("batch", "price", "orders.jsonl")
    assert done.exit_code == 1
    assert [line for line in done.stderr.splitlines() if line.startswith("error")] == snapshot(
        [
            "error: orders.jsonl:1: not JSON: expecting value at character 15",
            "error: orders.jsonl:2: must be a JSON object, not a list",
            "error: orders.jsonl:3: scenario `price`: unknown input `custmer`; did you mean `customer`?",
            "error: orders.jsonl:4: scenario `price`: input `customer` must be text, not 7",
            'error: orders.jsonl:6: `id` "a" stands in line 5 already',
            "error: orders.jsonl:7: `id` must be text or a whole number",
            "error: orders.jsonl:8: not JSON: NaN is not a number there",
            "error: orders.jsonl:10: not UTF-8: byte 15",
            "error: orders.jsonl:11: not JSON that can be read: too many lists and objects inside one another",
        ]
    )
    assert ends(desk) == snapshot(
        {
            1: "invalid",
            2: "invalid",
            3: "invalid",
            4: "invalid",
            6: "invalid",
            7: "invalid",
            8: "invalid",
            10: "invalid",
            11: "invalid",
            9: "invalid",
            5: "succeeded",
        }
    )
    assert results(desk)[2]["error"] == snapshot("scenario `price`: unknown input `custmer`; did you mean `customer`?")
    again = agentcore("batch", "price", "orders.jsonl")
    assert again.exit_code == 1
    assert len(results(desk)) == 11


def test_a_line_that_a_guard_refuses_stops_no_other(desk, agentcore, lines):
    lines({"customer": "Ac\x00me"}, {"customer": "Acme"})
    done = agentcore("batch", "price", "orders.jsonl", "--parallel", 1)
    assert done.exit_code == 1
    assert ends(desk) == {1: "invalid", 2: "succeeded"}
    assert "the task has binary data in a text" in results(desk)[0]["error"]
    assert len(recorded(agentcore)) == 1


def test_required_inputs_are_asked_for(desk, agentcore, lines):
    scenario = desk / "scenarios/price.yaml"
    scenario.write_text(scenario.read_text(encoding="utf-8").replace("{ default: Acme }", "{}"), encoding="utf-8")
    lines({})
    done = agentcore("batch", "price", "orders.jsonl")
    assert "error: orders.jsonl:1: scenario `price`: input `customer` is missing" in done.stderr
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("my notes\n", "orders.results.jsonl:1: this is not a line of results"),
        ("my notes", "orders.results.jsonl:1: this is not a line of results"),
        ('{"a": 1}\n', "orders.results.jsonl:1: this is not a line of results"),
    ],
)
def test_a_file_of_something_else_is_not_overwritten(desk, agentcore, lines, text, problem):
    lines({"customer": "Acme"})
    (desk / "orders.results.jsonl").write_text(text, encoding="utf-8")
    done = agentcore("batch", "price", "orders.jsonl")
    assert done.exit_code == 2
    assert problem in done.stderr
    assert (desk / "orders.results.jsonl").read_text(encoding="utf-8") == text
    assert recorded(agentcore) == []


def test_wrong_usage(desk, agentcore, lines):
    file = lines()
    assert "there are no lines" in agentcore("batch", "price", file).stderr
    lines({})
    assert "is the file of the lines itself" in agentcore("batch", "price", file, "--out", "orders.jsonl").stderr
    assert "did you mean `price`" in agentcore("batch", "prize", file).stderr
    assert agentcore("batch", "price", "none.jsonl").exit_code == 2
    (desk / "file").write_text("", encoding="utf-8")
    done = agentcore("batch", "price", file, "--out", "file/out.jsonl")
    assert (done.exit_code, "the results cannot be written" in done.stderr) == (2, True)


def test_no_more_than_so_many_at_once(desk, agentcore, lines, script):
    running, most = set(), 0
    plan = script.answers["You plan."]

    def count(prompt):
        nonlocal most
        running.add(prompt)
        most = max(most, len(running))
        return plan(prompt)

    def write(prompt):
        customer = re.search(r"C\d+", prompt)[0]
        running.difference_update([each for each in running if customer in each])
        return Answer(text=json.dumps({"answer": "Done.", "sources": []}))

    script.answers |= {"You plan.": count, "You write.": write}
    lines(*({"customer": f"C{number} Acme"} for number in range(10, 18)))
    done = agentcore("batch", "price", "orders.jsonl", "--parallel", 3)
    assert done.exit_code == 0, done.output
    assert 1 < most <= 3


def test_a_model_that_is_down_fails_lines_and_not_the_batch(desk, agentcore, lines, script):
    script.answers["You plan."] = Answer(status=401)
    lines({"customer": "Acme"}, {"customer": "Nobody"})
    done = agentcore("batch", "price", "orders.jsonl")
    assert done.exit_code == 1
    assert ends(desk) == {1: "failed", 2: "failed"}
    assert all(record["error"] for record in results(desk))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_batch_goes_on(desk, agentcore, lines, script, number):
    whole = script.answers["You query."]
    script.answers["You query."] = lambda prompt: (
        Answer(text="late", delay_seconds=30.0) if "Nobody" in prompt else whole(prompt)
    )
    lines({"customer": "Acme"}, {"customer": "Nobody"}, {"customer": "Acme", "id": 3})
    started = subprocess.Popen(
        [AGENTCORE, "batch", "price", "orders.jsonl", "--parallel", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "line 1" in started.stderr.readline()
    started.send_signal(number)
    stdout, stderr = started.communicate(timeout=20)
    assert started.returncode == 128 + number, stderr
    assert "1 of 3 lines succeeded; 2 not done: the same command goes on with them" in stdout
    script.answers["You query."] = whole
    done = agentcore("batch", "price", "orders.jsonl")
    assert "2 of 3 lines succeeded; 1 refused; 1 done before" in done.stdout
    assert ends(desk) == {1: "succeeded", 2: "refused", 3: "succeeded"}


def test_a_killed_batch_loses_and_repeats_nothing(desk, agentcore, lines, script):
    quick = script.answers["You query."]
    script.answers["You query."] = Answer(text="late", delay_seconds=30.0)
    lines({"customer": "Acme"})
    started = subprocess.Popen([AGENTCORE, "batch", "price", "orders.jsonl"], stderr=subprocess.DEVNULL)
    while [run["status"] for run in json.loads(agentcore("runs", "list", "--json").stdout)] != ["running"]:
        pass
    started.kill()
    started.wait()
    script.answers["You query."] = quick
    done = agentcore("batch", "price", "orders.jsonl")
    assert done.exit_code == 0
    (record,) = results(desk)
    assert record["status"] == "succeeded"
    assert recorded(agentcore) == [record["run"]]

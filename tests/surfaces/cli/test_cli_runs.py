"""`agentcore runs resume`, `cancel` and `ledger`, and `agentcore run --detach`."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from support.bank import BankScript, sink
from support.processes import until

AGENTCORE = Path(sys.executable).parent / "agentcore"


@pytest.fixture
def held(bank, spawn, tmp_path):
    """Start a process whose run is in the middle of a payment, which is held up."""

    def start(script=None, **settings):
        bank(script or BankScript(), **settings)
        (tmp_path / "hold").touch()
        process = spawn("run", "pay")
        until(lambda: sink(tmp_path))
        return process

    return start


def status(agentcore, run="latest"):
    return json.loads(agentcore("runs", "show", run, "--json").stdout)["status"]


def entries(agentcore, *options):
    return json.loads(agentcore("runs", "ledger", "latest", "--json", *options).stdout)


def kill(process, folder):
    process.kill()
    process.communicate()
    (folder / "hold").unlink()


def test_a_run_whose_process_was_killed_is_driven_on(held, agentcore, tmp_path):
    kill(held(safety="idempotent"), tmp_path)
    assert status(agentcore) == "running"
    assert [entry["state"] for entry in entries(agentcore)] == ["under way"]  # nobody has looked since
    done = agentcore("runs", "resume", "latest")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "All is paid."
    assert "goes on from what is recorded" in done.stderr
    assert "makes the plan" not in done.stderr
    keys = [line.split()[0] for line in (tmp_path / "sink.txt").read_text(encoding="utf-8").splitlines()]
    assert len(keys) == 2
    assert len(set(keys)) == 1  # it was called again with the same key
    (entry,) = entries(agentcore)
    assert (entry["state"], entry["tries"], entry["key"]) == ("done", 2, keys[0])


def test_an_unsafe_call_that_broke_off_is_looked_up(held, agentcore, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOK_UP", "1")
    kill(held(), tmp_path)
    assert agentcore("runs", "resume", "latest").exit_code == 0
    assert sink(tmp_path) == ["Ann 40"]
    (entry,) = entries(agentcore)
    assert (entry["state"], entry["receipt"], entry["tries"]) == ("done", "found", 1)


def test_a_compensable_call_that_broke_off_is_undone_and_made_again(held, agentcore, tmp_path):
    kill(held(safety="compensable"), tmp_path)
    assert agentcore("runs", "resume", "latest").exit_code == 0
    assert (tmp_path / "undone.txt").read_text(encoding="utf-8").count("\n") == 1
    assert sink(tmp_path) == ["Ann 40", "Ann 40"]


def test_all_runs_that_can_go_on_are_resumed(bank, agentcore, tmp_path):
    bank(BankScript())
    run, other = (agentcore("run", "pay", "--detach").stdout.strip() for _ in range(2))
    assert status(agentcore, run) == "running"
    done = agentcore("runs", "resume", "--all")
    assert done.exit_code == 0
    assert sorted(done.stdout.splitlines()) == sorted(
        [f"pay {run} succeeded", f"pay {other} succeeded", "2 runs resumed"]
    )
    assert agentcore("runs", "resume", "--all", "--json").stdout == "[]\n"
    assert sink(tmp_path) == ["Ann 40", "Ann 40"]


def test_a_run_that_waits_is_not_driven_on(bank, agentcore):
    bank(BankScript(), approval="true")
    waiting = agentcore("run", "pay")
    assert waiting.exit_code == 6
    again = agentcore("runs", "resume", "latest")
    assert (again.exit_code, again.stdout) == (6, waiting.stdout)
    assert agentcore("runs", "resume", "--all").stdout == "no runs resumed\n"


def test_a_run_elsewhere_is_left_alone_and_can_be_cancelled(held, agentcore, tmp_path):
    process = held(safety="compensable")
    refused = agentcore("runs", "resume", "latest")
    assert refused.exit_code == 1
    assert "is being driven by another process" in refused.stderr
    done = agentcore("runs", "cancel", "latest", "--reason", "not today", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["status"] == "cancelled"
    (tmp_path / "hold").unlink()
    stdout, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stdout.startswith("cancelled")
    (entry,) = entries(agentcore)
    assert (entry["state"], entry["tries"]) == ("undone", 1)  # it may have happened


def test_a_run_that_nobody_drives_is_cancelled_with_its_reason(bank, agentcore):
    bank(BankScript())
    run = agentcore("run", "pay", "--detach", "--json")
    id = json.loads(run.stdout)["run"]
    done = agentcore("runs", "cancel", id[:12], "--reason", "not needed")
    assert (done.exit_code, done.stdout) == (0, f"run {id} is cancelled: not needed\n")
    again = agentcore("runs", "cancel", id)
    assert (again.exit_code, again.stderr.splitlines()[0]) == (1, f"error: run {id} has ended: cancelled")


def test_what_was_done_is_undone_when_a_run_is_cancelled(bank, agentcore, tmp_path):
    bank(BankScript(), safety="compensable")
    (tmp_path / "agents" / "writer.yaml").write_text(
        "instructions: You write.\nuses: earlier\napproval: true\n", encoding="utf-8"
    )
    assert agentcore("run", "pay").exit_code == 6
    assert [entry["state"] for entry in entries(agentcore)] == ["done"]
    assert agentcore("runs", "cancel", "latest").exit_code == 0
    (entry,) = entries(agentcore)
    assert (entry["state"], entry["undone_at"] > entry["ended_at"]) == ("undone", True)
    assert (tmp_path / "undone.txt").read_text(encoding="utf-8") == entry["key"] + "\n"


def test_the_ledger_as_people_read_it(bank, agentcore, steady):
    bank(BankScript(), safety="idempotent")
    agentcore("run", "pay")
    shown = agentcore("runs", "ledger", "latest").stdout
    assert re.sub(r"\b\d\d:\d\d:\d\d\b", "12:00:00", steady(shown)) == snapshot("""\
step     call  safety      intent    state  receipt         decided by  key
payer/1  pay   idempotent  12:00:00  done   paid 40 to Ann  all         1run000000000000/payer/pay…
""")
    assert len(entries(agentcore, "--all")) > len(entries(agentcore))


def test_a_ledger_of_nothing(desk, agentcore):
    agentcore("run", "price")
    done = agentcore("runs", "ledger", "latest")
    assert done.stdout.endswith("has called nothing that may change something\n")
    assert {entry["kind"] for entry in entries(agentcore, "--all")} == {"model", "tool"}


def test_a_run_goes_on_in_the_background_of_another(held, agentcore, bank, tmp_path):
    script = BankScript()
    kill(held(script, safety="idempotent"), tmp_path)
    left = json.loads(agentcore("runs", "list", "--json").stdout)[0]["run"]
    script.delay_seconds = 0.5  # so that the other one is found meanwhile
    done = agentcore("run", "pay")
    assert done.exit_code == 0
    assert f"in the background: pay {left} goes on from what is recorded" in done.stderr
    assert agentcore("runs", "resume", "--all").exit_code == 0  # should it not have been done by then
    assert status(agentcore, left) == "succeeded"


def test_sigterm_leaves_a_call_in_doubt_within_a_bound(held, agentcore, tmp_path):
    process = held()  # its thread cannot be stopped
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert (process.returncode, time.monotonic() - began < 5.5) == (143, True)
    (entry,) = entries(agentcore)
    assert (entry["state"], entry["error"]) == ("in doubt", "cancelled")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["runs", "resume"], 2, "give a run, or --all"),
        (["runs", "resume", "latest", "--all"], 2, "give a run, or --all"),
        (["runs", "resume", "nothing"], 2, "no run has an id that starts with 'nothing'"),
        (["runs", "cancel", "nothing"], 2, "no run has an id that starts with 'nothing'"),
        (["runs", "ledger", "nothing"], 2, "no run has an id that starts with 'nothing'"),
        (["run", "pay", "--detach", "--dry-run"], 2, "leave out --case, --cases and --dry-run"),
    ],
)
def test_wrong_usage_is_one_error(bank, agentcore, arguments, code, says):
    bank(BankScript())
    done = agentcore(*arguments)
    assert done.exit_code == code
    assert says in done.stderr
    assert "Traceback" not in done.output

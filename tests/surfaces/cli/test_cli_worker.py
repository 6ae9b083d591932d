"""`agentcore worker` as a process of its own: orphans, the queue, decisions, due times, and a clean end."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

import pytest
from support.bank import BankScript, sink
from support.processes import until

AGENTCORE = Path(sys.executable).parent / "agentcore"


@pytest.fixture
def worker(spawn):
    """Start a worker, and return once it looks after the store."""

    def start(*options):
        process = spawn("worker", *options)
        assert "looks after" in process.stderr.readline()
        return process

    return start


def statuses(agentcore):
    return [run["status"] for run in json.loads(agentcore("runs", "list", "--json").stdout)]


def entry(agentcore):
    (found,) = json.loads(agentcore("runs", "ledger", "latest", "--json").stdout)
    return found


def test_a_worker_finishes_a_run_that_was_killed_in_the_middle_of_a_call(bank, agentcore, spawn, tmp_path):
    bank(BankScript(), safety="idempotent")
    (tmp_path / "hold").touch()
    run = spawn("run", "pay")
    until(lambda: sink(tmp_path))
    run.kill()
    run.wait()
    (tmp_path / "hold").unlink()
    stdout, stderr = spawn("worker", "--until-idle").communicate(timeout=30)
    assert stdout == ""
    assert "takes up pay" in stderr
    assert statuses(agentcore) == ["succeeded"]
    assert entry(agentcore)["tries"] == 2
    assert len({line.split()[0] for line in (tmp_path / "sink.txt").read_text(encoding="utf-8").splitlines()}) == 1


def test_a_worker_does_what_is_enqueued_and_ends_when_it_is_idle(bank, agentcore, spawn, tmp_path):
    bank(BankScript())
    for _ in range(5):
        agentcore("run", "pay", "--detach")
    done = spawn("worker", "--until-idle", "--concurrency", "2")
    done.communicate(timeout=30)
    assert done.returncode == 0
    assert statuses(agentcore) == ["succeeded"] * 5
    assert len(sink(tmp_path)) == 5


def test_once_is_what_waits_at_first(bank, agentcore, spawn, tmp_path):
    script = BankScript()
    script.delay_seconds = 1.0
    bank(script)
    agentcore("run", "pay", "--detach")
    process = spawn("worker", "--once")
    until(lambda: script.calls["You pay"])
    agentcore("run", "pay", "--detach")
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert statuses(agentcore) == ["running", "succeeded"]


def test_a_decision_reaches_a_worker_at_once(bank, agentcore, worker, tmp_path):
    bank(BankScript(), approval="true")
    assert agentcore("run", "pay").exit_code == 6
    process = worker()
    (question,) = json.loads(agentcore("approvals", "list", "--json").stdout)
    done = agentcore("approvals", "approve", question["approval"])
    assert done.exit_code == 0
    assert "nobody drives" not in done.stdout
    until(lambda: statuses(agentcore) == ["succeeded"])
    assert sink(tmp_path) == ["Ann 40"]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_question_that_is_overdue_is_escalated_and_then_rejected(bank, agentcore, worker, tmp_path):
    bank(BankScript(), approval="{approvers: [lead, cfo], due_seconds: 1, on_due: escalate}")
    assert agentcore("run", "pay").exit_code == 6
    (first,) = json.loads(agentcore("approvals", "list", "--json").stdout)
    worker()

    def rulings():
        ledger = json.loads(agentcore("runs", "ledger", "latest", "--json").stdout)
        return [ruling["verb"] for ruling in ledger[0]["rulings"]]

    until(lambda: rulings() == ["escalate", "reject"])
    listed = json.loads(agentcore("approvals", "list", "--status", "all", "--json").stdout)
    ruled = next(each for each in listed if each["approval"] == first["approval"])
    assert (ruled["version"], ruled["ruling"]["actor"], ruled["status"]) == (2, "agentcore", "decided")
    assert sink(tmp_path) == []


def test_a_worker_cancels_what_it_drives(bank, agentcore, worker, tmp_path):
    bank(BankScript())
    (tmp_path / "hold").touch()
    worker()
    agentcore("run", "pay", "--detach")
    until(lambda: sink(tmp_path))
    done = agentcore("runs", "cancel", "latest")
    assert done.exit_code == 0
    assert statuses(agentcore) == ["cancelled"]


def test_sigterm_lets_what_is_under_way_finish(bank, agentcore, worker, tmp_path):
    bank(BankScript())
    (tmp_path / "hold").touch()
    process = worker("--grace", "15")
    agentcore("run", "pay", "--detach")
    until(lambda: sink(tmp_path))
    process.send_signal(signal.SIGTERM)
    until(lambda: "draining" in process.stderr.readline())
    agentcore("run", "pay", "--detach")  # comes too late for this worker
    (tmp_path / "hold").unlink()
    _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr.splitlines()[-1].endswith("stopped")) == (0, True)
    assert statuses(agentcore) == ["running", "succeeded"]


def test_what_outlasts_the_grace_is_broken_off_and_goes_on_elsewhere(bank, agentcore, worker, spawn, tmp_path):
    bank(BankScript(), safety="idempotent")
    (tmp_path / "hold").touch()
    process = worker("--grace", "0.5")
    agentcore("run", "pay", "--detach")
    until(lambda: sink(tmp_path))
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=20)  # the tool's thread hangs all the while
    assert (process.returncode, time.monotonic() - began < 5.5 + 0.5) == (0, True)
    assert "leaves 1 run" in stderr
    assert statuses(agentcore) == ["running"]
    assert entry(agentcore)["error"] == "cancelled"
    (tmp_path / "hold").unlink()
    spawn("worker", "--until-idle").communicate(timeout=30)
    assert statuses(agentcore) == ["succeeded"]


def test_a_second_signal_ends_a_worker_at_once(bank, agentcore, worker, tmp_path):
    bank(BankScript())
    (tmp_path / "hold").touch()
    process = worker("--grace", "30")
    agentcore("run", "pay", "--detach")
    until(lambda: sink(tmp_path))
    process.send_signal(signal.SIGTERM)
    until(lambda: "draining" in process.stderr.readline())
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=10)
    assert (process.returncode, time.monotonic() - began < 2) == (-signal.SIGTERM, True)


def test_two_workers_share_the_runs_and_none_is_done_twice(bank, agentcore, worker, tmp_path):
    bank(BankScript())
    workers = [worker("--concurrency", "2") for _ in range(2)]
    for _ in range(8):
        agentcore("run", "pay", "--detach")
    until(lambda: statuses(agentcore) == ["succeeded"] * 8)
    assert len(sink(tmp_path)) == 8
    for process in workers:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0


def test_wrong_usage(bank, agentcore):
    bank(BankScript())
    done = agentcore("worker", "--once", "--until-idle")
    assert (done.exit_code, "not both" in done.stderr) == (2, True)

"""`agentcore worker` on PostgreSQL: several processes, a queue of DBOS, and one of them that is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.bank import BankScript, sink
from support.postgres import new_database
from support.processes import until

AGENTCORE = Path(sys.executable).parent / "agentcore"


@pytest.fixture
async def database():
    async with new_database() as url:
        yield url


def command(*arguments):
    """Run a command line as a process: in this one, the fixture's event loop is running."""
    done = subprocess.run([AGENTCORE, *arguments], capture_output=True, text=True, check=False, timeout=40)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shared(project, database):
    """Give the project of the current folder a store in PostgreSQL."""
    file = project / "agentcore.yaml"
    file.write_text(file.read_text(encoding="utf-8") + f"store: {database}\n", encoding="utf-8")


@pytest.mark.timeout(120)
async def test_another_worker_takes_over_when_one_is_killed(bank, spawn, tmp_path, database):
    bank(BankScript(), safety="idempotent")
    shared(tmp_path, database)
    (tmp_path / "hold").touch()
    run = command("run", "pay", "--detach").strip()
    first = spawn("worker")
    until(lambda: sink(tmp_path), 30)
    first.kill()
    first.wait()
    (tmp_path / "hold").unlink()
    second = spawn("worker", "--until-idle")
    _, stderr = second.communicate(timeout=60)
    assert second.returncode == 0, stderr
    assert "is dead: 1 runs are given to others" in stderr
    listed = json.loads(command("runs", "list", "--json"))
    assert [(each["run"], each["status"]) for each in listed] == [(run, "succeeded")]
    lines = (tmp_path / "sink.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2, "the call was repeated"
    assert len({line.split()[0] for line in lines}) == 1, "with the same key"


@pytest.mark.timeout(120)
async def test_a_decision_wakes_a_run_that_no_process_holds(bank, spawn, tmp_path, database):
    bank(BankScript(), approval="true")
    shared(tmp_path, database)
    command("run", "pay", "--detach")
    spawn("worker")
    until(lambda: json.loads(command("approvals", "list", "--json")), 30)
    (question,) = json.loads(command("approvals", "list", "--json"))
    until(lambda: [each["status"] for each in json.loads(command("runs", "list", "--json"))] == ["waiting"], 30)
    command("approvals", "approve", question["approval"], "--actor", "ann")
    until(lambda: [each["status"] for each in json.loads(command("runs", "list", "--json"))] == ["succeeded"], 30)
    assert sink(tmp_path) == ["Ann 40"]

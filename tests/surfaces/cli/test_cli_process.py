"""`agentcore` as a process of its own: signals, pipes, other processes' writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from agentcore.testing.loopback import Answer

AGENTCORE = Path(sys.executable).parent / "agentcore"


@pytest.fixture
def slow(desk, script):
    """Start a run that waits for its first worker, and yield its process."""
    script.answers["You query."] = Answer(text="late", delay_seconds=30.0)
    started = subprocess.Popen(
        [AGENTCORE, "run", "price", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in started.stderr:
        if "… analyst" in line:
            break
    yield started
    started.kill()
    started.communicate()


def test_the_first_ctrl_c_cancels_in_good_order(slow, agentcore):
    slow.send_signal(signal.SIGINT)
    stdout, stderr = slow.communicate(timeout=20)
    assert slow.returncode == 130
    assert json.loads(stdout)["status"] == "cancelled"
    assert "Ctrl-C again ends the process at once" in stderr
    assert "Traceback" not in stderr
    recorded = json.loads(agentcore("runs", "show", "latest", "--json").stdout)
    assert recorded["status"] == "cancelled"


def test_sigterm_leaves_the_run_to_be_resumed(slow, agentcore, script):
    began = time.monotonic()
    slow.send_signal(signal.SIGTERM)
    stdout, stderr = slow.communicate(timeout=20)
    assert time.monotonic() - began < 5.5
    assert slow.returncode == 143
    left = json.loads(stdout)
    assert left["status"] == "running"
    assert f"agentcore runs resume {left['run']}" in stderr
    assert "Traceback" not in stderr
    recorded = json.loads(agentcore("trace", "latest", "--step", "analyst", "--json").stdout)
    assert [effect["error"] for effect in recorded["attempts"][0]["effects"]] == ["cancelled"]
    script.answers["You query."] = script.query
    resumed = agentcore("runs", "resume", left["run"])
    assert resumed.exit_code == 0
    assert "It is 6652.80." in resumed.stdout


def test_a_run_that_is_cancelled_while_it_plans_has_no_failed_step(desk, script, agentcore):
    script.answers["You plan."] = Answer(text="late", delay_seconds=30.0)
    with subprocess.Popen(
        [AGENTCORE, "run", "price"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as it:
        while "planner makes the plan" not in it.stderr.readline():
            pass
        assert json.loads(agentcore("runs", "show", "latest", "--json").stdout)["steps"][0]["status"] == "running"
        it.send_signal(signal.SIGINT)
        stdout, _ = it.communicate(timeout=20)
    assert it.returncode == 130
    assert "■ planner" in stdout
    assert stdout.splitlines()[-1].startswith("agentcore trace 1")
    assert "--step" not in stdout
    assert json.loads(agentcore("runs", "show", "latest", "--json").stdout)["steps"][0]["status"] == "stopped"


def test_steps_under_way_are_stopped_with_their_run(slow, agentcore):
    slow.send_signal(signal.SIGINT)
    slow.communicate(timeout=20)
    steps = json.loads(agentcore("runs", "show", "latest", "--json").stdout)["steps"]
    assert {step["id"]: step["status"] for step in steps}["analyst"] == "stopped"


def test_log_lines_name_run_and_step(desk, script):
    script.answers["You query."] = Answer(text="I cannot.")
    done = subprocess.run(
        [AGENTCORE, "run", "price", "-v", "--log-json"], capture_output=True, text=True, check=False, timeout=50
    )
    entries = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [(entry.get("step"), entry["message"].partition(":")[0]) for entry in entries] == snapshot(
        [
            ("analyst", "attempt 1 failed"),
            ("analyst", "attempt 2 failed"),
            ("analyst", "given up"),
            ("analyst", "attempt 1 failed"),
            ("analyst", "attempt 2 failed"),
            ("analyst", "given up"),
            (None, "failed step analyst (analyst) was given up"),
        ]
    )
    (run,) = {entry["run"] for entry in entries}
    assert f"agentcore trace {run}" in done.stdout


def test_runs_can_be_read_while_another_process_writes(slow, agentcore):
    shown = agentcore("runs", "show", "latest")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("still running\n")
    assert [run["status"] for run in json.loads(agentcore("runs", "list", "--json").stdout)] == ["running"]
    while agentcore("trace", "latest", "--step", "analyst").exit_code:  # its start is written soon, not at once
        pass


def test_a_reader_that_leaves_ends_it_silently(desk):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [AGENTCORE, "schema", "project"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert done.stderr == ""


def test_a_terminal_without_our_marks_ends_nothing(desk):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [AGENTCORE, "run", "price"], capture_output=True, text=True, check=False, env=environment, timeout=50
    )
    assert done.returncode == 0, done.stderr
    assert "6652.80" in done.stdout


def test_twice_verbose_shows_the_traceback_of_an_error(desk):
    done = subprocess.run([AGENTCORE, "run", "none", "-vv"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: unknown scenario")

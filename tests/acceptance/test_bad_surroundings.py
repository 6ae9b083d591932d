"""A full disk, a second process on the store, Ctrl-C, a kill: a clear error or a recorded end, and a whole journal."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.processes import until

from agentcore.testing.loopback import Answer

AGENTCORE = Path(sys.executable).parent / "agentcore"


@pytest.fixture
def start(shop):
    """Start a command line and kill what is left of it in the end."""
    running = []

    def go(*words, **more):
        process = subprocess.Popen(
            [AGENTCORE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
        )
        running.append(process)
        return process

    yield go
    for process in running:
        process.kill()
        process.communicate()


def seen(process, words):
    """Read what the process says until it says this."""
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"it never said {words}")


def full(limit):
    """Let no file of the process grow beyond so many bytes, as on a disk with a quota."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


@pytest.mark.parametrize("limit", [0, 4_096, 20_000, 70_000, 100_000])
def test_a_full_disk_is_one_error_and_what_was_recorded_can_be_read(shop, agentcore, start, latest, limit):
    assert agentcore("run", "stock_value").exit_code == 0
    before = latest()
    process = start("run", "stock_value", "--json", preexec_fn=full(limit))
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 1, stderr
    assert stdout == ""
    errors = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "journal" in errors[0]
    assert any(line.startswith("hint: ") for line in stderr.splitlines())
    assert "Traceback" not in stderr
    runs = json.loads(agentcore("runs", "list", "--json").stdout)
    assert before["run"] in {run["run"] for run in runs}
    assert json.loads(agentcore("runs", "show", before["run"], "--json").stdout) == before
    latest()
    assert agentcore("run", "stock_value").exit_code == 0


def test_a_full_disk_at_the_first_run_of_all(shop, agentcore, start):
    process = start("run", "stock_value", preexec_fn=full(1_000))
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert stderr.startswith("error: ")
    assert "Traceback" not in stderr
    assert agentcore("runs", "list").exit_code == 0
    assert agentcore("run", "stock_value").exit_code == 0


def test_a_store_that_cannot_be_written_is_named(shop, agentcore, edit):
    edit("agentcore.yaml", "team:", "store: shop.py/journal.sqlite\nteam:")
    done = agentcore("run", "stock_value")
    assert done.exit_code == 1
    assert "error: the journal shop.py/journal.sqlite cannot be" in done.stderr
    assert agentcore("doctor").exit_code == 1


def test_a_store_that_is_something_else_is_left_alone(shop, agentcore, edit):
    edit("agentcore.yaml", "team:", "store: shop.py\nteam:")
    before = (shop / "shop.py").read_bytes()
    for words in (("run", "stock_value"), ("runs", "list"), ("trace", "latest")):
        done = agentcore(*words)
        assert done.exit_code == 1
        assert done.stderr.startswith("error: the journal shop.py is")
    assert (shop / "shop.py").read_bytes() == before


def test_two_processes_share_a_store(shop, agentcore, start, latest):
    processes = [start("run", "stock_value", "--json") for _ in range(3)]
    runs = [json.loads(process.communicate(timeout=40)[0]) for process in processes]
    assert [run["status"] for run in runs] == ["succeeded"] * 3
    listed = {run["run"]: run["status"] for run in json.loads(agentcore("runs", "list", "--json").stdout)}
    assert listed == {run["run"]: "succeeded" for run in runs}
    for run in runs:
        assert json.loads(agentcore("runs", "show", run["run"], "--json").stdout) == run
    latest()


def test_a_process_that_holds_the_store_for_too_long_is_told_of(shop, agentcore, latest):
    assert agentcore("run", "stock_value").exit_code == 0
    other = sqlite3.connect(shop / ".agentcore" / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        done = agentcore("run", "stock_value")
        read = agentcore("runs", "show", "latest")
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert done.exit_code == 1
    assert "locked" in done.stderr
    assert "hint: another process has been writing" in done.stderr
    assert read.exit_code == 0
    assert latest()["status"] == "succeeded"


@pytest.mark.parametrize("agent", ["planner", "clerk", "writer"])
def test_ctrl_c_wherever_a_run_is_cancels_it_and_is_recorded(shop, script, start, latest, agent):
    script.answers[agent] = Answer(text="late", delay_seconds=30)
    process = start("run", "stock_value", "--json")
    until(lambda: agent in script.calls)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    run = latest()
    assert json.loads(stdout) == run
    assert run["status"] == "cancelled"


def test_ctrl_c_while_a_tool_works(shop, script, start, latest):
    (shop / "shop.py").write_text(
        "import time\n\nfrom agentcore import tool\n\n\n@tool(safety='read')\ndef look_up(product: str) -> str:\n"
        '    """Look."""\n    open("begun", "w").close()\n    time.sleep(3)\n    return product\n'
    )
    process = start("run", "stock_value", "--json")
    until((shop / "begun").exists)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert latest()["status"] == "cancelled"


def test_ctrl_c_among_the_cases_reports_those_that_were_done(shop, script, start, latest):
    good = script.answers["writer"]
    script.answers["writer"] = lambda received: (
        good if script.calls.count("writer") == 1 else Answer(text="late", delay_seconds=30)
    )
    process = start("run", "stock_value", "--cases", "--json")
    until(lambda: script.calls.count("writer") == 2)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert [case["case"] for case in json.loads(stdout)["cases"]] == ["assam"]
    assert latest()["status"] == "cancelled"


def test_a_killed_process_leaves_a_run_that_can_be_read(shop, script, start, latest, agentcore):
    script.answers["calculator"] = Answer(text="late", delay_seconds=30)
    process = start("run", "stock_value")
    until(lambda: "calculator" in script.calls)
    time.sleep(0.1)  # what need not be durable is written within milliseconds
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    run = latest()
    assert run["status"] == "running"
    assert {step["id"]: step["status"] for step in run["steps"]}["clerk"] == "succeeded"
    script.answers["calculator"] = Answer(
        tool_calls=(("calculator", '{"expression": "usd_per_box * boxes_in_stock"}'),)
    )
    assert agentcore("run", "stock_value").exit_code == 0


def test_a_journal_that_is_cut_off_is_named_and_never_mended_in_silence(shop, agentcore):
    assert agentcore("run", "stock_value").exit_code == 0
    journal = shop / ".agentcore" / "journal.sqlite"
    whole = journal.read_bytes()
    os.truncate(journal, len(whole) // 2)
    for words in (("runs", "list"), ("runs", "show", "latest"), ("trace", "latest"), ("run", "stock_value")):
        done = agentcore(*words)
        assert done.exit_code == 1, (words, done.output)
        assert done.stderr.splitlines()[-2].startswith("error: the journal"), done.stderr
    assert agentcore("doctor").exit_code == 1


def test_a_journal_whose_event_was_changed_by_hand_is_named(shop, agentcore):
    assert agentcore("run", "stock_value").exit_code == 0
    with sqlite3.connect(shop / ".agentcore" / "journal.sqlite") as connection:
        connection.execute("DELETE FROM events WHERE sequence = 3")
    connection.close()
    done = agentcore("trace", "latest")
    assert done.exit_code == 1
    assert "event 3 is missing" in done.stderr
    assert agentcore("runs", "list").exit_code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_that_cannot_be_written_is_one_error(shop, agentcore):
    assert agentcore("run", "stock_value").exit_code == 0
    for words in (("runs", "list"), ("trace", "latest"), ("run", "stock_value", "--json"), ("schema", "project")):
        with open("/dev/full", "w") as nowhere:  # noqa: PTH123  a device
            done = subprocess.run([AGENTCORE, *words], stdout=nowhere, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.splitlines()[-2:] == [
            "error: cannot write: No space left on device",
            "hint: free some space where the output goes",
        ]


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "2>&- >&-"])
def test_streams_that_are_closed_do_not_stop_a_run(shop, agentcore, closed):
    done = subprocess.run(f"{AGENTCORE} run stock_value {closed}", shell=True, check=False, timeout=40)  # noqa: S602
    assert done.returncode == 0
    assert json.loads(agentcore("runs", "show", "latest", "--json").stdout)["status"] == "succeeded"


def test_a_second_ctrl_c_ends_the_process_at_once(shop, script, start, latest):
    (shop / "shop.py").write_text(
        "import time\n\nfrom agentcore import tool\n\n\n@tool(safety='read')\ndef look_up(product: str) -> str:\n"
        '    """Look."""\n    open("begun", "w").close()\n    time.sleep(60)\n    return product\n'
    )
    process = start("run", "stock_value")
    until((shop / "begun").exists)
    process.send_signal(signal.SIGINT)
    seen(process, "Ctrl-C again")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT
    assert latest()["status"] in {"cancelled", "running"}

"""`agentcore runs export`, `import` and `prune`: old runs leave the store and may come back."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from inline_snapshot import snapshot

from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.surfaces.cli.exit_codes import ExitCode
from agentcore.testing.contracts.archive import record
from agentcore.testing.contracts.journal import begin, go_on

DAY = 86_400.0


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A project's folder with runs that ended 0 to 9 days ago, and one that is open."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "agentcore.yaml").write_text("team: {}\n")

    async def fill():
        journal = SqliteJournal(tmp_path / ".agentcore/journal.sqlite")
        for age in range(10):
            status = "failed" if age % 2 else "succeeded"
            await record(journal, f"age{age}", ended_at=time.time() - age * DAY - 60, status=status)
        await journal.append([begin("open"), go_on("open", 2)], durable=True)
        await journal.aclose()

    asyncio.run(fill())
    return tmp_path


def runs(agentcore):
    return {run["run"] for run in json.loads(agentcore("runs", "list", "--json", "--limit", "100").stdout)}


def test_old_runs_are_deleted_and_the_others_stay(store, agentcore):
    done = agentcore("runs", "prune", "--older-than", "7d")
    assert done.stdout.startswith("deleted 3 runs, 9 events, ")
    assert runs(agentcore) == {"open", *(f"age{age}" for age in range(7))}
    assert agentcore("runs", "prune", "--older-than", "7d").stdout == "deleted no runs, no events, 0 B\n"


def test_a_dry_run_says_which_and_deletes_none(store, agentcore, steady):
    done = agentcore("runs", "prune", "--older-than", "7d", "--dry-run")
    assert steady(done.stdout) == snapshot("""\
age9  2026-11-01 12:00:00  failed  contract
age8  2026-11-01 12:00:00  succeeded  contract
age7  2026-11-01 12:00:00  failed  contract
would delete 3 runs, 9 events, 1.5 kB
""")
    assert len(runs(agentcore)) == 11


def test_statuses_and_the_newest_can_be_spared(store, agentcore):
    agentcore("runs", "prune", "--older-than", "0s", "--status", "failed", "--keep-last", "2")
    assert {run for run in runs(agentcore) if run != "open" and int(run[3:]) % 2} == {"age1", "age3"}
    agentcore("runs", "prune", "--keep-last", "4")
    assert runs(agentcore) == {"open", "age0", "age1", "age2", "age3"}


def test_what_is_pruned_can_be_exported_first_and_comes_back(store, agentcore):
    before = agentcore("trace", "age9", "--json").stdout
    done = agentcore("runs", "prune", "--older-than", "7d", "--export", "old", "--json")
    told = json.loads(done.stdout)
    assert told.pop("bytes") > 300
    assert told == {
        "dry_run": False,
        "runs": 3,
        "events": 9,
        "exported": 3,
        "given_back": told["given_back"],
        "problems": [],
    }
    files = sorted((store / "old").iterdir())
    assert [path.name for path in files] == ["age7.jsonl.gz", "age8.jsonl.gz", "age9.jsonl.gz"]
    assert agentcore("trace", "age9").exit_code == ExitCode.USAGE
    assert agentcore("runs", "import", *files).stdout == "age7  imported\nage8  imported\nage9  imported\n"
    assert agentcore("runs", "import", files[2]).stdout == "age9  is there already\n"
    assert agentcore("trace", "age9", "--json").stdout == before


def test_space_is_given_back(store, agentcore):
    path = store / ".agentcore/journal.sqlite"

    async def fill():
        journal = SqliteJournal(path)
        await record(journal, "large", ended_at=1.0, events=10000)
        await journal.aclose()

    asyncio.run(fill())
    before = path.stat().st_size
    done = agentcore("runs", "prune", "--older-than", "365d", "--compact")
    assert "deleted 1 run, 10000 events" in done.stdout
    assert "back to the system" in done.stdout
    assert path.stat().st_size < before / 4


def test_a_run_is_exported_by_the_beginning_of_its_id(store, agentcore):
    done = agentcore("runs", "export", "age3", "latest", "--out", "out", "--plain")
    assert done.exit_code == ExitCode.FAILED  # the latest is open
    assert done.stdout.startswith("out/age3.jsonl  ")
    assert "run open has not ended" in done.stderr
    assert "agentcore runs cancel open" in done.stderr
    assert [path.name for path in (store / "out").iterdir()] == ["age3.jsonl"]
    assert json.loads((store / "out/age3.jsonl").read_text().splitlines()[0])["run"] == "age3"
    assert "age3" in runs(agentcore)


def test_a_file_that_was_changed_is_refused(store, agentcore):
    agentcore("runs", "export", "age3", "--plain")
    path = store / "age3.jsonl"
    path.write_text(path.read_text().replace('"failed"', '"refused"'))
    done = agentcore("runs", "import", path)
    assert done.exit_code == ExitCode.FAILED
    assert "cut off or has been changed" in done.stderr
    assert "hint: take another copy of it" in done.stderr


def test_a_run_that_cannot_be_exported_is_told_and_stays(store, agentcore):
    (store / "old").mkdir()
    (store / "old/age8.jsonl.gz").write_text("something else")
    done = agentcore("runs", "prune", "--older-than", "7d", "--export", "old")
    assert done.exit_code == ExitCode.FAILED
    assert "age8.jsonl.gz" in done.stderr
    assert "the run stays in the store" in done.stderr
    assert runs(agentcore) >= {"age8"}
    assert not runs(agentcore) & {"age7", "age9"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say which runs are to go: --older-than 30d"),
        (["--older-than", "30"], "'30' is no duration; write a number and a unit: 90s, 15m, 12h, 30d or 4w"),
        (["--older-than", "-1d"], "no duration"),
        (["--older-than", "1d", "--status", "running"], "'running' is not one of 'succeeded'"),
        (["--keep-last", "-1"], "-1 is not in the range"),
    ],
)
def test_wrong_usage_deletes_nothing(store, agentcore, arguments, message):
    done = agentcore("runs", "prune", *arguments)
    assert done.exit_code == ExitCode.USAGE
    assert message in " ".join(done.stderr.split())
    assert len(runs(agentcore)) == 11

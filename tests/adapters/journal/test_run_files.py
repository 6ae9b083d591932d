"""Runs as files: whole or not at all, and nothing changed unseen."""

import asyncio
import gzip
import json
import os

import pytest

from agentcore.adapters.journal import run_files
from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.run_files import RunFiles, file_name
from agentcore.adapters.journal.snapshots import SqlSnapshots
from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.domain.budget import Budget
from agentcore.domain.errors import (
    JournalConflict,
    JournalCorrupt,
    JournalError,
    JournalTooNew,
    JournalUnavailable,
    RunBusy,
    RunNotFound,
)
from agentcore.domain.event import Event, RunFinished, RunStarted
from agentcore.domain.task import Task
from agentcore.testing.contracts.archive import record
from agentcore.testing.contracts.journal import begin, go_on


@pytest.fixture
async def journal(tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db")
    yield journal
    await journal.aclose()


@pytest.fixture
async def other(tmp_path):
    journal = SqliteJournal(tmp_path / "other.db")
    yield journal
    await journal.aclose()


def odd_run(run="odd"):
    """A run with all that JSON makes difficult."""
    task = Task(goal="é\n\u2028 \ud800 {{x}}", tenant="t")
    fact = RunStarted(task=task, name="n", budget=Budget(), agents={}, snapshot="digest", runtime="0")
    return [
        Event(run=run, sequence=1, at=0.1, fact=fact),
        go_on(run, 2, "\x00\ud800\u2028\r\n"),
        Event(
            run=run, sequence=3, at=0.3, fact=RunFinished(status="succeeded", answer={"n": 2**80, "d": [1.5, None]})
        ),
    ]


@pytest.mark.parametrize("name", ["odd.jsonl", "odd.jsonl.gz"])
async def test_a_run_goes_out_and_comes_back_equal_with_its_definitions(journal, other, tmp_path, name):
    await journal.append(odd_run(), durable=True)
    await SqlSnapshots(journal.ask).put("digest", '{"team": "é"}')
    path = tmp_path / "out" / name
    await RunFiles(journal, SqlSnapshots(journal.ask)).export("odd", path)
    files = RunFiles(other, SqlSnapshots(other.ask))
    assert await files.import_(path) == ("odd", "imported")
    assert await files.import_(path) == ("odd", "present")
    assert list(await other.read("odd")) == odd_run()
    assert json.loads(await SqlSnapshots(other.ask).get("digest")) == {"team": "é"}
    assert [run.status for run in await other.list()] == ["succeeded"]
    assert [each.name for each in path.parent.iterdir()] == [name]


async def test_the_lines_can_be_read_by_others(journal, tmp_path):
    await record(journal, "a", ended_at=5.0)
    await RunFiles(journal).export("a", tmp_path / "a.jsonl")
    header, *events, seal = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert (header["kind"], header["format"], header["run"], header["status"]) == (
        "agentcore.run",
        1,
        "a",
        "succeeded",
    )
    assert (header["started_at"], header["ended_at"], header["goal"]) == (0.0, 5.0, "count")
    assert [event["fact"]["kind"] for event in events] == ["run_started", "plan_rejected", "run_finished"]
    assert seal["events"] == 3


async def test_the_same_run_gives_the_same_file_and_one_that_is_there_stays(journal, tmp_path):
    await record(journal, "a", ended_at=5.0)
    files = RunFiles(journal)
    first, second = tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl.gz"
    await files.export("a", first)
    await files.export("a", second)
    assert first.read_bytes() == second.read_bytes()
    before = first.stat().st_ino
    await files.export("a", first)
    assert first.stat().st_ino == before


@pytest.mark.parametrize("there", [b"", b"something else\n", None])
async def test_a_file_of_something_else_is_not_overwritten(journal, tmp_path, there):
    await record(journal, "a", ended_at=5.0)
    await record(journal, "b", ended_at=5.0)
    files = RunFiles(journal)
    path = tmp_path / "b.jsonl"
    if there is None:
        await files.export("a", path)
        there = path.read_bytes()
    path.write_bytes(there)
    with pytest.raises((JournalConflict, JournalCorrupt), match=r"b\.jsonl"):
        await files.export("b", path)
    assert path.read_bytes() == there


async def test_only_runs_that_have_ended_are_exported(journal, tmp_path):
    await journal.append([begin("a"), go_on("a", 2)], durable=True)
    with pytest.raises(RunBusy, match="run a has not ended"):
        await RunFiles(journal).export("a", tmp_path / "a.jsonl")
    with pytest.raises(RunNotFound):
        await RunFiles(journal).export("b", tmp_path / "b.jsonl")
    assert not list(tmp_path.glob("*.jsonl*"))


async def test_any_change_is_detected(journal, other, tmp_path):
    await record(journal, "a", ended_at=5.0, events=5)
    path = tmp_path / "a.jsonl"
    await RunFiles(journal).export("a", path)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    changed = [whole[:end] for end in range(0, len(whole), 7)]
    changed += [b"".join(lines[:n] + lines[n + 1 :]) for n in range(len(lines))]
    changed += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole), 11)]
    changed += [whole + lines[-1], whole + b"\n", lines[0] + lines[2] + lines[1] + b"".join(lines[3:])]
    files = RunFiles(other)
    for content in changed:
        path.write_bytes(content)
        with pytest.raises(JournalError, match=r"a\.jsonl") as caught:
            await files.import_(path)
        assert caught.value.hint
    assert not await other.list()


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
async def test_a_compressed_file_that_is_cut_off(journal, tmp_path, kept):
    await record(journal, "a", ended_at=5.0, events=50)
    path = tmp_path / "a.jsonl.gz"
    await RunFiles(journal).export("a", path)
    os.truncate(path, int(path.stat().st_size * kept))
    with pytest.raises(JournalCorrupt, match="cut off"):
        await RunFiles(journal).import_(path)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"[1]\n[2]\n", JournalCorrupt, "no JSON object"),
        (b"{}\n{}\n", JournalCorrupt, "no exported run"),
        (b"\x80\n", JournalCorrupt, "no JSON|no exported run|ends after"),
        (b"text\n", JournalCorrupt, "ends after its first line"),
        (b'{"kind":"agentcore.run","format":2}\n{}\n', JournalTooNew, "format 2"),
        (b'{"kind":"agentcore.run","format":"x"}\n{}\n', JournalCorrupt, "format is 'x'"),
        (gzip.compress(b"text\ntext\n"), JournalCorrupt, "no exported run"),
        (b"[" * 100_000 + b"\n\n", JournalCorrupt, "no exported run"),
    ],
)
async def test_files_that_are_no_exports(journal, tmp_path, content, error, message):
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(error, match=message):
        await RunFiles(journal).import_(path)


async def test_a_file_that_is_not_there(journal, tmp_path):
    with pytest.raises(JournalUnavailable, match="No such file"):
        await RunFiles(journal).import_(tmp_path / "x.jsonl")
    with pytest.raises(JournalUnavailable, match="directory"):
        await RunFiles(journal).import_(tmp_path)


async def test_another_run_of_that_id_is_left_alone(journal, other, tmp_path):
    await record(journal, "a", ended_at=5.0)
    await record(other, "a", ended_at=6.0)
    await RunFiles(journal).export("a", tmp_path / "a.jsonl")
    with pytest.raises(JournalConflict, match="another run a"):
        await RunFiles(other).import_(tmp_path / "a.jsonl")
    assert (await other.read("a"))[-1].at == 6.0


async def test_two_who_import_at_once(journal, other, tmp_path):
    await record(journal, "a", ended_at=5.0)
    await RunFiles(journal).export("a", tmp_path / "a.jsonl")
    found = await asyncio.gather(*(RunFiles(other).import_(tmp_path / "a.jsonl") for _ in range(5)))
    assert sorted(how for _, how in found) == ["imported", *["present"] * 4]


async def test_a_full_disk_leaves_no_file_and_says_so(journal, tmp_path, monkeypatch):
    await record(journal, "a", ended_at=5.0)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_files.os, "fsync", full)
    with pytest.raises(JournalUnavailable, match="No space left") as caught:
        await RunFiles(journal).export("a", tmp_path / "out" / "a.jsonl")
    assert "space" in caught.value.hint
    assert not list((tmp_path / "out").iterdir())


async def test_what_the_disk_gives_back_is_compared(journal, tmp_path, monkeypatch):
    await record(journal, "a", ended_at=5.0)
    fsync = os.fsync

    def corrupt(opened):
        fsync(opened)
        path = next((tmp_path / "out").glob(".*"))
        path.write_bytes(path.read_bytes().replace(b"a/2", b"a/3"))

    monkeypatch.setattr(run_files.os, "fsync", corrupt)
    with pytest.raises(JournalCorrupt):
        await RunFiles(journal).export("a", tmp_path / "out" / "a.jsonl")
    assert not list((tmp_path / "out").iterdir())


async def test_a_journal_in_memory_is_exported_as_well(other, tmp_path):
    journal = MemoryJournal()
    await record(journal, "a", ended_at=5.0)
    await RunFiles(journal).export("a", tmp_path / "a.jsonl")
    await RunFiles(other).import_(tmp_path / "a.jsonl")
    assert await other.read("a") == await journal.read("a")


@pytest.mark.parametrize("run", ["../../etc/x", ".", "a b\n", "é" * 300, "x" * 500, "a/b", "", "\ud800"])
def test_any_id_makes_a_name_of_its_own(run, tmp_path):
    name = file_name(run)
    assert (tmp_path / name).parent == tmp_path
    assert len(name.encode()) <= 220
    assert not name.startswith(".") or not run
    assert name != file_name(run + "x")


def test_an_ordinary_id_is_its_name():
    assert file_name("1abc") == "1abc.jsonl.gz"
    assert file_name("1abc", compressed=False) == "1abc.jsonl"

"""What only the journal in a file can do wrong."""

import asyncio
import contextlib
import os
import sqlite3
import tempfile
import threading
from pathlib import Path

import pytest
from support.killed import write_until_killed

from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.domain.errors import (
    JournalConflict,
    JournalCorrupt,
    JournalTooNew,
    JournalUnavailable,
    RunNotFound,
)
from agentcore.testing.contracts.journal import JournalContract, begin, end, go_on


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store" / "journal.db"


@pytest.fixture
async def journal(path):
    journal = SqliteJournal(path)
    yield journal
    await journal.aclose()


class TestSqliteJournal(JournalContract):
    @pytest.fixture
    async def journal(self, path):
        journal = SqliteJournal(path)
        yield journal
        await journal.aclose()


def recorded(path):
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT run, sequence FROM events ORDER BY run, sequence").fetchall()
    connection.close()
    return rows


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it did not happen within 5 seconds")


async def test_a_durable_append_takes_earlier_ones_along(journal, path):
    await journal.append([begin("a")], durable=False)
    await journal.append([begin("b")], durable=False)
    await journal.append([go_on("a", 2)], durable=True)
    assert recorded(path) == [("a", 1), ("a", 2), ("b", 1)]


async def test_what_need_not_be_durable_is_written_soon_all_the_same(journal, path):
    await journal.append([begin("a")], durable=True)
    await journal.append([go_on("a", 2)], durable=False)
    await until(lambda: recorded(path) == [("a", 1), ("a", 2)])


async def test_closing_writes_what_waits_and_ends_the_thread(path):
    before = set(threading.enumerate())  # other tests' journals may not have ended yet
    journal = SqliteJournal(path)
    await journal.append([begin("a")], durable=False)
    assert {thread.name for thread in set(threading.enumerate()) - before} == {"journal"}
    await journal.aclose()
    assert recorded(path) == [("a", 1)]
    assert set(threading.enumerate()) <= before
    assert not path.with_name("journal.db-wal").exists()


async def test_a_long_run_comes_back_whole(journal):
    events = [begin("a"), *(go_on("a", sequence) for sequence in range(2, 501))]
    await journal.append(events, durable=True)
    assert list(await journal.read("a")) == events


async def test_an_unused_journal_leaves_no_trace(path):
    await SqliteJournal(path).aclose()
    assert not path.parent.exists()


async def test_the_event_loop_goes_on_while_the_file_is_locked(journal, path):
    await journal.append([begin("a")], durable=True)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    task = asyncio.create_task(journal.append([go_on("a", 2)], durable=True))
    for _ in range(20):
        await asyncio.sleep(0.002)
    assert not task.done()
    other.execute("ROLLBACK")
    other.close()
    await task
    assert recorded(path) == [("a", 1), ("a", 2)]


async def test_a_lock_that_stays_is_reported(path):
    journal = SqliteJournal(path, busy_seconds=0.05)
    await journal.append([begin("a")], durable=True)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalUnavailable, match=r"journal\.db.*locked") as caught:
        await journal.append([go_on("a", 2)], durable=True)
    assert "another process" in caught.value.hint
    assert len(await journal.read("a")) == 1
    other.execute("ROLLBACK")
    other.close()
    await journal.append([go_on("a", 2)], durable=True)
    await journal.aclose()


async def test_two_journals_on_one_file_share_it_run_by_run(journal, path):
    second = SqliteJournal(path)
    await asyncio.gather(journal.append([begin("a")], durable=True), second.append([begin("b")], durable=True))
    await asyncio.gather(*(j.append([go_on(run, 2)], durable=True) for j, run in ((journal, "a"), (second, "b"))))
    assert len(await journal.read("b")) == 2
    await second.append([go_on("a", 3, "theirs")], durable=True)
    with pytest.raises(JournalConflict, match="event 3 is already recorded") as caught:
        await journal.append([go_on("a", 3, "ours")], durable=True)
    assert "another process" in caught.value.hint
    assert (await journal.read("a"))[2] == go_on("a", 3, "theirs")
    await second.aclose()


async def test_a_late_conflict_is_raised_in_its_own_run_only(journal, path):
    second = SqliteJournal(path)
    await journal.append([begin("a")], durable=True)
    await second.append([go_on("a", 2, "theirs")], durable=True)
    await journal.append([go_on("a", 2, "ours")], durable=False)
    await journal.append([begin("b")], durable=True)
    with pytest.raises(JournalConflict, match="event 2"):
        await journal.append([go_on("a", 3)], durable=True)
    await journal.append([go_on("b", 2)], durable=True)
    await second.aclose()


async def test_what_follows_a_late_conflict_names_its_cause(journal, path):
    second = SqliteJournal(path)
    await journal.append([begin("a")], durable=True)
    await second.append([go_on("a", 2, "theirs")], durable=True)
    await journal.append([go_on("a", 2, "ours")], durable=False)
    with pytest.raises(JournalConflict, match="event 2 is already recorded"):
        await journal.append([go_on("a", 3)], durable=True)
    assert len(await journal.read("a")) == 2
    await second.aclose()


async def test_the_fence_holds_for_what_is_already_on_its_way(journal, path):
    second = SqliteJournal(path)
    await journal.append([begin("a")], durable=True)
    await second.append([go_on("a", 2, "theirs")], durable=True)
    appends = [journal.append([go_on("a", n, "ours")], durable=True) for n in range(2, 6)]
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert all(isinstance(result, JournalConflict) for result in results)
    await journal.append([go_on("a", 3, "after reading theirs")], durable=True)
    await second.aclose()


async def test_a_failure_that_its_waiter_did_not_stay_for_is_raised_next(journal, path):
    second = SqliteJournal(path)
    await journal.append([begin("a")], durable=True)
    await second.append([go_on("a", 2, "theirs")], durable=True)
    task = asyncio.create_task(journal.append([go_on("a", 2, "ours")], durable=True))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(JournalConflict, match="event 2"):
        await journal.append([go_on("a", 3)], durable=True)
    await journal.append([go_on("a", 3)], durable=True)
    await second.aclose()


async def test_closing_raises_what_nobody_has_seen(path):
    journal = SqliteJournal(path)
    await journal.append([begin("a")], durable=True)
    await journal.append([go_on("a", 5)], durable=False)
    with pytest.raises(JournalConflict, match="event 5 does not follow"):
        await journal.aclose()
    await journal.aclose()


async def test_a_full_disk_fails_the_append_and_no_more(journal):
    await journal.append([begin("a")], durable=True)

    def set_pages(limit):
        return lambda store: store._connection.execute(f"PRAGMA max_page_count = {limit}").fetchone()

    await journal.ask(set_pages(40))
    big = "x" * 20_000
    written = 1

    async def fill():
        nonlocal written
        while True:
            await journal.append([go_on("a", written + 1, big)], durable=True)
            written += 1

    with pytest.raises(JournalUnavailable, match="full") as caught:
        await fill()
    assert "space" in caught.value.hint
    assert len(await journal.read("a")) == written
    results = await asyncio.gather(
        *(journal.append([begin(run), go_on(run, 2, big)], durable=True) for run in "bcd"), return_exceptions=True
    )
    assert all(isinstance(result, JournalUnavailable) for result in results)
    await journal.append([go_on("a", written + 1, big)], durable=False)
    with pytest.raises(JournalUnavailable, match="full"):
        await journal.read("a")
    await journal.ask(set_pages(100_000))
    await journal.append([go_on("a", written + 1, big), end("a", written + 2)], durable=True)
    assert len(await journal.read("a")) == written + 2


async def test_a_file_that_is_no_database(path):
    path.parent.mkdir()
    path.write_bytes(b"this is not a journal at all, but some text" * 100)
    journal = SqliteJournal(path)
    with pytest.raises(JournalCorrupt, match=str(path)) as caught:
        await journal.append([begin("a")], durable=True)
    assert "backup" in caught.value.hint
    await journal.aclose()


async def test_a_database_of_something_else_is_left_alone(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE events (x)")
    other.close()
    journal = SqliteJournal(path)
    with pytest.raises(JournalCorrupt, match="not a journal"):
        await journal.list()
    await journal.aclose()
    assert recorded_tables(path) == ["events"]


def recorded_tables(path):
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name FROM sqlite_schema").fetchall()
    connection.close()
    return [row[0] for row in rows]


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7])
async def test_a_truncated_file(path, kept):
    journal = SqliteJournal(path)
    for run in "abcdef":
        await journal.append([begin(run), *(go_on(run, n, "x" * 3000) for n in range(2, 12))], durable=True)
    await journal.aclose()
    os.truncate(path, int(path.stat().st_size * kept))
    journal = SqliteJournal(path)
    with pytest.raises(JournalCorrupt, match=str(path)):
        await asyncio.gather(*(journal.read(run) for run in "abcdef"))
    await journal.aclose()


async def test_an_empty_file_becomes_a_journal(journal, path):
    path.parent.mkdir()
    path.touch()
    with pytest.raises(RunNotFound):
        await journal.read("a")
    await journal.append([begin("a")], durable=True)


async def test_a_journal_of_a_later_version(path):
    journal = SqliteJournal(path)
    await journal.append([begin("a")], durable=True)
    await journal.aclose()
    execute(path, "PRAGMA user_version = 99")
    journal = SqliteJournal(path)
    with pytest.raises(JournalTooNew, match="version 99"):
        await journal.read("a")
    await journal.aclose()


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        ("""UPDATE events SET fact = '{"kind":"moon_landing"}'""", JournalCorrupt, "run a, event 2.*moon_landing"),
        ("UPDATE events SET fact = '{\"kind\":'", JournalCorrupt, "run a, event 2"),
        ("UPDATE events SET fact = '[1]'", JournalCorrupt, "run a, event 2"),
        ("UPDATE events SET fact = x'80'", JournalCorrupt, "run a, event 2"),
        ("UPDATE events SET fact = json_remove(fact, '$.problems')", JournalCorrupt, "run a, event 2.*problems"),
        ("UPDATE events SET fact = json_set(fact, '$.x', 1)", JournalCorrupt, "run a, event 2.*'x'"),
        ("UPDATE events SET fact = json_set(fact, '$.proposal', 1)", JournalCorrupt, r"run a, event 2.*proposal"),
        ("UPDATE events SET fact = CAST(x'80' AS TEXT)", JournalCorrupt, "journal.db is damaged"),
        ("UPDATE events SET at = 'noon'", JournalCorrupt, "run a, event 2"),
        ("UPDATE events SET schema = 'x'", JournalCorrupt, "run a, event 2"),
        ("UPDATE events SET schema = 3", JournalTooNew, "run a, event 2"),
        ("DELETE FROM events", JournalCorrupt, "run a: event 2 is missing"),
    ],
)
async def test_a_row_that_cannot_be_read(path, statement, error, message):
    journal = SqliteJournal(path)
    await journal.append([begin("a"), go_on("a", 2), go_on("a", 3)], durable=True)
    await journal.aclose()
    execute(path, f"{statement} WHERE sequence = 2")
    journal = SqliteJournal(path)
    with pytest.raises(error, match=message):
        await journal.read("a")
    await journal.aclose()


def execute(path, statement):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("place", ["file/journal.db", "folder"])
async def test_a_path_that_cannot_be_opened(tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    journal = SqliteJournal(tmp_path / place)
    with pytest.raises(JournalUnavailable, match=place) as caught:
        await journal.append([begin("a")], durable=True)
    assert caught.value.hint
    await journal.aclose()


@pytest.fixture
def outside():
    """A folder that everybody can reach; pytest's own is closed to all but its owner."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextlib.contextmanager
def an_ordinary_user():
    """Give up root's power to write everywhere, if it is there."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("place", ["journal.db", "store/journal.db"])
async def test_a_folder_that_is_read_only(outside, place):
    folder = outside / "folder"
    folder.mkdir(mode=0o555)
    journal = SqliteJournal(folder / place)
    with an_ordinary_user(), pytest.raises(JournalUnavailable, match="folder") as caught:
        await journal.append([begin("a")], durable=True)
    assert "folder" in caught.value.hint
    await journal.aclose()


async def test_a_journal_that_is_read_only(outside):
    path = outside / "journal.db"
    journal = SqliteJournal(path)
    await journal.append([begin("a")], durable=True)
    await journal.aclose()
    path.chmod(0o444)
    outside.chmod(0o555)
    journal = SqliteJournal(path)
    with an_ordinary_user(), pytest.raises(JournalUnavailable, match="readonly") as caught:
        await journal.append([go_on("a", 2)], durable=True)
    assert "writable" in caught.value.hint
    await journal.aclose()
    outside.chmod(0o755)


async def test_a_journal_recovers_once_its_path_does(tmp_path):
    path = tmp_path / "store"
    path.mkdir()
    journal = SqliteJournal(path)
    with pytest.raises(JournalUnavailable):
        await journal.append([begin("a")], durable=True)
    path.rmdir()
    await journal.append([begin("a")], durable=True)
    assert len(await journal.read("a")) == 1
    await journal.aclose()


@pytest.mark.parametrize("lines", [1, 40, 300])
async def test_a_killed_process_leaves_a_prefix_with_all_that_was_durable(path, lines):
    acknowledged = write_until_killed(str(path), lines)
    journal = SqliteJournal(path)
    summaries = {summary.run: summary.events for summary in await journal.list()}
    assert acknowledged.keys() <= summaries.keys()
    for run, count in summaries.items():
        events = await journal.read(run)
        assert [event.sequence for event in events] == list(range(1, count + 1))
        assert count >= acknowledged.get(run, 1)
        await journal.append([end(run, count + 1)], durable=True)
    await journal.aclose()

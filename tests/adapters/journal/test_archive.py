"""Runs that have ended leave the store: what only the SQL store can do wrong."""

import sqlite3

import pytest

from agentcore.adapters.journal.archive import SqlArchive
from agentcore.adapters.journal.inbox import SqlInbox
from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_archive import MemoryArchive
from agentcore.adapters.journal.snapshots import SqlSnapshots
from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.adapters.journal.sqlite_space import SqliteSpace
from agentcore.domain.approval import Approval
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.budget import Budget
from agentcore.domain.errors import JournalUnavailable
from agentcore.domain.event import ApprovalRequested, Event, Lineage, RunFinished, RunStarted
from agentcore.domain.task import Task
from agentcore.testing.contracts.archive import ArchiveContract, record
from agentcore.testing.contracts.journal import begin, go_on


class TestMemoryArchive(ArchiveContract):
    @pytest.fixture
    def journal(self):
        return MemoryJournal()

    @pytest.fixture
    def archive(self, journal):
        return MemoryArchive(journal)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path):
    journal = SqliteJournal(path)
    yield journal
    await journal.aclose()


@pytest.fixture
def archive(journal):
    return SqlArchive(journal.ask, space=SqliteSpace(journal.ask))


class TestSqlArchive(ArchiveContract):
    @pytest.fixture
    def journal(self, journal):
        return journal

    @pytest.fixture
    def archive(self, archive):
        return archive


def started(run, snapshot, lineage=None):
    fact = RunStarted(
        task=Task(goal="g"), name="n", budget=Budget(), agents={}, snapshot=snapshot, runtime="0", lineage=lineage
    )
    return Event(run=run, sequence=1, at=0.0, fact=fact)


def finished(run, sequence, at=1.0):
    return Event(run=run, sequence=sequence, at=at, fact=RunFinished(status="succeeded", answer=None))


async def test_a_run_goes_with_its_questions(journal, archive):
    inbox = SqlInbox(journal.ask)
    for run in ("a", "b"):
        asked = Approval(
            id=f"q-{run}",
            subject="output",
            step="s",
            attempt=1,
            agent="clerk",
            name="clerk",
            value={},
            reason="",
            rule=ApprovalRule(),
            asked_at=0.0,
        )
        events = [begin(run), Event(run=run, sequence=2, at=0.0, fact=ApprovalRequested(approval=asked))]
        await journal.append(events, durable=True)
    await journal.append([finished("a", 3)], durable=True)
    assert (await archive.delete(["a", "b"])).runs == 1
    assert [each.run for each in await inbox.approvals()] == ["b"]


async def test_definitions_go_when_no_run_refers_to_them_and_none_is_about_to(journal, archive):
    now = 0.0
    snapshots = SqlSnapshots(journal.ask, now=lambda: now)
    for digest in ("of a", "of b", "of none"):
        await snapshots.put(digest, "{}")
    await journal.append([started("a", "of a"), finished("a", 2)], durable=True)
    await journal.append([started("b", "of b"), finished("b", 2)], durable=True)
    now = 50.0
    await snapshots.put("of none", "{}")  # a runtime is open on it
    assert await archive.forget_snapshots(20.0) == 0
    await archive.delete(["a"])
    assert await archive.forget_snapshots(0.0) == 0
    assert await archive.forget_snapshots(20.0) == 1
    assert [await snapshots.get(each) for each in ("of a", "of b", "of none")] == [None, "{}", "{}"]
    assert await archive.forget_snapshots(100.0) == 1


async def test_a_fork_outlives_its_origin(journal, archive):
    await record(journal, "origin", ended_at=1.0)
    lineage = Lineage(run="origin", step="s", events=2)
    fork = [started("fork", "", lineage), go_on("fork", 2), finished("fork", 3, at=9.0)]
    await journal.append(fork, durable=True)
    assert (await archive.delete(["origin"])).runs == 1
    assert list(await journal.read("fork")) == fork


async def test_a_deletion_that_fails_has_deleted_nothing(journal, archive):
    await record(journal, "a", ended_at=1.0)
    await journal.ask(
        lambda store: store.change(
            "CREATE TRIGGER refuse BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'not that'); END"
        )
    )
    with pytest.raises(JournalUnavailable, match="not that"):
        await archive.delete(["a"])
    assert len(await journal.read("a")) == 3
    assert len(await archive.ended(before=9.0)) == 1


async def test_the_oldest_are_found_without_looking_at_all_runs(journal, archive):
    await record(journal, "a", ended_at=1.0)
    asked = []
    seen = SqlArchive(lambda ask: journal.ask(lambda store: ask(Spy(store, asked))))
    await seen.ended(before=9.0, keep_last=1)
    await seen.ended(before=9.0)
    await seen.forget_snapshots(9.0)
    plans = [row[3] for sql, parameters in asked for row in await journal.ask(explained(sql, parameters))]
    assert not [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan and "snapshots" not in plan]


class Spy:
    def __init__(self, store, asked):
        self.store, self.asked = store, asked

    def rows(self, sql, parameters=()):
        self.asked.append((sql, parameters))
        return self.store.rows(sql, parameters)

    def change_all(self, statements):
        self.asked += statements
        return self.store.change_all(statements)


def explained(sql, parameters):
    return lambda store: store.rows(f"EXPLAIN QUERY PLAN {sql}", parameters)


async def test_the_file_shrinks_in_parts_and_keeps_a_reserve(journal, archive, path):
    for number in range(30):
        await record(journal, f"r{number:02}", ended_at=1.0, events=300)
    pages = await journal.ask(lambda store: store.rows("PRAGMA page_count"))
    await archive.delete([f"r{number:02}" for number in range(29)])
    some = await archive.compact(everything=False)
    reserve = (await journal.ask(lambda store: store.rows("PRAGMA freelist_count")))[0][0]
    assert some > 0
    assert 0 < reserve <= pages[0][0] / 4
    assert await archive.compact(everything=True) >= reserve * 4096
    assert (await journal.ask(lambda store: store.rows("PRAGMA freelist_count")))[0][0] == 0
    assert path.stat().st_size < pages[0][0] * 4096 / 4
    assert path.with_name("journal.db-wal").stat().st_size == 0
    assert len(await journal.read("r29")) == 300


async def test_a_file_of_the_first_version_is_brought_forward_and_can_be_compacted(tmp_path):
    path = tmp_path / "old.db"
    old = SqliteJournal(path)
    await record(old, "a", ended_at=5.0, events=300)
    await record(old, "b", ended_at=7.0)
    await old.append([begin("c")], durable=True)
    await old.aclose()
    make_first_version(path)
    journal = SqliteJournal(path)
    archive = SqlArchive(journal.ask, space=SqliteSpace(journal.ask))
    assert [(run.run, run.ended_at) for run in await archive.ended(before=9.0)] == [("a", 5.0), ("b", 7.0)]
    await archive.delete(["a"])
    assert await archive.compact(everything=False) == 0
    assert await archive.compact(everything=True) > 0
    assert (await journal.ask(lambda store: store.rows("PRAGMA auto_vacuum")))[0][0] == 2
    assert len(await journal.read("b")) == 3
    assert [run.run for run in await journal.list(status="running")] == ["c"]
    await journal.aclose()


def make_first_version(path):
    """Make a file as the first version wrote it, of one of today's."""
    connection = sqlite3.connect(path, isolation_level=None)
    for index in (
        "runs_newest_by_status",
        "runs_ended",
        "runs_snapshot",
        "runs_cancelled",
        "runs_unqueued",
        "runs_principal",
    ):
        connection.execute(f"DROP INDEX {index}")
    audit = ("audit", "audit_heads", "audit_subjects", "audit_checkpoints", "audit_holds")
    for table in ("approvals", "snapshots", "responses", "live_states", "live_claims", *audit):
        connection.execute(f"DROP TABLE {table}")
    for column in ("owner", "epoch", "cancel", "queued", "ended_at", "snapshot", "principal"):
        connection.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    connection.execute("PRAGMA user_version = 1")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA auto_vacuum = NONE")
    connection.execute("VACUUM")
    connection.close()

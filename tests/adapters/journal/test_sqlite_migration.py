"""Stores of earlier versions are brought forward with all that is in them; those of later ones are left alone.

`store_version_1.sql` was written by the last commit with tables of version 1 and events of form 1: a run that has
ended, and three whose process died: after planning, in an unsafe call, and after it.
"""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.desk import ADDER, BOSS, FINDER, WRITER, engine, plan
from support.outside import Outside, Post

from agentcore.adapters.journal.inbox import SqlInbox
from agentcore.adapters.journal.snapshots import SqlSnapshots
from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.adapters.journal.tables import MIGRATIONS, VERSION
from agentcore.app.audit import verify_store
from agentcore.app.store import sqlite_store
from agentcore.app.subjects import Subjects
from agentcore.domain.agent import Check, Verification
from agentcore.domain.approval import Ruling
from agentcore.domain.effect import Safety
from agentcore.domain.errors import JournalCorrupt, JournalTooNew, RunBusy
from agentcore.domain.event import EffectReused, VerdictReached
from agentcore.domain.ids import ToolName
from agentcore.domain.run import Run
from agentcore.domain.trace import trace
from agentcore.testing.contracts.journal import begin, end, go_on
from agentcore.testing.scripted import Call, ScriptedModel

DUMP = Path(__file__).with_name("store_version_1.sql")
ENDED, PLANNED, IN_CALL, AFTER_CALL = (f"id-{number:06}" for number in (1, 2, 3, 4))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(DUMP.read_text(encoding="utf-8"))
    connection.close()
    return path


@pytest.fixture
async def journal(path):
    journal = SqliteJournal(path)
    yield journal
    await journal.aclose()


def rows(path, sql="SELECT run, sequence, at, schema, fact FROM events ORDER BY run, sequence"):
    connection = sqlite3.connect(path)
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


async def test_no_event_is_lost_or_changed(path):
    before = rows(path)
    journal = SqliteJournal(path)
    assert [summary.run for summary in await journal.list()] == [AFTER_CALL, IN_CALL, PLANNED, ENDED]
    await journal.aclose()
    assert rows(path) == before
    assert rows(path, "PRAGMA user_version") == [(VERSION,)]


async def test_runs_are_listed_read_and_shown(journal):
    listed = {summary.run: (summary.status, summary.events, summary.goal) for summary in await journal.list()}
    assert listed == {
        ENDED: ("succeeded", 19, "go é"),
        PLANNED: ("running", 4, "go é"),
        IN_CALL: ("running", 8, "go é"),
        AFTER_CALL: ("running", 9, "go é"),
    }
    for run in listed:
        assert trace(await journal.read(run)).step("plan").status == "succeeded"
    assert Run.fold(await journal.read(ENDED)).answer == "Done."
    assert [summary.run for summary in await journal.list(status="succeeded")] == [ENDED]


async def test_what_the_new_version_needs_is_there(journal):
    inbox = SqlInbox(journal.ask)
    assert await inbox.approvals() == []
    assert sorted((await inbox.attention(0.0)).running) == [(PLANNED, ""), (IN_CALL, ""), (AFTER_CALL, "")]
    await SqlSnapshots(journal.ask).put("a", "{}")
    await journal.append([begin("new"), go_on("new", 2), end("new", 3)], durable=True)
    assert (await journal.list(limit=1, status="succeeded"))[0].run in {"new", ENDED}


GOOD = Verification(checks=(Check(name="regex", options={"pattern": "^good"}),))


def process(journal, post, *, pattern="found", safety=Safety.UNSAFE):
    post.name, post.safety = "echo", safety
    finder = replace(FINDER, tools=(ToolName("echo"),), verification=GOOD if pattern == "good" else Verification())
    turns = []

    def answer(request):
        system, last = request.messages[0].content, request.messages[-1]
        if system.startswith("Plan."):
            return plan("finder")
        if system.startswith("Find."):
            if last.role == "user":
                return Call("echo", {"text": "hi"})
            turns.append(last.content)
            return f"good {last.content}" if pattern == "found" or len(turns) > 1 else "bad"
        return "Done."

    return engine(
        {"m": ScriptedModel(answer)},
        agents=(BOSS, finder, ADDER, WRITER),
        tools=[post],
        journal=journal,
        inbox=SqlInbox(journal.ask),
    )


@pytest.mark.parametrize("run", [PLANNED, AFTER_CALL])
async def test_an_unfinished_run_goes_on(journal, run):
    post = Post(Outside())
    async with process(journal, post) as running:
        ended = await (await running.resume(run)).result()
    assert (ended.status, ended.answer) == ("succeeded", "Done.")
    assert "Error" not in ended.steps["finder"].output
    assert len(post.outside.received) == (run == PLANNED), "a call with a recorded outcome was made again"
    assert trace(await journal.read(run)).run.status == "succeeded"


@pytest.mark.parametrize("verb", ["respond", "approve"])
async def test_a_person_is_asked_about_a_call_of_unknown_outcome(journal, verb):
    post = Post(Outside())
    async with process(journal, post) as running:
        parked = await (await running.resume(IN_CALL)).result()
        assert parked.status == "waiting"
        (asked,) = parked.asked
        assert (asked.subject, asked.key) == ("outcome", f"{IN_CALL}/1/finder/1/finder/tool.1")
        await SqlInbox(journal.ask).rule(asked.id, Ruling(verb=verb, actor="ann", value="there"))
        ended = await (await running.resume(IN_CALL)).result()
    assert ended.status == "succeeded"
    assert list(post.outside.received) == ([asked.key] if verb == "approve" else [])


async def test_an_idempotent_call_is_repeated_with_the_key_that_the_outside_knows(path):
    with sqlite3.connect(path) as connection:
        connection.execute("""UPDATE events SET fact = replace(fact, '"safety":"unsafe"', '"safety":"idempotent"')""")
    connection.close()
    journal, post = SqliteJournal(path), Post(Outside())
    async with process(journal, post, safety=Safety.IDEMPOTENT) as running:
        assert (await (await running.resume(IN_CALL)).result()).status == "succeeded"
    await journal.aclose()
    assert post.outside.received == {f"{IN_CALL}/1/finder/1/finder/tool.1": 1}


async def test_a_later_attempt_finds_the_receipt_of_the_first_version(journal):
    post = Post(Outside())
    async with process(journal, post, pattern="good") as running:
        ended = await (await running.resume(AFTER_CALL)).result()
    assert ended.status == "succeeded"
    assert ended.steps["finder"].attempt == 2
    assert not post.outside.received, "an unsafe call that happened was made again"
    facts = [event.fact for event in await journal.read(AFTER_CALL)]
    assert sum(isinstance(fact, EffectReused) for fact in facts) == 1
    assert [fact.verdict.accepted for fact in facts if isinstance(fact, VerdictReached)] == [False, True, True]


async def test_two_that_open_it_at_once_bring_it_forward_once(path):
    journals = [SqliteJournal(path) for _ in range(4)]
    listed = await asyncio.gather(*(journal.list() for journal in journals))
    assert {len(runs) for runs in listed} == {4}
    for journal in journals:
        await journal.aclose()
    assert rows(path, "PRAGMA user_version") == [(VERSION,)]


async def test_a_new_file_has_the_same_tables_as_one_brought_forward(journal, path, tmp_path):
    new = SqliteJournal(tmp_path / "new.db")
    await new.list()
    await journal.list()
    await new.aclose()
    sql = "SELECT name, sql FROM sqlite_schema ORDER BY name"
    assert rows(tmp_path / "new.db", sql) == rows(path, sql)
    for pragma in ("user_version", "application_id"):
        assert rows(tmp_path / "new.db", f"PRAGMA {pragma}") == rows(path, f"PRAGMA {pragma}")


@pytest.mark.parametrize("after", range(len(MIGRATIONS[2])))
def test_a_crash_in_the_middle_leaves_the_old_version_and_the_next_one_goes_on(path, after):
    """By a process that kills itself after so many statements of the migration."""
    before = rows(path)
    process = subprocess.run([sys.executable, "-c", KILLED, str(path), str(after)], check=False)
    assert process.returncode == -signal.SIGKILL
    assert rows(path, "PRAGMA user_version") == [(1,)]
    assert rows(path) == before

    async def open_it():
        journal = SqliteJournal(path)
        assert len(await journal.list()) == 4
        await journal.aclose()

    asyncio.run(open_it())
    assert rows(path, "PRAGMA user_version") == [(VERSION,)]
    assert rows(path) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from agentcore.adapters.journal import store

class Dying(tuple):
    def __iter__(self):
        for number, statement in enumerate(tuple.__iter__(self)):
            if number == int(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
            yield statement

store.MIGRATIONS = {version: Dying(statements) for version, statements in store.MIGRATIONS.items()}
store.JournalStore(Path(sys.argv[1]), busy_seconds=5.0)
"""


async def test_a_migration_that_fails_leaves_the_old_version(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE snapshots (mine TEXT)")  # the last one that the migration makes
    connection.close()
    before = rows(path), rows(path, "SELECT name FROM sqlite_schema")
    journal = SqliteJournal(path)
    with pytest.raises(Exception, match="snapshots"):
        await journal.list()
    await journal.aclose()
    assert rows(path, "PRAGMA user_version") == [(1,)]
    assert (rows(path), rows(path, "SELECT name FROM sqlite_schema")) == before


async def test_a_store_of_a_later_version_is_not_touched(path):
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = rows(path)
    journal = SqliteJournal(path)
    for ask in (journal.list, SqlInbox(journal.ask).approvals, lambda: journal.append([begin("a")], durable=True)):
        with pytest.raises(JournalTooNew, match=f"has version {VERSION + 1}") as caught:
            await ask()
        assert "later one" in caught.value.hint
    await journal.aclose()
    assert (rows(path), rows(path, "PRAGMA user_version")) == (before, [(VERSION + 1,)])


@pytest.mark.parametrize(
    "planted",
    [
        b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.",
        "cposix\nsystem\n(S'touch planted'\ntR.",
        " cposix\nsystem\n(S'touch planted'\ntR.",
        "!!python/object/apply:os.system ['touch planted']",
        '{"kind": "run_started", "py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["touch planted"]}]}',
    ],
)
async def test_what_is_planted_in_a_journal_is_not_executed(path, tmp_path, monkeypatch, planted):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "system", lambda _: pytest.fail("it was executed"))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET fact = ? WHERE run = ? AND sequence = 3", (planted, IN_CALL))
    connection.close()
    journal = SqliteJournal(path)
    with pytest.raises(JournalCorrupt, match=f"run {IN_CALL}, event 3"):
        await journal.read(IN_CALL)
    async with process(journal, Post(Outside())) as running:
        with pytest.raises(JournalCorrupt):
            await running.resume(IN_CALL)
        assert (await (await running.resume(PLANNED)).result()).status == "succeeded"
    await journal.aclose()
    assert not (tmp_path / "planted").exists()


async def test_whose_old_runs_are_is_known_when_it_is_asked(path):
    store = sqlite_store(path)
    assert await store.subjects.runs("local") == []
    await store.subjects.fill()
    assert [(each.run, each.status) for each in await store.subjects.runs("local")] == [
        (ENDED, "succeeded"),
        (PLANNED, "running"),
        (IN_CALL, "running"),
        (AFTER_CALL, "running"),
    ]
    with pytest.raises(RunBusy, match=PLANNED):
        await Subjects(store, actor="dpo", reason="").erase("local")
    await store.aclose()


async def test_an_old_run_that_goes_on_is_in_the_audit_of_its_user(path):
    store = sqlite_store(path)
    async with process(store.journal, Post(Outside())) as running:
        await (await running.resume(PLANNED)).result()
    (tenant,) = await store.audit.heads()
    assert list((await store.audit.names(tenant)).values()) == ["local"]
    assert [each.fault for each in await verify_store(store.audit)] == [None]
    await store.aclose()

"""Both inboxes by their contract, and what only one in a file can do wrong."""

import asyncio
import sqlite3

import pytest

from agentcore.adapters.journal.inbox import SqlInbox
from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.adapters.journal.snapshots import SqlSnapshots
from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.domain.errors import ApprovalError, JournalCorrupt
from agentcore.domain.event import ApprovalRequested, Event
from agentcore.testing.contracts.inbox import InboxContract, question, ruling
from agentcore.testing.contracts.journal import begin
from agentcore.testing.contracts.snapshots import SnapshotsContract


class TestMemoryInbox(InboxContract):
    @pytest.fixture
    async def journal(self):
        return MemoryJournal()

    @pytest.fixture
    async def inbox(self, journal):
        return MemoryInbox(journal)


@pytest.fixture
async def journal(tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db")
    yield journal
    await journal.aclose()


class TestSqlInbox(InboxContract):
    @pytest.fixture
    async def inbox(self, journal):
        return SqlInbox(journal.ask)


class TestSqlSnapshots(SnapshotsContract):
    @pytest.fixture
    async def snapshots(self, journal):
        return SqlSnapshots(journal.ask)


async def asked(journal, *ids):
    facts = [ApprovalRequested(approval=question(id)) for id in ids]
    events = [Event(run="r", sequence=number, at=1.0, fact=fact) for number, fact in enumerate(facts, start=2)]
    await journal.append([begin("r"), *events], durable=True)


async def test_a_decision_is_there_for_another_process_at_once(journal, tmp_path):
    await asked(journal, "r.1")
    await SqlInbox(journal.ask).rule("r.1", ruling())
    other = SqliteJournal(tmp_path / "journal.db")
    assert (await SqlInbox(other.ask).attention(0.0)).ruled == ["r"]
    with pytest.raises(ApprovalError, match="ann chose to approve"):
        await SqlInbox(other.ask).rule("r.1", ruling("reject", actor="bob"))
    await other.aclose()


async def test_of_two_processes_that_decide_at_once_one_is_heard(journal, tmp_path):
    await asked(journal, *(f"r.{number}" for number in range(20)))
    other = SqliteJournal(tmp_path / "journal.db")
    inboxes = (SqlInbox(journal.ask), SqlInbox(other.ask))
    for number in range(20):
        results = await asyncio.gather(
            *(inbox.rule(f"r.{number}", ruling(actor=f"a{n}")) for n, inbox in enumerate(inboxes)),
            return_exceptions=True,
        )
        assert sum(isinstance(result, ApprovalError) for result in results) == 1
    await other.aclose()


async def test_a_store_notices_what_another_process_has_decided(journal, tmp_path):
    await asked(journal, "r.1")
    await journal.changed()
    assert not await journal.changed()
    other = SqliteJournal(tmp_path / "journal.db")
    await SqlInbox(other.ask).rule("r.1", ruling())
    await other.aclose()
    assert await journal.changed()
    assert not await journal.changed()


PLANTED = [
    b"\x80\x04\x95cposix\nsystem\n",
    "cposix\nsystem\n(S'touch planted'\ntR.",
    "!!python/object/apply:os.system ['touch planted']",
    '{"py/object": "os.system"}',
    "[1, 2]",
    "",
]


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("column", ["question", "ruling"])
async def test_what_is_planted_in_the_inbox_is_not_executed(tmp_path, monkeypatch, planted, column):
    monkeypatch.chdir(tmp_path)
    journal = SqliteJournal(tmp_path / "journal.db")
    await asked(journal, "r.1", "r.2")
    await SqlInbox(journal.ask).rule("r.1", ruling())
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute(f"UPDATE approvals SET {column} = ? WHERE id = 'r.1'", (planted,))  # noqa: S608  # one of two names
    connection.close()
    inbox = SqlInbox(journal.ask)
    with pytest.raises(JournalCorrupt, match="cannot be read"):
        await inbox.approval("r.1")
    assert [record.approval.id for record in await inbox.approvals()] == ["r.2"], "it holds up no other"
    await journal.aclose()
    assert not (tmp_path / "planted").exists()

"""Both caches of replies by their contract, and what becomes of entries whose run or user goes."""

from __future__ import annotations

import sqlite3

import pytest

from agentcore.adapters.journal.archive import SqlArchive
from agentcore.adapters.journal.memory_responses import MemoryResponses
from agentcore.adapters.journal.responses import SqlResponses
from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.domain.errors import JournalCorrupt
from agentcore.testing.contracts.journal import begin, end
from agentcore.testing.contracts.response_cache import ResponseCacheContract, cached_reply


class TestMemoryResponses(ResponseCacheContract):
    @pytest.fixture
    async def responses(self):
        return MemoryResponses()


@pytest.fixture
async def journal(tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db")
    yield journal
    await journal.aclose()


class TestSqlResponses(ResponseCacheContract):
    @pytest.fixture
    async def responses(self, journal):
        return SqlResponses(journal.ask)


async def test_another_process_finds_what_was_put(journal, tmp_path):
    await SqlResponses(journal.ask).put(cached_reply("k"), most_entries=10)
    other = SqliteJournal(tmp_path / "journal.db")
    assert list(await SqlResponses(other.ask).find(key="k", now=100.0)) == [cached_reply("k")]
    await other.aclose()


async def test_a_run_that_is_pruned_takes_its_replies_along(journal):
    responses = SqlResponses(journal.ask)
    await journal.append([begin("gone"), end("gone", 2)], durable=True)
    await journal.append([begin("open")], durable=True)
    for run in ("gone", "open"):
        await responses.put(cached_reply(run, run=run), most_entries=10)
    assert (await SqlArchive(journal.ask).delete(["gone", "open"])).runs == 1
    assert [bool(await responses.find(key=key, now=100.0)) for key in ("gone", "open")] == [False, True]


async def test_an_entry_that_cannot_be_read_is_told(journal, tmp_path):
    responses = SqlResponses(journal.ask)
    await responses.put(cached_reply("k"), most_entries=10)
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("UPDATE responses SET entry = '{}'")
    connection.commit()
    connection.close()
    with pytest.raises(JournalCorrupt, match="cachedreply cannot be read"):
        await responses.find(key="k", now=100.0)

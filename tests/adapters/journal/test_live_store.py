"""What processes tell each other of models and tools, in SQLite and in memory; test_postgres_beside has PostgreSQL."""

from __future__ import annotations

import sqlite3

import pytest

from agentcore.adapters.journal.live_codec import decode, encode
from agentcore.adapters.journal.live_store import SqlLiveStore
from agentcore.adapters.journal.memory_live_store import MemoryLiveStore
from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.testing.contracts.live_store import LiveStoreContract, seen


@pytest.fixture
async def journal(tmp_path):
    journal = SqliteJournal(tmp_path / "j.sqlite")
    yield journal
    await journal.aclose()


class TestSqliteLiveStore(LiveStoreContract):
    @pytest.fixture
    def live_store(self, journal):
        return SqlLiveStore(journal.ask)


class TestMemoryLiveStore(LiveStoreContract):
    @pytest.fixture
    def live_store(self):
        return MemoryLiveStore()


async def test_what_another_version_has_told_is_left_out(journal, tmp_path):
    store = SqlLiveStore(journal.ask)
    await store.publish("s", "a", seen(1), now=1.0)
    await store.publish("s", "b", seen(1), now=2.0)
    with sqlite3.connect(tmp_path / "j.sqlite") as connection:
        connection.execute("UPDATE live_states SET state = ? WHERE owner = 'b'", ('{"v": 99}',))
    connection.close()
    assert [each.owner for each in await store.others("s", "x", since=0.0, limit=9)] == ["a"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"v":1}', '{"v":1,"tallies":[[1]],"models":[],"tools":[]}', "nul"])
def test_what_cannot_be_read_counts_as_nothing(text):
    assert decode(text) is None


def test_a_state_is_small():
    assert len(encode(seen(500))) < 4_000

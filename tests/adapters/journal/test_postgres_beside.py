"""What stands beside a journal in PostgreSQL, by the same contracts as in SQLite and in memory."""

from __future__ import annotations

import pytest
from support.postgres import new_database

from agentcore.adapters.journal.archive import SqlArchive
from agentcore.adapters.journal.inbox import UNQUEUED_SECONDS, SqlInbox
from agentcore.adapters.journal.live_store import SqlLiveStore
from agentcore.adapters.journal.postgres import PostgresJournal
from agentcore.adapters.journal.responses import SqlResponses
from agentcore.adapters.journal.snapshots import SqlSnapshots
from agentcore.app.store import postgres_store
from agentcore.domain.store_url import StoreUrl
from agentcore.testing.contracts.archive import ArchiveContract
from agentcore.testing.contracts.inbox import InboxContract
from agentcore.testing.contracts.journal import begin, end
from agentcore.testing.contracts.live_store import LiveStoreContract
from agentcore.testing.contracts.response_cache import ResponseCacheContract
from agentcore.testing.contracts.snapshots import SnapshotsContract


@pytest.fixture
async def database():
    async with new_database() as url:
        yield url


@pytest.fixture
async def journal(database):
    journal = PostgresJournal(database)
    yield journal
    await journal.aclose()


class TestPostgresInbox(InboxContract):
    @pytest.fixture
    def journal(self, journal):
        return journal

    @pytest.fixture
    async def inbox(self, journal):
        return SqlInbox(journal.ask)


class TestPostgresSnapshots(SnapshotsContract):
    @pytest.fixture
    async def snapshots(self, journal):
        return SqlSnapshots(journal.ask)


class TestPostgresResponses(ResponseCacheContract):
    @pytest.fixture
    async def responses(self, journal):
        return SqlResponses(journal.ask)


class TestPostgresLiveStore(LiveStoreContract):
    @pytest.fixture
    async def live_store(self, journal):
        return SqlLiveStore(journal.ask)


class TestPostgresArchive(ArchiveContract):
    @pytest.fixture
    def journal(self, journal):
        return journal

    @pytest.fixture
    async def archive(self, journal):
        return SqlArchive(journal.ask)


async def test_a_shared_inbox_tells_of_runs_that_never_reached_the_queue(database):
    store = postgres_store(StoreUrl(database))
    try:
        for run in ("left", "queued", "ended"):
            await store.journal.append([begin(run, at=100.0)], durable=True)
        await store.journal.append([begin("young", at=100.0 + UNQUEUED_SECONDS)], durable=True)
        await store.journal.append([end("ended", 2)], durable=True)
        await store.queued("queued", True)
        seen = await store.inbox.attention(101.0 + UNQUEUED_SECONDS)
        assert [run for run, _ in seen.running] == ["left"]
        await store.queued("queued", False)
        again = await store.inbox.attention(101.0 + UNQUEUED_SECONDS)
        assert sorted(run for run, _ in again.running) == ["left", "queued"]
    finally:
        await store.aclose()

"""Who is alive, by rows in a real PostgreSQL. Leases are short here."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from support.postgres import create_database, drop_database, execute, script

from agentcore.adapters.heartbeat import HeartbeatPresence
from agentcore.adapters.journal.postgres import PostgresJournal
from agentcore.domain.errors import JournalUnavailable

LEASE = 1.2


@pytest.fixture(scope="module")
def database():
    url = asyncio.run(create_database())
    yield url
    asyncio.run(drop_database(url))


class Way:
    """The way to the store, which may be blocked."""

    def __init__(self, url):
        self.journal = PostgresJournal(url)
        self.blocked = False
        self.slow = 0.0

    async def ask(self, ask):
        await asyncio.sleep(self.slow)
        if self.blocked:
            raise JournalUnavailable("blocked")
        return await self.journal.ask(ask)


@pytest.fixture
async def way(database):
    way = Way(database)
    await way.ask(lambda store: store.rows("SELECT 1"))
    await script(database, "DELETE FROM agentcore.workers")
    yield way
    await way.journal.aclose()


@contextlib.asynccontextmanager
async def presence(way):
    made = HeartbeatPresence(way.ask, lease_seconds=LEASE)
    await made.begin()
    try:
        yield made
    finally:
        await made.aclose()


async def seen(database, owner, seconds_ago):
    await execute(
        database,
        "INSERT INTO agentcore.workers (owner, seen_at) VALUES ($1, EXTRACT(EPOCH FROM clock_timestamp()) - $2) "
        "ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at",
        owner,
        seconds_ago,
    )


async def settled():
    await asyncio.sleep(LEASE)


async def test_who_beats_is_alive_to_others_for_longer_than_a_lease(way):
    async with presence(way) as one, presence(way) as other:
        await asyncio.sleep(2 * LEASE)
        assert await one.alive(other.owner)
        assert await other.alive(one.owner)
        assert await one.alive(one.owner)


async def test_who_was_never_seen_or_has_left_is_dead(way):
    async with presence(way) as one:
        assert not await one.alive("never-seen")
        async with presence(way) as other:
            pass
        assert not await one.alive(other.owner)


async def test_who_has_not_been_seen_for_a_lease_is_dead(way, database):
    async with presence(way) as one:
        await settled()
        await seen(database, "late", LEASE / 2)
        await seen(database, "dead", LEASE * 1.1)
        assert await one.alive("late")
        assert not await one.alive("dead")


async def test_who_has_just_begun_finds_nobody_dead_but_believes_those_who_have(way, database):
    await seen(database, "dead", 100.0)
    async with presence(way) as old:
        await settled()
        async with presence(way) as new:
            assert await new.alive("dead")
            assert not await old.alive("dead")
            assert not await new.alive("dead")


async def test_after_an_outage_nobody_is_found_dead_until_all_have_had_time_to_beat(way, database):
    async with presence(way) as one:
        await settled()
        way.blocked = True
        await asyncio.sleep(2 * LEASE)
        way.blocked = False
        await seen(database, "lives", 2 * LEASE)
        assert await one.alive("lives")
        await asyncio.sleep(LEASE / 2)  # one beats again
        assert await one.alive("lives")
        await seen(database, "lives", 0.0)
        await settled()
        await seen(database, "died", 2 * LEASE)
        assert not await one.alive("died")


async def test_a_beat_that_takes_long_counts_as_an_outage(way, database):
    async with presence(way) as one:
        await settled()
        way.slow = LEASE
        await asyncio.sleep(LEASE)
        way.slow = 0.0
        await asyncio.sleep(LEASE / 2)
        await seen(database, "lives", 2 * LEASE)
        assert await one.alive("lives")


async def test_who_was_taken_for_dead_and_beats_again_is_alive(way, database):
    own = Way(database)
    async with contextlib.aclosing(own.journal), presence(way) as one, presence(own) as other:
        await settled()
        own.blocked = True  # else a beat may come between what we write of it and what we ask
        await asyncio.sleep(LEASE / 2)  # one that was under way is over
        await seen(database, other.owner, 2 * LEASE)
        assert not await one.alive(other.owner)
        own.blocked = False
        await asyncio.sleep(LEASE)
        assert await one.alive(other.owner)


async def test_closing_twice_and_without_a_store_does_no_harm(way):
    made = HeartbeatPresence(way.ask, lease_seconds=LEASE)
    await made.begin()
    way.blocked = True
    await made.aclose()
    await made.aclose()

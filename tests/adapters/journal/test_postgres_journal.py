"""What only the journal in PostgreSQL can do wrong. Servers that are restarted here are made for it."""

from __future__ import annotations

import asyncio
import socket

import asyncpg
import pytest
from support.killed import write_until_killed
from support.lossy_proxy import LossyProxy
from support.postgres import create_database, drop_database, execute, new_database, new_server, script

from agentcore.adapters.journal.postgres import PostgresJournal
from agentcore.adapters.journal.postgres_link import connect
from agentcore.adapters.journal.postgres_tables import MIGRATIONS
from agentcore.domain.errors import JournalConflict, JournalCorrupt, JournalTooNew, JournalUnavailable
from agentcore.domain.store_url import StoreUrl
from agentcore.testing.contracts.journal import JournalContract, begin, end, go_on


@pytest.fixture(scope="module")
def database():
    url = asyncio.run(create_database())
    yield url
    asyncio.run(drop_database(url))


@pytest.fixture
async def url(database):
    await script(database, "DROP SCHEMA IF EXISTS agentcore CASCADE; DROP TABLE IF EXISTS modes")
    return database


@pytest.fixture
async def journal(url):
    journal = PostgresJournal(url)
    yield journal
    await journal.aclose()


@pytest.fixture
async def second(url):
    journal = PostgresJournal(url)
    yield journal
    await journal.aclose()


@pytest.fixture
async def proxy(url):
    async with LossyProxy(url) as proxy:
        yield proxy


class TestPostgresJournal(JournalContract):
    @pytest.fixture
    async def journal(self, url):
        journal = PostgresJournal(url)
        yield journal
        await journal.aclose()


async def recorded(url):
    return await execute(url, "SELECT run, sequence FROM agentcore.events ORDER BY run, sequence")


async def test_a_durable_append_takes_earlier_ones_along(journal, url):
    await journal.append([begin("a")], durable=False)
    await journal.append([begin("b")], durable=False)
    await journal.append([go_on("a", 2)], durable=True)
    assert await recorded(url) == [("a", 1), ("a", 2), ("b", 1)]


async def test_what_need_not_be_durable_is_written_soon_all_the_same(journal, url):
    await journal.append([begin("a")], durable=True)
    await journal.append([go_on("a", 2)], durable=False)
    for _ in range(1000):
        if len(await recorded(url)) == 2:
            return
        await asyncio.sleep(0.005)
    pytest.fail("it was not written within 5 seconds")


async def test_only_a_group_with_a_durable_append_waits_for_the_disk(journal, url):
    await journal.append([begin("a")], durable=True)
    await script(
        url,
        """CREATE TABLE modes (mode TEXT);
        CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO public.modes VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
        CREATE TRIGGER note AFTER INSERT ON agentcore.events FOR EACH STATEMENT EXECUTE FUNCTION note()""",
    )
    await journal.append([go_on("a", 2)], durable=False)
    await journal.read("a")
    await journal.append([go_on("a", 3)], durable=False)
    await journal.append([go_on("a", 4)], durable=True)
    assert await execute(url, "SELECT mode FROM modes") == [("off",), ("on",)]


async def test_closing_writes_what_waits_and_leaves_no_connection(url):
    journal = PostgresJournal(url)
    await journal.append([begin("a")], durable=False)
    await journal.aclose()
    assert await recorded(url) == [("a", 1)]
    left = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'agentcore'"
    )
    assert await execute(url, left) == [(0,)]


async def test_a_long_run_comes_back_whole(journal):
    events = [begin("a"), *(go_on("a", sequence) for sequence in range(2, 501))]
    await journal.append(events, durable=True)
    assert list(await journal.read("a")) == events


async def test_an_unused_journal_leaves_no_trace(url):
    await PostgresJournal(url).aclose()
    assert await execute(url, "SELECT count(*) FROM pg_namespace WHERE nspname = 'agentcore'") == [(0,)]


async def test_two_journals_share_a_database_run_by_run(journal, second):
    await asyncio.gather(journal.append([begin("a")], durable=True), second.append([begin("b")], durable=True))
    await asyncio.gather(*(j.append([go_on(run, 2)], durable=True) for j, run in ((journal, "a"), (second, "b"))))
    assert len(await journal.read("b")) == 2
    await second.append([go_on("a", 3, "theirs")], durable=True)
    results = await asyncio.gather(
        journal.append([go_on("a", 3, "ours")], durable=True),
        journal.append([begin("c")], durable=True),
        return_exceptions=True,
    )
    assert isinstance(results[0], JournalConflict)
    assert "event 3 is already recorded" in results[0].message
    assert results[1] is None
    assert (await journal.read("a"))[2] == go_on("a", 3, "theirs")
    await journal.append([go_on("a", 4, "after reading theirs")], durable=True)


async def test_two_journals_that_race_for_many_runs_let_one_through_each(journal, second):
    runs = [f"run{number}" for number in range(30)]
    await journal.append([begin("warm")], durable=True)
    await second.list()
    for journals in ((journal, second), (second, journal)):
        sequence = 1 if journals[0] is journal else 2
        results = await asyncio.gather(
            *(
                each.append([begin(run) if sequence == 1 else go_on(run, sequence)], durable=True)
                for run in runs
                for each in journals
            ),
            return_exceptions=True,
        )
        assert results.count(None) == len(runs)
        assert all(result is None or isinstance(result, JournalConflict) for result in results)
        for run in runs:
            assert len(await journal.read(run)) == sequence


async def test_what_fails_halfway_writes_nothing_of_its_append(journal, second):
    await journal.append([begin("a")], durable=True)
    await second.append([go_on("a", 2, "theirs")], durable=True)
    with pytest.raises(JournalConflict):
        await journal.append([go_on("a", 2), go_on("a", 3), end("a", 4)], durable=True)
    assert len(await journal.read("a")) == 2
    assert (await journal.list())[0].status == "running"


async def test_a_late_conflict_is_raised_in_its_own_run_only(journal, second):
    await journal.append([begin("a")], durable=True)
    await second.append([go_on("a", 2, "theirs")], durable=True)
    await journal.append([go_on("a", 2, "ours")], durable=False)
    await journal.append([begin("b")], durable=True)
    with pytest.raises(JournalConflict, match="event 2 is already recorded"):
        await journal.append([go_on("a", 3)], durable=True)
    await journal.append([go_on("b", 2)], durable=True)
    assert len(await journal.read("a")) == 2


async def test_the_fence_holds_for_what_is_already_on_its_way(journal, second):
    await journal.append([begin("a")], durable=True)
    await second.append([go_on("a", 2, "theirs")], durable=True)
    appends = [journal.append([go_on("a", n, "ours")], durable=True) for n in range(2, 6)]
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert all(isinstance(result, JournalConflict) for result in results)
    await journal.append([go_on("a", 3, "after reading theirs")], durable=True)


async def test_closing_raises_what_nobody_has_seen(url):
    journal = PostgresJournal(url)
    await journal.append([begin("a")], durable=True)
    await journal.append([go_on("a", 5)], durable=False)
    with pytest.raises(JournalConflict, match="event 5 does not follow"):
        await journal.aclose()
    await journal.aclose()


async def test_a_process_that_stops_in_the_middle_does_not_keep_others_from_its_run(journal, url):
    await journal.append([begin("a")], durable=True)
    rows = "INSERT INTO agentcore.events VALUES ('a', 2, 0, 1, 1, '')"
    stopped = await asyncpg.connect(url)
    await stopped.execute(f"BEGIN; SET LOCAL idle_in_transaction_session_timeout = 100; {rows}")
    await journal.append([go_on("a", 2)], durable=True)
    await stopped.close()
    assert (await journal.read("a"))[1] == go_on("a", 2)


async def test_a_prefix_is_taken_literally(journal):
    for run in ("a%b", "axb", "a_b"):
        await journal.append([begin(run)], durable=True)
    assert await journal.find("a%") == "a%b"
    assert await journal.find("a_") == "a_b"


@pytest.mark.parametrize("how", ["SELECT pg_terminate_backend(pid)", "SELECT pg_cancel_backend(pid)"])
async def test_a_connection_that_the_server_ends_is_made_again(journal, url, how):
    await journal.append([begin("a")], durable=True)
    await execute(url, f"{how} FROM pg_stat_activity WHERE application_name = 'agentcore'")
    await journal.append([go_on("a", 2)], durable=True)
    assert len(await journal.read("a")) == 2


async def test_a_commit_whose_answer_is_lost_is_not_written_twice(proxy, url):
    journal = PostgresJournal(proxy.url)
    await journal.append([begin("a")], durable=True)
    proxy.lose_commits = 2
    await asyncio.gather(
        journal.append([go_on("a", 2)], durable=True), journal.append([begin("b"), go_on("b", 2)], durable=True)
    )
    await journal.append([go_on("a", 3)], durable=True)
    assert proxy.lost
    assert await recorded(url) == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2)]
    await journal.aclose()


async def test_a_lost_answer_does_not_hide_a_conflict(proxy, url, second):
    journal = PostgresJournal(proxy.url)
    await journal.append([begin("a")], durable=True)
    await second.append([go_on("a", 2, "the same")], durable=True)
    proxy.lose_commits = 1
    results = await asyncio.gather(
        journal.append([go_on("a", 2, "the same")], durable=True),
        journal.append([begin("b")], durable=True),
        return_exceptions=True,
    )
    assert proxy.lost == 1
    assert isinstance(results[0], JournalConflict)
    assert results[1] is None
    assert await recorded(url) == [("a", 1), ("a", 2), ("b", 1)]
    await journal.aclose()


async def test_a_server_out_of_reach_fails_appends_until_it_is_back(proxy, url):
    journal = PostgresJournal(proxy.url, patience_seconds=0.1)
    await journal.append([begin("a")], durable=True)
    proxy.cut()
    with pytest.raises(JournalUnavailable, match=r"postgres://\w+@127\.0\.0\.1") as caught:
        await journal.append([go_on("a", 2)], durable=True)
    assert "check that PostgreSQL runs" in caught.value.hint
    assert "word" not in str(caught.value)
    with pytest.raises(JournalUnavailable):
        await journal.read("a")
    proxy.mend()
    assert len(await journal.read("a")) == 1
    await journal.append([go_on("a", 2)], durable=True)
    assert await recorded(url) == [("a", 1), ("a", 2)]
    await journal.aclose()


async def test_what_fails_unseen_is_raised_next(proxy):
    journal = PostgresJournal(proxy.url, patience_seconds=0.05)
    await journal.append([begin("a")], durable=True)
    proxy.cut()
    await journal.append([go_on("a", 2)], durable=False)
    await asyncio.sleep(0.3)
    proxy.mend()
    with pytest.raises(JournalUnavailable):
        await journal.append([go_on("a", 3)], durable=True)
    await journal.append([go_on("a", 2)], durable=True)
    await journal.aclose()


async def test_nothing_listens_there():
    with socket.create_server(("127.0.0.1", 0)) as server:
        unused_port = server.getsockname()[1]
    journal = PostgresJournal(f"postgres://me:secret@127.0.0.1:{unused_port}/runs", patience_seconds=0.1)
    with pytest.raises(JournalUnavailable, match=rf"postgres://me@127\.0\.0\.1:{unused_port}/runs") as caught:
        await journal.append([begin("a")], durable=True)
    assert "secret" not in str(caught.value) + repr(caught.value)
    assert "check that PostgreSQL runs" in caught.value.hint
    await journal.aclose()


async def test_a_database_that_does_not_exist(url):
    journal = PostgresJournal(f"{url}_not")
    with pytest.raises(JournalUnavailable, match="does not exist") as caught:
        await journal.list()
    assert "createdb" in caught.value.hint
    await journal.aclose()


@pytest.mark.parametrize("url", ["postgres://me:pa/ss@host/db", "postgres://me:secret@host:port/db"])
async def test_a_url_that_is_none(url):
    journal = PostgresJournal(url)
    with pytest.raises(JournalUnavailable) as caught:
        await journal.list()
    assert "secret" not in str(caught.value)
    assert "pa" not in str(caught.value)
    assert "%40" in caught.value.hint
    await journal.aclose()


async def test_a_server_that_is_read_only():
    async with new_database() as url:
        writing = PostgresJournal(url)
        await writing.append([begin("a")], durable=True)
        await writing.aclose()
        await script(url, f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
        journal = PostgresJournal(url)
        with pytest.raises(JournalUnavailable, match="read-only") as caught:
            await journal.append([go_on("a", 2)], durable=True)
        assert "standby" in caught.value.hint
        assert len(await journal.read("a")) == 1
        await journal.aclose()


async def test_a_full_disk_fails_the_append_and_no_more(journal, url):
    await journal.append([begin("a")], durable=True)
    await script(
        url,
        """CREATE OR REPLACE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER no_space BEFORE INSERT ON agentcore.events EXECUTE FUNCTION no_space()""",
    )
    with pytest.raises(JournalUnavailable, match="No space left") as caught:
        await journal.append([go_on("a", 2)], durable=True)
    assert "free some space" in caught.value.hint
    assert len(await journal.read("a")) == 1
    await execute(url, "DROP TRIGGER no_space ON agentcore.events")
    await journal.append([go_on("a", 2)], durable=True)


async def test_a_user_who_may_not_make_tables(url):
    name = url.rpartition("/")[2]
    await execute(url, f"CREATE ROLE {name} LOGIN")
    journal = PostgresJournal(url.replace("//postgres@", f"//{name}@"))
    with pytest.raises(JournalUnavailable, match="permission denied") as caught:
        await journal.append([begin("a")], durable=True)
    assert "grant" in caught.value.hint
    await journal.aclose()
    await execute(url, f"DROP ROLE {name}")


async def test_a_database_that_cannot_hold_all_text(url):
    name = url.rpartition("/")[2]
    await execute(url, f"CREATE DATABASE {name}_latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    journal = PostgresJournal(f"{url}_latin")
    with pytest.raises(JournalUnavailable, match="encoding LATIN1") as caught:
        await journal.list()
    assert "UTF8" in caught.value.hint
    await journal.aclose()
    await execute(url, f"DROP DATABASE {name}_latin")


async def test_many_that_start_at_once_make_the_tables_once(url):
    journals = [PostgresJournal(url) for _ in range(8)]
    await asyncio.gather(*(each.append([begin(f"run{n}")], durable=True) for n, each in enumerate(journals)))
    assert len(await journals[0].list()) == 8
    assert await execute(url, "SELECT version FROM agentcore.meta ORDER BY version") == [(n,) for n in MIGRATIONS]
    await asyncio.gather(*(each.aclose() for each in journals))


async def test_a_schema_of_another_name_is_another_journal(journal, url):
    other = PostgresJournal(url, schema='odd "name"')
    await journal.append([begin("a")], durable=True)
    await other.append([begin("b")], durable=True)
    assert [each.run for each in await other.list()] == ["b"]
    await other.aclose()


async def test_a_journal_of_a_later_version(journal, url):
    await journal.append([begin("a")], durable=True)
    await execute(url, "INSERT INTO agentcore.meta (version) VALUES (99)")
    later = PostgresJournal(url)
    with pytest.raises(JournalTooNew, match="version 99"):
        await later.read("a")
    await later.aclose()


async def test_tables_of_an_earlier_version_are_carried_forward(journal, url):
    await journal.append([begin("a")], durable=True)
    newest = max(MIGRATIONS)
    more = {
        **MIGRATIONS,
        newest + 1: ("ALTER TABLE runs ADD COLUMN later TEXT",),
        newest + 2: ("UPDATE runs SET later = 'me'", "CREATE INDEX runs_later ON runs (later)"),
    }
    stores = [await connect(StoreUrl(url), schema="agentcore", seconds=5) for _ in range(3)]
    await asyncio.gather(*(store.prepare("here", more) for store in stores))
    assert await execute(url, "SELECT run, later FROM agentcore.runs") == [("a", "me")]
    assert await execute(url, "SELECT max(version) FROM agentcore.meta") == [(newest + 2,)]
    with pytest.raises(JournalTooNew, match=f"version {newest + 2}"):
        await stores[0].prepare("here")
    for store in stores:
        await store.close()


async def test_a_migration_that_fails_changes_nothing(journal, url):
    await journal.append([begin("a")], durable=True)
    newest = max(MIGRATIONS)
    more = {**MIGRATIONS, newest + 1: ("ALTER TABLE runs ADD COLUMN later TEXT", "SELECT 1 / 0")}
    store = await connect(StoreUrl(url), schema="agentcore", seconds=5)
    with pytest.raises(Exception, match="division by zero"):
        await store.prepare("here", more)
    store.terminate()
    assert await execute(url, "SELECT max(version) FROM agentcore.meta") == [(newest,)]
    await journal.append([go_on("a", 2)], durable=True)


async def test_a_schema_of_something_else_is_left_alone(url):
    await script(url, "CREATE SCHEMA agentcore; CREATE TABLE agentcore.events (x INTEGER)")
    journal = PostgresJournal(url)
    with pytest.raises(JournalCorrupt, match="not a journal"):
        await journal.list()
    await journal.aclose()


async def test_an_empty_schema_that_somebody_made_becomes_a_journal(journal, url):
    await execute(url, "CREATE SCHEMA agentcore")
    await journal.append([begin("a")], durable=True)
    assert len(await journal.read("a")) == 1


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        ("""UPDATE events SET fact = '{"kind":"moon_landing"}'""", JournalCorrupt, "run a, event 2.*moon_landing"),
        ("UPDATE events SET fact = '{\"kind\":'", JournalCorrupt, "run a, event 2"),
        ("UPDATE events SET fact = '[1]'", JournalCorrupt, "run a, event 2"),
        ("UPDATE events SET fact = '\\x80'", JournalCorrupt, "run a, event 2"),
        ("UPDATE events SET fact = '\\x8004952e'", JournalCorrupt, "run a, event 2"),
        ("UPDATE events SET schema = 3", JournalTooNew, "run a, event 2"),
        ("DELETE FROM events", JournalCorrupt, "run a: event 2 is missing"),
    ],
)
async def test_a_row_that_cannot_be_read(journal, url, statement, error, message):
    await journal.append([begin("a"), go_on("a", 2), go_on("a", 3)], durable=True)
    await execute(url, f"{statement} WHERE sequence = 2".replace("events", "agentcore.events"))
    with pytest.raises(error, match=message):
        await journal.read("a")


async def test_tables_that_are_gone(journal, url):
    await journal.append([begin("a")], durable=True)
    await execute(url, "DROP TABLE agentcore.events")
    with pytest.raises(JournalCorrupt, match="tables are not as they should be"):
        await journal.append([go_on("a", 2)], durable=True)


@pytest.mark.parametrize("lines", [1, 300])
async def test_a_killed_process_leaves_a_prefix_with_all_that_was_durable(journal, url, lines):
    acknowledged = write_until_killed(url, lines)
    summaries = {summary.run: summary.events for summary in await journal.list()}
    assert acknowledged.keys() <= summaries.keys()
    for run in summaries:
        events = await journal.read(run)
        count = len(events)  # the server may have been about to commit when the process died
        assert [event.sequence for event in events] == list(range(1, count + 1))
        assert count >= acknowledged.get(run, 1)
        await journal.append([end(run, count + 1)], durable=True)


class TestRestarts:
    """With a server that may be restarted, as if it had crashed."""

    async def test_runs_go_on_through_restarts_of_the_server(self):
        async with new_server() as server:
            journal = PostgresJournal(server.url, patience_seconds=40.0)
            going = True

            async def drive(run):
                await journal.append([begin(run)], durable=True)
                sequence = 2
                while going:
                    await journal.append([go_on(run, sequence, run)], durable=sequence % 3 == 0)
                    sequence += 1
                    if sequence % 7 == 0:
                        await asyncio.sleep(0.001)
                await journal.append([end(run, sequence)], durable=True)
                return run, sequence

            driving = asyncio.gather(*(drive(f"run{number}") for number in range(20)))
            for down in (0.0, 0.3, 0.0):
                await asyncio.sleep(0.2)
                await server.restart(down_seconds=down)
            await asyncio.sleep(0.1)
            going = False
            for run, last in await driving:
                events = await journal.read(run)
                assert [event.sequence for event in events] == list(range(1, last + 1))
                assert all(event == go_on(run, event.sequence, run) for event in events[1:-1])
            await journal.aclose()

    async def test_what_was_not_on_disk_when_the_server_crashed_is_written_again(self):
        # A server that flushes nothing by itself: commits that need not be durable are lost for certain.
        async with new_server(wal_writer_delay="10s", wal_writer_flush_after="1GB", autovacuum="off") as server:
            journal = PostgresJournal(server.url, patience_seconds=40.0)
            await journal.append([begin("a")], durable=True)
            await journal.append([go_on("a", 2)], durable=False)
            assert len(await journal.read("a")) == 2
            await server.restart()
            assert await recorded(server.url) == [("a", 1)]
            await journal.append([go_on("a", 3)], durable=True)
            assert await recorded(server.url) == [("a", 1), ("a", 2), ("a", 3)]
            await journal.append([go_on("a", 4)], durable=False)
            await journal.read("a")
            await server.restart()
            assert len(await journal.read("a")) == 4

            await journal.append([go_on("a", 5, "ours")], durable=False)
            await journal.read("a")
            await server.restart()
            other = PostgresJournal(server.url, patience_seconds=40.0)
            await other.append([go_on("a", 5, "theirs")], durable=True)
            with pytest.raises(JournalConflict, match="event 5 is already recorded"):
                await journal.append([go_on("a", 6)], durable=True)
            assert (await journal.read("a"))[4] == go_on("a", 5, "theirs")
            await other.aclose()
            await journal.aclose()

    async def test_a_wrong_password(self):
        async with new_server() as server:
            await execute(server.url, "CREATE ROLE guarded LOGIN PASSWORD 'right'")
            rules = server.folder / "pg_hba.conf"
            rules.write_text("host all guarded 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
            await execute(server.url, "SELECT pg_reload_conf()")
            journal = PostgresJournal(server.url.replace("postgres@", "guarded:wr0ng@"))
            with pytest.raises(JournalUnavailable, match="password authentication failed") as caught:
                await journal.list()
            assert "password" in caught.value.hint
            assert "wr0ng" not in str(caught.value)
            await journal.aclose()
            journal = PostgresJournal(server.url.replace("postgres@", "guarded:right@"))
            with pytest.raises(JournalUnavailable, match="permission denied"):
                await journal.list()
            await journal.aclose()

    async def test_a_server_that_stays_down(self):
        async with new_server() as server:
            journal = PostgresJournal(server.url, patience_seconds=0.2)
            await journal.append([begin("a")], durable=True)
            await server.stop()
            with pytest.raises(JournalUnavailable):
                await journal.append([go_on("a", 2)], durable=True)
            await server.start()
            await journal.append([go_on("a", 2)], durable=True)
            assert len(await journal.read("a")) == 2
            await journal.aclose()

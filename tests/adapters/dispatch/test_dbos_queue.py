"""The queue on DBOS, on a real PostgreSQL."""

# ruff: noqa: S608 - the schema's name is a constant

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import pickle
import time

import pytest
from support.postgres import create_database, drop_database, execute, script

from agentcore.adapters.dispatch.dbos_queue import SCHEMA, DbosQueue, QueueLimits
from agentcore.domain.errors import ConfigError, JournalUnavailable
from agentcore.domain.store_url import StoreUrl


@pytest.fixture(scope="module")
def database():
    url = asyncio.run(create_database())
    yield url
    asyncio.run(drop_database(url))


class Taker:
    """Takes runs, as slowly as told, and remembers when. errors: what to raise, the first time first."""

    def __init__(self, seconds=0.0, errors=()):
        self.seconds = seconds
        self.errors = list(errors)
        self.began = []
        self.under_way = set()
        self.most = 0
        self.beside = set()
        self._changed = asyncio.Event()

    async def __call__(self, run):
        self.began.append((run, time.monotonic()))
        self.under_way.add(run)
        self.most = max(self.most, len(self.under_way))
        self.beside |= {frozenset((run, other)) for other in self.under_way if other != run}
        self._changed.set()
        try:
            await asyncio.sleep(self.seconds)
            if self.errors:
                raise self.errors.pop(0)
        finally:
            self.under_way.discard(run)

    @property
    def runs(self):
        return [run for run, _ in self.began]

    async def took(self, count):
        async with asyncio.timeout(20):
            while len(self.began) < count:
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def queue_of(url, owner="me", limits=None, **options):
    queue = DbosQueue(
        StoreUrl(url), name="q", owner=owner, limits=limits, polling_seconds=0.02, lost_seconds=0.2, **options
    )
    await queue.owners()
    for table in ("workflow_status", "workflow_input", "workflow_output", "queues"):
        await script(url, f"TRUNCATE {SCHEMA}.{table} CASCADE")
    try:
        yield queue
    finally:
        await queue.aclose()


@contextlib.asynccontextmanager
async def serving(queue, take):
    task = asyncio.create_task(queue.serve(take))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def rows(url):
    return dict(await execute(url, f"SELECT workflow_uuid, status FROM {SCHEMA}.workflow_status"))


async def until(condition, seconds=10.0):
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  # of a row that changes, no event tells
            await asyncio.sleep(0.02)


async def test_a_run_is_taken_once_for_each_epoch_and_turn(database):
    taker = Taker()
    async with queue_of(database) as queue, serving(queue, taker):
        for _ in range(3):
            await queue.submit("a", tenant="t", epoch=0)
        await taker.took(1)
        await queue.submit("a", tenant="t", epoch=0)  # it has ended, and is not taken again
        await queue.submit("a", tenant="t", epoch=1)
        await queue.submit("a", tenant="t", epoch=1, turn=7)
        await taker.took(3)
        await until(lambda: _all_are(database, "SUCCESS"))
    assert taker.runs == ["a"] * 3


async def _all_are(url, status):
    return set((await rows(url)).values()) == {status}


class Planted:
    """What runs when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


async def test_a_planted_pickle_is_not_executed_but_an_error(database, tmp_path):
    pickled = base64.b64encode(pickle.dumps(Planted(tmp_path / "executed"))).decode()
    taker = Taker()
    async with queue_of(database) as queue:
        await queue.submit("planted", tenant="t", epoch=0)
        await script(database, f"UPDATE {SCHEMA}.workflow_status SET serialization = 'py_pickle'")
        for table, column in (("workflow_input", "inputs"), ("workflow_output", "output")):
            await execute(
                database,
                f"INSERT INTO {SCHEMA}.{table} (workflow_uuid, {column}) VALUES ('planted:0:0', $1) "
                f"ON CONFLICT (workflow_uuid) DO UPDATE SET {column} = excluded.{column}",
                pickled,
            )
        await queue.submit("honest", tenant="t", epoch=0)
        async with serving(queue, taker):
            await until(lambda: _is(database, "honest:0:0", "SUCCESS"))
            await until(lambda: _is(database, "planted:0:0", "ERROR"))
        await queue.owners()
    assert taker.runs == ["honest"]
    assert not (tmp_path / "executed").exists()
    ((error,),) = await execute(
        database, f"SELECT error FROM {SCHEMA}.workflow_output WHERE workflow_uuid = 'planted:0:0'"
    )
    assert b"is a pickle, which is not read" in base64.b64decode(str(error))  # DBOS writes it in the row's own format


async def _is(url, id, status):
    return (await rows(url))[id] == status


async def test_what_is_written_for_dbos_is_json(database):
    async with queue_of(database) as queue:
        await queue.submit("a", tenant="t", epoch=0)
    ((serialization,),) = await execute(database, f"SELECT serialization FROM {SCHEMA}.workflow_status")
    ((given,),) = await execute(database, f"SELECT inputs FROM {SCHEMA}.workflow_input")
    assert json.loads(str(given)) == {"args": ["a"], "kwargs": {}}
    assert serialization == "agentcore_json"


async def test_a_tenant_has_no_more_at_once_than_it_may_and_others_do_not_wait_for_it(database):
    taker = Taker(seconds=0.2)
    async with queue_of(database, limits=QueueLimits(worker=8, tenant=2)) as queue:
        for number in range(10):
            await queue.submit(f"busy{number}", tenant="busy", epoch=0)
        await queue.submit("lone", tenant="lone", epoch=0)
        async with serving(queue, taker):
            await taker.took(3)
            assert "lone" in taker.runs[:3]
            await taker.took(11)
    assert not any(len({run for run in pair if run.startswith("busy")}) > 2 for pair in taker.beside)
    assert taker.most <= 3


async def test_a_process_takes_no_more_than_it_may(database):
    taker = Taker(seconds=0.1)
    async with queue_of(database, limits=QueueLimits(worker=3, tenant=20)) as queue:
        for number in range(9):
            await queue.submit(f"r{number}", tenant=f"t{number % 3}", epoch=0)
        async with serving(queue, taker):
            await taker.took(9)
    assert taker.most == 3


async def test_a_tenants_rate_is_kept(database):
    taker = Taker()
    async with queue_of(database, limits=QueueLimits(worker=8, tenant=8, rate=(2, 1.0))) as queue:
        for number in range(5):
            await queue.submit(f"r{number}", tenant="t", epoch=0)
        async with serving(queue, taker):
            await taker.took(5)
    first, *_, last = (at for _, at in taker.began)
    assert last - first >= 1.7  # two, a second, two, a second, one


async def test_what_a_dead_process_held_is_given_back(database):
    taker = Taker()
    async with queue_of(database) as queue:
        for run in ("a", "b"):
            await queue.submit(run, tenant="t", epoch=0)
        await script(database, f"UPDATE {SCHEMA}.workflow_status SET status = 'PENDING', executor_id = 'dead'")
        assert await queue.owners() == {"dead"}
        async with serving(queue, taker):
            assert await queue.reap("nobody") == 0
            assert await queue.reap("dead") == 2
            await taker.took(2)
        assert await queue.reap("dead") == 0
    assert sorted(taker.runs) == ["a", "b"]


async def test_what_was_taken_and_never_begun_is_given_back(database):
    taker = Taker()
    async with queue_of(database) as queue:
        await queue.submit("a", tenant="t", epoch=0)
        # As if the server had gone away before its answer to the claim.
        await script(database, f"UPDATE {SCHEMA}.workflow_status SET status = 'PENDING', executor_id = 'me'")
        async with serving(queue, taker):
            await taker.took(1)
    assert taker.runs == ["a"]


@pytest.mark.parametrize("error", [ConfigError(["a tool is missing"]), RuntimeError("a defect")])
async def test_what_cannot_be_driven_here_stays_in_the_queue(database, error):
    taker = Taker(errors=[error])
    async with queue_of(database) as queue:
        await queue.submit("a", tenant="t", epoch=0)
        async with serving(queue, taker):
            await taker.took(2)
            await until(lambda: _all_are(database, "SUCCESS"))
    assert taker.runs == ["a", "a"]


async def test_a_server_that_is_not_there_is_said_to_be_so():
    queue = DbosQueue(StoreUrl("postgres://postgres:secret@127.0.0.1:1/none"), owner="me")
    with pytest.raises(JournalUnavailable, match="cannot be used") as raised:
        await queue.owners()
    assert "secret" not in str(raised.value)
    await queue.aclose()

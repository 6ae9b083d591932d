"""Old runs leave the store; open ones, and those whose files cannot be written, do not."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from loguru import logger

from agentcore.adapters.journal import run_files
from agentcore.adapters.journal.run_files import file_name
from agentcore.app import Choice, Retention, Store, memory_store, sqlite_store
from agentcore.app.retention import PRUNE_SECONDS
from agentcore.domain.errors import JournalUnavailable
from agentcore.testing.contracts.archive import record
from agentcore.testing.contracts.journal import begin, go_on
from agentcore.testing.fake_clock import FakeClock

DAY = 86_400.0


@pytest.fixture
def clock():
    return FakeClock(start=100 * DAY, auto=True)


@pytest.fixture
async def store(tmp_path):
    store = sqlite_store(tmp_path / "journal.db")
    yield store
    await store.aclose()


async def listed(store):
    return {summary.run for summary in await store.journal.list(limit=10_000)}


async def test_a_rehearsal_tells_what_would_go_and_changes_nothing(store, clock):
    for number in range(150):
        await record(store.journal, f"r{number:03}", ended_at=number * DAY, events=4)
    pruned = await Retention(store, clock).rehearse(Choice(before=120 * DAY))
    assert (pruned.runs, pruned.events) == (120, 480)
    assert pruned.bytes > 480 * 20
    assert [run.run for run in pruned.first] == [f"r{number:03}" for number in range(20)]
    assert len(await listed(store)) == 150


async def test_what_a_rehearsal_tells_is_what_goes(store, clock):
    for number in range(150):
        status = "failed" if number % 3 else "succeeded"
        await record(store.journal, f"r{number:03}", ended_at=number * DAY, status=status)
    retention = Retention(store, clock)
    choice = Choice(before=120 * DAY, statuses=("failed",), keep_last=30)
    told = await retention.rehearse(choice)
    pruned = await retention.prune(choice, measure=True)
    assert (pruned.runs, pruned.events, pruned.bytes, pruned.first) == (told.runs, told.events, told.bytes, told.first)
    left = await listed(store)
    assert len(left) == 150 - told.runs
    assert {f"r{number:03}" for number in range(150) if number % 3 == 0} <= left
    assert (await retention.prune(choice)).runs == 0


async def test_runs_of_many_events_are_deleted_one_by_one(store, clock):
    for run in "abc":
        await record(store.journal, run, ended_at=1.0, events=1500)
    sizes = []
    delete = store.archive.delete

    async def counted(runs):
        sizes.append(len(runs))
        return await delete(runs)

    store.archive.delete = counted
    await Retention(store, clock).prune(Choice(before=2.0))
    assert sizes == [1, 1, 1]
    assert await listed(store) == set()


async def test_each_run_is_in_its_file_before_it_is_deleted(store, clock, tmp_path):
    for run in ("a", "b/../c"):
        await record(store.journal, run, ended_at=1.0)
    await record(store.journal, "late", ended_at=200 * DAY)
    events = {run: await store.journal.read(run) for run in ("a", "b/../c")}
    pruned = await Retention(store, clock, export=tmp_path / "old").prune(Choice(before=2.0))
    assert (pruned.runs, pruned.exported, pruned.problems) == (2, 2, [])
    assert await listed(store) == {"late"}
    for run, before in events.items():
        await store.files.import_(tmp_path / "old" / file_name(run))
        assert await store.journal.read(run) == before


async def test_a_full_disk_during_the_export_deletes_nothing_that_is_not_exported(store, clock, tmp_path, monkeypatch):
    for number in range(250):
        await record(store.journal, f"r{number:03}", ended_at=float(number))
    synced = 0
    fsync = os.fsync

    def full(opened):
        nonlocal synced
        synced += 1
        if synced > 300:
            raise OSError(28, "No space left on device")
        fsync(opened)

    monkeypatch.setattr(run_files.os, "fsync", full)
    with pytest.raises(JournalUnavailable, match="No space left"):
        await Retention(store, clock, export=tmp_path / "old").prune(Choice(before=1e6))
    exported = {path.name.partition(".")[0] for path in (tmp_path / "old").iterdir()}
    assert {f"r{number:03}" for number in range(250)} - await listed(store) <= exported
    monkeypatch.undo()
    await Retention(store, clock, export=tmp_path / "old").prune(Choice(before=1e6))
    assert await listed(store) == set()
    assert len(list((tmp_path / "old").iterdir())) == 250


async def test_a_run_that_cannot_be_exported_stays_and_the_others_go(store, clock, tmp_path):
    for number in range(130):
        await record(store.journal, f"r{number:03}", ended_at=float(number))
    await store.journal.ask(
        lambda journal: journal.change("UPDATE events SET fact = '[]' WHERE run = 'r007' AND sequence = 2")
    )
    (tmp_path / file_name("r009")).write_text("something else")
    pruned = await Retention(store, clock, export=tmp_path).prune(Choice(before=1e6))
    assert pruned.runs == 128
    assert await listed(store) == {"r007", "r009"}
    assert [problem.partition(",")[0] for problem in pruned.problems][:1] == ["run r007"]
    assert "r009" in pruned.problems[1]


async def test_a_store_is_pruned_at_once_and_then_every_hour(store):
    clock = FakeClock(start=100 * DAY)
    await record(store.journal, "old", ended_at=1.0)
    await record(store.journal, "young", ended_at=100 * DAY - 100)
    await store.journal.append([begin("open"), go_on("open", 2)], durable=True)
    keeping = asyncio.create_task(Retention(store, clock).keep(PRUNE_SECONDS))
    await until(lambda: listed(store), {"young", "open"}, clock)
    await until(lambda: listed(store), {"open"}, clock, step=PRUNE_SECONDS)
    keeping.cancel()
    await asyncio.wait([keeping])


async def until(ask, wanted, clock, step=0.02):
    """Let time pass until something is so: the clock's, and as the store has a thread, some of ours."""
    for _ in range(1000):
        if await ask() == wanted:
            return
        await clock.advance(step)
        await asyncio.sleep(0.005)
    pytest.fail(f"{await ask()} is not {wanted}")


async def test_what_fails_is_tried_again_in_an_hour(store, tmp_path):
    clock = FakeClock(start=100 * DAY)
    await record(store.journal, "old", ended_at=1.0)
    (tmp_path / "old").write_text("a file, and no folder")
    told = []
    logger.enable("agentcore")
    sink = logger.add(told.append, level="WARNING", format="{message}")
    keeping = asyncio.create_task(Retention(store, clock, export=tmp_path / "old").keep(DAY))

    async def complained():
        return bool(told)

    await until(complained, True, clock)
    assert "cannot be pruned: run old cannot be exported" in told[0]
    (tmp_path / "old").unlink()
    assert await listed(store) == {"old"}
    await until(lambda: listed(store), set(), clock, step=PRUNE_SECONDS)
    logger.remove(sink)
    logger.disable("agentcore")
    keeping.cancel()
    await asyncio.wait([keeping])


async def test_two_who_prune_at_once_lose_nothing(tmp_path, clock):
    stores = [sqlite_store(tmp_path / "journal.db") for _ in range(2)]
    for number in range(300):
        await record(stores[0].journal, f"r{number:03}", ended_at=float(number))
    pruned = await asyncio.gather(
        *(Retention(store, clock, export=tmp_path / "old").prune(Choice(before=1e6)) for store in stores)
    )
    assert sum(each.runs for each in pruned) == 300
    assert [each.problems for each in pruned] == [[], []]
    assert len(list((tmp_path / "old").iterdir())) == 300
    for store in stores:
        await store.aclose()


async def test_a_store_stays_bounded_while_runs_come_and_go(store, tmp_path, clock):
    retention = Retention(store, clock)
    sizes = []
    for cycle in range(12):
        runs = [f"{cycle:03}-{number:03}" for number in range(250)]
        await asyncio.gather(
            *(
                record(store.journal, run, ended_at=float(cycle), events=3 + number % 9)
                for number, run in enumerate(runs)
            )
        )
        await retention.prune(Choice(before=float(cycle)))  # the runs of the last cycle stay
        sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
    assert len(await listed(store)) == 250
    assert max(sizes[6:]) <= 1.1 * max(sizes[1:6])
    await retention.prune(Choice(before=1e6), everything=True)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 0.2 * sizes[-1]


async def test_who_writes_meanwhile_waits_for_no_more_than_a_slice(tmp_path, clock):
    ours, theirs = (sqlite_store(tmp_path / "journal.db") for _ in range(2))
    big = "x" * 1500
    for number in range(400):
        run = f"r{number:03}"
        await ours.journal.append([begin(run), *(go_on(run, n, big) for n in range(2, 21))], durable=False)
        await record_end(ours, run, 21)
    writing = asyncio.create_task(longest_wait(theirs))
    pruned = await Retention(ours, clock).prune(Choice(before=1e6), everything=True)
    writing.cancel()
    longest, count = await writing
    assert pruned.runs == 400
    assert count > 10
    assert longest < 2.0  # a slice takes some milliseconds; the machine may be busy
    await ours.aclose()
    await theirs.aclose()


async def record_end(store, run, sequence):
    from agentcore.testing.contracts.journal import end

    await store.journal.append([end(run, sequence)], durable=False)


async def longest_wait(store):
    longest, count = 0.0, 0
    await store.journal.append([begin("writer")], durable=True)
    try:
        while True:
            before = time.monotonic()
            await store.journal.append([go_on("writer", count + 2)], durable=True)
            longest, count = max(longest, time.monotonic() - before), count + 1
    except asyncio.CancelledError:
        return longest, count


CHILD = """
    import asyncio, sys
    from pathlib import Path
    from agentcore.adapters.clock import SystemClock
    from agentcore.app import Choice, Retention, sqlite_store

    async def main():
        store = sqlite_store(Path(sys.argv[1]))
        print("begins", flush=True)
        await Retention(store, SystemClock(), export=Path(sys.argv[2])).prune(Choice(before=1e6))
        await store.aclose()

    asyncio.run(main())
"""


def start_child(path, folder):
    code = textwrap.dedent(CHILD)
    return subprocess.Popen([sys.executable, "-c", code, str(path), str(folder)], stdout=subprocess.PIPE, text=True)


async def test_a_crash_at_any_moment_loses_nothing(tmp_path):
    path, folder = tmp_path / "journal.db", tmp_path / "old"
    store = sqlite_store(path)
    for number in range(400):
        await record(store.journal, f"r{number:03}", ended_at=float(number))
    everything = {f"r{number:03}": await store.journal.read(f"r{number:03}") for number in range(400)}
    for moment in (0.0, 0.02, 0.05, 0.1, 0.2):
        child = start_child(path, folder)
        assert child.stdout.readline() == "begins\n"
        await asyncio.sleep(moment)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        left = await listed(store)
        for run in everything.keys() - left:
            assert (folder / file_name(run)).is_file()
    for run in everything.keys() - left:
        assert (await store.files.import_(folder / file_name(run)))[1] == "imported"
    assert {run: await store.journal.read(run) for run in everything} == everything
    await store.aclose()


async def test_a_store_in_memory_is_pruned_too(clock):
    store = memory_store()
    await record(store.journal, "a", ended_at=1.0)
    await store.journal.append([begin("b")], durable=True)
    assert (await Retention(store, clock).prune(Choice(before=2.0), everything=True)).runs == 1
    assert await listed(store) == {"b"}


def test_a_store_without_an_archive_says_so(clock):
    known = memory_store()
    with pytest.raises(JournalUnavailable, match="cannot be pruned"):
        Retention(Store(journal=known.journal, inbox=known.inbox), clock)

"""What processes of one store share: statistics, breakers, and who sends the probe."""

from __future__ import annotations

import asyncio

import pytest
from loguru import logger
from support.desk import profile

from agentcore.adapters.journal.memory_live_store import MemoryLiveStore
from agentcore.domain.errors import JournalUnavailable
from agentcore.domain.ids import ModelName
from agentcore.engine.live_sync import CLAIM_SECONDS, LiveSync
from agentcore.engine.pool import ModelEntry, ModelPool
from agentcore.ports.model import ModelReply
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import ScriptedModel

M, N = ModelName("m"), ModelName("n")
REPLY = ModelReply(text="x", input_tokens=10, output_tokens=5)


class Breaking(MemoryLiveStore):
    """A store that can be used until it is broken."""

    broken = False

    async def publish(self, *given, **named):
        if self.broken:
            raise JournalUnavailable("gone")
        await super().publish(*given, **named)

    async def others(self, *given, **named):
        if self.broken:
            raise JournalUnavailable("gone")
        return await super().others(*given, **named)


class Process:
    def __init__(self, store, clock, owner, scope="s"):
        entries = {name: ModelEntry(profile=profile(name), model=ScriptedModel([])) for name in (M, N)}
        self.pool = ModelPool(entries, clock)
        self.pool.circuits.shared = self.pool.tools.shared = True
        self.clock = clock
        self.sync = LiveSync(self.pool, store, clock, scope=scope, owner=owner)

    def fail(self, times=5):
        for _ in range(times):
            self.pool.calling(M)
            self.pool.failed(M, step="clerk")

    def allows(self, name=M):
        return self.pool.breakers[name].allows(self.clock.now())


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store():
    return MemoryLiveStore()


@pytest.fixture
def processes(store, clock):
    return [Process(store, clock, f"w{number}") for number in range(3)]


async def sync(processes):
    for each in processes:
        await each.sync.once()


async def test_what_one_has_seen_the_others_know(processes):
    one, two, _ = processes
    for _ in range(20):
        one.pool.succeeded(M, REPLY, 4.0, step="clerk")
        two.pool.succeeded(M, REPLY, 4.0, step="clerk")
    await sync(processes)
    await sync(processes)
    for each in processes:
        stats = each.pool.board.of("clerk")[M]
        assert stats.calls == 40
        assert stats.forecast_seconds(1.0, each.clock.now()) == pytest.approx(4.0, rel=0.1)


async def test_telling_it_again_counts_once(processes):
    one, two, _ = processes
    one.pool.succeeded(M, REPLY, 4.0)
    for _ in range(3):
        one.pool.board.changed = True
        await sync(processes)
    assert two.pool.live[M].calls == 1


async def test_a_change_that_one_notices_the_others_follow(processes):
    one, two, _ = processes
    for _ in range(60):
        two.pool.succeeded(M, REPLY, 1.0)
    await sync(processes)
    await one.clock.advance(10.0)
    for _ in range(20):
        one.pool.succeeded(M, REPLY, 1.0)
        await one.clock.advance(1.0)
    for _ in range(6):
        one.pool.succeeded(M, REPLY, 10.0)
        await one.clock.advance(1.0)
    await sync(processes)
    assert two.pool.live[M].forecast_seconds(1.0, two.clock.now()) > 7.0


async def test_of_other_models_and_tools_nothing_is_heard(store, clock):
    one, two = Process(store, clock, "a", scope="s"), Process(store, clock, "b", scope="t")
    one.fail()
    await sync([one, two])
    assert two.allows()
    assert two.pool.live[M].calls == 0


async def test_a_circuit_that_opens_opens_for_all(processes):
    one, two, three = processes
    one.fail()
    await sync(processes)
    assert [each.allows() for each in processes] == [False, False, False]
    assert two.pool.breakers[M].until == three.pool.breakers[M].until == one.pool.breakers[M].until
    assert two.allows(N)


async def test_one_process_sends_the_probe_and_its_success_closes_all(processes):
    one, two, three = processes
    one.fail()
    await sync(processes)
    await one.clock.advance(16.0)
    assert not any(each.allows() for each in processes), "nobody probes without a claim"
    await sync(processes)
    assert [each.allows() for each in processes] == [True, False, False]
    one.pool.calling(M)
    assert not one.allows()
    await sync(processes)
    assert [each.allows() for each in processes] == [False, False, False]
    one.pool.succeeded(M, REPLY, 1.0)
    await sync(processes)
    assert [each.allows() for each in processes] == [True, True, True]
    assert all(each.pool.breakers[M].until is None for each in (one, two, three))


async def test_a_probe_that_fails_keeps_all_away_for_longer(processes):
    one, two, _ = processes
    one.fail()
    await sync(processes)
    await one.clock.advance(16.0)
    await sync(processes)
    one.pool.calling(M)
    one.pool.failed(M)
    await sync(processes)
    assert two.pool.breakers[M].until == pytest.approx(one.clock.now() + 30.0)


async def test_who_has_nothing_to_send_leaves_the_probe_to_another(processes):
    one, two, three = processes
    one.fail()
    await sync(processes)
    await one.clock.advance(16.0)
    await sync(processes)
    assert one.allows()
    await one.clock.advance(CLAIM_SECONDS + 0.5)
    await sync(processes)
    assert [each.allows() for each in (one, two, three)] == [False, True, False]


async def test_a_probe_under_way_keeps_the_claim(processes):
    one, two, _ = processes
    one.fail()
    await sync(processes)
    await one.clock.advance(16.0)
    await sync(processes)
    one.pool.calling(M)
    for _ in range(20):
        await one.clock.advance(1.0)
        await sync(processes)
        assert not two.allows()


async def test_breakers_of_tools_are_shared_too(processes):
    one, two, _ = processes
    for _ in range(5):
        one.pool.tools.failed("echo")
    await sync(processes)
    assert two.pool.tools.breakers["echo"].state(two.clock.now()) == "open"


async def test_a_store_that_fails_is_logged_once_and_stops_nothing(clock):
    lines = []
    logger.enable("agentcore")
    sink = logger.add(lambda line: lines.append(str(line)), level="WARNING")
    store = Breaking()
    process = Process(store, clock, "a")
    await process.sync.once()
    store.broken = True
    process.fail()
    for _ in range(3):
        await process.sync.once()
    logger.remove(sink)
    logger.disable("agentcore")
    assert len(lines) == 1
    assert "live statistics are not shared: gone" in lines[0]
    await clock.advance(16.0)
    assert process.allows(), "it goes by what it knows itself"


async def test_a_store_that_has_never_worked_is_left_to_the_runs_to_tell_of(clock):
    lines = []
    logger.enable("agentcore")
    sink = logger.add(lambda line: lines.append(str(line)), level="WARNING")
    store = Breaking()
    store.broken = True
    process = Process(store, clock, "a")
    process.fail()
    await process.sync.once()
    logger.remove(sink)
    logger.disable("agentcore")
    assert lines == []


async def test_it_goes_on_beside_the_runs(store, clock):
    one, two = Process(store, clock, "a"), Process(store, clock, "b")
    one.pool.succeeded(M, REPLY, 2.0)
    attending = [asyncio.create_task(each.sync.attend()) for each in (one, two)]
    for _ in range(50):
        await asyncio.sleep(0)
    for task in attending:
        task.cancel()
    await asyncio.wait(attending)
    assert one.pool.board.changed is False
    assert not one.pool.circuits.shared
    await two.sync.once()
    assert two.pool.live[M].calls == 1

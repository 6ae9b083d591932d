import asyncio

import pytest

from agentcore.testing.fake_clock import FakeClock


async def test_stands_still_until_it_is_moved():
    clock = FakeClock(start=100.0)
    assert (clock.now(), clock.monotonic()) == (100.0, 0.0)
    await clock.advance(5)
    assert (clock.now(), clock.monotonic()) == (105.0, 5.0)


async def test_wakes_sleepers_in_order_at_their_time():
    clock = FakeClock()
    woken = []

    async def sleep(name, *naps):
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleep("slow", 3))
        group.create_task(sleep("quick", 1, 1, 5))
        await clock.advance(4)
        assert woken == [("quick", 1), ("quick", 2), ("slow", 3)]
        await clock.advance(10)
    assert woken[-1] == ("quick", 7)


async def test_moves_by_itself_when_asked_to():
    clock = FakeClock(auto=True)
    ended = {}

    async def sleep(name, seconds):
        await clock.sleep(seconds)
        ended[name] = clock.monotonic()

    await asyncio.gather(sleep("long", 3600), sleep("short", 1), sleep("none", 0))
    assert ended == {"none": 0, "short": 1, "long": 3600}
    assert clock.slept == [3600, 1, 0]


async def test_a_cancelled_sleep_does_not_move_the_time():
    clock = FakeClock(auto=True)
    task = asyncio.create_task(clock.sleep(50))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await clock.sleep(1)
    assert clock.monotonic() == 1


def test_chance_and_ids_repeat():
    one, two = FakeClock(seed=1), FakeClock(seed=1)
    assert [one.random() for _ in range(3)] == [two.random() for _ in range(3)]
    assert FakeClock(seed=2).random() != FakeClock(seed=1).random()
    ids = [one.new_id() for _ in range(12)]
    assert ids[0] == "id-000001"
    assert sorted(set(ids)) == ids

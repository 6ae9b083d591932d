import asyncio

import pytest

from agentcore.adapters.models.llama_slots import Slots


async def test_an_agent_keeps_its_slot():
    slots = Slots(3)
    first = await slots.acquire("a")
    slots.release(first)
    other = await slots.acquire("b")
    slots.release(other)
    assert first != other
    assert await slots.acquire("a") == first


async def test_a_new_agent_takes_over_the_slot_unused_for_longest():
    slots = Slots(2)
    for name in ("a", "b", "a"):
        slots.release(await slots.acquire(name))
    a = await slots.acquire("a")
    slots.release(a)
    assert await slots.acquire("c") != a


async def test_calls_of_one_agent_wait_for_its_slot_although_another_is_free():
    slots = Slots(2)
    mine = await slots.acquire("a")
    second = asyncio.create_task(slots.acquire("a"))
    await asyncio.sleep(0)
    assert not second.done()
    slots.release(mine)
    assert await second == mine


async def test_nobody_s_calls_take_whatever_is_free():
    slots = Slots(2)
    assert {await slots.acquire(""), await slots.acquire("")} == {0, 1}


async def test_waiters_are_served_in_order():
    slots = Slots(1)
    held = await slots.acquire("a")
    order = []

    async def wait(name):
        slot = await slots.acquire(name)
        order.append(name)
        slots.release(slot)

    async with asyncio.TaskGroup() as tasks:
        for name in ("b", "c", "d"):
            tasks.create_task(wait(name))
        await asyncio.sleep(0)
        slots.release(held)
    assert order == ["b", "c", "d"]


@pytest.mark.parametrize("granted_first", [False, True])
async def test_a_cancelled_waiter_holds_nothing(granted_first):
    slots = Slots(1)
    held = await slots.acquire("a")
    waiting = asyncio.create_task(slots.acquire("b"))
    await asyncio.sleep(0)
    if granted_first:
        slots.release(held)
        waiting.cancel()
    else:
        waiting.cancel()
        await asyncio.sleep(0)
        slots.release(held)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await asyncio.wait_for(slots.acquire("c"), 1) == 0

"""A run for each message, on a source in memory and a starter that starts nothing."""

from __future__ import annotations

import asyncio
import json

import pytest
from support.triggers import running, until

from agentcore.adapters.triggers.memory import MemorySource
from agentcore.domain.errors import GuardDenied, JournalTooNew, JournalUnavailable, SourceUnavailable
from agentcore.testing.fake_starter import FakeStarter
from agentcore.triggers.message_loop import TriggerLoop


@pytest.fixture
def source():
    return MemorySource()


@pytest.fixture
def loop(source, launched):
    return lambda **settings: TriggerLoop(source=source, launch=launched(**settings))


def body(**fields) -> bytes:
    return json.dumps(fields).encode()


async def test_a_run_for_each_message_which_is_acknowledged_when_it_is_on_disk(loop, source, starter):
    async with running(loop(tenant="acme", principal="queue", purpose="billing")):
        await source.publish(body(customer="Acme", boxes="3"))
        await source.publish(body(customer="Globex"))
        await until(lambda: len(source.acknowledged) == 2)
    first, second = starter.started.values()
    assert (first.inputs, first.tenant, first.principal) == ({"customer": "Acme", "boxes": 3}, "acme", "queue")
    assert first.purpose == "billing"
    assert (second.inputs, second.goal) == ({"customer": "Globex", "boxes": 1}, "What should Globex pay for 1?")
    assert first.label.sources == {"trigger:orders"}


async def test_fields_are_picked_out_of_the_message(loop, source, starter):
    picked = {"customer": "$.order.buyer-name", "boxes": 2}
    async with running(loop(inputs=picked)):
        await source.publish(body(order={"buyer-name": "Acme", "more": 1}, boxes=9))
        await source.publish(body(order={"buyer": "Acme"}))
        await source.publish(body(order="Acme"))
        await until(lambda: len(source.rejected) == 2)
    (task,) = starter.started.values()
    assert task.inputs == {"customer": "Acme", "boxes": 2}
    assert {reason for _, reason in source.rejected} == {"scenario `price`: input `customer` is missing"}


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (b"hello", "not JSON: expecting value at character 1"),
        (b"", "not JSON: expecting value at character 1"),
        (b'{"customer": "\xff"}', "not UTF-8: byte 15"),
        (b"[" * 100_000, "not JSON that can be read: too many lists and objects inside one another"),
        (b"[1]", "must be a JSON object, not a list"),
        (b"{}", "scenario `price`: input `customer` is missing"),
        (
            b'{"custmer": "Acme", "boxes": "many"}',
            (
                "scenario `price`: unknown input `custmer`; did you mean `customer`?; "
                "scenario `price`: input `customer` is missing; "
                'scenario `price`: input `boxes` must be a whole number, not "many"'
            ),
        ),
    ],
)
async def test_what_no_run_can_be_made_of_is_rejected_with_the_reason(loop, source, starter, poison, reason):
    async with running(loop()):
        await source.publish(poison)
        await source.publish(body(customer="Acme"))
        await until(lambda: source.acknowledged == ["2"])
    ((message, told),) = source.rejected
    assert (message.body, told) == (poison, reason)
    assert len(starter.started) == 1


async def test_the_reason_is_logged(loop, source, logged):
    async with running(loop()):
        await source.publish(b"{hello}")
        await until(lambda: bool(source.rejected))
    assert (
        "WARNING message 1 is rejected: "
        "not JSON: expecting property name enclosed in double quotes at character 2" in logged
    )


async def test_a_task_that_a_guard_refuses_is_rejected(loop, source, starter):
    starter._errors = [GuardDenied("the task has binary data in a text")]
    async with running(loop()):
        await source.publish(body(customer="Acme"))
        await until(lambda: bool(source.rejected))
    assert source.rejected[0][1] == "the task has binary data in a text"
    assert not starter.started


async def test_a_task_that_cannot_be_recorded_is_rejected(loop, source, starter):
    starter._errors = [ValueError("no such character")]
    async with running(loop()):
        await source.publish(body(customer="Acme"))
        await until(lambda: bool(source.rejected))
    assert source.rejected[0][1] == "it cannot be recorded: no such character"


async def test_a_message_that_comes_again_has_no_second_run(loop, source, starter):
    async with running(loop()):
        await source.publish(body(customer="Acme"), id="order-1")
        await source.publish(body(customer="Acme"), id="order-1")
        await source.publish(body(customer="Acme"), id="order-2")
        await until(lambda: len(source.acknowledged) == 3)
    assert (len(starter.started), len(starter.refused)) == (2, 1)


class Killed(BaseException):
    """The process is gone."""


async def test_a_process_killed_between_start_and_acknowledgement(loop, source, starter, monkeypatch):
    async def die(message):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(source, "acknowledge", die)
        first = asyncio.ensure_future(loop().run())
        await source.publish(body(customer="Acme"))
        with pytest.raises(Killed):
            await first
    assert (len(starter.started), source.acknowledged) == (1, [])
    await source.redeliver()
    async with running(loop()):
        await until(lambda: source.acknowledged == ["1"])
    assert (len(starter.started), len(starter.refused)) == (1, 1)


async def test_a_process_killed_before_the_start(loop, source, starter):
    starter._errors = [Killed()]
    first = asyncio.ensure_future(loop().run())
    await source.publish(body(customer="Acme"))
    with pytest.raises(Killed):
        await first
    await source.redeliver()
    async with running(loop()):
        await until(lambda: source.acknowledged == ["1"])
    assert len(starter.started) == 1


async def test_a_server_that_is_gone_when_it_is_acknowledged(loop, source, starter, monkeypatch, logged):
    async def gone(message):
        raise SourceUnavailable("the server is gone")

    monkeypatch.setattr(source, "acknowledge", gone)
    async with running(loop()):
        await source.publish(body(customer="Acme"))
        await until(lambda: "WARNING message 1 will come again: the server is gone" in logged)
        monkeypatch.undo()
        await source.redeliver()
        await until(lambda: source.acknowledged == ["1"])
    assert len(starter.started) == 1


async def test_no_more_than_so_many_under_way(loop, source, starter):
    starter._ends = False
    async with running(loop(parallel=3)):
        for number in range(10):
            await source.publish(body(customer=f"C{number}"))
        await starter.have(3)
        await until(lambda: len(source.acknowledged) == 3)
        assert len(source._waiting) == 7  # the rest is left to others
        for count in range(4, 11):
            await starter.end(starter.running[0])
            await starter.have(count)
    assert starter.most == 3


async def test_a_store_that_is_down_is_waited_for_and_the_message_held(loop, source, starter, clock, logged):
    starter._errors = [JournalUnavailable("the store is down")] * 4
    async with running(loop()):
        await source.publish(body(customer="Acme"))
        await until(lambda: source.acknowledged == ["1"])
    assert clock.slept == [0.5, 1.0, 2.0, 4.0]
    assert source.extended == ["1"] * 4
    assert sum("cannot be started yet: the store is down" in line for line in logged) == 4


async def test_a_store_of_another_version_ends_it_and_acknowledges_nothing(loop, source, starter):
    starter._errors = [JournalTooNew("the store is newer")]
    ended = asyncio.ensure_future(loop().run())
    await source.publish(body(customer="Acme"))
    with pytest.raises(JournalTooNew):
        await ended
    assert (source.acknowledged, source.rejected) == ([], [])


async def test_a_server_that_is_down_at_the_beginning_ends_it(loop, source, monkeypatch):
    async def down():
        raise SourceUnavailable("the server is down")

    monkeypatch.setattr(source, "receive", down)
    with pytest.raises(SourceUnavailable, match="the server is down"):
        await loop().run()


async def test_stopping_finishes_what_is_half_done_and_waits_for_no_run(loop, source, launched):
    go = asyncio.Event()

    class Slow(FakeStarter):
        async def start(self, task, **given):
            await go.wait()
            return await super().start(task, **given)

    slow = Slow(ends=False)
    stopping = loop()
    stopping.launch._starter = slow
    task = asyncio.ensure_future(stopping.run())
    await source.publish(body(customer="Acme"))
    await until(lambda: bool(source._delivered))
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(slow.started) == 1  # and is found when the message comes again
    assert source.acknowledged == []

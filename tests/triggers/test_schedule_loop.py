from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from support.triggers import SCENARIO, running

from agentcore.config.triggers import Schedule
from agentcore.domain.cron import Cron
from agentcore.domain.errors import JournalCorrupt, JournalUnavailable
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.fake_starter import FakeStarter
from agentcore.triggers.launch import CannotRun, Launch
from agentcore.triggers.schedule_loop import ScheduleLoop

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 23, 12, 0, tzinfo=BERLIN).timestamp()
HOUR, DAY = 3600.0, 86400.0


@pytest.fixture
def clock():
    return FakeClock(start=MONDAY)


@pytest.fixture
def scheduled(launched):
    def make(cron="0 7 * * *", catch_up="skip", zone=BERLIN, **settings) -> ScheduleLoop:
        schedule = Schedule(cron=Cron.parse(cron, zone), catch_up=catch_up)
        inputs = {"customer": "$.due"} | settings.pop("inputs", {})
        return ScheduleLoop(
            schedule=schedule, launch=launched(schedule=schedule, provider="", inputs=inputs, **settings)
        )

    return make


def due(starter) -> list[str]:
    return [str(task.inputs["customer"]) for task in starter.started.values()]


async def test_a_run_at_each_due_time_also_when_clocks_change(scheduled, starter, clock):
    async with running(scheduled("0 7 * * *")):
        await clock.advance(7 * DAY)
    assert [text[8:] for text in due(starter)] == [
        *(f"{day}T07:00:00+01:00" for day in range(24, 29)),
        "29T07:00:00+02:00",
        "30T07:00:00+02:00",
    ]
    (task, *_) = starter.started.values()
    assert (task.tenant, task.principal, task.goal) == (
        "shop",
        "local",
        "What should 2026-03-24T07:00:00+01:00 pay for 1?",
    )
    assert task.label.sources == {"trigger:orders"}


async def test_two_processes_start_one_run(scheduled, starter, clock):
    async with running(scheduled("0 * * * *")), running(scheduled("0 * * * *")):
        await clock.advance(3 * HOUR + 60)
    assert len(starter.started) == 3
    assert sorted(starter.refused) == sorted(starter.started)


async def test_another_trigger_and_another_project_start_their_own(starter, clock, launched):
    one, other = launched(), launched(name="other")
    third = Launch(project="else", trigger=one._trigger, scenario=SCENARIO, starter=starter, clock=clock)
    assert len({launch.run("x") for launch in (one, other, third)}) == 3


async def test_the_id_follows_from_the_moment_and_not_from_the_zone(scheduled, starter, clock):
    async with running(scheduled("0 * * * *")), running(scheduled("0 * * * *", zone=UTC)):
        await clock.advance(HOUR + 60)
    assert (len(starter.started), len(starter.refused)) == (1, 1)


async def test_times_that_passed_before_it_began_are_skipped(scheduled, starter, clock):
    async with running(scheduled("0 7 * * *")):
        await clock.advance(HOUR)
    assert starter.started == {}


async def test_or_the_latest_is_made_up_for_once(scheduled, starter, clock):
    for _ in range(2):  # the second process finds its run
        async with running(scheduled("0 7 * * *", catch_up="latest")):
            await clock.advance(HOUR)
    assert due(starter) == ["2026-03-23T07:00:00+01:00"]
    assert len(starter.refused) == 1


@pytest.mark.parametrize(("catch_up", "starts"), [("skip", "14 15"), ("latest", "12 13 14 15")])
async def test_a_machine_that_slept(scheduled, clock, logged, catch_up, starts):
    loop = scheduled("0 * * * *", catch_up)
    async with running(loop):
        await clock.advance(10)
        clock._start += 90 * 60  # it is 13:30 at once; 13:00 was missed
        await clock.advance(2 * HOUR)
    assert " ".join(text[11:13] for text in due(loop.launch._starter)) == starts
    assert sum("missed 2026-03-23T13:00:00+01:00: it is 18" in line for line in logged) == 1


async def test_a_clock_that_is_set_back_repeats_nothing(scheduled, starter, clock):
    async with running(scheduled("0 * * * *")):
        await clock.advance(HOUR + 1)
        clock._start -= 1800
        await clock.advance(HOUR)
    assert [text[11:16] for text in due(starter)] == ["13:00"]


async def test_no_more_than_so_many_at_once(scheduled, clock, launched, starter):
    starter._ends = False
    async with running(scheduled("* * * * *", parallel=2)):
        await clock.advance(10 * 60)
        assert len(starter.running) == 2
        await starter.end(starter.running[0])
        await clock.advance(1)
        assert len(starter.running) == 2
    assert starter.most == 2


async def test_a_store_that_is_down_is_waited_for(scheduled, clock, starter, logged):
    starter._errors = [JournalUnavailable("the store is down")] * 3
    async with running(scheduled("0 13 * * *")):
        await clock.advance(HOUR + 30)
    assert due(starter) == ["2026-03-23T13:00:00+01:00"]
    assert sum("cannot be started yet: the store is down" in line for line in logged) == 3


async def test_a_store_that_is_damaged_ends_it(scheduled, clock, starter):
    starter._errors = [JournalCorrupt("the store is damaged")]
    ended = asyncio.ensure_future(scheduled("0 13 * * *").run())
    await clock.advance(2 * HOUR)
    assert isinstance(ended.exception(), JournalCorrupt)


async def test_wrong_inputs_end_it(scheduled, clock):
    ended = asyncio.ensure_future(scheduled("0 13 * * *", inputs={"custmer": 1}).run())
    await clock.advance(2 * HOUR)
    with pytest.raises(CannotRun, match="unknown input `custmer`"):
        await ended


async def test_stopping_finishes_the_start_that_is_under_way(scheduled, clock, starter):
    go = asyncio.Event()

    class Slow(FakeStarter):
        async def start(self, task, **given):
            await go.wait()
            return await super().start(task, **given)

    slow = Slow()
    loop = scheduled("0 13 * * *")
    loop.launch._starter = slow
    task = asyncio.ensure_future(loop.run())
    await clock.advance(HOUR + 1)
    task.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(slow.started) == 1

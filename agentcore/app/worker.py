"""A worker: a process that only drives runs, until it is told to stop; then it drains."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Literal, Protocol

from loguru import logger

Until = Literal["stopped", "idle", "once"]
"""When a worker ends by itself. idle: nothing is left that it could do.  once: what it finds at first is done."""

LOOK_SECONDS: Final = 0.2
"""How often to look whether a worker that ends by itself has done its work."""


class Service(Protocol):
    """What a worker works with: a Runtime, or what takes runs from a queue that many machines share."""

    @property
    def driving(self) -> int:
        """How many runs are under way here."""
        ...

    async def take_up(self) -> int:
        """Look at once for what waits for a process; return how many runs were taken up."""
        ...

    def drain(self) -> None:
        """Take up nothing any more."""
        ...


async def work(
    service: Service,
    stop: asyncio.Event,
    *,
    grace_seconds: float,
    until: Until = "stopped",
    duties: Sequence[Coroutine[Any, Any, None]] = (),
) -> int:
    """Drive runs until `stop` is set, or as `until` says; return how many are still under way when the grace is over.

    The service takes runs up by itself meanwhile. duties: what else this process does, such as starting runs by
    triggers; they are cancelled before anything else when the worker drains. Raises the first error of a duty.
    """
    beside = [asyncio.create_task(duty) for duty in duties]
    ending = asyncio.create_task(_ended(service, stop, until))
    try:
        await _first(ending, beside)
    finally:
        for task in (ending, *beside):
            task.cancel()
        await asyncio.gather(ending, *beside, return_exceptions=True)
        service.drain()
    if stop.is_set() and service.driving:
        logger.info("draining: {} under way, up to {:g} s", _runs(service.driving), grace_seconds)
    if until == "stopped" or stop.is_set():
        await _drained(service, grace_seconds)
    return service.driving


async def _first(ending: asyncio.Task[None], beside: Sequence[asyncio.Task[None]]) -> None:
    """Wait for the end, or for a duty that fails. A duty may be done before."""
    waiting: set[asyncio.Task[None]] = {ending, *beside}
    while not ending.done():
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def _ended(service: Service, stop: asyncio.Event, until: Until) -> None:
    """Return when there is no more to do."""
    if until == "stopped":
        await stop.wait()
        return
    await service.take_up()
    if until == "once":
        service.drain()
    while not stop.is_set():
        if not service.driving and (until == "once" or not await service.take_up()):
            return
        await _either(stop, LOOK_SECONDS)


async def _drained(service: Service, grace_seconds: float) -> None:
    """Wait until nothing is under way, or the grace is over."""
    loop = asyncio.get_running_loop()
    until = loop.time() + grace_seconds
    while service.driving and loop.time() < until:  # noqa: ASYNC110  # of foreign tasks no event tells
        await asyncio.sleep(min(LOOK_SECONDS, grace_seconds) / 4)


async def _either(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"

"""A small scenario for triggers, and loops that run while a test does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress

from agentcore.config.scenarios import Input, Scenario
from agentcore.domain.budget import Budget

SCENARIO = Scenario(
    name="price",
    goal="What should {{customer}} pay for {{boxes}}?",
    budget=Budget(calls=7),
    inputs={"customer": Input(name="customer"), "boxes": Input(name="boxes", type="integer", default=1)},
    tenant="shop",
)


@asynccontextmanager
async def running(loop):
    """Run a loop for as long as the block; what it raises before the end is raised there."""
    task = asyncio.ensure_future(loop.run())
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  what is waited for is elsewhere
            await asyncio.sleep(0.01)

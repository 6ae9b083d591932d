"""What a runtime does beside the runs that it was asked for: look after others, tell the outside, prune."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import TYPE_CHECKING, Any

from loguru import logger

from agentcore.app.build import build_notifier
from agentcore.app.retention import Retention
from agentcore.app.store import Store
from agentcore.engine.attend import Attendant
from agentcore.engine.herald import Herald
from agentcore.ports.clock import Clock

if TYPE_CHECKING:
    from agentcore.config.project import Project


@contextlib.asynccontextmanager
async def attended(attendant: Attendant) -> AsyncGenerator[None]:
    """Look after the store's runs."""
    async with _meanwhile(attendant.attend(), "attendant"):
        yield


@contextlib.asynccontextmanager
async def heralded(project: Project, store: Store, clock: Clock) -> AsyncGenerator[None]:
    """Tell, if somebody wants to know, what runs ask people; at the end what was asked last."""
    notifier, outbox = build_notifier(project), store.outbox
    if notifier is None or outbox is None:
        if notifier is not None:
            logger.warning("this store does not keep what was told: the webhook is told nothing")
        yield
        return
    herald = Herald(outbox, notifier, presence=store.presence, clock=clock)
    try:
        async with _meanwhile(herald.attend(), "herald"):
            yield
    finally:
        await herald.last()
        await notifier.aclose()


@contextlib.asynccontextmanager
async def pruned(project: Project, store: Store, clock: Clock) -> AsyncGenerator[None]:
    """Delete what ended long ago, if the project says so."""
    if project.retention is None:
        yield
        return
    retention = Retention(store, clock, export=project.retention.export, sealed=True)
    async with _meanwhile(retention.keep(project.retention.keep_seconds), "retention"):
        yield


@contextlib.asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None], name: str) -> AsyncGenerator[None]:
    """Do something that has no end of its own, until the end of the block."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])

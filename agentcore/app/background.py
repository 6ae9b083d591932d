"""What a runtime does beside the runs that it was asked for: look after others, tell the outside, prune, share."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Coroutine
from typing import TYPE_CHECKING, Any

from loguru import logger

from agentcore.app.build import build_notifier
from agentcore.app.retention import Retention
from agentcore.app.store import Store
from agentcore.domain.errors import JournalError
from agentcore.domain.json import JSON, digest
from agentcore.engine.attend import Attendant
from agentcore.engine.herald import Herald
from agentcore.engine.live_sync import LiveSync
from agentcore.engine.pool import ModelPool
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
async def shared(project: Project, store: Store, pool: ModelPool, clock: Clock) -> AsyncGenerator[None]:
    """Share what is seen of models and tools with the other processes of the store; at the end what was seen last."""
    if store.live is None:
        yield
        return
    owner = secrets.token_hex(8)  # one of its own: a runtime that is opened again has seen nothing yet
    sync = LiveSync(pool, store.live, clock, scope=_scope(project), owner=owner)
    try:
        async with _meanwhile(sync.attend(), "live statistics"):
            yield
    finally:
        with contextlib.suppress(JournalError):
            await sync.tell()


def _scope(project: Project) -> str:
    """Return what is the same for processes whose models and tools are: what is seen of others says nothing here."""
    models: dict[str, JSON] = {
        name: [each.provider, each.options.declared, str(each.profile.price.input), str(each.profile.price.output)]
        for name, each in project.models.items()
    }
    tools: dict[str, JSON] = {name: [each.provider, each.options.declared] for name, each in project.tools.items()}
    made: list[JSON] = [sorted(project.built_models), sorted(project.built_tools)]
    return digest({"name": project.name, "models": models, "tools": tools, "made": made})


@contextlib.asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None], name: str) -> AsyncGenerator[None]:
    """Do something that has no end of its own, until the end of the block."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])

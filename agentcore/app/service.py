"""What a worker works with: a runtime of its own on an embedded store, or a queue on one that many machines share."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentcore.app.runtime import Runtime
from agentcore.app.shared_worker import SharedWorker
from agentcore.app.store import open_queue, open_store
from agentcore.app.worker import Service
from agentcore.domain.errors import ConfigError
from agentcore.domain.ids import RunId
from agentcore.engine.handle import RunHandle

if TYPE_CHECKING:
    from agentcore.config.project import Project

_ANY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How much a worker takes.

    at_once: runs here.  queue, tenant, rate: of a shared store: its name, the runs of one tenant in all processes, and
    how many of them may begin within how many seconds. look_seconds: how often to look for what was written.
    """

    at_once: int = 16
    queue: str = "default"
    tenant: int = 8
    rate: tuple[int, float] | None = None
    look_seconds: float = 0.03


@contextlib.asynccontextmanager
async def opened_service(
    project: Project, capacity: Capacity, *, resumed: Callable[[RunHandle], None]
) -> AsyncGenerator[tuple[Service, Runtime]]:
    """Open what a worker works with. resumed: called with each run that is taken up. Raises as Runtime does."""
    store = open_store(project)
    if store.url is None or store.presence is None:
        runtime = Runtime(
            project, store=store, at_once=capacity.at_once, look_seconds=capacity.look_seconds, resumed=resumed
        )
        async with runtime:
            yield runtime, runtime
        return

    working: list[SharedWorker] = []

    async def dispatch(run: RunId) -> None:
        if not working:
            raise ConfigError(["the worker is not at work yet"])
        await working[0].submit(run)

    queue = open_queue(store, name=capacity.queue, limits=(capacity.at_once, capacity.tenant, capacity.rate))
    async with Runtime(project, store=store, at_once=_ANY, dispatch=dispatch, queue=capacity.queue) as runtime:
        worker = SharedWorker(runtime, store, store.presence, queue, resumed=resumed)
        async with worker.at_work():
            working.append(worker)
            yield worker, runtime

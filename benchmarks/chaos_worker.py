"""A worker of the chaos benchmark, to be killed.

`python -m benchmarks.chaos_worker STORE SINK LOG AT_ONCE SECONDS`
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from loguru import logger

from agentcore import Project, Runtime
from agentcore.app.shared_worker import SharedWorker
from agentcore.app.store import Store, open_queue, open_store
from agentcore.domain.ids import RunId
from benchmarks.chaos_desk import TENANTS, project
from benchmarks.chaos_witness import Witness

QUEUE = "chaos"


@contextlib.asynccontextmanager
async def embedded(project: Project, store: Store, at_once: int, tenant: int) -> AsyncIterator[None]:
    """Drive the runs of a file, as the other processes on it do. Its runs know no limit of a tenant."""
    del tenant
    async with Runtime(project, store=store, at_once=at_once):
        yield


@contextlib.asynccontextmanager
async def shared(project: Project, store: Store, at_once: int, tenant: int) -> AsyncIterator[None]:
    """Take runs from the queue."""
    assert store.presence is not None
    made: asyncio.Future[SharedWorker] = asyncio.get_running_loop().create_future()

    async def dispatch(run: RunId) -> None:
        await (await asyncio.shield(made)).submit(run)

    async with Runtime(project, store=store, dispatch=dispatch, at_once=10**6) as runtime:
        queue = open_queue(store, name=QUEUE, limits=(at_once, tenant, None))
        worker = SharedWorker(runtime, store, store.presence, queue)
        made.set_result(worker)
        async with worker.at_work():
            yield


async def main() -> None:
    """Work until told to stop, or killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("store")
    parser.add_argument("sink", type=int)
    parser.add_argument("log", type=Path)
    parser.add_argument("at_once", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--tenant", type=int, help="runs of a tenant at once, in all workers")
    parser.add_argument("--ask", action="store_true", help="a person before each mail")
    given = parser.parse_args()
    logger.enable("agentcore")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    desk = project(given.store, sink=given.sink, seconds=given.seconds, ask=given.ask)
    store = open_store(desk)
    assert store.presence is not None
    store = replace(store, journal=Witness(store.journal, given.log, store.presence.owner))
    work = embedded if store.url is None else shared
    # A tenant may have more at once than one worker takes of it, and less than all take.
    tenant = given.tenant or max(2, 4 * given.at_once // TENANTS)
    async with work(desk, store, given.at_once, tenant):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())

"""DbosQueue: the queue of DBOS Transact on PostgreSQL. Only this module imports dbos.

One workflow of DBOS is one segment of a run: from when a worker takes it until it ends or waits for people. Nothing of
a run is in it but its id: what the run has done is in the journal, and DBOS' own steps are not used. So a workflow
that is dispatched twice does no harm: the second one finds the run driven, or ended.

DBOS is one object a process; a process serves one queue.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, NoReturn, TypeVar

import dbos
from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from agentcore.domain.errors import JournalUnavailable
from agentcore.domain.ids import RunId
from agentcore.domain.store_url import StoreUrl
from agentcore.ports.work_queue import Take

T = TypeVar("T")

APPLICATION: Final = "agentcore"
SCHEMA: Final = "agentcore_queue"
"""The schema of DBOS' tables, beside the journal's."""

PROTOCOL: Final = "segments-1"
"""DBOS dispatches within one version of an application only. It changes when workers can no longer share a queue;
which definitions a run needs is not its business: they are in the store."""

WORKFLOW: Final = "agentcore.segment"
_PENDING: Final = "PENDING"

_PATIENCE_SECONDS: Final = 10.0
"""How long to try to submit a run: it is in the journal already, so the server is there, or will be."""

_REFUSED_SECONDS: Final = (0.0, 1.0, 2.0, 4.0, 8.0)
"""How long a run that this process cannot drive is kept from it, the first time and later ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """What a queue lets through.

    worker: runs at the same time in one process.  tenant: runs of one tenant at the same time, in all processes.
    rate: how many runs of a tenant may begin within how many seconds, None for no limit.
    """

    worker: int = 16
    tenant: int = 8
    rate: tuple[int, float] | None = None


class JsonOnly(dbos.Serializer):
    """JSON in and out. What is no JSON is an error, and never read otherwise."""

    def serialize(self, data: Any) -> str:
        """Return JSON text; an exception is its type and message."""
        return json.dumps(data, default=lambda value: f"{type(value).__name__}: {value}")

    def deserialize(self, serialized_data: str) -> Any:
        """Return the value. Raises ValueError."""
        value = json.loads(serialized_data)
        return RuntimeError(value) if isinstance(value, str) else value

    def name(self) -> str:
        """Return the name that stands in each row."""
        return "agentcore_json"


def refuse_pickles() -> None:
    """Have DBOS refuse rows that say that they are pickles: reading one runs what stands in it.

    DBOS reads such rows whatever serializer it was given, so its own has to be disarmed.
    """

    def refuse(*_: object) -> NoReturn:
        raise ValueError("a row of the queue is a pickle, which is not read")

    serialization: Any = import_module("dbos._serialization")
    serialization.DefaultSerializer.deserialize = refuse


class DbosQueue:
    """A WorkQueue. `serve` at most once in a process.

    name: of the queue.  owner: of this process; DBOS calls it the executor.  polling_seconds: how often to look for
    runs.  lost_seconds: how often to look for runs that this process has taken and not begun; the second time that one
    is found it is given back.
    """

    def __init__(
        self,
        url: StoreUrl,
        *,
        name: str = "default",
        owner: str = "",
        limits: QueueLimits | None = None,
        polling_seconds: float = 0.1,
        lost_seconds: float = 2.0,
    ) -> None:
        self._url = url
        self._name = name
        self._owner = owner
        self._limits = limits or QueueLimits()
        self._polling_seconds = polling_seconds
        self._lost_seconds = lost_seconds
        self._client: dbos.DBOSClient | None = None
        self._opening = asyncio.Lock()
        self._taking: set[asyncio.Task[None]] = set()
        self._begun: set[str] = set()
        self._refused: dict[str, int] = {}
        refuse_pickles()
        logging.getLogger("dbos").setLevel(logging.CRITICAL)  # every restart of the server would be pages of traces

    async def submit(self, run: RunId, *, tenant: str, epoch: int, turn: int = 0) -> None:
        """Put a run into the queue, once for each epoch and turn. Raises JournalUnavailable."""
        options: dbos.EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": self._name,
            "workflow_id": f"{run}:{epoch}:{turn}",
            "app_version": PROTOCOL,
            "queue_partition_key": tenant or "default",
        }
        clock = asyncio.get_running_loop().time
        until = clock() + _PATIENCE_SECONDS
        while True:
            try:
                return await self._enqueue(options, run)
            except JournalUnavailable:
                if clock() > until:
                    raise
                await asyncio.sleep(0.2)

    async def _enqueue(self, options: dbos.EnqueueOptions, run: RunId) -> None:
        client = await self._opened()

        def work() -> None:
            client.enqueue(options, run)

        await self._reached(work)

    async def serve(self, take: Take) -> None:
        """Take runs and drive them until cancelled.

        A run that `take` raises for is given back to the queue: another process may be able to drive it. Raises
        JournalUnavailable when the server cannot be reached.
        """
        loop = asyncio.get_running_loop()

        async def taken(run: str) -> None:
            task = asyncio.create_task(_coroutine(take, RunId(run)), name=f"segment {run}")
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)
            await task

        async def segment(run: str) -> str:
            # DBOS has an event loop of its own; runs belong to that of the runtime.
            id = dbos.DBOS.workflow_id or ""
            self._begun.add(id)
            try:
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(taken(run), loop))
                self._refused.pop(run, None)
            except Exception:  # noqa: BLE001  # as an error of DBOS' workflow, it would be the end of the run
                await self._refuse(id, run)
            finally:
                self._begun.discard(id)
            return run

        await self._opened()  # makes the tables
        await self._reached(lambda: self._launch(segment))
        try:
            await self._recover()
        finally:
            await asyncio.to_thread(dbos.DBOS.destroy, destroy_registry=True)
            for task in list(self._taking):
                task.cancel()

    async def reap(self, owner: str) -> int:
        """Give what a dead process had taken back to the queue."""
        held = await self._held(owner)
        if held:
            await self._give_back(held)
        return len(held)

    async def owners(self) -> frozenset[str]:
        """Return the processes that have taken runs of this queue and not finished them."""
        client = await self._opened()

        def work() -> frozenset[str]:
            held = client.list_workflows(status=_PENDING, queue_name=self._name, load_input=False, load_output=False)
            return frozenset(each.executor_id for each in held if each.executor_id)

        return await self._reached(work)

    async def aclose(self) -> None:
        """Close the client's connections."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(client.destroy)

    async def _recover(self) -> None:
        """Give back, until cancelled, what this process has taken and knows nothing of.

        The answer to DBOS' claim was lost, as the server went away.
        """
        unknown: frozenset[str] = frozenset()
        while True:
            await asyncio.sleep(self._lost_seconds)
            try:
                before, unknown = unknown, frozenset(await self._held(self._owner)) - self._begun
                lost = before & unknown
                if lost:
                    await self._give_back(list(lost))
                    logger.warning("{} runs were taken and did not begin: they are given back", len(lost))
            except JournalUnavailable as error:
                logger.debug("cannot look for what was lost: {}", error.message)

    async def _refuse(self, id: str, run: str) -> None:
        """Leave a run to others; wait before this process may take it again."""
        times = self._refused[run] = self._refused.get(run, -1) + 1
        await asyncio.sleep(_REFUSED_SECONDS[min(times, len(_REFUSED_SECONDS) - 1)])
        while True:
            try:
                return await self._give_back([id])
            except JournalUnavailable:
                await asyncio.sleep(1.0)

    async def _held(self, owner: str) -> list[str]:
        """Return DBOS' ids of what a process has taken and not finished."""
        client = await self._opened()

        def work() -> list[str]:
            held = client.list_workflows(
                status=_PENDING, executor_id=owner, queue_name=self._name, load_input=False, load_output=False
            )
            return [each.workflow_id for each in held]

        return await self._reached(work)

    async def _give_back(self, ids: list[str]) -> None:
        """Put what was taken into the queue again. What its taker says of it afterwards does not count for DBOS."""
        client = await self._opened()
        await self._reached(lambda: client.resume_workflows(ids, queue_name=self._name))

    def _launch(self, segment: Callable[..., Any]) -> None:
        config: dbos.DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": self._driver_url,
            "dbos_system_schema": SCHEMA,
            "executor_id": self._owner,
            "application_version": PROTOCOL,
            "serializer": JsonOnly(),
            "log_level": "CRITICAL",
            "sys_db_pool_size": 5,
        }
        dbos.DBOS(config=config)
        dbos.DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(segment)
        dbos.DBOS.listen_queues([self._name])
        dbos.DBOS.launch()
        limits = self._limits
        dbos.DBOS.register_queue(
            self._name,
            worker_concurrency=limits.worker,
            partition_concurrency=limits.tenant,
            partition_limiter=None if limits.rate is None else {"limit": limits.rate[0], "period": limits.rate[1]},
            polling_interval_sec=self._polling_seconds,
        )

    async def _opened(self) -> dbos.DBOSClient:
        async with self._opening:
            if self._client is None:
                self._client = await self._reached(self._open)
            return self._client

    def _open(self) -> dbos.DBOSClient:
        dbos.DBOS.migrate(self._driver_url, schema=SCHEMA)
        return dbos.DBOSClient(
            system_database_url=self._driver_url,
            dbos_system_schema=SCHEMA,
            serializer=JsonOnly(),
            application_name=APPLICATION,
            retry_connection_errors=False,
        )

    @property
    def _driver_url(self) -> str:
        return "postgresql://" + self._url.secret.partition("://")[2]

    async def _reached(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread. Raises JournalUnavailable when the server cannot be reached."""
        try:
            return await asyncio.to_thread(work)
        except (SQLAlchemyError, OSError, dbos.error.DBOSException) as error:
            raise JournalUnavailable(
                f"the queue in {self._url} cannot be used: {str(error).splitlines()[0]}",
                hint="check that the server runs, and that this user may create a schema in that database",
            ) from error


async def _coroutine(take: Take, run: RunId) -> None:
    await take(run)

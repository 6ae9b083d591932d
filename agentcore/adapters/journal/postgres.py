"""PostgresJournal: the journal as a schema of a PostgreSQL database, written by one connection in groups."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from agentcore.adapters.journal.grouped import GroupedJournal
from agentcore.adapters.journal.jobs import Ask, Intake, Job, Outcome, Write
from agentcore.adapters.journal.postgres_failure import is_foreign, postgres_failure
from agentcore.adapters.journal.postgres_link import PostgresLink, connect
from agentcore.adapters.journal.postgres_store import PostgresStore
from agentcore.adapters.journal.postgres_tables import MIGRATIONS
from agentcore.adapters.journal.postgres_writer import PostgresWriter
from agentcore.domain.store_url import StoreUrl

SCHEMA: Final = "agentcore"
"""The schema of a journal unless another is named."""

_ASKS_A_TURN: Final = 8
"""How many questions are answered before appends that have come meanwhile are written."""


_LOOK_SECONDS: Final = 5.0


class PostgresJournal:
    """A Journal in PostgreSQL (13 or later); see GroupedJournal.

    Several processes may share it. The schema and its tables are made at the first use. A restart of the server, or a
    connection that breaks, is survived: what was under way is looked for, and written again only if it is not there.
    Errors and texts show the URL without its password.
    """

    def __init__(self, url: str | StoreUrl, *, schema: str = SCHEMA, patience_seconds: float = 10.0) -> None:
        """Take `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.

        schema: of its tables, used by nothing else.  patience_seconds: how long an append or a read may wait for a
        server that has been reached before; 2 seconds at most for one that never was.
        """
        store_url = StoreUrl(url) if isinstance(url, str) else url
        worker = _Worker(store_url, schema=schema, patience_seconds=patience_seconds)
        grouped = GroupedJournal(worker, place=str(store_url))
        self.append = grouped.append
        self.read = grouped.read
        self.find = grouped.find
        self.list = grouped.list
        self.aclose = grouped.aclose
        self.ask = grouped.ask


async def describe(url: StoreUrl, *, schema: str = SCHEMA) -> str:
    """Return what is there in a few words, without making anything. Raises JournalError."""
    place = str(url)
    try:
        store = await connect(url, schema=schema, seconds=_LOOK_SECONDS)
        try:
            version = await store.version(place)
            if version is None:
                return "tables will be made by the first run"
            if version < max(MIGRATIONS):
                return f"tables of version {version}, which the next run carries forward"
            return "in use" if await store.newest(limit=1, status=None) else "no runs yet"
        finally:
            store.terminate()
    except Exception as error:
        if not is_foreign(error):
            raise
        raise postgres_failure(place, error) from error


class _Worker:
    """The worker: a task that lives while there is something to do."""

    def __init__(self, url: StoreUrl, *, schema: str, patience_seconds: float) -> None:
        self._writer = PostgresWriter()
        self._link = PostgresLink(url, schema=schema, patience_seconds=patience_seconds, made=self._writer.made)
        self._intake = Intake()
        self._jobs: list[Job] = []
        self._asks: deque[Ask] = deque()
        self._working: asyncio.Task[None] | None = None
        self._settle: Callable[[Sequence[Outcome]], None] = lambda _: None

    def start(self, settle: Callable[[Sequence[Outcome]], None]) -> None:
        """Note where outcomes go."""
        self._settle = settle

    def give(self, jobs: Sequence[Job]) -> None:
        """Take jobs; all that come while a transaction is under way share the next."""
        self._jobs += jobs
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="journal")

    async def finish(self) -> None:
        """Do what was given, and close the connection."""
        if self._working is not None:
            await asyncio.shield(self._working)
        await self._link.close()

    async def _work(self) -> None:
        while self._jobs or self._asks:
            jobs, self._jobs = self._jobs, []
            writes, asks, refused = self._intake.sort(jobs)
            self._settle(refused)
            self._asks += asks
            if writes:
                await self._write(writes)
            for _ in range(min(_ASKS_A_TURN, len(self._asks))):
                await self._answer(self._asks.popleft())
            # Let those go on who were waiting: what they append next shares one transaction.
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    async def _write(self, writes: Sequence[Write]) -> None:
        durable = any(write.written is not None for write in writes)
        entries = self._writer.entries(writes)
        tries = 0

        async def write(store: PostgresStore) -> Sequence[Exception | None]:
            nonlocal tries
            tries += 1
            return await self._writer.write(store, entries, durable=durable, again=tries > 1)

        errors: Sequence[Exception | None]
        try:
            errors = await self._link.use(write)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            errors = [error] * len(writes)
        self._settle_late()
        self._settle(self._intake.settled(zip(writes, errors, strict=True)))

    async def _answer(self, ask: Ask) -> None:
        outcome: Outcome
        try:
            outcome = (ask, await self._link.use(ask.ask), None)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            outcome = (ask, None, error)
        self._settle_late()
        self._settle([outcome])

    def _settle_late(self) -> None:
        late = self._writer.late()
        if late:
            self._settle(self._intake.settled(late))

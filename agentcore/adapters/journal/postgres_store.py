"""PostgresStore: a journal's schema as one connection sees it. Knows SQL, and nothing of groups or of trying again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from agentcore.adapters.audit.postgres_chain import PostgresChain
from agentcore.adapters.journal.batch import Batch
from agentcore.adapters.journal.grouped import StoredEvent
from agentcore.adapters.journal.postgres_tables import META, MIGRATIONS
from agentcore.adapters.journal.projection import PARAMETER, Parameter, Statement, storable
from agentcore.audit.entry import Draft
from agentcore.domain.errors import JournalCorrupt, JournalTooNew, JournalUnavailable
from agentcore.domain.event import RunStatus
from agentcore.domain.ids import RunId
from agentcore.ports.journal import RunSummary

_LOCK: Final = 0x41474A4C
"""The advisory lock under which tables are made, one process at a time: "AGJL"."""

# A process that stops in the middle of a transaction would keep others from its runs: the server ends it then.
_BEGIN: Final = """BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL synchronous_commit = {}; SET LOCAL idle_in_transaction_session_timeout = 5000"""
_INSERT: Final = """
    INSERT INTO events (run, sequence, at, schema, append_id, fact)
    SELECT * FROM unnest($1::text[], $2::int4[], $3::float8[], $4::int4[], $5::int8[], $6::bytea[])
    ON CONFLICT DO NOTHING"""
_LAST: Final = """
    SELECT asked.run, (SELECT max(sequence) FROM events WHERE events.run = asked.run)
    FROM unnest($1::text[]) AS asked (run)"""
_RECORDED: Final = """
    SELECT append_id FROM unnest($1::text[], $2::int4[], $3::int8[]) AS asked (run, sequence, id)
    JOIN events ON events.run = asked.run AND events.sequence = asked.sequence AND append_id = id"""
_EVENTS: Final = "SELECT sequence, at, schema, fact FROM events WHERE run = $1 ORDER BY sequence"
_STARTING: Final = "SELECT run FROM runs WHERE run >= $1 AND run < $1 || chr(1114111) ORDER BY run LIMIT $2"
_SUMMARIES: Final = """
    SELECT run, name, goal, tenant, status, started_at,
           (SELECT max(sequence) FROM events WHERE events.run = runs.run)
    FROM runs {} ORDER BY started_at DESC, run DESC LIMIT $1"""
# One query, and so one moment: another process may be about to make the tables.
_LOOK: Final = """
    SELECT count(pg_namespace.oid) > 0, coalesce(bool_or(relname = 'meta'), false), count(relname) > 0
    FROM pg_namespace LEFT JOIN pg_class ON relnamespace = pg_namespace.oid WHERE nspname = $1"""


class Connection(Protocol):
    """What is used of asyncpg's connection. Raises asyncpg's errors, OSError and TimeoutError."""

    async def execute(self, query: str, *arguments: Any) -> str:
        """Execute; return the command's tag, such as `INSERT 0 3`."""
        ...

    async def executemany(self, command: str, args: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each of several parameters."""
        ...

    async def fetch(self, query: str, *arguments: Any) -> Sequence[Any]:
        """Return rows."""
        ...

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """Return the first column of the first row, None when there is none."""
        ...

    def get_settings(self) -> Any:
        """Return what the server says of itself."""
        ...

    async def close(self, *, timeout: float) -> None:  # noqa: ASYNC109 - its name there
        """Say good-bye."""
        ...

    def terminate(self) -> None:
        """Hang up."""
        ...


class Look(NamedTuple):
    """What a database has: the schema, a journal's tables in it, any at all."""

    schema: bool
    journal: bool
    others: bool


class Entry(NamedTuple):
    """A batch to be written. id: of this append and no other, whoever makes it."""

    id: int
    batch: Batch


class PostgresStore:
    """One connection, whose search path is the journal's schema. After any error it must not be used again.

    Raises asyncpg's errors from every method, and the connection's.
    """

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema
        self._chain = PostgresChain(connection)

    async def prepare(self, place: str, migrations: Mapping[int, Sequence[str]] = MIGRATIONS) -> None:
        """Make the tables, or make those of an earlier version current; do nothing when they are.

        Raises JournalTooNew, JournalCorrupt when the schema is something else's, and JournalUnavailable.
        """
        newest = max(migrations)
        if await self.version(place, newest) == newest:
            return
        await self._connection.execute(f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({_LOCK})")
        version = await self.version(place, newest)  # another process may have been faster
        if version is None:
            if not (await self.look()).schema:  # who may not make schemas can be given an empty one
                await self._connection.execute(f"CREATE SCHEMA {quoted(self._schema)}")
            await self._connection.execute(META)
        for number in range((version or 0) + 1, newest + 1):
            for statement in migrations[number]:
                await self._connection.execute(statement)
            await self._connection.execute("INSERT INTO meta (version) VALUES ($1)", number)
        await self._connection.execute("COMMIT")

    async def look(self) -> Look:
        """Return what is there, without making anything."""
        (row,) = await self._connection.fetch(_LOOK, self._schema)
        return Look(*row)

    async def version(self, place: str, newest: int = max(MIGRATIONS)) -> int | None:
        """Return the version of the tables, None when there are none yet. Raises as `prepare`."""
        encoding: str = self._connection.get_settings().server_encoding
        if encoding != "UTF8":
            raise JournalUnavailable(
                f"the journal {place} is a database with encoding {encoding}",
                hint="create the database with: createdb --encoding UTF8 --template template0 NAME",
            )
        found = await self.look()
        if not found.journal:
            if found.others:
                raise JournalCorrupt(
                    f"the schema {self._schema} in {place} has tables, but is not a journal",
                    hint="rename it, or name another database as the store; it is left as it is",
                )
            return None
        version: int = await self._connection.fetchval("SELECT coalesce(max(version), 0) FROM meta")
        if version > newest:
            raise JournalTooNew(
                f"the journal {place} has version {version}, this version reads up to {newest}",
                hint="use the version of agentcore that made it, or a later one",
            )
        return version

    async def write(self, entries: Sequence[Entry], *, durable: bool) -> bool:
        """Write all in one transaction; return False, with nothing written, when a sequence number is taken.

        durable: return only when they, and all that was written before, are on disk.
        """
        # All processes take rows in one order, lest two wait for each other.
        rows = sorted((*row, entry.id) for entry in entries for row in entry.batch.rows)
        runs, sequences, times, schemas, facts, ids = zip(*rows, strict=True)
        encoded = [fact.encode() for fact in facts]
        await self._connection.execute(_BEGIN.format("on" if durable else "off"))
        tag = await self._connection.execute(_INSERT, runs, sequences, times, schemas, ids, encoded)
        if tag != f"INSERT 0 {len(rows)}":
            await self._connection.execute("ROLLBACK")
            return False
        for sql, parameters in _together([entry.batch.statements for entry in entries]):
            await self._connection.executemany(PARAMETER.sub(r"$\1", sql), parameters)
        # Last, as others wait for the head of a chain until the commit; and those wait for nothing else any more.
        await self._chain.append([draft for entry in entries for draft in entry.batch.drafts])
        await self._connection.execute("COMMIT")
        return True

    async def last_of(self, runs: Iterable[RunId]) -> dict[RunId, int]:
        """Return the last sequence number of each run, 0 for one that is not there."""
        return {RunId(run): last or 0 for run, last in await self._connection.fetch(_LAST, list(runs))}

    async def recorded(self, entries: Sequence[Entry]) -> frozenset[int]:
        """Return the ids of those that are recorded."""
        first = [(entry.batch.run, entry.batch.first, entry.id) for entry in entries]
        return frozenset(row[0] for row in await self._connection.fetch(_RECORDED, *zip(*first, strict=True)))

    async def events(self, run: RunId) -> Sequence[StoredEvent]:
        """Return sequence, time, schema and fact of a run's events in order."""
        return await self._connection.fetch(_EVENTS, storable(run))

    async def starting(self, prefix: str, *, limit: int) -> Sequence[RunId]:
        """Return the ids that start so, in order."""
        return [RunId(row[0]) for row in await self._connection.fetch(_STARTING, storable(prefix), limit)]

    async def newest(self, *, limit: int, status: RunStatus | None) -> Sequence[RunSummary]:
        """Return the newest runs first."""
        if status is None:
            rows = await self._connection.fetch(_SUMMARIES.format(""), limit)
        else:
            rows = await self._connection.fetch(_SUMMARIES.format("WHERE status = $2"), limit, status)
        return [
            RunSummary(run=run, name=name, goal=goal, tenant=tenant, status=now, started_at=at, events=last or 0)
            for run, name, goal, tenant, now, at, last in rows
        ]

    async def rows(self, sql: str, parameters: Sequence[Parameter] = ()) -> Sequence[Any]:
        """Return the rows of a query."""
        return await self._connection.fetch(PARAMETER.sub(r"$\1", sql), *parameters)

    async def change(self, sql: str, parameters: Sequence[Parameter] = ()) -> int:
        """Execute a statement durably, in a transaction of its own; return how many rows it changed."""
        tag = await self._connection.execute(PARAMETER.sub(r"$\1", sql), *parameters)
        return int(tag.rpartition(" ")[2])

    async def note(self, sql: str, parameters: Sequence[Parameter] = ()) -> int:
        """Execute a statement that may be lost with the machine; return how many rows it changed."""
        await self._connection.execute(_BEGIN.format("off"))
        changed = await self.change(sql, parameters)
        await self._connection.execute("COMMIT")
        return changed

    async def change_all(self, statements: Sequence[Statement], drafts: Sequence[Draft] = ()) -> list[int]:
        """Execute statements durably, all in one transaction or none; return how many rows each has changed.

        drafts: appended to the audit chain in the same transaction.
        """
        self._chain.forget()  # runs and keys may be gone
        await self._connection.execute(_BEGIN.format("on"))
        changed = [await self.change(sql, parameters) for sql, parameters in statements]
        await self._chain.append(drafts)
        await self._connection.execute("COMMIT")
        return changed

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close(timeout=2)

    def terminate(self) -> None:
        """Drop the connection; what is under way is rolled back."""
        self._connection.terminate()


def _together(lists: Sequence[Sequence[Statement]]) -> Iterable[tuple[str, Sequence[Sequence[Any]]]]:
    """Yield equal statements of several lists as one, without changing the order of any list."""
    for place in range(max(map(len, lists))):
        equal: dict[str, list[Sequence[Any]]] = {}
        for statements in lists:
            if place < len(statements):
                sql, parameters = statements[place]
                equal.setdefault(sql, []).append(parameters)
        yield from equal.items()


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'

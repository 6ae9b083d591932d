"""JournalStore: a journal's SQLite file as one thread sees it. Synchronous; knows SQL, and nothing of asyncio."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Generator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from agentcore.adapters.audit.secret import secret_of
from agentcore.adapters.audit.sqlite_chain import SqliteChain
from agentcore.adapters.journal.batch import Batch, Row, judge
from agentcore.adapters.journal.failure import journal_error
from agentcore.adapters.journal.projection import Parameter, Statement, storable
from agentcore.adapters.journal.tables import MIGRATIONS, VERSION
from agentcore.audit.entry import Draft
from agentcore.domain.errors import JournalCorrupt, JournalTooNew, JournalUnavailable
from agentcore.domain.event import RunStatus
from agentcore.domain.ids import RunId
from agentcore.ports.journal import RunSummary

_APPLICATION: Final = 0x41474A4C  # "AGJL", kept in `PRAGMA application_id`
_TABLES: Final = (
    """CREATE TABLE events (
        run TEXT NOT NULL, sequence INTEGER NOT NULL, at REAL NOT NULL, schema INTEGER NOT NULL, fact TEXT NOT NULL,
        PRIMARY KEY (run, sequence))""",
    """CREATE TABLE runs (
        run TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, goal TEXT NOT NULL, tenant TEXT NOT NULL,
        status TEXT NOT NULL, started_at REAL NOT NULL)""",
    "CREATE INDEX runs_newest ON runs (started_at, run)",
    f"PRAGMA application_id = {_APPLICATION}",
    "PRAGMA user_version = 1",
)
_SIZES: Final = (64, 16, 4, 1)
_INSERT: Final = {
    size: f"INSERT INTO events (run, sequence, at, schema, fact) VALUES {', '.join(['(?, ?, ?, ?, ?)'] * size)}"  # noqa: S608 - placeholders only
    for size in _SIZES
}
_LAST: Final = "SELECT max(sequence) FROM events WHERE run = ?"
_EVENTS: Final = "SELECT sequence, at, schema, fact FROM events WHERE run = ? ORDER BY sequence"
_STARTING: Final = "SELECT run FROM runs WHERE run >= ?1 AND run < ?1 || char(0x10ffff) ORDER BY run LIMIT ?2"
_SUMMARIES: Final = """
    SELECT run, name, goal, tenant, status, started_at,
           (SELECT max(sequence) FROM events WHERE events.run = runs.run)
    FROM runs WHERE ?1 IS NULL OR status = ?1 ORDER BY started_at DESC, run DESC LIMIT ?2"""
_REMEMBERED_RUNS: Final = 10_000
_LOG_BYTES: Final = 64 * 1024 * 1024
"""What the write-ahead log is cut to after a long reader, or a large transaction, has let it grow."""


class JournalStore:
    """One connection. Every method may block on the disk, and for `busy_seconds` on another process' write.

    Raises JournalCorrupt, JournalTooNew or JournalUnavailable from every method.
    """

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        self._path = path
        self._synchronous = ""
        self._last: dict[RunId, int] = {}
        with self._failures():
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
            # Used by one thread at a time, but closed by another when its own is gone.
            self._connection = sqlite3.connect(
                path, timeout=busy_seconds, isolation_level=None, check_same_thread=False, cached_statements=64
            )
        try:
            with self._failures():
                self._prepare(time.monotonic() + busy_seconds)
        except BaseException:
            self._connection.close()
            raise
        self._chain = SqliteChain(self._connection, lambda: secret_of(path))

    def write(self, batches: Sequence[Batch], *, durable: bool) -> Sequence[Exception | None]:
        """Write all batches in one transaction; return for each why it was left out, None when it was written.

        durable: return only when they, and all that was written before, are on disk. A batch that does not continue
        its run is left out with a JournalConflict, without harm to the others. Raises when nothing was written.
        """
        with self._failures():
            self._synchronize("FULL" if durable else "NORMAL")
            try:
                results = self._write_together(batches) or self._write_one_by_one(batches)
            except BaseException:
                self._forget()
                self._roll_back()
                raise
        while len(self._last) > _REMEMBERED_RUNS:
            del self._last[next(iter(self._last))]
        return results

    def events(self, run: RunId) -> list[tuple[int, float, int, str]]:
        """Return sequence, time, schema and fact of a run's events in order."""
        with self._failures():
            return self._connection.execute(_EVENTS, (storable(run),)).fetchall()

    def starting(self, prefix: str, *, limit: int) -> list[RunId]:
        """Return the ids that start so, in order."""
        with self._failures():
            return [RunId(row[0]) for row in self._connection.execute(_STARTING, (storable(prefix), limit))]

    def newest(self, *, limit: int, status: RunStatus | None) -> list[RunSummary]:
        """Return the newest runs first."""
        with self._failures():
            rows = self._connection.execute(_SUMMARIES, (status, limit)).fetchall()
        return [
            RunSummary(run=run, name=name, goal=goal, tenant=tenant, status=now, started_at=at, events=last or 0)
            for run, name, goal, tenant, now, at, last in rows
        ]

    def rows(self, sql: str, parameters: Sequence[Parameter] = ()) -> list[Any]:
        """Return the rows of a query."""
        with self._failures():
            return self._connection.execute(sql, parameters).fetchall()

    def change(self, sql: str, parameters: Sequence[Parameter] = ()) -> int:
        """Execute a statement durably, in a transaction of its own; return how many rows it changed."""
        with self._failures():
            self._synchronize("FULL")
            return self._connection.execute(sql, parameters).rowcount

    def note(self, sql: str, parameters: Sequence[Parameter] = ()) -> int:
        """Execute a statement that may be lost with the machine; return how many rows it changed."""
        with self._failures():
            self._synchronize("NORMAL")
            return self._connection.execute(sql, parameters).rowcount

    def change_all(self, statements: Sequence[Statement], drafts: Sequence[Draft] = ()) -> list[int]:
        """Execute statements durably, all in one transaction or none; return how many rows each has changed.

        drafts: appended to the audit chain in the same transaction.
        """
        with self._failures():
            self._synchronize("FULL")
            self._forget()  # runs may be gone, and others may have written
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                changed = [self._connection.execute(sql, parameters).rowcount for sql, parameters in statements]
                self._chain.append(drafts)
                self._connection.execute("COMMIT")
            except BaseException:
                self._forget()
                self._roll_back()
                raise
        return changed

    def cut_free_pages(self, pages: int) -> None:
        """Make the file smaller by so many of the pages that are free in it, if it can shrink in parts."""
        with self._failures():
            # Not `execute`: it would give up Python's global lock, and wait for it, at every page.
            self._connection.executescript(f"PRAGMA incremental_vacuum({pages})")

    def data_version(self) -> int:
        """Return a number that differs after another connection has written to the file."""
        with self._failures():
            return self._connection.execute("PRAGMA data_version").fetchone()[0]

    def close(self) -> None:
        """Close the file; the last connection to it merges the write-ahead log."""
        with self._failures():
            self._connection.close()

    def _write_together(self, batches: Sequence[Batch]) -> Sequence[Exception | None] | None:
        """Write the batches with few statements; return None, with nothing written, when one of them cannot be.

        Each statement gives up Python's global lock, and getting it back from a busy event loop takes milliseconds,
        so rows are inserted many at a time.
        """
        known, last = self._last, dict[RunId, int]()
        rows: list[Row] = []
        self._connection.execute("BEGIN IMMEDIATE")
        for batch in batches:
            run, added = batch.run, batch.rows
            before = added[0][1] - 1
            # A new run is not looked up: should it exist, the primary key says so.
            if before != (last.get(run) or known.get(run) or (before and self._last_of(run))):
                self._connection.execute("ROLLBACK")
                return None
            last[run] = added[-1][1]
            rows += added
        try:
            self._insert(rows)
            self._commit(batches, last)
        except sqlite3.IntegrityError:  # another process has written one of these runs, or the audit chain, further
            self._connection.execute("ROLLBACK")
            return None
        return [None] * len(batches)

    def _write_one_by_one(self, batches: Sequence[Batch]) -> Sequence[Exception | None]:
        self._forget()
        self._connection.execute("BEGIN IMMEDIATE")
        judged = judge(batches, {run: self._last_of(run) for run in {batch.run for batch in batches}})
        for batch in judged.accepted:
            self._insert(batch.rows)
        try:
            self._commit(judged.accepted, judged.ends)
        except sqlite3.IntegrityError as error:  # nobody else can have been quicker within this transaction
            raise JournalCorrupt(
                f"the audit chain in {self._path} is broken: its head is not where it ends",
                hint="look at it with `agentcore audit verify`",
            ) from error
        return judged.errors

    def _insert(self, rows: Sequence[Row]) -> None:
        start = 0
        for size in _SIZES:
            while len(rows) - start >= size:
                chunk = rows[start : start + size]
                self._connection.execute(_INSERT[size], list(chain.from_iterable(chunk)))
                start += size

    def _commit(self, batches: Sequence[Batch], last: Mapping[RunId, int]) -> None:
        for batch in batches:
            for statement, parameters in batch.statements:
                self._connection.execute(statement, parameters)
        self._chain.append([draft for batch in batches for draft in batch.drafts])
        self._connection.execute("COMMIT")
        self._last.update(last)

    def _last_of(self, run: RunId) -> int:
        """Return the last sequence number of a run in the file."""
        return self._connection.execute(_LAST, (run,)).fetchone()[0] or 0

    def _forget(self) -> None:
        """Believe nothing any more of what was read before."""
        self._last.clear()
        self._chain.forget()

    def _synchronize(self, mode: str) -> None:
        if mode != self._synchronous:
            self._connection.execute(f"PRAGMA synchronous = {mode}")
            self._synchronous = mode

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):  # some failures have rolled back already
                self._connection.execute("ROLLBACK")

    def _prepare(self, deadline: float) -> None:
        # Of effect only before anything is in the file: pages that are free can be given back to the disk. Later it
        # would change nothing, but wait for another process' write.
        if not self._connection.execute("PRAGMA page_count").fetchone()[0]:
            self._connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self._connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        while True:
            try:
                mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                break
            except sqlite3.OperationalError as error:
                # Two processes that create one file at once: SQLite does not wait here by itself.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        if mode != "wal":
            raise JournalUnavailable(
                f"the journal {self._path} cannot have a write-ahead log (SQLite offers {mode!r})",
                hint="put it on a local disk: network file systems lack what SQLite needs",
            )
        if self._is_current():
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._migrate()
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _is_current(self) -> bool:
        """Tell whether the tables are there in this package's version. Raises JournalTooNew or JournalCorrupt."""
        return self._version() == VERSION

    def _version(self) -> int:
        """Return the version of the tables, kept in `PRAGMA user_version`; 0 for an empty file."""
        version: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        application: int = self._connection.execute("PRAGMA application_id").fetchone()[0]
        if application == _APPLICATION:
            if version > VERSION:
                raise JournalTooNew(
                    f"the journal {self._path} has version {version}, this version reads up to {VERSION}",
                    hint="use the version of agentcore that wrote it, or a later one",
                )
            return version
        if self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] or version or application:
            raise JournalCorrupt(
                f"{self._path} is a SQLite database, but not a journal",
                hint="name another file as the store; this one is left as it is",
            )
        return 0

    def _migrate(self) -> None:
        """Bring the tables forward, version by version, within the transaction that has begun."""
        version = self._version()
        if version == 0:
            for statement in _TABLES:
                self._connection.execute(statement)
            version = 1
        for next_version in range(version + 1, VERSION + 1):
            for statement in MIGRATIONS[next_version]:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {next_version}")

    @contextlib.contextmanager
    def _failures(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise journal_error(self._path, error) from error

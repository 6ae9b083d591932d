"""A read-only SQLite: CSV tables in memory, a file opened for reading, or both.

Nothing can be written, and nothing outside the declared tables can be read, for several reasons at once: the file is
opened `mode=ro`, `query_only` is set, and an authorizer allows nothing but SELECT, reading the declared tables, and
functions of a list. Attaching, pragmas, extensions and recursion are refused.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agentcore.adapters.tools.csv_table import Column, CsvTable, Kind
from agentcore.adapters.tools.exact_sum import ExactSum
from agentcore.domain.errors import ConfigError

# fmt: off
FUNCTIONS = frozenset((
    "abs", "avg", "cast", "coalesce", "count", "cume_dist", "current_date", "current_timestamp", "date",
    "datetime", "dense_rank", "first_value", "glob", "group_concat", "ifnull", "iif", "instr", "julianday",
    "lag", "last_value", "lead", "length", "like", "lower", "ltrim", "max", "min", "nth_value", "ntile",
    "nullif", "percent_rank", "rank", "replace", "round", "row_number", "rtrim", "sign", "strftime", "substr",
    "substring", "sum", "time", "trim", "typeof", "unixepoch", "upper",
))
# fmt: on
"""What a query may call: nothing that draws at random, reaches outside, or makes large values out of small ones."""

_LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, 100_000),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 10_000),
    (sqlite3.SQLITE_LIMIT_COLUMN, 200),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 20),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
    (sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of either kind. values: column → all its distinct values, where they are few."""

    name: str
    columns: tuple[Column, ...]
    values: Mapping[str, tuple[str, ...]]


class SqliteSource:
    """Opens connections to the same data; holds none. Raises ConfigError when the data cannot be read."""

    def __init__(self, *, tables: Sequence[CsvTable], database: Path | None, samples: int) -> None:
        self._image = _image(tables) if tables else None
        self._database = database
        decimals = {table.name: table.columns for table in tables}
        connection = self._open()
        try:
            names = _table_names(connection)
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ConfigError([f"{database}: the table {twice[0]} is also the name of a CSV file's table"])
            self.tables = tuple(_describe(connection, name, decimals.get(name), samples) for name in names)
        except sqlite3.Error as problem:
            raise ConfigError([f"{database}: cannot read this SQLite file: {problem}"]) from problem
        finally:
            connection.close()
        if not self.tables:
            raise ConfigError([f"{database}: has no tables"])

    def connect(self) -> sqlite3.Connection:
        """Return a connection with exact sums, without an authorizer yet. To be closed; any thread.

        Raises sqlite3.Error.
        """
        connection = self._open()
        for limit, value in _LIMITS:
            connection.setlimit(limit, value)
        connection.create_window_function("sum", 1, partial(ExactSum, "sum"))
        connection.create_window_function("avg", 1, partial(ExactSum, "avg"))
        return connection

    def _open(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect("file::memory:", uri=True, check_same_thread=False, isolation_level=None)
            if self._image is not None:
                connection.deserialize(self._image)
            if self._database is not None:
                connection.execute("ATTACH ? AS file", (f"{self._database.resolve().as_uri()}?mode=ro",))
            connection.execute("PRAGMA query_only = 1")
        except sqlite3.Error as problem:
            raise ConfigError([f"{self._database}: cannot read this SQLite file: {problem}"]) from problem
        return connection


class Authorizer:
    """Allows reading the declared tables with listed functions.

    reads: the (table, column) pairs that a query reads, in lower case.  refused: why, when it refused.
    """

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = {table.name.lower() for table in tables}
        self.reads: set[tuple[str, str]] = set()
        self.refused = ""

    def __call__(self, action: int, first: str | None, second: str | None, _db: str | None, _by: str | None) -> int:
        """Return SQLite's word for yes or no."""
        match action:
            case sqlite3.SQLITE_SELECT:
                return sqlite3.SQLITE_OK
            case sqlite3.SQLITE_READ:
                if not second:
                    return sqlite3.SQLITE_OK  # COUNT(*): no column is read, and the name may be the query's own
                if first is not None and first.lower() in self._tables:
                    self.reads.add((first.lower(), second.lower()))
                    return sqlite3.SQLITE_OK
                self.refused = f"the table {first} is not one of {', '.join(sorted(self._tables))}"
            case sqlite3.SQLITE_FUNCTION:
                if second is not None and second.lower() in FUNCTIONS:
                    return sqlite3.SQLITE_OK
                self.refused = f"the function {second} may not be used"
            case sqlite3.SQLITE_RECURSIVE:
                self.refused = "recursive queries may not be used"
            case _:
                self.refused = self.refused or "only one SELECT over the tables may be used"
        return sqlite3.SQLITE_DENY


def _image(tables: Sequence[CsvTable]) -> bytes:
    connection = sqlite3.connect(":memory:")
    types = {"integer": "INTEGER", "decimal": "REAL", "date": "TEXT", "text": "TEXT"}
    try:
        for table in tables:
            columns = ", ".join(f"{quoted(column.name)} {types[column.kind]}" for column in table.columns)
            connection.execute(f"CREATE TABLE {quoted(table.name)} ({columns})")
            marks = ", ".join("?" * len(table.columns))
            connection.executemany(f"INSERT INTO {quoted(table.name)} VALUES ({marks})", table.rows)  # noqa: S608  # quoted
        connection.commit()
        return connection.serialize()
    finally:
        connection.close()


def quoted(name: str) -> str:
    """Return an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _table_names(connection: sqlite3.Connection) -> list[str]:
    schemas = [row[1] for row in connection.execute("PRAGMA database_list")]
    return [
        str(row[0])
        for schema in schemas
        for row in connection.execute(
            f"SELECT name FROM {schema}.sqlite_master "  # noqa: S608  # our own names
            "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
        )
    ]


def _describe(connection: sqlite3.Connection, name: str, known: tuple[Column, ...] | None, samples: int) -> Table:
    columns = known or tuple(
        Column(name=str(row[1]), kind=_kind(str(row[2])), decimals=_scale(str(row[2])))
        for row in connection.execute(f"PRAGMA table_info({quoted(name)})")
    )
    values: dict[str, tuple[str, ...]] = {}
    for column in columns:
        part = f"(SELECT {quoted(column.name)} AS v FROM {quoted(name)} LIMIT 100000)"  # noqa: S608  # quoted
        if column.kind == "text" and samples:
            found = connection.execute(
                f"SELECT DISTINCT v FROM {part} WHERE v IS NOT NULL ORDER BY v LIMIT {samples + 1}"  # noqa: S608  # quoted
            ).fetchall()
            texts = tuple(str(row[0]) for row in found)
            count = connection.execute(f"SELECT COUNT(v) FROM {part}").fetchone()[0]  # noqa: S608  # quoted
            if len(texts) <= samples and len(texts) < count and all(len(text) <= 40 for text in texts):
                values[column.name] = texts
    return Table(name=name, columns=columns, values=values)


def _kind(declared: str) -> Kind:
    word = declared.upper()
    if "INT" in word:
        return "integer"
    if "DATE" in word or "TIME" in word:
        return "date"
    if any(part in word for part in ("REAL", "FLOA", "DOUB", "DEC", "NUM")):
        return "decimal"
    return "text"


def _scale(declared: str) -> int:
    """Return 2 for DECIMAL(10, 2)."""
    match = re.search(r"\(\s*[0-9]+\s*,\s*([0-9]{1,2})\s*\)", declared)
    return int(match[1]) if match else 0

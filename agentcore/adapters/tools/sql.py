"""Read-only SQL over CSV and SQLite files."""

from __future__ import annotations

import asyncio
import difflib
import json
import math
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agentcore.adapters.tools.csv_table import read_csv
from agentcore.adapters.tools.sqlite_source import Authorizer, SqliteSource, Table, quoted
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError, ToolError, ToolTimeout
from agentcore.domain.ids import ToolName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.message import ToolSpec
from agentcore.ports.plugin import BuildContext, ToolPlugin
from agentcore.ports.tool import Tool, ToolContext, ToolDefinition, ToolResult

_MAX_BYTES = 64_000  # of a result as JSON
_MAX_TEXT = 4_000  # characters of one value
_STEPS = 1000  # instructions of SQLite's machine between two looks at the clock


class SqlOptions(BaseModel):
    """Keys of the provider `sql`; at least one of `tables` and `database`.

    tables: table's name → CSV file.  database: an SQLite file, opened for reading.  Paths are relative to the project.
    max_rows: of one result.  seconds: of one query.  samples: up to so many distinct values of a text column are told
    to the model; 0 tells none.  confidentiality: of what the tables hold.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tables: dict[str, str] = Field(default_factory=dict)
    database: str | None = None
    max_rows: int = Field(default=50, ge=1, le=1000)
    seconds: float = Field(default=5.0, gt=0, le=300)
    samples: int = Field(default=8, ge=0, le=50)
    confidentiality: Literal["public", "internal", "personal", "secret"] = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, JSON], ...]
    truncated: bool


class Sql:
    """A Tool.

    A value that SQLite holds as a binary fraction is given as decimal text of at most 15 significant digits, with at
    least the decimals of the columns that it comes from: "189.00", never 189.0 or 2338.2000000000003.
    """

    def __init__(self, name: str, source: SqliteSource, options: SqlOptions) -> None:
        self._source = source
        self._options = options
        self._label = Label(
            sources=frozenset({f"tool:{name}"}),
            confidentiality=Confidentiality[options.confidentiality.upper()],
        )
        self._definition = ToolDefinition(
            name=ToolName(name),
            description="Runs one SELECT (SQLite) and returns its rows.\n" + describe_tables(source.tables),
            parameters=_parameters({"minLength": 1, "maxLength": 4000}),
            safety=Safety.READ,
            seconds=options.seconds + 1.0,  # the query is interrupted first, with the better message
        )
        self._spec = ToolSpec(
            name=self._definition.name,
            description=self._definition.description,
            parameters=_parameters({"pattern": _pattern(source.tables), "maxLength": 400}),
        )

    @property
    def definition(self) -> ToolDefinition:
        """What it is."""
        return self._definition

    def describe(self, facts: JSONObject) -> ToolSpec:
        """Return it with a pattern that keeps a query to one SELECT from a known table.

        The note names the values in the data that the step's task mentions: models compare with them, and no others.
        """
        named = mentioned(self._source.tables, facts)
        conditions = " AND ".join(f"{column} = {_literal(value)}" for column, value in named.items())
        return replace(self._spec, note=f"Mentioned: {conditions or 'nothing'}")

    async def call(self, arguments: JSONObject, context: ToolContext) -> ToolResult:
        """Return `query`, `mentioned`, `columns`, `rows` (objects), `row_count` and `truncated`.

        Raises ToolError, ToolTimeout.
        """
        stop = threading.Event()
        try:
            answer = await asyncio.to_thread(self._query, str(arguments["query"]), stop)
        finally:
            stop.set()  # a cancelled call interrupts its query
        value: dict[str, JSON] = {
            "query": str(arguments["query"]),
            "mentioned": mentioned(self._source.tables, context.facts),
            "columns": list(answer.columns),
            "rows": list(answer.rows),
            "row_count": len(answer.rows),
            "truncated": answer.truncated,
        }
        return ToolResult(value=value, label=self._label)

    async def aclose(self) -> None:
        """Nothing is held: each query has its own connection."""

    def _query(self, query: str, stop: threading.Event) -> _Answer:
        if not re.match(r"\s*(?:select|with)\b", query, re.IGNORECASE):
            raise ToolError("the query must be one SELECT")
        deadline = time.monotonic() + self._options.seconds
        authorizer = Authorizer(self._source.tables)
        connection = self._source.connect()
        try:
            connection.set_authorizer(authorizer)
            connection.set_progress_handler(lambda: stop.is_set() or time.monotonic() > deadline, _STEPS)
            return self._fetch(connection.execute(query), authorizer)
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as problem:
            if "interrupted" in str(problem):
                raise ToolTimeout(
                    f"the query took longer than {self._options.seconds:g} s; ask for less, or filter first"
                ) from None
            raise ToolError(self._explain(str(problem), authorizer)) from problem
        finally:
            connection.close()

    def _fetch(self, cursor: sqlite3.Cursor, authorizer: Authorizer) -> _Answer:
        columns = _unique([str(column[0]) for column in cursor.description or ()])
        texts = [self._text_of(column, authorizer) for column in columns]
        rows: list[Mapping[str, JSON]] = []
        size = 0
        truncated = False
        for found in cursor:
            if len(rows) == self._options.max_rows:
                truncated = True
                break
            row: dict[str, JSON] = {
                column: _json(value, text) for column, text, value in zip(columns, texts, found, strict=True)
            }
            truncated = truncated or any(isinstance(value, str) and len(value) > _MAX_TEXT for value in found)
            size += len(json.dumps(row))
            if size > _MAX_BYTES:
                truncated = True
                break
            rows.append(row)
        return _Answer(columns=columns, rows=tuple(rows), truncated=truncated)

    def _text_of(self, name: str, authorizer: Authorizer) -> Callable[[float], str]:
        """Return how to write a result's fractions: as the table's column of that name, or as the finest one read."""
        read = [
            column
            for table in self._source.tables
            for column in table.columns
            if (table.name.lower(), column.name.lower()) in authorizer.reads
        ]
        own = [column.decimals for column in read if column.name.lower() == name.lower()]
        decimals = max(own or [column.decimals for column in read], default=0)
        return lambda value: decimal_text(value, decimals)

    def _explain(self, problem: str, authorizer: Authorizer) -> str:
        tables = self._source.tables
        if match := re.search(r"no such column: (.+)", problem):
            known = [column.name for table in tables for column in table.columns]
            return f"there is no column {match[1]}; {_nearest(match[1], known)}"
        if match := re.search(r"no such table: (.+)", problem):
            return f"there is no table {match[1]}; {_nearest(match[1], [table.name for table in tables])}"
        if authorizer.refused:
            return f"not allowed: {authorizer.refused}"
        return f"SQLite says: {problem.rstrip('.')}"


def build(name: str, options: SqlOptions, context: BuildContext) -> Sequence[Tool]:
    """Return the tool. Raises ConfigError when a file is missing or cannot be read."""
    if not options.tables and not options.database:
        raise ConfigError(
            [f"tool {name}: neither tables nor a database"],
            hint="name CSV files under `tables`, or an SQLite file under `database`",
        )
    for table in options.tables:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", table):
            raise ConfigError([f"tool {name}: {table!r} is not a table's name: letters, digits and _ only"])
    database = None if options.database is None else context.root / options.database
    if database is not None and not database.is_file():
        raise ConfigError([f"tool {name}: {database}: no such file"])
    tables = [read_csv(table, context.root / Path(path)) for table, path in options.tables.items()]
    return (Sql(name, SqliteSource(tables=tables, database=database, samples=options.samples), options),)


def _files(options: SqlOptions) -> Mapping[tuple[str, ...], str]:
    named: dict[tuple[str, ...], str] = {("tables", table): path for table, path in options.tables.items()}
    return named if options.database is None else {**named, ("database",): options.database}


PLUGIN = ToolPlugin(options=SqlOptions, build=build, files=_files)


def decimal_text(value: float, decimals: int) -> str:
    """Return at most 15 significant digits, which is what a binary fraction holds, and at least so many decimals."""
    if not math.isfinite(value):
        return str(value)
    number = Decimal(f"{value:.15g}").normalize()
    exponent = number.as_tuple().exponent
    return f"{number:.{max(decimals, -exponent if isinstance(exponent, int) else 0)}f}"


def mentioned(tables: Sequence[Table], facts: JSONObject) -> dict[str, str]:
    """Return the values of the data that the task names, by column; for a column that it does not name, the goal.

    Only columns with few distinct values take part. A column of which several values are named is left to the model.
    """
    found: dict[str, str] = {}
    for table in tables:
        for column, values in table.values.items():
            for text in (facts.get("task"), facts.get("goal")):
                named = [value for value in values if isinstance(text, str) and _names(text, value)]
                if len(named) == 1:
                    found[f"{table.name}.{column}" if len(tables) > 1 else column] = named[0]
                if named:
                    break
    return found


def _names(text: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?:e?s|'s)?(?!\w)", text, re.IGNORECASE) is not None


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def describe_tables(tables: Sequence[Table]) -> str:
    """Return one line for each table, and one for each column whose values are few."""
    lines: list[str] = []
    for table in tables:
        columns = ", ".join(f"{_shown(column.name)} {column.kind}" for column in table.columns)
        lines.append(f"Table {_shown(table.name)}({columns})")
        prefix = f"{table.name}." if len(tables) > 1 else ""
        for column, values in table.values.items():
            quoted_values = ", ".join(map(_literal, values))
            lines.append(f"{prefix}{column}: {quoted_values}")
    return "\n".join(lines)


def _parameters(bounds: JSONObject) -> JSONObject:
    return {
        "type": "object",
        "properties": {"query": {"type": "string", **bounds}},
        "required": ["query"],
        "additionalProperties": False,
    }


def _pattern(tables: Sequence[Table]) -> str:
    """Return a regular expression for one SELECT; double quotes only where a name needs them."""
    names = [table.name for table in tables] + [column.name for table in tables for column in table.columns]
    other = r'[^;\n"]' if all(_shown(name) == name for name in names) else r"[^;\n]"
    known = "|".join(re.escape(_shown(table.name)) for table in tables)
    return f"^SELECT {other}+ FROM (?:{known})(?: {other}+)?$"  # noqa: S608  # a pattern, not a query


def _shown(name: str) -> str:
    """Return the name as a query must write it. SQLite itself knows which words it keeps for itself."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return quoted(name)
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(f"CREATE TABLE t ({name})")
    except sqlite3.Error:
        return quoted(name)
    finally:
        connection.close()
    return name


def _json(value: float | str | bytes | None, text: Callable[[float], str]) -> JSON:
    if isinstance(value, float):
        return text(value)
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    if isinstance(value, str) and len(value) > _MAX_TEXT:
        return value[:_MAX_TEXT] + "…"
    return value


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    out: list[str] = []
    for name in names:
        number = 2
        candidate = name
        while candidate in out:
            candidate, number = f"{name}_{number}", number + 1
        out.append(candidate)
    return tuple(out)


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.rpartition(".")[2].strip('"'), known, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(dict.fromkeys(known))}"

"""The tables of a journal in PostgreSQL, and how those of earlier versions become them. Forward only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from agentcore.adapters.journal import tables

MIGRATIONS: Final[Mapping[int, Sequence[str]]] = MappingProxyType(
    {
        1: (
            # Facts are bytes: PostgreSQL's text has no place for U+0000, and its JSON is parsed for nothing.
            # append_id: of the append that wrote the row, so that one whose answer was lost is told from another's.
            # Ids are sorted by their bytes, as in SQLite, whatever language the database speaks.
            """CREATE TABLE events (
                run TEXT COLLATE "C" NOT NULL, sequence INTEGER NOT NULL, at DOUBLE PRECISION NOT NULL,
                schema INTEGER NOT NULL, append_id BIGINT NOT NULL, fact BYTEA NOT NULL,
                PRIMARY KEY (run, sequence))""",
            """CREATE TABLE runs (
                run TEXT COLLATE "C" NOT NULL PRIMARY KEY, name TEXT NOT NULL, goal TEXT NOT NULL,
                tenant TEXT NOT NULL, status TEXT NOT NULL, started_at DOUBLE PRECISION NOT NULL)""",
            "CREATE INDEX runs_newest ON runs (started_at, run)",
        ),
        **tables.MIGRATIONS,
        2: (
            *tables.MIGRATIONS[2],
            "CREATE TABLE workers (owner TEXT NOT NULL PRIMARY KEY, seen_at DOUBLE PRECISION NOT NULL)",
        ),
    }
)
"""Version → the statements that make it of the one before. They are executed once, in one transaction."""

META: Final = "CREATE TABLE meta (version INTEGER NOT NULL PRIMARY KEY, since TIMESTAMPTZ NOT NULL DEFAULT now())"
"""One row for each version that the tables have had; the largest is the one that they have."""

"""The tables beside a journal's events as both SQL stores have them, version by version. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

VERSION: Final = 2
"""Version of the tables that this package writes. It can read this one and those before, which it brings forward."""

MIGRATIONS: Final[Mapping[int, Sequence[str]]] = MappingProxyType(
    {
        2: (  # who drives a run, people's decisions, and the definitions that runs were started on
            "ALTER TABLE runs ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE runs ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE runs ADD COLUMN cancel TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE runs ADD COLUMN queued INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE runs ADD COLUMN ended_at DOUBLE PRECISION",
            "ALTER TABLE runs ADD COLUMN snapshot TEXT NOT NULL DEFAULT ''",
            """UPDATE runs SET ended_at = (
                SELECT at FROM events WHERE events.run = runs.run ORDER BY sequence DESC LIMIT 1)
                WHERE status <> 'running'""",
            "CREATE INDEX runs_newest_by_status ON runs (status, started_at, run)",
            "CREATE INDEX runs_ended ON runs (ended_at, run) WHERE ended_at IS NOT NULL",
            "CREATE INDEX runs_snapshot ON runs (snapshot)",
            "CREATE INDEX runs_cancelled ON runs (run) WHERE cancel <> ''",
            "CREATE INDEX runs_unqueued ON runs (started_at, run) WHERE status = 'running' AND queued = 0",
            """CREATE TABLE approvals (
                id TEXT NOT NULL PRIMARY KEY, run TEXT NOT NULL, tenant TEXT NOT NULL, status TEXT NOT NULL,
                version INTEGER NOT NULL, asked_at DOUBLE PRECISION NOT NULL, due_at DOUBLE PRECISION,
                question TEXT NOT NULL, ruling TEXT, notified INTEGER NOT NULL DEFAULT 0)""",
            "CREATE INDEX approvals_status ON approvals (status, due_at)",
            "CREATE INDEX approvals_run ON approvals (run)",
            """CREATE INDEX approvals_untold ON approvals (asked_at, id)
                WHERE notified < 2 * version - CASE WHEN status = 'pending' THEN 1 ELSE 0 END""",
            """CREATE TABLE snapshots (
                digest TEXT NOT NULL PRIMARY KEY, manifest TEXT NOT NULL, kept_at DOUBLE PRECISION NOT NULL)""",
        ),
    }
)
"""Version → the statements that lead to it from the one before."""

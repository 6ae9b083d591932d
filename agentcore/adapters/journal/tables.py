"""The tables beside a journal's events as both SQL stores have them, version by version. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

VERSION: Final = 4
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
        3: (  # whose a run is, and the audit: chains, where they stand, the keys of users, and what must be kept
            "ALTER TABLE runs ADD COLUMN principal TEXT",  # NULL: an earlier version began it; its first event says it
            "CREATE INDEX runs_principal ON runs (tenant, principal)",
            """CREATE TABLE audit (
                tenant TEXT NOT NULL, sequence BIGINT NOT NULL, hash TEXT NOT NULL, entry TEXT NOT NULL, sealed TEXT,
                PRIMARY KEY (tenant, sequence))""",
            """CREATE TABLE audit_heads (
                tenant TEXT NOT NULL PRIMARY KEY, size BIGINT NOT NULL, hash TEXT NOT NULL,
                erased_at BIGINT NOT NULL)""",
            """CREATE TABLE audit_subjects (
                tenant TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL, wrapped TEXT NOT NULL,
                made_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (tenant, subject))""",
            "CREATE INDEX audit_subjects_name ON audit_subjects (tenant, name)",
            """CREATE TABLE audit_checkpoints (
                tenant TEXT NOT NULL, size BIGINT NOT NULL, body TEXT NOT NULL, signature TEXT NOT NULL,
                peaks TEXT NOT NULL, PRIMARY KEY (tenant, size))""",
            """CREATE TABLE audit_holds (
                tenant TEXT NOT NULL, run TEXT NOT NULL, principal TEXT NOT NULL, reason TEXT NOT NULL,
                actor TEXT NOT NULL, at DOUBLE PRECISION NOT NULL, PRIMARY KEY (tenant, run, principal))""",
        ),
        4: (  # replies that may be served again; what processes tell each other of models and tools, and who may probe
            """CREATE TABLE responses (
                key TEXT NOT NULL PRIMARY KEY, alike TEXT NOT NULL, tenant TEXT NOT NULL, principal TEXT NOT NULL,
                run TEXT NOT NULL, kept_at DOUBLE PRECISION NOT NULL, expires_at DOUBLE PRECISION NOT NULL,
                entry TEXT NOT NULL)""",
            "CREATE INDEX responses_alike ON responses (alike, kept_at)",
            "CREATE INDEX responses_oldest ON responses (tenant, kept_at)",
            "CREATE INDEX responses_run ON responses (run)",
            """CREATE TABLE live_states (
                scope TEXT NOT NULL, owner TEXT NOT NULL, at DOUBLE PRECISION NOT NULL, state TEXT NOT NULL,
                PRIMARY KEY (scope, owner))""",
            "CREATE INDEX live_states_newest ON live_states (scope, at)",
            """CREATE TABLE live_claims (
                scope TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, until DOUBLE PRECISION NOT NULL,
                PRIMARY KEY (scope, name))""",
        ),
    }
)
"""Version → the statements that lead to it from the one before."""

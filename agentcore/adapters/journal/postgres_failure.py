"""What PostgreSQL's, asyncpg's and the system's errors mean for a journal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import asyncpg  # pyright: ignore[reportMissingTypeStubs]

from agentcore.domain.errors import JournalCorrupt, JournalError, JournalUnavailable

_PASSING: Final = re.compile(
    r"08...|40001|40P01|55P03"  # a lost connection; transactions that got in each other's way
    r"|57P01|57P02|57P03|57014|25P0[34]"  # stops, starts up, or has ended what took too long
    r"|0A000"  # the tables have changed under a prepared statement
    r"|53300"  # too many connections
)
_DAMAGED: Final = re.compile(r"XX001|XX002|42P01|42703|3F000")
_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "28": "check the user and the password in its URL, and the server's pg_hba.conf",
        "3D000": "create the database first, e.g. with: createdb NAME",
        "25006": "it is a standby, or set to read only: name the primary, "
        "or add ?target_session_attrs=read-write to a URL with several hosts",
        "53100": "free some space on the server's disk; what was recorded can still be read",
        "53300": "raise the server's max_connections, or start fewer processes",
        "42501": "grant the user CREATE on the database, or USAGE on the schema and SELECT, INSERT and UPDATE on its "
        "tables",
        "57P03": "it is starting up or shutting down: try again in a moment",
        "57014": "the server, or somebody, ended a statement that took too long: try again",
    }
)
_CHECK: Final = "check that PostgreSQL runs and can be reached, and that host and port in the URL are right"


def sqlstate(error: BaseException) -> str:
    """Return PostgreSQL's code of an error, empty when it has none."""
    code: object = getattr(error, "sqlstate", None)
    return code if isinstance(code, str) else ""


def is_foreign(error: Exception) -> bool:
    """Return whether the error is about the server or the way to it, and not one of this program."""
    return isinstance(error, OSError | asyncpg.PostgresError | asyncpg.InterfaceError | asyncpg.InternalClientError)


def passes(error: Exception) -> bool:
    """Return whether the same may work in a moment, on a new connection."""
    code = sqlstate(error)
    return _PASSING.fullmatch(code) is not None if code else is_foreign(error)


def postgres_failure(place: str, error: Exception) -> JournalError:
    """Return the journal's error for a foreign one.

    place: the URL without its password.
    """
    code = sqlstate(error)
    if _DAMAGED.fullmatch(code):
        return JournalCorrupt(
            f"the journal {place} is damaged, or its tables are not as they should be: {error}",
            hint="restore it from a backup; to start anew, drop or rename its schema",
        )
    reason = "it did not answer in time" if isinstance(error, TimeoutError) else str(error).partition("\n")[0]
    hint = _HINTS.get(code) or _HINTS.get(code[:2]) or (_CHECK if passes(error) else "look at the server's log")
    return JournalUnavailable(f"the journal {place} cannot be used: {reason or type(error).__name__}", hint=hint)

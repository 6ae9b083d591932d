"""What SQLite's and the system's errors mean for a journal."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from agentcore.domain.errors import JournalCorrupt, JournalError, JournalUnavailable

_PRIMARY_CODE: Final = 0xFF  # the rest of an extended result code only refines it
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})
_HINTS: Final = {
    sqlite3.SQLITE_BUSY: "another process has been writing for too long; wait for it, or stop it",
    sqlite3.SQLITE_LOCKED: "another process has been writing for too long; wait for it, or stop it",
    sqlite3.SQLITE_FULL: "free some space on its disk; what was recorded can still be read",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable: SQLite puts a log next to the file",
    sqlite3.SQLITE_CANTOPEN: "check that its folder exists, is writable, and that the path is not a folder itself",
    sqlite3.SQLITE_PERM: "make the file and its folder writable",
    sqlite3.SQLITE_IOERR: "check its disk and the system's log",
}


def journal_error(path: Path, error: sqlite3.Error | OSError) -> JournalError:
    """Return the journal's error for one that SQLite or the system raised."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return JournalUnavailable(f"the journal {path} cannot be opened: {reason}", hint="check its folder and path")
    # The sqlite3 module gives no code to its own complaints about a file: text that is not UTF-8.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & _PRIMARY_CODE
    if code in _DAMAGED:
        return JournalCorrupt(
            f"the journal {path} is damaged, cut off, or no journal at all: {error}",
            hint="restore it from a backup, or try `sqlite3 FILE .recover`; to start anew, move it away "
            "together with its -wal and -shm files",
        )
    return JournalUnavailable(
        f"the journal {path} cannot be used: {error}",
        hint=_HINTS.get(code, "check its folder, its disk and its owner"),
    )

"""FilePresence: which processes of this machine are alive, by locks that the system releases when they die."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from pathlib import Path
from typing import Final

from agentcore.adapters.journal.failure import journal_error

_OWNER: Final = re.compile(r"[0-9]{1,20}-[0-9a-f]{12}")
"""A process: its number, and chance, as numbers come again."""

_held: Final[set[int]] = set()
"""The locks of this process."""


def _drop() -> None:
    """Close what a fork has copied: a lock is held as long as any process has it open."""
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_drop)


class FilePresence:
    """A Presence for stores that are files.

    Each process holds a lock on a file of its own beside the store. The system takes the lock away with the process,
    however it ends, so nothing has to beat in time, and a process that stands still is not taken for dead.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._owner = ""
        self._held: int | None = None

    @property
    def owner(self) -> str:
        """The name of this process, which is taken when it is first asked for. Raises OSError."""
        if self._held is None:
            self._store.parent.mkdir(parents=True, exist_ok=True)
            self._owner = f"{os.getpid()}-{secrets.token_hex(6)}"
            self._held = os.open(self._path(self._owner), os.O_CREAT | os.O_RDWR, 0o600)
            _held.add(self._held)
            fcntl.flock(self._held, fcntl.LOCK_EX)
        return self._owner

    async def begin(self) -> None:
        """Take the lock. Raises JournalUnavailable when no file can be made beside the store."""
        try:
            _ = self.owner
        except OSError as error:
            raise journal_error(self._store, error) from error

    async def alive(self, owner: str) -> bool:
        """Return whether the process of that name holds its lock."""
        if self._held is not None and owner == self._owner:
            return True
        if not _OWNER.fullmatch(owner):
            return False
        path = self._path(owner)
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        except OSError:  # such as another user's: it cannot be known, and must not be taken for dead
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        with contextlib.suppress(FileNotFoundError):  # of two that look at once, one removes it
            path.unlink()
        return False

    async def aclose(self) -> None:
        """Give the lock back. May be called twice."""
        held, self._held = self._held, None
        if held is not None:
            with contextlib.suppress(FileNotFoundError):
                self._path(self._owner).unlink()
            if held in _held:  # else this is a fork, where it is closed
                _held.remove(held)
                os.close(held)

    def _path(self, owner: str) -> Path:
        return self._store.with_name(f"{self._store.name}-{owner}.lock")

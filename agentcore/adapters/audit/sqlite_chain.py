"""SqliteChain: appends to audit chains within a transaction of one SQLite connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from agentcore.audit.entry import Draft

if TYPE_CHECKING:
    from agentcore.adapters.audit.notary import Notary, Row, Steps

_SIZES: Final = (64, 16, 4, 1)
_INSERT: Final = {
    size: f"INSERT INTO audit (tenant, sequence, hash, entry, sealed) VALUES {', '.join(['(?, ?, ?, ?, ?)'] * size)}"  # noqa: S608 - placeholders only
    for size in _SIZES
}


class SqliteChain:
    """One connection. secret: returns the master secret, asked once, when there is something to append.

    After a transaction that failed call `forget`. An sqlite3.IntegrityError tells that another process has appended.
    """

    def __init__(self, connection: sqlite3.Connection, secret: Callable[[], bytes]) -> None:
        self._connection = connection
        self._secret = secret
        self._notary: Notary | None = None

    def append(self, drafts: Sequence[Draft]) -> None:
        """Append within the transaction that is under way. Raises sqlite3.Error and JournalError."""
        if not drafts:
            return
        if self._notary is None:
            from agentcore.adapters.audit.notary import Notary  # noqa: PLC0415  # loads ciphers

            self._notary = Notary(self._secret, shared=False)
        self._do(self._notary.append(drafts))

    def forget(self) -> None:
        """Believe nothing any more of what was read before."""
        if self._notary is not None:
            self._notary.forget()

    def _do(self, steps: Steps) -> None:
        from agentcore.adapters.audit.notary import Insert, Query  # noqa: PLC0415  # as above

        try:
            step = next(steps)
            while True:
                rows: Sequence[Any] = ()
                if isinstance(step, Insert):
                    self._insert(step.rows)
                elif isinstance(step, Query):
                    rows = self._connection.execute(step.sql, step.parameters).fetchall()
                else:
                    self._connection.execute(step.sql, step.parameters)
                step = steps.send(rows)
        except StopIteration:
            return

    def _insert(self, rows: Sequence[Row]) -> None:
        # Many at a time, for the reason that JournalStore has.
        start = 0
        for size in _SIZES:
            while len(rows) - start >= size:
                self._connection.execute(_INSERT[size], list(chain.from_iterable(rows[start : start + size])))
                start += size

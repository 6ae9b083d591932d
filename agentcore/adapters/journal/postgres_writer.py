"""PostgresWriter: writes groups of appends exactly once, though connections and servers break in the middle."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from typing import Final

from agentcore.adapters.journal.batch import judge
from agentcore.adapters.journal.jobs import Write
from agentcore.adapters.journal.postgres_store import Entry, PostgresStore
from agentcore.domain.ids import RunId

_REMEMBERED_RUNS: Final = 10_000
_UNFLUSHED_APPENDS: Final = 1_000
"""After so many appends that need not be durable, a group is written durably all the same."""


class PostgresWriter:
    """Knows where runs stand, and keeps what a crash of the server could still lose.

    A transaction with `synchronous_commit = off` is gone when the server crashes within the next moments, and the
    events after it would leave a gap. So its appends are kept until a later durable one has flushed them too; on a new
    connection those that are missing are written again, before anything else.

    The answer to a commit can be lost, too. Each append has an id, written in its rows: they tell whether it has
    happened.
    """

    def __init__(self) -> None:
        self._ids = itertools.count(secrets.randbits(62))
        self._last: dict[RunId, int] = {}
        self._unflushed: list[Entry] = []
        self._refused: dict[RunId, Exception] = {}
        self._late: list[tuple[Write, Exception]] = []

    def entries(self, writes: Sequence[Write]) -> Sequence[Entry]:
        """Return the appends with their ids; all tries to write them must use the same."""
        return [Entry(next(self._ids), write.batch) for write in writes]

    def late(self) -> Sequence[tuple[Write, Exception]]:
        """Return once what had been taken for written, and could not be after a crash of the server."""
        late, self._late = self._late, []
        self._refused.clear()
        return late

    async def made(self, store: PostgresStore) -> None:
        """Look, on a new connection, whether everything is there that was written; if not, write it again."""
        self._last.clear()
        if not self._unflushed:
            return
        recorded = await store.recorded(self._unflushed)
        lost = [entry for entry in self._unflushed if entry.id not in recorded]
        if not lost:
            return
        errors = await self._write(store, lost, durable=True, again=False)
        self._unflushed.clear()
        for entry, error in zip(lost, errors, strict=True):
            if error is not None:
                self._refused[entry.batch.run] = error
                self._late.append((Write(entry.batch, None), error))

    async def write(
        self, store: PostgresStore, entries: Sequence[Entry], *, durable: bool, again: bool
    ) -> Sequence[Exception | None]:
        """Write all in one transaction; return for each why it was left out, None when it is written.

        durable: return only when they, and all that was written before, are on disk. again: an earlier try ended
        without an answer. Raises what the store raises.
        """
        durable = durable or len(self._unflushed) + len(entries) > _UNFLUSHED_APPENDS
        errors = await self._write(store, entries, durable=durable, again=again)
        if not durable:
            self._unflushed += [entry for entry, error in zip(entries, errors, strict=True) if error is None]
        while len(self._last) > _REMEMBERED_RUNS:
            del self._last[next(iter(self._last))]
        return errors

    async def _write(
        self, store: PostgresStore, entries: Sequence[Entry], *, durable: bool, again: bool
    ) -> Sequence[Exception | None]:
        fresh = False
        while True:
            # Looked for each time: the server may be slow to end the try whose answer was lost.
            recorded = await store.recorded(entries) if again else frozenset[int]()
            waiting = [entry for entry in entries if entry.id not in recorded]
            await self._learn(store, waiting, all_runs=fresh)
            judged = judge([entry.batch for entry in waiting], self._last, self._refused)
            errors = dict(zip((entry.id for entry in waiting), judged.errors, strict=True))
            if not fresh and any(errors.values()):  # what is remembered may be old
                fresh = True
                continue
            accepted = [entry for entry in waiting if errors[entry.id] is None]
            if not accepted:
                break
            if await store.write(accepted, durable=durable):
                self._last.update(judged.ends)
                if durable:
                    self._unflushed.clear()
                break
            fresh = True  # another process has written one of these runs further
        return [errors.get(entry.id) for entry in entries]

    async def _learn(self, store: PostgresStore, entries: Sequence[Entry], *, all_runs: bool) -> None:
        """Look up where runs stand: all, or those that are not known.

        A new run is not looked up: should it exist, the primary key says so.
        """
        first: dict[RunId, int] = {}
        for entry in entries:
            first.setdefault(entry.batch.run, entry.batch.first)
        asked = [run for run, sequence in first.items() if all_runs or (sequence > 1 and run not in self._last)]
        if asked:
            self._last.update(await store.last_of(asked))

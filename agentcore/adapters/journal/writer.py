"""Writer: the work of the SQLite journal's thread."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from agentcore.adapters.journal.jobs import Ask, Intake, Job, Outcome, Write
from agentcore.adapters.journal.store import JournalStore
from agentcore.domain.errors import JournalError


class Writer:
    """Does jobs in groups, all writes of a group in one transaction. Opens the file when it is first needed."""

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._store: JournalStore | None = None
        self._intake = Intake()

    def work(self, jobs: Sequence[Job]) -> Sequence[Outcome]:
        """Do the jobs: first the writes in their order, then the questions. Raises nothing; see the outcomes."""
        writes, asks, refused = self._intake.sort(jobs)
        outcomes = list(refused)
        if writes:
            outcomes += self._intake.settled(zip(writes, self._write(writes), strict=True))
        outcomes += [self._answer(ask) for ask in asks]
        return outcomes

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            with contextlib.suppress(JournalError):  # all is written; the log is merged at the next opening
                self._store.close()

    def _write(self, writes: Sequence[Write]) -> Sequence[Exception | None]:
        durable = any(write.written is not None for write in writes)
        try:
            return self._open().write([write.batch for write in writes], durable=durable)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            return [error] * len(writes)

    def _answer(self, ask: Ask) -> Outcome:
        try:
            return ask, ask.ask(self._open()), None
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
            return ask, None, error

    def _open(self) -> JournalStore:
        if self._store is None:
            self._store = JournalStore(self._path, busy_seconds=self._busy_seconds)
        return self._store

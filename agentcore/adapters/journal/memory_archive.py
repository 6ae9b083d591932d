"""MemoryArchive: the archive of a MemoryJournal."""

from __future__ import annotations

from collections.abc import Sequence

from agentcore.adapters.journal.codec import EventCodec
from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.domain.event import ENDED, Event, RunFinished, RunStarted, RunStatus
from agentcore.domain.ids import RunId
from agentcore.ports.archive import Deleted, EndedRun, check_ended


class MemoryArchive:
    """An Archive that looks all its answers up in a journal's events."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    async def ended(
        self,
        *,
        before: float,
        statuses: Sequence[RunStatus] = ENDED,
        keep_last: int = 0,
        after: EndedRun | None = None,
        limit: int = 100,
    ) -> Sequence[EndedRun]:
        """Return runs that ended before a moment, the oldest first."""
        check_ended(statuses)
        found = [run for events in self._journal.all().values() if (run := _ended(events)) and run.status in statuses]
        found.sort(key=_age)
        found = found[: max(0, len(found) - keep_last)]
        return [run for run in found if run.ended_at < before and (after is None or _age(run) > _age(after))][:limit]

    async def size(self, runs: Sequence[RunId]) -> int:
        """Return how many bytes the events would take as JSON."""
        codec = EventCodec()
        known = self._journal.all()
        return sum(len(codec.encode(event.fact).encode()) for run in runs for event in known.get(run, ()))

    async def delete(self, runs: Sequence[RunId]) -> Deleted:
        """Delete runs."""
        known = self._journal.all()
        going = {run: len(known[run]) for run in runs if run in known and _ended(known[run])}
        for run in going:
            self._journal.forget(run)
        return Deleted(runs=len(going), events=sum(going.values()))

    async def forget_snapshots(self, before: float) -> int:  # noqa: ARG002 - the port's signature
        """Return 0: a store in memory keeps none."""
        return 0

    async def compact(self, *, everything: bool) -> int:  # noqa: ARG002 - the port's signature
        """Return 0: memory is given back by itself."""
        return 0


def _age(run: EndedRun) -> tuple[float, str]:
    return run.ended_at, run.run


def _ended(events: Sequence[Event]) -> EndedRun | None:
    """Return a run's row when it has ended."""
    match events:
        case [Event(fact=RunStarted(name=name)), *_, Event(run=run, at=at, fact=RunFinished(status=status))]:
            return EndedRun(run=run, name=name, status=status, ended_at=at, events=len(events))
        case _:
            return None

"""MemoryJournal: a journal that is gone with its process, for tests and benchmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agentcore.adapters.journal.finding import LATEST, SHOWN, no_events, only_run
from agentcore.domain.errors import JournalConflict, JournalUnavailable
from agentcore.domain.event import Event, RunFinished, RunParked, RunResumed, RunStarted, RunStatus
from agentcore.domain.ids import RunId
from agentcore.ports.journal import RunSummary


class MemoryJournal:
    """A Journal that keeps the events themselves. `durable` makes no difference."""

    def __init__(self) -> None:
        self._events: dict[RunId, list[Event]] = {}
        self._summaries: dict[RunId, RunSummary] = {}
        self._closed = False

    async def append(self, events: Sequence[Event], *, durable: bool) -> None:  # noqa: ARG002 - the port's signature
        """Append events of one run. Raises JournalConflict, and ValueError when they are not consecutive."""
        self._check_open()
        if not events:
            return
        run = check_consecutive(events)
        recorded = self._events.setdefault(run, [])
        if events[0].sequence != len(recorded) + 1:
            raise JournalConflict(f"run {run}: event {events[0].sequence} does not follow {len(recorded)}")
        recorded.extend(events)
        for event in events:
            self._summarize(event)

    async def read(self, run: RunId) -> Sequence[Event]:
        """Return all events of a run in order; raises RunNotFound when there are none."""
        self._check_open()
        events = self._events.get(run)
        if not events:
            raise no_events(run)
        return tuple(events)

    async def find(self, prefix: str) -> RunId:
        """Return the one run whose id starts so; `latest` is the newest. Raises RunNotFound."""
        if prefix == LATEST:
            return only_run(prefix, [summary.run for summary in await self.list(limit=1)])
        self._check_open()
        matches = sorted(run for run in self._summaries if run.startswith(prefix))
        return only_run(prefix, matches if prefix in matches else matches[: SHOWN + 1])

    async def list(self, *, limit: int = 50, status: RunStatus | None = None) -> Sequence[RunSummary]:
        """Return the newest runs first."""
        self._check_open()
        some = [summary for summary in self._summaries.values() if status in {None, summary.status}]
        some.sort(key=lambda summary: (summary.started_at, summary.run), reverse=True)
        return tuple(replace(summary, events=len(self._events[summary.run])) for summary in some[:limit])

    def all(self) -> Mapping[RunId, Sequence[Event]]:
        """Return the events of every run."""
        return self._events

    def forget(self, run: RunId) -> None:
        """Drop a run."""
        self._events.pop(run, None)
        self._summaries.pop(run, None)

    async def aclose(self) -> None:
        """Refuse any further call. May be called twice."""
        self._closed = True

    def _summarize(self, event: Event) -> None:
        match event.fact:
            case RunStarted(task=task, name=name):
                self._summaries[event.run] = RunSummary(
                    run=event.run,
                    name=name,
                    goal=task.goal,
                    tenant=task.tenant,
                    status="running",
                    started_at=event.at,
                    events=0,
                )
            case RunFinished(status=status) if event.run in self._summaries:
                self._listed(event.run, status)
            case RunParked():
                self._listed(event.run, "waiting")
            case RunResumed():
                self._listed(event.run, "running")
            case _:
                return

    def _listed(self, run: RunId, status: RunStatus) -> None:
        self._summaries[run] = replace(self._summaries[run], status=status)

    def _check_open(self) -> None:
        if self._closed:
            raise JournalUnavailable("the journal is closed")


def check_consecutive(events: Sequence[Event]) -> RunId:
    """Return the run of the events. Raises ValueError when they are not of one run without gaps, or its id is none."""
    first = events[0]
    if not (first.run and first.run.isprintable()):  # else not every store could hold it
        raise ValueError(f"{first.run!r} cannot be a run's id: it must be printable text")
    for offset, event in enumerate(events):
        if event.run != first.run or event.sequence != first.sequence + offset:
            raise ValueError(
                f"event {event.sequence} of run {event.run} does not continue run {first.run} from {first.sequence}"
            )
    return first.run

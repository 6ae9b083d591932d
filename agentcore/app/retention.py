"""Retention: runs that ended long ago leave the store, into files if that is wanted. In small parts; others go on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from loguru import logger

from agentcore.adapters.audit.sealed_file import SUFFIX
from agentcore.adapters.journal.run_files import file_name
from agentcore.app.store import Store
from agentcore.domain.errors import (
    AgentcoreError,
    JournalConflict,
    JournalCorrupt,
    JournalTooNew,
    JournalUnavailable,
    RunNotFound,
)
from agentcore.domain.event import ENDED, RunStatus
from agentcore.domain.ids import RunId
from agentcore.ports.archive import EndedRun
from agentcore.ports.clock import Clock

PRUNE_SECONDS: Final = 3600.0
"""How often a runtime prunes its store."""

SHOWN: Final = 20
"""How many runs are told one by one."""

_RUNS: Final = 100
_EVENTS: Final = 2_000
"""How much is deleted in one transaction; a run that has more events is one all the same."""

_PAUSE_SECONDS: Final = 0.02
"""How long others have the store to themselves between two transactions."""

_SNAPSHOT_SECONDS: Final = 86_400.0
"""How long definitions stay that no run refers to: a run may be about to be started on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which runs are to go.

    before: those that ended before this moment, seconds since the epoch.  keep_last: so many of the newest ones of
    these statuses stay all the same.
    """

    before: float
    statuses: Sequence[RunStatus] = ENDED
    keep_last: int = 0


@dataclass(slots=True, kw_only=True)
class Pruned:
    """What has gone, or in a rehearsal would.

    first: some of the runs, the oldest ones.  bytes: about what the events took, if it was measured.  exported: how
    many runs have a file now.  given_back: bytes by which the store has become smaller.  problems: why a run could not
    be exported, and so has stayed.
    """

    runs: int = 0
    first: list[EndedRun] = field(default_factory=list[EndedRun])
    events: int = 0
    bytes: int = 0
    exported: int = 0
    given_back: int = 0
    problems: list[str] = field(default_factory=list[str])


class Retention:
    """Prunes a store. export: the folder into which each run goes before it is deleted, None for nowhere.

    sealed: under the key of its user, so that the file ends with the user's erasure, wherever it is then.
    """

    def __init__(self, store: Store, clock: Clock, *, export: Path | None = None, sealed: bool = False) -> None:
        """Take the parts. Raises JournalUnavailable for a store that nothing can be deleted from."""
        if store.archive is None:
            raise JournalUnavailable("this store cannot be pruned: it has no archive")
        self._archive = store.archive
        self._files = store.files
        self._clock = clock
        self._export = export
        self._sealed = sealed

    async def rehearse(self, choice: Choice) -> Pruned:
        """Return what would go, and change nothing."""
        pruned = Pruned()
        async for runs in self._slices(choice):
            pruned.runs += len(runs)
            pruned.first += runs[: SHOWN - len(pruned.first)]
            pruned.events += sum(run.events for run in runs)
            pruned.bytes += await self._archive.size([run.run for run in runs])
        return pruned

    async def prune(self, choice: Choice, *, measure: bool = False, everything: bool = False) -> Pruned:
        """Export and delete runs, and give space back to the system.

        measure: tell bytes, for which events must be read.  everything: give all space back, even if others cannot
        write meanwhile. A run that cannot be exported stays. Raises JournalUnavailable, with nothing deleted that is
        not exported, when no file can be written, or the store not be reached.
        """
        pruned = Pruned()
        async for runs in self._slices(choice):
            going = [run for run in runs if await self._is_exported(run.run, pruned)]
            ids = [run.run for run in going]
            size = await self._archive.size(ids) if measure else 0
            deleted = await self._archive.delete(ids)
            pruned.runs += deleted.runs
            pruned.first += going[: SHOWN - len(pruned.first)]
            pruned.events += deleted.events
            pruned.bytes += size
            await self._clock.sleep(_PAUSE_SECONDS)
        await self._archive.forget_snapshots(self._clock.now() - _SNAPSHOT_SECONDS)
        if pruned.runs or everything:
            pruned.given_back = await self._archive.compact(everything=everything)
        return pruned

    async def keep(self, seconds: float) -> None:
        """Delete what ended longer ago than so many seconds, now and every hour, until cancelled."""
        while True:
            try:
                pruned = await self.prune(Choice(before=self._clock.now() - seconds))
                if pruned.runs:
                    logger.info("{} runs with {} events were pruned", pruned.runs, pruned.events)
                for problem in pruned.problems:
                    logger.warning("a run stays in the store: {}", problem)
            except AgentcoreError as error:
                logger.warning("the store cannot be pruned: {}", error.message)
            await self._clock.sleep(PRUNE_SECONDS)

    async def _is_exported(self, run: RunId, pruned: Pruned) -> bool:
        """Return whether a run can be deleted: its file is written, or none is wanted."""
        if self._export is None:
            return True
        try:
            name = f"{file_name(run)}{SUFFIX if self._sealed else ''}"
            await self._files.export(run, self._export / name, sealed=self._sealed)
        except RunNotFound:  # another process prunes as well
            return False
        except (JournalConflict, JournalCorrupt, JournalTooNew) as error:
            pruned.problems.append(error.message)
            return False
        pruned.exported += 1
        return True

    async def _slices(self, choice: Choice) -> AsyncIterator[Sequence[EndedRun]]:
        after: EndedRun | None = None
        while True:
            found = await self._archive.ended(
                before=choice.before, statuses=choice.statuses, keep_last=choice.keep_last, after=after, limit=_RUNS
            )
            if not found:
                return
            for runs in _parts(found):
                yield runs
            after = found[-1]


def _parts(runs: Sequence[EndedRun]) -> Iterator[Sequence[EndedRun]]:
    """Yield the runs in parts of not too many events."""
    part: list[EndedRun] = []
    events = 0
    for run in runs:
        if part and events + run.events > _EVENTS:
            yield part
            part, events = [], 0
        part.append(run)
        events += run.events
    if part:
        yield part

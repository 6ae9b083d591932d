"""What the event loop gives a journal's worker to do, and which runs it refuses meanwhile. Pure but for futures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, assert_never

from agentcore.adapters.journal.batch import Batch
from agentcore.domain.ids import RunId


class Write(NamedTuple):
    """An append. written: None when nobody waits for it, that is, it need not be durable."""

    batch: Batch
    written: asyncio.Future[None] | None


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the store."""

    ask: Callable[[Any], Any]
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """Who drives a run has been told of this error; what it appends from here on takes the error into account."""

    run: RunId
    error: Exception


Job: TypeAlias = Write | Ask | Seen
Outcome: TypeAlias = tuple[Write | Ask, Any, Exception | None]
"""A job, its result, and the error if it has none; a write that succeeded and that nobody waits for has no outcome."""


class Sorted(NamedTuple):
    """A group of jobs. refused: the outcomes of writes that are not to be done."""

    writes: Sequence[Write]
    asks: Sequence[Ask]
    refused: Sequence[Outcome]


class Intake:
    """Sorts groups of jobs: first the writes in their order, in one transaction, then the questions.

    Once an append of a run has failed, all that follow fail likewise until the run's driver has seen the error.
    Otherwise another process' event could take the lost one's place, and the driver, none the wiser, go on after it.
    """

    def __init__(self) -> None:
        self._broken: dict[RunId, Exception] = {}

    def sort(self, jobs: Sequence[Job]) -> Sorted:
        """Return what is to be done."""
        refused: list[Outcome] = []
        writes: list[Write] = []
        asks: list[Ask] = []
        for job in jobs:
            match job:
                case Write():
                    error = self._broken.get(job.batch.run) if self._broken else None
                    if error is None:
                        writes.append(job)
                    else:
                        refused.append((job, None, error))
                case Ask():
                    asks.append(job)
                case Seen(run, error):
                    if self._broken.get(run) is error:
                        del self._broken[run]
                case _ as unreachable:
                    assert_never(unreachable)
        return Sorted(writes, asks, refused)

    def settled(self, results: Iterable[tuple[Write, Exception | None]]) -> list[Outcome]:
        """Return the outcomes of writes that have been tried, each with why it was not written."""
        outcomes: list[Outcome] = []
        for write, error in results:
            if error is not None:
                self._broken.setdefault(write.batch.run, error)
                outcomes.append((write, None, error))
            elif write.written is not None:
                outcomes.append((write, None, None))
        return outcomes

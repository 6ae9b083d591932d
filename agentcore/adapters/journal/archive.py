"""SqlArchive: runs that have ended, in the tables of a journal's store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from agentcore.adapters.journal.inbox import Ask
from agentcore.adapters.journal.projection import Parameter, Statement
from agentcore.domain.event import ENDED, RunStatus
from agentcore.domain.ids import RunId
from agentcore.ports.archive import Deleted, EndedRun, check_ended

_AT_ONCE: Final = 8
"""How many runs one statement deletes. Each statement gives up Python's global lock, and may wait to get it back while
the transaction keeps others from writing."""

_THESE: Final = f"({', '.join(f'?{number}' for number in range(1, _AT_ONCE + 1))})"
_FREE: Final = """NOT EXISTS (
        SELECT 1 FROM audit_holds AS h WHERE h.tenant = runs.tenant
        AND (h.run = runs.run OR (h.run = '' AND h.principal = runs.principal)))"""
"""What nobody has to keep."""

_LISTED: Final = f"""
    SELECT run, name, status, ended_at, coalesce((SELECT max(sequence) FROM events WHERE events.run = runs.run), 0)
    FROM runs
    WHERE {_FREE} AND ended_at < ?1 AND {{}} AND (ended_at < ?2 OR (ended_at = ?2 AND run <= ?3))
        AND (ended_at > ?4 OR (ended_at = ?4 AND run > ?5))
    ORDER BY ended_at, run LIMIT ?6"""  # noqa: S608 - no text from outside
_NEWEST_TO_GO: Final = """
    SELECT ended_at, run FROM runs
    WHERE ended_at IS NOT NULL AND {} ORDER BY ended_at DESC, run DESC LIMIT 1 OFFSET ?1"""
_SIZE: Final = f"SELECT coalesce(sum(length(fact)), 0) FROM events WHERE run IN {_THESE}"  # noqa: S608 - placeholders
_UNUSED: Final = "DELETE FROM snapshots WHERE kept_at < ?1 AND digest NOT IN (SELECT snapshot FROM runs)"
_EARLIEST: Final = -1e300


class Space(Protocol):
    """How a kind of store gives space back."""

    async def give_back(self, *, everything: bool) -> int:
        """Return how many bytes the system has got back."""
        ...


class SqlArchive:
    """An Archive upon a journal's store. space: None for one that needs nobody to look after it."""

    def __init__(self, ask: Ask, *, space: Space | None = None) -> None:
        self._ask = ask
        self._space = space

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
        these = _of_status(statuses)
        newest: tuple[float, str] = (before, "")
        if keep_last:
            rows = await self._ask(lambda store: store.rows(_NEWEST_TO_GO.format(these), (keep_last,)))
            if not rows:
                return ()
            newest = (rows[0][0], rows[0][1])
        start = (_EARLIEST, "") if after is None else (after.ended_at, after.run)
        parameters: tuple[Parameter, ...] = (before, *newest, *start, limit)
        found = await self._ask(lambda store: store.rows(_LISTED.format(these), parameters))
        return [
            EndedRun(run=RunId(run), name=name, status=status, ended_at=ended_at, events=events)
            for run, name, status, ended_at, events in found
        ]

    async def size(self, runs: Sequence[RunId]) -> int:
        """Return about how many bytes the events take: in SQLite, the characters of their text."""
        total = 0
        for some in _parts(runs):
            total += (await self._ask(lambda store, some=some: store.rows(_SIZE, some)))[0][0]
        return int(total)

    async def delete(self, runs: Sequence[RunId]) -> Deleted:
        """Delete runs in one transaction."""
        if not runs:
            return Deleted(runs=0, events=0)
        ended = _of_status(ENDED)
        to_go = f"SELECT run FROM runs WHERE run IN {_THESE} AND {ended} AND {_FREE}"  # noqa: S608 - no text from outside
        parts = list(_parts(runs))
        statements: list[Statement] = []
        for sql in (
            f"DELETE FROM events WHERE run IN ({to_go})",  # noqa: S608 - as above
            f"DELETE FROM approvals WHERE run IN ({to_go})",  # noqa: S608 - as above
            f"DELETE FROM responses WHERE run IN ({to_go})",  # noqa: S608 - as above
            f"DELETE FROM runs WHERE run IN {_THESE} AND {ended} AND {_FREE}",  # noqa: S608 - as above
        ):
            statements += [(sql, some) for some in parts]
        changed = await self._ask(lambda store: store.change_all(statements))
        return Deleted(runs=sum(changed[3 * len(parts) :]), events=sum(changed[: len(parts)]))

    async def forget_snapshots(self, before: float) -> int:
        """Delete definitions that no run refers to."""
        return (await self._ask(lambda store: store.change_all([(_UNUSED, (before,))])))[0]

    async def compact(self, *, everything: bool) -> int:
        """Give space back to the system."""
        return 0 if self._space is None else await self._space.give_back(everything=everything)


def _of_status(statuses: Sequence[RunStatus]) -> str:
    """Return the condition that a run has ended so. Raises ValueError for a status of open runs."""
    check_ended(statuses)
    return f"status IN ({', '.join(repr(str(status)) for status in statuses)})"


def _parts(runs: Sequence[RunId]) -> Iterator[tuple[Parameter, ...]]:
    """Yield the runs some at a time, always as many: the last one again where there are too few."""
    for start in range(0, len(runs), _AT_ONCE):
        some = runs[start : start + _AT_ONCE]
        yield (*some, *[some[-1]] * (_AT_ONCE - len(some)))

"""Batch: what one append writes, and whether it continues its run. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from agentcore.adapters.journal.projection import Statement
from agentcore.audit.entry import Draft
from agentcore.domain.errors import JournalConflict
from agentcore.domain.ids import RunId

Row: TypeAlias = tuple[str, int, float, int, str]
"""Run, sequence, seconds since the epoch, schema, fact."""


class Batch(NamedTuple):
    """Consecutive events of one run, at least one. A tuple, as one is made at every append.

    statements: for the tables beside the events, executed after them.  drafts: for the audit chain, appended last.
    """

    run: RunId
    rows: Sequence[Row]
    statements: Sequence[Statement] = ()
    drafts: Sequence[Draft] = ()

    @property
    def first(self) -> int:
        """The sequence number of the first event."""
        return self.rows[0][1]

    @property
    def last(self) -> int:
        """The sequence number of the last event."""
        return self.rows[-1][1]


class Judged(NamedTuple):
    """Which batches continue their runs.

    accepted: those that do, in order.  errors: for each batch why it does not, None when it does.
    ends: run → its last sequence number once what is accepted has been written.
    """

    accepted: Sequence[Batch]
    errors: Sequence[Exception | None]
    ends: Mapping[RunId, int]


def judge(
    batches: Sequence[Batch], last: Mapping[RunId, int], refused: Mapping[RunId, Exception] | None = None
) -> Judged:
    """Judge batches that are to be written in this order.

    last: run → its last sequence number; 0 when it is not there.  refused: run → why nothing of it is accepted.
    Once a batch is refused, so are all that follow of its run, even those that fit after another process' event.
    """
    stopped = dict(refused or {})
    ends = dict[RunId, int]()
    accepted: list[Batch] = []
    errors: list[Exception | None] = []
    for batch in batches:
        run = batch.run
        stands = ends.get(run, last.get(run, 0))
        if run not in stopped and batch.first - 1 != stands:
            stopped[run] = _conflict(batch, stands)
        error = stopped.get(run)
        errors.append(error)
        if error is None:
            accepted.append(batch)
            ends[run] = batch.last
    return Judged(accepted, errors, ends)


def _conflict(batch: Batch, last: int) -> JournalConflict:
    if batch.first <= last:
        return JournalConflict(
            f"run {batch.run}: event {batch.first} is already recorded (the last one is {last})",
            hint="another process drives this run; leave it to that one, or start the task again as a new run",
        )
    return JournalConflict(
        f"run {batch.run}: event {batch.first} does not follow the last one recorded, {last}",
        hint="an earlier append of this run failed; look at what is recorded, and start the task again as a new run",
    )

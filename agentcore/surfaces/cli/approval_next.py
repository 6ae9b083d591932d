"""What happens after a decision: who takes it up, or what to do so that somebody does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agentcore.domain.approval import ApprovalRecord
from agentcore.domain.event import OPEN
from agentcore.domain.run import Run

if TYPE_CHECKING:
    from agentcore.app import Store

TAKEN_SECONDS = 0.6
"""How long to look whether a process takes a decision up; one that is there does at once."""

_LOOK_SECONDS = 0.03


async def what_next(store: Store, record: ApprovalRecord) -> str:
    """Return a sentence: the run goes on, waits for others, has ended, or how to make it go on."""
    id = record.run
    run = Run.fold(await store.journal.read(id))
    for _ in range(int(TAKEN_SECONDS / _LOOK_SECONDS)):
        if _taken(run, record):
            break
        await asyncio.sleep(_LOOK_SECONDS)
        run = Run.fold(await store.journal.read(id))
    if run.status not in OPEN:
        return f"run {id} has ended: {run.status.replace('_', ' ')}"
    driven = bool(run.owner) and store.presence is not None and await store.presence.alive(run.owner)
    if not _taken(run, record):
        if driven and run.status == "running":
            return f"run {id} takes it up in process {run.owner}, which drives it"
        return (
            f"nobody drives run {id} now; go on with `agentcore runs resume {id}`, or leave it to `agentcore worker`"
        )
    if run.status == "waiting":
        return f"run {id} waits for other decisions: {', '.join(asked.id for asked in run.asked)}"
    if driven:
        return f"run {id} goes on in process {run.owner}"
    return f"the process of run {id} is gone; go on with `agentcore runs resume {id}`"


def _taken(run: Run, record: ApprovalRecord) -> bool:
    """Return whether the run knows the decision, or needs it no more."""
    asked = {each.id: each.version for each in run.asked}
    version = record.ruling.version if record.ruling is not None else record.approval.version - 1
    return run.status not in OPEN or asked.get(record.approval.id) != version

"""The port to what starts runs: a runtime of this process, or a queue that workers take from."""

from __future__ import annotations

from typing import Protocol

from agentcore.domain.budget import Budget
from agentcore.domain.ids import RunId
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import OnExceeded


class Starter(Protocol):
    """Starts runs whose ids follow from their causes, each once."""

    async def start(
        self,
        task: Task,
        *,
        name: str,
        id: RunId,
        budget: Budget | None = None,
        on_exceeded: OnExceeded | None = None,
    ) -> bool:
        """Record a run durably and let it begin; False when a run of that id is recorded already.

        name: for lists of runs.  budget, on_exceeded: instead of the project's. Either way, a run of that id is on
        disk when this returns. Raises JournalError, and TypeError or ValueError for a task that is not JSON.
        """
        ...

    async def wait(self, id: RunId) -> Run:
        """Return a recorded run once it has ended, or waits for people.

        Cancelling who waits does not cancel the run. Raises JournalError, and RunNotFound.
        """
        ...

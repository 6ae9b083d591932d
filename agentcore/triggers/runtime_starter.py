"""RuntimeStarter: starts runs in a runtime of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentcore.domain.errors import JournalConflict
from agentcore.domain.run import Run

if TYPE_CHECKING:
    from agentcore.app import Runtime
    from agentcore.domain.budget import Budget
    from agentcore.domain.ids import RunId
    from agentcore.domain.task import Task
    from agentcore.domain.team import OnExceeded


class RuntimeStarter:
    """A Starter over an open Runtime. A run's first event is the fence: of several starts of an id, one succeeds."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def start(
        self,
        task: Task,
        *,
        name: str,
        id: RunId,
        budget: Budget | None = None,
        on_exceeded: OnExceeded | None = None,
    ) -> bool:
        """Record a run durably and let it begin; False when a run of that id is recorded already."""
        try:
            # On a store that many machines share, whichever worker has room takes it.
            begin = self._runtime.enqueue if self._runtime.shared else self._runtime.start
            await begin(task, name=name, budget=budget, on_exceeded=on_exceeded, id=id)
        except JournalConflict:
            return False
        return True

    async def wait(self, id: RunId) -> Run:
        """Return the run once it has ended, or waits for people, whichever process drives it."""
        return await self._runtime.wait(id)

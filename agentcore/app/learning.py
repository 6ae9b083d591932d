"""What a process learns from verdicts while runs go on, beginning with what the newest runs have taught."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from agentcore.app.store import Store

if TYPE_CHECKING:
    from agentcore.config.project import Project
    from agentcore.engine.learning import Learning

NEWEST_RUNS: Final = 200
"""How many runs are read at the start; what is older has faded, or is in the offline fit."""


async def build_learning(project: Project, store: Store) -> Learning | None:
    """Return what is learned so far, None when a project explores nothing. Raises JournalError."""
    if project.explore == 0.0:
        return None
    from agentcore.app.route_runs import PastRuns  # noqa: PLC0415  # for start-up time: numpy
    from agentcore.engine.learning import Learning  # noqa: PLC0415  # as above
    from agentcore.routing.bandit import BanditSettings  # noqa: PLC0415  # as above
    from agentcore.routing.learned import Learned  # noqa: PLC0415  # as above

    past = PastRuns(project, store)
    await past.read((), limit=NEWEST_RUNS)
    oldest_first = [answer for run in reversed(past.runs) for answer in past.answers if answer.run == run]
    return Learning(Learned(settings=BanditSettings(explore=project.explore)).teach(oldest_first))

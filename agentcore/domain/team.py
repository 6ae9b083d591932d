"""Team and RunLimits: who works on a run, and within which bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentcore.domain.ids import AgentName

OnExceeded = Literal["stop", "downgrade", "fail"]
"""What to do when a call does not fit the budget.

stop: end the run as over_budget, keeping what is done.  downgrade: take the cheapest model that fits, stop when none
does.  fail: the attempt fails, and the step may be re-planned.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The agents of a run.

    supervisor: plans.  workers: may be given steps.  answer: makes the answer from the steps' outputs.
    """

    supervisor: AgentName
    workers: tuple[AgentName, ...]
    answer: AgentName

    @property
    def alone(self) -> bool:
        """Whether it is one agent, who is given the task as it is: there is nothing to plan."""
        return not self.workers and self.supervisor == self.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """Bounds of a run.

    parallel_steps: at once.  max_steps: of a plan, the answer's included.  max_depth: longest chain of steps.
    replans: how many times the supervisor may plan again after a step has failed for good.
    input_characters: of a task, all its texts together.  result_characters: of what a tool returns, as JSON.
    """

    parallel_steps: int = 4
    max_steps: int = 16
    max_depth: int = 8
    replans: int = 1
    input_characters: int = 1_000_000
    result_characters: int = 200_000
    on_exceeded: OnExceeded = "stop"

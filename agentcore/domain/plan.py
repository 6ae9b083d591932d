"""Plan and Step: the supervisor's DAG and its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from agentcore.domain.frozen import frozen
from agentcore.domain.ids import AgentName, StepId
from agentcore.domain.json import JSON


@frozen
class FromTask:
    """A value of the task: one of its inputs, or `goal`."""

    name: str


@frozen
class FromStep:
    """Another step's output, or the part of it at `path` (keys of nested objects)."""

    step: StepId
    path: tuple[str, ...] = ()


@frozen
class Literal:
    """A value that the supervisor wrote itself."""

    value: JSON


Source = FromTask | FromStep | Literal


@frozen
class Step:
    """A node.

    instruction: what this agent is asked to do, in words.  inputs: the agent's declared inputs, each wired.
    uses: steps whose whole outputs are shown to the agent as facts.
    """

    id: StepId
    agent: AgentName
    instruction: str
    inputs: Mapping[str, Source] = field(default_factory=dict[str, Source])
    uses: tuple[StepId, ...] = ()

    @property
    def needs(self) -> frozenset[StepId]:
        """Every step that must have succeeded before this one can start."""
        wired = {source.step for source in self.inputs.values() if isinstance(source, FromStep)}
        return frozenset(wired | set(self.uses))


@frozen
class Plan:
    """A valid DAG: ids are unique, every need is a step of the plan, there is no cycle.

    The last step in `steps` makes the answer.
    """

    steps: tuple[Step, ...]

    def step(self, id: StepId) -> Step:
        """Return the step of that id. Raises KeyError."""
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)

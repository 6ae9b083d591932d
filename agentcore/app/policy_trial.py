"""A trial of other policies: what they make of the decisions that a project's runs have recorded. Writes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentcore.adapters.journal.value_codec import ValueCodec
from agentcore.app.build import load_policies
from agentcore.app.model_facts import model_facts
from agentcore.app.store import Store
from agentcore.config.policies import read_policies
from agentcore.domain.agent import Agent
from agentcore.domain.event import RunStarted
from agentcore.domain.ids import AgentName, RunId
from agentcore.engine.definition import Manifest
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.past_decision import past_decisions
from agentcore.policy.rejudge import Known, Rejudged, rejudge

if TYPE_CHECKING:
    from agentcore.config.project import Project


class PolicyTrial:
    """Puts recorded decisions to the project's policies as they are, and to others. store: it is only read."""

    def __init__(self, project: Project, store: Store, *, current: PolicyEngine, new: PolicyEngine) -> None:
        self._project = project
        self._store = store
        self._current = current
        self._new = new

    @staticmethod
    def of(project: Project, store: Store, folder: Path) -> PolicyTrial:
        """Return the trial of the policies in a folder. Raises ConfigError with every fault of the files."""
        new = PolicyEngine.load(read_policies(folder))
        return PolicyTrial(project, store, current=load_policies(project), new=new)

    async def runs(self, prefixes: Sequence[str], *, limit: int) -> list[RunId]:
        """Return the runs whose ids start so, or the newest. Raises RunNotFound or JournalError."""
        journal = self._store.journal
        if prefixes:
            return list(dict.fromkeys([await journal.find(prefix) for prefix in prefixes]))
        return [summary.run for summary in await journal.list(limit=limit)]

    async def decisions(self, run: RunId) -> AsyncIterator[Rejudged]:
        """Yield what both sets of policies make of each decision of a run. Raises RunNotFound or JournalError."""
        events = await self._store.journal.read(run)
        started = events[0].fact
        known = await self._known(started) if isinstance(started, RunStarted) else Known()
        for recorded in past_decisions(events):
            yield rejudge(recorded, known, current=self._current, new=self._new)

    async def _known(self, started: RunStarted) -> Known:
        """Return what is known of the project as it was: by its snapshot, or where an agent's version is the same."""
        project = self._project
        is_same = started.snapshot == project.snapshot
        agents = project.agents if is_same else await self._agents(started)
        return Known(
            roles={name: agent.role for name, agent in agents.items()},
            tools={name: frozenset(map(str, agent.tools)) for name, agent in agents.items()},
            models=model_facts(project) if is_same else {},
        )

    async def _agents(self, started: RunStarted) -> Mapping[AgentName, Agent]:
        snapshots = self._store.snapshots
        text = None if snapshots is None else await snapshots.get(started.snapshot)
        if text is not None:
            return ValueCodec(Manifest).decode(text).agents
        agents = self._project.agents
        return {name: agents[name] for name in agents if started.agents.get(name) == agents[name].version}

"""Parts: what the runs of an engine share, and how a driver is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from agentcore.domain.ids import ToolName
from agentcore.domain.team import RunLimits
from agentcore.engine.announcements import Announcements
from agentcore.engine.attempt import Attempts
from agentcore.engine.call_model import ModelCalls
from agentcore.engine.call_tool import ToolCalls
from agentcore.engine.candidates import Candidates
from agentcore.engine.confidences import Confidences
from agentcore.engine.definition import Definition, Rules
from agentcore.engine.drafts import Drafts
from agentcore.engine.drive import Driver
from agentcore.engine.effect import Effects
from agentcore.engine.flows import Flows
from agentcore.engine.guards import Guards
from agentcore.engine.ledger import Ledger
from agentcore.engine.pool import ModelPool
from agentcore.engine.rates import Counts
from agentcore.engine.recording import Recording, Script
from agentcore.engine.redactor import Redactor
from agentcore.engine.release import Release
from agentcore.engine.response_caching import CachedCalls, Caching, HeededRecording
from agentcore.engine.run_guards import RunGuards
from agentcore.engine.supervisor import Supervisor
from agentcore.engine.tool_tries import ToolTries
from agentcore.engine.undo import Undo
from agentcore.engine.verifier import Verifier
from agentcore.engine.worker import Worker
from agentcore.ports.announcer import Announcer
from agentcore.ports.clock import Clock
from agentcore.ports.tool import Tool

if TYPE_CHECKING:
    from agentcore.engine.learning import Learning


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Models, tools, guards and time.

    counts: of calls that policies limit.  announcer: who is told outside.  caching: None when no model's reply is
    served again.  learning: from verdicts; None when nothing is learned while runs go on.
    """

    pool: ModelPool
    tools: Mapping[ToolName, Tool]
    clock: Clock
    guards: Guards = field(default_factory=Guards)
    counts: Counts = field(default_factory=Counts)
    announcer: Announcer | None = None
    caching: Caching | None = None
    learning: Learning | None = None

    @cached_property
    def tries(self) -> ToolTries:
        """How tools are called."""
        return ToolTries(self.pool.tools, self.clock)

    def driver(
        self,
        recorder: Recording,
        rules: Rules,
        *,
        leaving: Callable[[], bool],
        script: Script | None = None,
    ) -> Driver:
        """Return a driver of a run that stands where its record does.

        leaving: whether the engine closes.  script: what is recorded, for a replay.
        """
        definition, started = rules.definition, recorder.run.started
        limits = definition.limits
        if started.on_exceeded is not None:
            limits = replace(limits, on_exceeded=started.on_exceeded)
        caching = self.caching if script is None else None  # a replay has what its record has
        cached = CachedCalls(caching, started.task, recorder.run.id, self.clock)
        if caching is not None:
            recorder = HeededRecording(recorder, cached)
        effects = self._effects(recorder, rules, script)
        guards = RunGuards(guards=self.guards, effects=effects)
        drafts = Drafts(definition.agents[definition.team.answer], guards)
        redactor = Redactor(self.guards)
        models = ModelCalls(
            effects,
            self.pool,
            rules.permits,
            definition.weights,
            on_exceeded=limits.on_exceeded,
            guards=guards,
            drafts=drafts,
            redactor=redactor,
            fitted=definition.fitted,
            cached=cached,
            learning=None if script is not None else self.learning,
        )
        release = Release(agents=definition.agents, guards=guards, redactor=redactor)
        return Driver(
            agents=definition.agents,
            limits=limits,
            effects=effects,
            supervisor=Supervisor(
                team=definition.team,
                agents=definition.agents,
                limits=limits,
                effects=effects,
                models=models,
                guards=guards,
            ),
            attempts=self._attempts(definition, limits, guards, release, models),
            models=models,
            drafts=drafts,
            undo=Undo(agents=definition.agents, effects=effects, tools=self.tools),
            release=release,
            leaving=leaving,
            ending=effects.recorder.history.ending,
        )

    def _attempts(
        self, definition: Definition, limits: RunLimits, guards: RunGuards, release: Release, models: ModelCalls
    ) -> Attempts:
        effects = guards.effects
        largest = limits.result_characters
        tools = ToolCalls(effects, self.tools, guards, release.redactor, tries=self.tries, largest_result=largest)
        worker, verifier = Worker(models, tools), Verifier(definition.agents, models, definition.checks)
        confidences = Confidences(fitted=definition.fitted)
        return Attempts(
            agents=definition.agents,
            limits=limits,
            effects=effects,
            models=models,
            candidates=Candidates(effects=effects, worker=worker, verifier=verifier, confidences=confidences),
            confidences=confidences,
            verifier=verifier,
            guards=guards,
            release=release,
            learning=self.learning if effects.script is None else None,
        )

    def _effects(self, recorder: Recording, rules: Rules, script: Script | None) -> Effects:
        run = recorder.run
        started = run.started
        budget = started.budget if script is None else replace(started.budget, seconds=None)
        return Effects(
            task=started.task,
            recorder=recorder,
            ledger=Ledger(budget, self.clock, used=run.used, seconds=recorder.history.active_seconds),
            policy=rules.policy,
            clock=self.clock,
            flows=Flows(recorder.history, started.task, rules.policy, self.tools),
            script=script,
            counts=self.counts,
            announcements=Announcements(self.announcer, self.clock),
        )

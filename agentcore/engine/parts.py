"""Parts: what the runs of an engine share, and how a driver is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from agentcore.domain.ids import ToolName
from agentcore.engine.call_model import ModelCalls
from agentcore.engine.call_tool import ToolCalls
from agentcore.engine.definition import Rules
from agentcore.engine.drafts import Drafts
from agentcore.engine.drive import Driver
from agentcore.engine.effect import Effects
from agentcore.engine.guards import Guards
from agentcore.engine.ledger import Ledger
from agentcore.engine.pool import ModelPool
from agentcore.engine.recording import Recording, Script
from agentcore.engine.release import Release
from agentcore.engine.run_guards import RunGuards
from agentcore.engine.supervisor import Supervisor
from agentcore.engine.undo import Undo
from agentcore.engine.verifier import Verifier
from agentcore.engine.worker import Worker
from agentcore.ports.clock import Clock
from agentcore.ports.tool import Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Models, tools, guards and time."""

    pool: ModelPool
    tools: Mapping[ToolName, Tool]
    clock: Clock
    guards: Guards = field(default_factory=Guards)

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
        run, definition = recorder.run, rules.definition
        started = run.started
        limits = definition.limits
        if started.on_exceeded is not None:
            limits = replace(limits, on_exceeded=started.on_exceeded)
        budget = started.budget if script is None else replace(started.budget, seconds=None)
        if not rules.policy.reads("call_tool", "origins"):
            recorder.history.origins = None
        ledger = Ledger(budget, self.clock, used=run.used, seconds=recorder.history.active_seconds)
        effects = Effects(
            task=started.task, recorder=recorder, ledger=ledger, policy=rules.policy, clock=self.clock, script=script
        )
        guards = RunGuards(guards=self.guards, effects=effects)
        drafts = Drafts(definition.agents[definition.team.answer], guards)
        models = ModelCalls(
            effects,
            self.pool,
            rules.permits,
            definition.weights,
            on_exceeded=limits.on_exceeded,
            guards=guards,
            drafts=drafts,
        )
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
            worker=Worker(models, ToolCalls(effects, self.tools, guards, largest_result=limits.result_characters)),
            verifier=Verifier(definition.agents, models, definition.checks),
            models=models,
            guards=guards,
            drafts=drafts,
            release=Release(agents=definition.agents, guards=guards),
            undo=Undo(agents=definition.agents, effects=effects, tools=self.tools),
            leaving=leaving,
            ending=effects.recorder.history.ending,
        )

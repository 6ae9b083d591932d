"""Release: a run's answer, or the reason why it has none, leaves as policies say, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentcore.domain.agent import Agent
from agentcore.domain.decision import Decision
from agentcore.domain.dues import Dues, asking
from agentcore.domain.errors import GuardDenied, PolicyDenied
from agentcore.domain.event import RunFinished, RunStatus
from agentcore.domain.ids import ANSWER, AgentName, StepId
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.engine.effect import Caller, Effects
from agentcore.engine.redactor import Redactor
from agentcore.engine.run_guards import RunGuards


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Decides what leaves one run."""

    agents: Mapping[AgentName, Agent]
    guards: RunGuards
    redactor: Redactor

    @property
    def effects(self) -> Effects:
        """The run's."""
        return self.guards.effects

    async def end(
        self, status: RunStatus, answer: JSON, reason: str, decisions: tuple[Decision, ...] = ()
    ) -> RunFinished:
        """Return how a run ends that would end so. decisions: those that have led to it."""
        run = self.effects.recorder.run
        if status == "succeeded":
            agent = self.agents[run.steps[ANSWER].step.agent]
            try:
                answer, label = await self._looked(ANSWER, "answer", answer)
            except GuardDenied as denied:
                return RunFinished(status="denied", answer=None, reason=f"denied by a guard: {denied.message}")
            ask = self.effects.ask_release(agent, "answer", answer, label)
            decision, answer = await self._fulfilled(self._verified(self.effects.decide(ask)), answer)
            decisions = (decision,)
            if not decision.permitted:
                status, answer, reason = "denied", None, f"denied by policy: {decision.explain()}"
        elif status in {"refused", "failed"} and run.failed:
            # The reasons quote what agents wrote: they are released by the same guards and policies as an answer.
            step = run.failed[0]
            withheld = f"step {step} was given up; its reasons are withheld"
            try:
                looked, label = await self._looked(step, "reason", reason)
            except GuardDenied as denied:
                return RunFinished(
                    status=status, answer=answer, reason=f"{withheld}: {denied.message}", decisions=decisions
                )
            ask = self.effects.ask_release(self.agents[run.steps[step].step.agent], "reason", looked, label)
            decision, said = await self._fulfilled(self.effects.decide(ask), looked)
            reason = str(said)
            if not decision.permitted:
                reason = f"{withheld}: {decision.explain()}"
            if not decision.permitted or decision.obligations:
                decisions = (*decisions, decision)
        return RunFinished(status=status, answer=answer, reason=reason, decisions=decisions)

    async def _looked(self, step: StepId, what: str, value: JSON) -> tuple[JSON, Label]:
        """Return what would leave, as guards let it go on, and its label. Raises GuardDenied."""
        state = self.effects.recorder.run.steps[step]
        agent = self.agents[state.step.agent]
        caller = Caller(step=step, attempt=state.attempt, agent=agent, label=state.label)
        return await self.guards.looked("output", value, caller, f"the {what}")

    def verifiers(self, caller: Caller, label: Label) -> tuple[int, str]:
        """Return how many verifiers must be in favour of an output, and which policies want that. label: its own."""
        least, by = self.effects.recorder.history.verifiers.get(caller.agent.name, (0, ""))
        if caller.step == ANSWER:
            decision = self.effects.decide(self.effects.ask("release", "answer", caller.agent, label))
            wanted = Dues.of(decision.obligations).verifiers
            if wanted > least:
                return wanted, asking(decision.obligations, "verify")
        return least, by

    def _verified(self, decision: Decision) -> Decision:
        least, found = Dues.of(decision.obligations).verifiers, self.effects.recorder.history.in_favour
        if found >= least:
            return decision
        return decision.failed("verify", f"{least} verifiers must be in favour, and {found} were")

    async def _fulfilled(self, decision: Decision, value: JSON) -> tuple[Decision, JSON]:
        """Return what may leave, and the decision, a denial when that cannot be told.

        A replay leaves the value as it is, and compares it with the record: it has no detectors to ask.
        """
        if not decision.permitted or not decision.obligations or self.effects.script is not None:
            return decision, value
        types = Dues.of(decision.obligations).redact
        try:
            value = await self.redactor.value(value, types) if types else value
            await self.effects.announce(decision, ANSWER, f"release/{decision.resource}")
        except GuardDenied as error:
            return decision.failed("redact", error.message), None
        except PolicyDenied as error:
            return error.decision, None
        return decision, value

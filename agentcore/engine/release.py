"""Release: a run's answer, or the reason why it has none, leaves as policies say, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentcore.domain.agent import Agent
from agentcore.domain.decision import Decision
from agentcore.domain.dues import Dues, asking
from agentcore.domain.errors import GuardDenied, PolicyDenied
from agentcore.domain.event import RunFinished, RunStatus
from agentcore.domain.ids import ANSWER, AgentName
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.engine.effect import Caller, Effects
from agentcore.engine.redactor import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Decides what leaves one run."""

    agents: Mapping[AgentName, Agent]
    effects: Effects
    redactor: Redactor

    async def end(
        self, status: RunStatus, answer: JSON, reason: str, decisions: tuple[Decision, ...] = ()
    ) -> RunFinished:
        """Return how a run ends that would end so. decisions: those that have led to it."""
        run = self.effects.recorder.run
        if status == "succeeded":
            state = run.steps[ANSWER]
            ask = self.effects.ask_release(self.agents[state.step.agent], "answer", answer, state.label)
            decision, answer = await self._fulfilled(self._verified(self.effects.decide(ask)), answer)
            decisions = (decision,)
            if not decision.permitted:
                status, answer, reason = "denied", None, f"denied by policy: {decision.explain()}"
        elif status in {"refused", "failed"} and run.failed:
            # The reasons quote what agents wrote: they are released by the same policies as an answer.
            state = run.steps[run.failed[0]]
            ask = self.effects.ask_release(self.agents[state.step.agent], "reason", reason, state.label)
            decision, said = await self._fulfilled(self.effects.decide(ask), reason)
            reason = str(said)
            if not decision.permitted:
                reason = f"step {state.step.id} was given up; its reasons are withheld: {decision.explain()}"
            if not decision.permitted or decision.obligations:
                decisions = (*decisions, decision)
        return RunFinished(status=status, answer=answer, reason=reason, decisions=decisions)

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

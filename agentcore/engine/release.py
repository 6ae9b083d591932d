"""Release: what leaves a run at its end, once guards and policy have had their word about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agentcore.domain.agent import Agent
from agentcore.domain.decision import Decision
from agentcore.domain.errors import GuardDenied
from agentcore.domain.event import RunFinished
from agentcore.domain.ids import ANSWER, AgentName, StepId
from agentcore.domain.json import JSON
from agentcore.engine.effect import Caller
from agentcore.engine.run_guards import RunGuards
from agentcore.engine.schedule import Finish


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaving:
    """A text that is to leave the run. value: None when it may not.  why_not: empty when it may."""

    value: JSON = None
    decisions: tuple[Decision, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Decides about the answer of one run, or about the reason why there is none."""

    agents: Mapping[AgentName, Agent]
    guards: RunGuards

    async def ended(self, finish: Finish, decisions: tuple[Decision, ...]) -> RunFinished:
        """Return how the run ends. decisions: those that have ended it."""
        status, answer, reason = finish.status, finish.answer, finish.reason
        failed = self.guards.effects.recorder.run.failed
        if status == "succeeded":
            out = await self._leaving(ANSWER, "answer", answer)
            answer, decisions = out.value, out.decisions
            if out.why_not:
                status, reason = "denied", f"denied by {'policy' if decisions else 'a guard'}: {out.why_not}"
        elif status in {"refused", "failed"} and failed:
            # The reasons quote what agents wrote: they are released by the same guards and policies as an answer.
            out = await self._leaving(failed[0], "reason", reason)
            if out.why_not:
                decisions = (*decisions, *out.decisions)
                reason = f"step {failed[0]} was given up; its reasons are withheld: {out.why_not}"
            else:
                reason = str(out.value)
        return RunFinished(status=status, answer=answer, reason=reason, decisions=decisions)

    async def _leaving(self, step: StepId, what: str, value: JSON) -> _Leaving:
        effects = self.guards.effects
        state = effects.recorder.run.steps[step]
        agent = self.agents[state.step.agent]
        caller = Caller(step=step, attempt=state.attempt, agent=agent, label=state.label)
        try:
            value, label = await self.guards.looked("output", value, caller, f"the {what}")
        except GuardDenied as denied:
            return _Leaving(why_not=denied.message)
        decision = effects.decide(effects.ask("release", what, agent, label))
        if not decision.permitted:
            return _Leaving(decisions=(decision,), why_not=decision.explain())
        return _Leaving(value=value, decisions=(decision,))

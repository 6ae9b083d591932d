"""What every effect of a run shares: its identity, its caller, and the policy that it must pass.

A model call (`call_model`) and a tool call (`call_tool`) go through the same chain: policy → route → reserve →
record → call → settle → record. Nothing else in the engine calls a model or a tool.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import assert_never

from agentcore.domain.agent import Agent, Role
from agentcore.domain.budget import Usage
from agentcore.domain.decision import Action, Decision
from agentcore.domain.effect import Effect, EffectKind, Safety, call_content
from agentcore.domain.errors import (
    AgentcoreError,
    BudgetExceeded,
    NoRoute,
    PolicyDenied,
    RejectedByPerson,
    ToolError,
)
from agentcore.domain.event import EffectRefused
from agentcore.domain.ids import EffectId, ModelName, StepId
from agentcore.domain.json import JSON, JSONObject, canonical
from agentcore.domain.label import Label
from agentcore.domain.task import Task
from agentcore.engine.history import Recorded
from agentcore.engine.ledger import Ledger
from agentcore.engine.recording import Recording, Script
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.request import PolicyRequest
from agentcore.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """On whose behalf an effect happens.

    label: of everything that goes into the call.  rejected: models whose attempts at this step were rejected and that
    another one, a stronger one if there is any, should replace.
    """

    step: StepId
    attempt: int
    agent: Agent
    label: Label
    rejected: frozenset[ModelName] = frozenset()


class Effects:
    """The effects of one run.

    Ids count up per plan, step, attempt and agent, so they are the same when an attempt is driven again.
    script: for a replay, what is recorded; nothing is called then.
    """

    def __init__(
        self,
        *,
        task: Task,
        recorder: Recording,
        ledger: Ledger,
        policy: PolicyEngine,
        clock: Clock,
        script: Script | None = None,
    ) -> None:
        self.task = task
        self.recorder = recorder
        self.ledger = ledger
        self.clock = clock
        self.script = script
        self._policy = policy
        self._counts: dict[tuple[StepId, int], dict[str, int]] = {}

    def begin(self, step: StepId, attempt: int) -> None:
        """Count an attempt's effects from the first."""
        self._counts[step, attempt] = {}

    def end(self, step: StepId, attempt: int) -> None:
        """Forget an attempt's counts."""
        self._counts.pop((step, attempt), None)

    def new(self, caller: Caller, kind: EffectKind) -> EffectId:
        """Return the id of the next effect of this caller."""
        return self.next_id(caller, kind)

    def next_id(self, caller: Caller, what: str) -> EffectId:
        """Return the id of the next of its kind of this caller."""
        agent = caller.agent.name
        number = self._count(caller, f"{agent}/{what}")
        return EffectId(f"{self.recorder.run.revision + 1}/{caller.step}/{caller.attempt}/{agent}/{what}.{number}")

    def model_effect(self, id: EffectId, caller: Caller, name: str) -> Effect:
        """Return a model call. Its key is its id: repeated, it costs money and changes nothing."""
        return self._effect(id, caller, EffectKind.MODEL, name)

    def tool_effect(self, id: EffectId, caller: Caller, name: str, safety: Safety, arguments: JSON) -> Effect:
        """Return a tool call.

        A call that may change something has a key of what it is: step, tool, arguments, and how many like it happened
        before in the attempt. So a later attempt that means the same call means the same key, and does not repeat it;
        nor does another try of one that failed, and may have happened all the same.
        """
        effect = self._effect(id, caller, EffectKind.TOOL, name)
        if safety is Safety.READ:
            return effect
        content = call_content(self.recorder.run.id, caller.step, name, arguments)
        number = self._counts.setdefault((caller.step, caller.attempt), {}).get(content, 0) + 1
        return replace(effect, safety=safety, key=f"{content}.{number}")

    def happened(self, caller: Caller, effect: Effect) -> None:
        """Count a tool call that has a result: the next one like it in the attempt is another one."""
        self._count(caller, effect.key.rpartition(".")[0])

    async def recorded(
        self, of: Caller | Effect, id: EffectId, request: JSON, changing: Effect | None = None
    ) -> Recorded | None:
        """Return what is recorded of an effect, None when it has to be called (again).

        of: whose attempt it is in.  changing: the call, when it is one that may change something. Raises ToolError
        when the record has another call that may have changed something.
        """
        found = self.recorder.history.effect(of.step, of.attempt, id)
        if found is None:
            return None
        same_request = found.reused is not None or canonical(found.request) == canonical(request)
        if same_request and (changing is None or found.effect.keyed_by_id or changing.key == found.effect.key):
            return found
        if changing is None:
            return None
        raise ToolError(
            f"{changing.name}: the record has another call at this point, so this attempt cannot be driven on"
        )

    def _count(self, caller: Caller, what: str) -> int:
        counts = self._counts.setdefault((caller.step, caller.attempt), {})
        number = counts[what] = counts.get(what, 0) + 1
        return number

    def _effect(self, id: EffectId, caller: Caller, kind: EffectKind, name: str) -> Effect:
        return Effect(
            id=id,
            kind=kind,
            name=name,
            step=caller.step,
            attempt=caller.attempt,
            agent=caller.agent.name,
            safety=Safety.READ,
            key=f"{self.recorder.run.id}/{id}",
        )

    def ask(
        self, action: Action, resource: str, agent: Agent, label: Label, *, resource_role: Role | None = None
    ) -> PolicyRequest:
        """Return a policy request about something that `agent` wants to do in this run."""
        return PolicyRequest(
            agent=agent.name,
            role=agent.role,
            tenant=self.task.tenant,
            principal=self.task.principal,
            action=action,
            resource=resource,
            label=label,
            declared=True,
            budget_micro_usd=self.ledger.micro_usd_left,
            resource_role=resource_role,
        )

    def ask_tool(self, caller: Caller, name: str, arguments: JSONObject, safety: Safety) -> PolicyRequest:
        """Return a policy request about a tool call."""
        origins = self.recorder.history.origins
        return replace(
            self.ask("call_tool", name, caller.agent, caller.label),
            arguments=arguments,
            origins={} if origins is None else origins.of(arguments),
            safety=safety,
            declared=name in caller.agent.tools,
        )

    def decide(self, request: PolicyRequest) -> Decision:
        """Return the policy engine's decision."""
        return self._policy.decide(request)

    def delegation(self, supervisor: Agent, worker: Agent, label: Label) -> Decision:
        """Return the decision that lets the supervisor give steps to an agent. Raises PolicyDenied."""
        return self.permit(self.ask("delegate", worker.name, supervisor, label, resource_role=worker.role))

    def permit(self, request: PolicyRequest) -> Decision:
        """Return the decision that permits. Raises PolicyDenied."""
        decision = self._policy.decide(request)
        if not decision.permitted:
            raise PolicyDenied(decision)
        return decision

    async def refuse(self, effect: Effect, request: JSON, error: AgentcoreError) -> None:
        """Record that an effect was not called."""
        match error:
            case PolicyDenied():
                refusal = EffectRefused(
                    effect=effect, by="policy", reason=error.message, request=request, decisions=(error.decision,)
                )
            case NoRoute():
                refusal = EffectRefused(effect=effect, by="router", reason=error.message, request=request)
            case BudgetExceeded():
                refusal = EffectRefused(effect=effect, by="budget", reason=error.message, request=request)
            case RejectedByPerson():
                refusal = EffectRefused(effect=effect, by="person", reason=error.message, request=request)
            case _:
                refusal = EffectRefused(effect=effect, by="tool", reason=error.message, request=request)
        await self.recorder.record(refusal)


def refusal_error(refused: EffectRefused) -> AgentcoreError:
    """Return the error that a recorded refusal was made of."""
    match refused.by:
        case "policy":
            return PolicyDenied(refused.decisions[0]) if refused.decisions else ToolError(refused.reason)
        case "router":
            return NoRoute.recorded(refused.reason)
        case "budget":
            return BudgetExceeded.recorded(refused.reason)
        case "person":
            return RejectedByPerson(refused.reason)
        case "tool":
            return ToolError(refused.reason)
        case _ as unreachable:
            assert_never(unreachable)


ONE_CALL = Usage(calls=1)
"""What a tool call takes from the budget."""


def is_cancelled() -> bool:
    """Return whether the current task is being cancelled.

    A CancelledError in any other task is foreign code's own. Let through, it would end a step's task in silence, and
    the run would wait for that step for ever.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0

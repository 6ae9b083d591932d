"""What every effect of a run shares: its identity, its caller, and the policy that it must pass.

A model call (`call_model`) and a tool call (`call_tool`) go through the same chain: policy → route → reserve →
record → call → settle → record. Nothing else in the engine calls a model or a tool.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from agentcore.domain.agent import Agent, Role
from agentcore.domain.announcement import Announcement
from agentcore.domain.answer_candidate import attempt_part
from agentcore.domain.budget import Usage
from agentcore.domain.decision import Action, Decision
from agentcore.domain.dues import Dues
from agentcore.domain.effect import UNSAFE_ADVICE, Effect, EffectKind, Safety, call_content
from agentcore.domain.errors import (
    AgentcoreError,
    BudgetExceeded,
    NoRoute,
    NotificationFailed,
    PolicyDenied,
    RateExceeded,
    RejectedByPerson,
    ToolError,
)
from agentcore.domain.event import EffectRefused, EffectStarted
from agentcore.domain.ids import EffectId, ModelName, StepId, ToolName
from agentcore.domain.json import JSON, JSONObject, canonical, digest
from agentcore.domain.label import Label
from agentcore.domain.moment import SOME_MOMENT, Moment
from agentcore.domain.redaction import is_redaction
from agentcore.domain.task import Task
from agentcore.engine.announcements import Announcements
from agentcore.engine.flows import Flows
from agentcore.engine.history import Recorded
from agentcore.engine.ledger import Ledger
from agentcore.engine.picks import SEEDS_APART, Picks
from agentcore.engine.rates import Counts, Rates
from agentcore.engine.recording import Recording, Script
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.request import PolicyRequest
from agentcore.policy.schema import RESOURCE_TYPES, TIME_FACTS
from agentcore.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """On whose behalf an effect happens.

    label: of everything that goes into the call.  rejected: models whose attempts at this step were rejected and that
    another one, a stronger one if there is any, should replace.
    candidate: which of the answers of the attempt is made, 0 is the first.  only: the models that may make it, any
    when it is empty.  stronger: none of those rejected, nor a weaker one.  picks: what the candidates' models have to
    do with each other, None when there is one candidate.  barred: models that may not take its calls, each with the
    reason.
    """

    step: StepId
    attempt: int
    agent: Agent
    label: Label
    rejected: frozenset[ModelName] = frozenset()
    candidate: int = 0
    only: frozenset[ModelName] = frozenset()
    stronger: bool = False
    picks: Picks | None = None
    barred: Mapping[ModelName, str] = field(default_factory=dict[ModelName, str])

    @property
    def seed(self) -> int:
        """The seed of its calls: another for each attempt, and for each candidate."""
        return self.attempt + SEEDS_APART * self.candidate


class Effects:
    """The effects of one run.

    Ids count up per plan, step, attempt, candidate and agent, so they are the same when an attempt is driven again.
    script: for a replay, what is recorded; nothing is called then.  counts: of calls that policies limit,
    shared by the runs of a process.  announcements: to those outside whom policies want told.
    """

    def __init__(
        self,
        *,
        task: Task,
        recorder: Recording,
        ledger: Ledger,
        policy: PolicyEngine,
        clock: Clock,
        flows: Flows,
        script: Script | None = None,
        counts: Counts | None = None,
        announcements: Announcements | None = None,
    ) -> None:
        self.task = task
        self.recorder = recorder
        self.ledger = ledger
        self.clock = clock
        self.flows = flows
        self.script = script
        self.rates = Rates(Counts() if counts is None else counts, recorder.history, task, clock)
        self._policy = policy
        self._asks_time = any(policy.reads(action, name) for action in RESOURCE_TYPES for name in TIME_FACTS)
        self._announcements = announcements or Announcements(None, clock)
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
        attempt = attempt_part(caller.attempt, caller.candidate)
        number = self._count(caller, f"{attempt}/{agent}/{what}")
        return EffectId(f"{self.recorder.run.revision + 1}/{caller.step}/{attempt}/{agent}/{what}.{number}")

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
        same_request = found.reused is not None or as_sent(found, request) is not None
        if same_request and (changing is None or found.effect.keyed_by_id or changing.key == found.effect.key):
            return found
        if changing is None:
            return None
        raise ToolError(
            f"{changing.name}: the record has another call at this point, so this attempt cannot be driven on"
        )

    def within_rate(self, decision: Decision) -> Decision:
        """Return a decision, a denial when policies let the call be made, but not now."""
        why = self.rates.exceeded(decision) if decision.permitted and decision.obligations else ""
        return decision.failed("limit", why) if why else decision

    def check_rate(self, decision: Decision) -> None:
        """Raise RateExceeded when policies let a call be made, but not now."""
        within = self.within_rate(decision)
        if not within.permitted:
            raise RateExceeded(within)

    async def announce(self, decision: Decision, step: StepId, about: str) -> None:
        """Tell the outside what policies want told, before it is done; a replay tells nobody.

        about: what it is, the same when it is done again. Raises PolicyDenied when nobody could be told.
        """
        to = Dues.of(decision.obligations).notify
        if to is None:
            return
        if self.script is not None:
            denied = self.script.denied(decision)
            if denied is not None:
                raise PolicyDenied(denied)
            return
        run = self.recorder.run.id
        announcement = Announcement(
            id=f"{run}/{about}",
            run=run,
            tenant=self.task.tenant,
            user=self.task.principal,
            step=step,
            agent=decision.principal,
            action=decision.action,
            resource=decision.resource,
            policies=tuple(sorted({each.policy for each in decision.obligations if each.kind == "notify"})),
            to=to,
            at=self.clock.now(),
        )
        try:
            await self._announcements.make(announcement)
        except NotificationFailed as error:
            raise PolicyDenied(decision.failed("notify", error.message)) from error

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

    @property
    def moment(self) -> Moment:
        """When it is, as far as policies ask; for a replay, when it was."""
        if not self._asks_time:
            return SOME_MOMENT
        return Moment.of(self.clock.now() if self.script is None else self.script.at)

    def ask(
        self, action: Action, resource: str, agent: Agent, label: Label, *, resource_role: Role | None = None
    ) -> PolicyRequest:
        """Return a policy request about something that `agent` wants to do in this run."""
        return PolicyRequest(
            agent=agent.name,
            role=agent.role,
            tenant=self.task.tenant,
            principal=self.task.principal,
            purpose=self.task.purpose,
            action=action,
            resource=resource,
            label=label,
            declared=True,
            budget_micro_usd=self.ledger.micro_usd_left,
            resource_role=resource_role,
            moment=self.moment,
        )

    def ask_release(self, agent: Agent, what: str, text: JSON, label: Label) -> PolicyRequest:
        """Return a policy request about what leaves the run: its answer, or the reason why there is none."""
        return replace(self.ask("release", what, agent, label), steering=self.flows.in_answer(text))

    def ask_tool(self, caller: Caller, name: str, arguments: JSONObject, safety: Safety) -> PolicyRequest:
        """Return a policy request about a tool call."""
        return replace(
            self.ask("call_tool", name, caller.agent, caller.label),
            arguments=arguments,
            origins=self.flows.origins(arguments),
            steering=self.flows.steering(name, arguments, safety),
            in_scope=self.flows.in_scope(name, safety),
            calls=self.recorder.history.tool_calls[ToolName(name)],
            approved_by=self.recorder.history.approved_by,
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
            raise _denied(decision, request.safety)
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
            case RateExceeded():
                refusal = EffectRefused(
                    effect=effect, by="tool", reason=error.message, request=request, decisions=(error.decision,)
                )
            case RejectedByPerson():
                refusal = EffectRefused(effect=effect, by="person", reason=error.message, request=request)
            case _:
                refusal = EffectRefused(effect=effect, by="tool", reason=error.message, request=request)
        await self.recorder.record(refusal)


def as_sent(recorded: Recorded | EffectStarted, request: JSON) -> JSON:
    """Return what a record says was sent of a request: itself, trimmed, or redacted where a policy wanted that.

    None when it was another request.
    """
    started = recorded if isinstance(recorded, EffectStarted) else recorded.started
    if started is not None and started.trimmed is not None:
        return started.request if started.trimmed.whole == digest(request) else None
    if canonical(recorded.request) == canonical(request):
        return request
    if started is None or not any(Dues.of(each.obligations).redact for each in started.decisions[:1]):
        return None
    return started.request if is_redaction(started.request, request) else None


def refusal_error(refused: EffectRefused) -> AgentcoreError:
    """Return the error that a recorded refusal was made of."""
    match refused.by:
        case "policy":
            if not refused.decisions:
                return ToolError(refused.reason)
            return _denied(refused.decisions[0], refused.effect.safety)
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


def _denied(decision: Decision, safety: Safety | None) -> PolicyDenied:
    """Return the error of a denial. safety: of the tool that was to be called."""
    unpermitted = not decision.policies and not decision.errors
    return PolicyDenied(decision, advice=UNSAFE_ADVICE if unpermitted and safety is Safety.UNSAFE else "")

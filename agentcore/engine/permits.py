"""Permits: which models an agent may call, decided once for the same facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from agentcore.domain.agent import Agent, Role
from agentcore.domain.decision import Decision
from agentcore.domain.dues import Dues
from agentcore.domain.ids import AgentName, ModelName
from agentcore.domain.label import Label
from agentcore.domain.moment import Moment
from agentcore.domain.obligation import Obligation
from agentcore.domain.task import Task
from agentcore.engine.ledger import Ledger
from agentcore.engine.pool import ModelEntry
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.request import PolicyRequest
from agentcore.routing.profile import ModelProfile

REMEMBERED: Final = 4096
"""For how many sets of facts the decisions are kept."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """What policy says about all models.

    profiles: of those that may be called.  decisions: such a model → the decision about it, then those that deny.
    denied: the latter alone.  why_not: a denied model → the reason, for people.  limited: how often any of them may be
    called is limited.
    """

    profiles: tuple[ModelProfile, ...]
    decisions: Mapping[ModelName, tuple[Decision, ...]]
    denied: tuple[Decision, ...]
    why_not: Mapping[str, str]
    limited: bool = False

    @staticmethod
    def of(decided: Sequence[tuple[ModelProfile, Decision]]) -> Permitted:
        """Return what policy says. decided: all models, each with the decision about it."""
        denied = tuple(decision for _, decision in decided if not decision.permitted)
        return Permitted(
            tuple(profile for profile, decision in decided if decision.permitted),
            {profile.name: (decision, *denied) for profile, decision in decided if decision.permitted},
            denied,
            {decision.resource: decision.explain() for decision in denied},
            limited=any(Dues.of(decision.obligations).limits for _, decision in decided),
        )

    def without(self, judge: Callable[[Decision], Decision]) -> Permitted:
        """Return the same without the models that are denied now. judge: returns a decision, or a denial instead."""
        now = [(profile, judge(self.decisions[profile.name][0])) for profile in self.profiles]
        late = tuple(decision for _, decision in now if not decision.permitted)
        if not late:
            return self
        denied = (*self.denied, *late)
        return Permitted(
            tuple(profile for profile, decision in now if decision.permitted),
            {profile.name: (decision, *denied) for profile, decision in now if decision.permitted},
            denied,
            {**self.why_not, **{decision.resource: decision.explain() for decision in late}},
            limited=True,
        )


class Permits:
    """The policy engine's decisions about the models of a runtime.

    A decision is a pure function of the policies and of what is asked here, so asking for every model before every
    call costs one look-up. What is left of the budget changes with every call; only a policy that reads it is told.
    """

    def __init__(self, policy: PolicyEngine, models: Mapping[ModelName, ModelEntry]) -> None:
        self._policy = policy
        self._models = models
        self._reads_budget = policy.reads("call_model", "budget_micro_usd")
        self._remembered = lru_cache(REMEMBERED)(self._decide)

    def of(self, agent: Agent, task: Task, label: Label, ledger: Ledger, moment: Moment) -> Permitted:
        """Return which models an agent may call in a task. label: of what it sends.  ledger: the run's."""
        left = ledger.micro_usd_left if self._reads_budget else None
        return self._remembered(
            agent.name,
            agent.role,
            task.tenant,
            task.principal,
            label,
            purpose=task.purpose,
            budget_micro_usd=left,
            moment=moment,
        )

    def _decide(
        self,
        agent: AgentName,
        role: Role,
        tenant: str,
        principal: str,
        label: Label,
        *,
        purpose: str,
        budget_micro_usd: int | None,
        moment: Moment,
    ) -> Permitted:
        decisions = [
            self._policy.decide(
                PolicyRequest(
                    action="call_model",
                    agent=agent,
                    role=role,
                    resource=name,
                    tenant=tenant,
                    principal=principal,
                    purpose=purpose,
                    label=label,
                    declared=True,
                    budget_micro_usd=budget_micro_usd,
                    moment=moment,
                    family=entry.profile.family,
                    provider=entry.provider,
                    local=entry.local,
                    region=entry.profile.region,
                )
            )
            for name, entry in self._models.items()
        ]
        return Permitted.of(
            [
                (entry.profile, decision)
                for entry, decision in zip(self._models.values(), _downgraded(decisions), strict=True)
            ]
        )


def _downgraded(decisions: Sequence[Decision]) -> Sequence[Decision]:
    """Return the decisions about all models, denials for those that a policy about any of them leaves out."""
    obligations = [each for decision in decisions if decision.permitted for each in decision.obligations]
    allowed = Dues.of(obligations).models
    if allowed is None:
        return decisions
    why = f"only {', '.join(sorted(allowed))} may be called" if allowed else "no model is left by all of them together"
    return [
        replace(decision, obligations=(*decision.obligations, *_absent(obligations, decision))).failed(
            "downgrade", why
        )
        if decision.permitted and decision.resource not in allowed
        else decision
        for decision in decisions
    ]


def _absent(obligations: Sequence[Obligation], decision: Decision) -> list[Obligation]:
    """Return what forbids a model because of another: policies that apply to that one only."""
    return [
        each for each in dict.fromkeys(obligations) if each.kind == "downgrade" and each not in decision.obligations
    ]

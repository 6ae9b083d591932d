"""Permits: which models an agent may call, decided once for the same facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from agentcore.domain.agent import Agent, Role
from agentcore.domain.decision import Decision
from agentcore.domain.ids import AgentName, ModelName
from agentcore.domain.label import Label
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
    denied: the latter alone.  why_not: a denied model → the reason, for people.
    """

    profiles: tuple[ModelProfile, ...]
    decisions: Mapping[ModelName, tuple[Decision, ...]]
    denied: tuple[Decision, ...]
    why_not: Mapping[str, str]


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

    def of(self, agent: Agent, task: Task, label: Label, ledger: Ledger) -> Permitted:
        """Return which models an agent may call in a task. label: of what it sends.  ledger: the run's."""
        left = ledger.micro_usd_left if self._reads_budget else None
        return self._remembered(
            agent.name, agent.role, task.tenant, task.principal, label, purpose=task.purpose, budget_micro_usd=left
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
    ) -> Permitted:
        decisions = {
            name: self._policy.decide(
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
                    family=entry.profile.family,
                    provider=entry.provider,
                    local=entry.local,
                    region=entry.profile.region,
                )
            )
            for name, entry in self._models.items()
        }
        denied = tuple(decision for decision in decisions.values() if not decision.permitted)
        return Permitted(
            tuple(entry.profile for name, entry in self._models.items() if decisions[name].permitted),
            {name: (decision, *denied) for name, decision in decisions.items() if decision.permitted},
            denied,
            {decision.resource: decision.explain() for decision in denied},
        )

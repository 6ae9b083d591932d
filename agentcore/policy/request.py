"""PolicyRequest: the facts of one question to the policy engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentcore.domain.agent import Role
from agentcore.domain.decision import Action
from agentcore.domain.effect import Safety
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.moment import SOME_MOMENT, Moment
from agentcore.domain.steering import STRAIGHT, Steering


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """May `agent` do `action` to `resource`?

    agent, role: who acts.  tenant, principal, purpose: for whom, on whose behalf, and what for (the task's).
    resource: a name; of a run for plan, an agent for delegate, a model for call_model, a tool for call_tool, an output
    for release.  declared: the resource is one that the project gives this agent: a worker of its team, a configured
    model, a tool in its definition; True for plan and release, which name nothing of the kind.
    label: of all that the effect is given.  budget_micro_usd: millionths of a dollar left to the run, None: no limit.
    resource_role: only for delegate.  family, provider, local, region: only for call_model; local models run on this
    machine, and the region of some is not known: empty.
    safety, arguments, origins: only for call_tool; the arguments satisfy the tool's schema.  origins: an
    argument's path → the sources that hold its values, as in domain.origins; empty when no policy asks for it.
    steering: what in the arguments (of release: in the answer) nobody vouches for, as in domain.steering; nothing when
    no policy asks for it.  in_scope: the tool only reads, or the task asks for what it does, as in domain.task_scope.
    calls: how often the run has called the tool.  approved_by: who has approved a call in the run.
    moment: when it is; any where no policy asks for it.
    """

    action: Action
    agent: str
    role: Role
    resource: str
    tenant: str
    principal: str
    label: Label
    purpose: str = ""
    declared: bool = False
    budget_micro_usd: int | None = None
    resource_role: Role | None = None
    family: str = ""
    provider: str = ""
    local: bool = False
    region: str = ""
    safety: Safety | None = None
    arguments: JSONObject = field(default_factory=dict[str, JSON], hash=False)
    origins: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]], hash=False)
    steering: Steering = STRAIGHT
    in_scope: bool = True
    calls: int = 0
    approved_by: frozenset[str] = frozenset()
    moment: Moment = SOME_MOMENT

"""Rejudge: what other policies make of a recorded decision. What is not recorded is left open, never guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from agentcore.domain.agent import Role
from agentcore.domain.decision import Action, Decision
from agentcore.domain.dues import Dues
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.obligation import Obligation
from agentcore.policy.abstract import ANYTHING, EITHER, Outcome, SomeSet
from agentcore.policy.abstract_cedar import applies, judge
from agentcore.policy.abstract_request import AbstractRequest, unknown_flow
from agentcore.policy.arguments import ToolArguments
from agentcore.policy.facts import ARGUMENT_MAPS, Uid
from agentcore.policy.past_decision import PastDecision
from agentcore.policy.request import PolicyRequest
from agentcore.policy.schema import ARGUMENT_FACTS, RESOURCE_TYPES, TIME_FACTS

if TYPE_CHECKING:
    from agentcore.policy.engine import PolicyEngine

Ruling: TypeAlias = Literal["permitted", "denied", "cannot tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What policies can ask of a model. region: empty when it is not known."""

    family: str
    provider: str
    local: bool
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the project as it was when a run was started, beside its record.

    roles: agent → role.  tools: agent → the tools that it was given.  models: by name.
    """

    roles: Mapping[str, Role] = field(default_factory=dict[str, Role])
    tools: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    models: Mapping[str, ModelFacts] = field(default_factory=dict[str, ModelFacts])


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a set of policies says.

    policies: ids of those that determine it; of `cannot tell`, those that read what is not known.
    unknown: names of those facts.  errors: faults, each of which denies.  obligations: what they ask for, when they
    permit.
    """

    ruling: Ruling
    policies: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """A recorded decision, and what the current and the new policies make of it."""

    recorded: PastDecision
    before: Opinion
    after: Opinion

    @property
    def outcome(self) -> Literal["same", "changed", "cannot tell"]:
        """Whether the new policies would decide otherwise than the current ones, or ask for something else."""
        if "cannot tell" in {self.before.ruling, self.after.ruling}:
            return "cannot tell"
        same = self.before.ruling == self.after.ruling
        return "same" if same and self.due_before == self.due_after else "changed"

    @property
    def due_before(self) -> Dues:
        """What the current policies ask for."""
        return Dues.of(self.before.obligations)

    @property
    def due_after(self) -> Dues:
        """What the new policies ask for."""
        return Dues.of(self.after.obligations)


def rejudge(recorded: PastDecision, known: Known, *, current: PolicyEngine, new: PolicyEngine) -> Rejudged:
    """Return what both sets of policies make of a recorded decision."""
    return Rejudged(recorded=recorded, before=opinion(recorded, known, current), after=opinion(recorded, known, new))


def opinion(recorded: PastDecision, known: Known, policies: PolicyEngine) -> Opinion:
    """Return what policies say. Those by which it was decided say what is recorded."""
    decision = recorded.decision
    if decision.bundle == policies.bundle:
        return _said(decision)
    facts = _Facts(recorded, known)
    mine = {id: policy for id, policy in policies.parsed.items() if _is_read(policy, facts.unknown, decision.action)}
    if not mine:
        return _said(policies.decide(facts.request()))
    if facts.too_large and any(policies.reads(decision.action, name) for name in ARGUMENT_FACTS):
        return Opinion(ruling="denied", errors=(facts.too_large,))
    request = facts.abstract()
    found = judge(policies.parsed, request)
    match found.verdict:
        case "always":
            asking = {
                id: applies(policy, request) for id, policy in policies.parsed.items() if id in policies.obligations
            }
            doubtful = tuple(id for id, outcome in asking.items() if outcome.truths == EITHER)
            if doubtful:
                return Opinion(ruling="cannot tell", policies=doubtful, unknown=facts.read_by(mine, doubtful))
            due = tuple(policies.obligations[id] for id, outcome in asking.items() if True in outcome.truths)
            return Opinion(ruling="permitted", policies=found.permits, obligations=due)
        case "never":
            return Opinion(ruling="denied", policies=found.forbids)
        case "depends":
            open_ = tuple(id for id in found.reasons if id in mine)
            return Opinion(
                ruling="cannot tell", policies=open_ or tuple(mine), unknown=facts.read_by(mine, open_ or tuple(mine))
            )


def _said(decision: Decision) -> Opinion:
    """Return what policies say by a decision: what came of what they ask for is another matter."""
    return Opinion(
        ruling="permitted" if decision.allowed else "denied",
        policies=decision.policies,
        errors=decision.errors,
        obligations=decision.obligations,
    )


_ATTRIBUTES: Final = {"resource role": "role"}
"""Fact → the attribute by which a policy reads it, where they differ."""


class _Facts:
    """The facts of a recorded decision.

    unknown: the names of those that are not known.  too_large: why policies cannot be shown its arguments.
    """

    def __init__(self, recorded: PastDecision, known: Known) -> None:
        decision = recorded.decision
        self._recorded = recorded
        self._decision = decision
        self._role = known.roles.get(decision.principal)
        self._resource_role = known.roles.get(decision.resource) if decision.action == "delegate" else None
        self._model = known.models.get(decision.resource) if decision.action == "call_model" else None
        tools = known.tools.get(decision.principal)
        self._declared: bool | None = True
        if decision.action == "call_tool":
            self._declared = None if tools is None else decision.resource in tools
        self._arguments: ToolArguments | None = None
        self.too_large = ""
        try:
            self._arguments = ToolArguments.of(recorded.arguments)
        except ValueError as error:
            self.too_large = str(error)
        self.unknown = tuple(self._unknown())

    def read_by(self, policies: Mapping[str, Mapping[str, Any]], ids: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of facts that are not known, and that some of the policies read."""
        return tuple(
            name for name in self.unknown if any(_mentions(policies[id], name) for id in ids if id in policies)
        )

    def request(self) -> PolicyRequest:
        """Return the request, with any value for what is not known: nobody reads it."""
        recorded, decision, model = self._recorded, self._decision, self._model
        return PolicyRequest(
            action=decision.action,
            agent=decision.principal,
            role=self._role or Role.WORKER,
            resource=decision.resource,
            tenant=recorded.tenant,
            principal=recorded.user,
            purpose=recorded.purpose,
            label=Label(
                sources=frozenset(str(source) for source in recorded.sources.must),
                confidentiality=recorded.confidentiality or Confidentiality.PUBLIC,
            ),
            declared=bool(self._declared),
            resource_role=self._resource_role or self._role or Role.WORKER,
            family=model.family if model else "",
            provider=model.provider if model else "",
            local=bool(model and model.local),
            region=model.region if model else "",
            safety=recorded.safety,
            arguments=recorded.arguments,
        )

    def abstract(self) -> AbstractRequest:
        """Return the request with what is not known left open."""
        recorded, decision = self._recorded, self._decision
        principal, action = Uid("Agent", decision.principal), decision.action
        resource = Uid(RESOURCE_TYPES[action], decision.resource)
        level = recorded.confidentiality
        context: dict[str, Outcome] = {
            "tenant": Outcome.known(recorded.tenant),
            "user": Outcome.known(recorded.user),
            "purpose": Outcome.known(recorded.purpose),
            "declared": _known(self._declared, EITHER),
            "confidentiality": ANYTHING if level is None else Outcome.known(_level(level)),
            "sources": Outcome.known(recorded.sources),
            "findings": Outcome.known(SomeSet()),
            **dict.fromkeys(TIME_FACTS, ANYTHING),
            **unknown_flow(action),
        }
        if recorded.limited:
            context["budget_micro_usd"] = ANYTHING
        tags: Mapping[Uid, Mapping[str, Outcome]] = {}
        if action == "call_tool":
            context |= {name: Outcome.known(uid) for name, uid in ARGUMENT_MAPS.items()}
            context["argument_names"] = Outcome.known(frozenset(recorded.arguments))
            tags = {} if self._arguments is None or recorded.redacted else _tags(self._arguments)
        return AbstractRequest(
            principal=principal,
            action=action,
            resource=resource,
            entities={resource: self._attributes(), principal: {"role": _role(self._role)}},
            context=context,
            tags=tags,
        )

    def _attributes(self) -> dict[str, Outcome]:
        match self._decision.action:
            case "plan" | "release":
                return {}
            case "delegate":
                return {"role": _role(self._resource_role)}
            case "call_model":
                model = self._model
                return {
                    "family": ANYTHING if model is None else Outcome.known(model.family),
                    "provider": ANYTHING if model is None else Outcome.known(model.provider),
                    "local": _known(None if model is None else model.local, EITHER),
                    "region": ANYTHING if model is None else Outcome.known(model.region),
                }
            case "call_tool":
                safety = self._recorded.safety
                return {"safety": ANYTHING if safety is None else Outcome.known(Uid("Safety", safety.value))}

    def _unknown(self) -> Iterator[str]:
        recorded, action = self._recorded, self._decision.action
        if self._role is None:
            yield "role"
        if action == "delegate" and self._resource_role is None:
            yield "resource role"
        if action == "call_model" and self._model is None:
            yield from ("family", "provider", "local", "region")
        if self._declared is None:
            yield "declared"
        if recorded.confidentiality is None:
            yield "confidentiality"
        if recorded.sources.may is None or recorded.sources.must != recorded.sources.may:
            yield "sources"
        yield "findings"
        if recorded.limited:
            yield "budget_micro_usd"
        yield from TIME_FACTS
        yield from unknown_flow(action)
        if action == "call_tool":
            yield "origins"
        if recorded.redacted:
            yield from ("arguments", "numbers", "lists")
        if action == "call_tool" and recorded.safety is None:
            yield "safety"


def _known(value: bool | None, otherwise: frozenset[bool]) -> Outcome:
    return Outcome(frozenset(otherwise)) if value is None else Outcome.known(value)


def _role(role: Role | None) -> Outcome:
    return Outcome(frozenset(Uid("Role", each.value) for each in (list(Role) if role is None else [role])))


def _level(level: Confidentiality) -> Uid:
    return Uid("Confidentiality", level.name.lower())


def _tags(arguments: ToolArguments) -> Mapping[Uid, Mapping[str, Outcome]]:
    lists = {name: frozenset(values) for name, values in arguments.lists.items()}
    maps: dict[str, Mapping[str, Any]] = {"arguments": arguments.texts, "numbers": arguments.numbers, "lists": lists}
    return {
        ARGUMENT_MAPS[name]: {tag: Outcome.known(value) for tag, value in values.items()}
        for name, values in maps.items()
    }


def _is_read(policy: Mapping[str, Any], facts: tuple[str, ...], action: Action) -> bool:
    """Tell whether a policy that can apply to the action reads any of these facts."""
    scope = json.dumps(policy["action"])
    about_it = '"op": "All"' in scope or f'"id": {json.dumps(action)}' in scope
    return about_it and any(_mentions(policy, fact) for fact in facts)


_CONTEXT: Final = '{"Var": "context"}'
_CONTEXT_READ: Final = f'{{"left": {_CONTEXT}, "attr": '


def _mentions(policy: Mapping[str, Any], fact: str) -> bool:
    """Tell whether a policy reads a fact, by its name or as a part of all of `context`."""
    text = json.dumps(policy)
    uses_whole = text.count(_CONTEXT) > text.count(_CONTEXT_READ)
    return uses_whole or f'"attr": {json.dumps(_ATTRIBUTES.get(fact, fact))}' in text

"""PolicyEngine: the answer to one request. Pure: no I/O, no clock, no randomness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from agentcore.domain.decision import Action, Decision
from agentcore.domain.obligation import Obligation
from agentcore.policy.arguments import ToolArguments
from agentcore.policy.facts import (
    CONTEXT,
    Facts,
    Question,
    Uid,
    argument_context,
    argument_rows,
    context_json,
    entity_rows,
    resource_of,
)
from agentcore.policy.request import PolicyRequest

if TYPE_CHECKING:
    from agentcore.policy.bundle import Bundle, EntitySet
    from agentcore.policy.slices import Answer, Slices

REMEMBERED: Final = 4096
"""How many answers, and how many decisions, an engine remembers."""


class PolicyEngine:
    """Decides requests by a set of Cedar policies.

    Default deny; a matching forbid wins over every permit; a fault of any kind denies, because Cedar itself would skip
    a forbid whose condition fails, and permit. What policies ask for, should it be permitted, comes with the decision.

    Answers are remembered under all the facts that can change them, and decisions under their whole request. That
    keeps their meaning: an answer is a pure function of the policies, which never change, and of those facts. Cedar
    has neither a clock nor loops over attributes, so a policy depends on exactly the attributes that its text names; a
    fact that no policy for the action names (say, the budget left) is not even sent. What is judged by a tool's
    arguments is not remembered, and neither is an exception.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._decided = lru_cache(REMEMBERED)(self._decide)
        self._remembered = lru_cache(REMEMBERED)(self._ask)
        self._entities = lru_cache(REMEMBERED)(self._parse_entities)

    @staticmethod
    def load(files: Mapping[str, str]) -> PolicyEngine:
        """Return the engine for these files (name → Cedar text); none at all denies everything.

        Raises ConfigError with each problem as `file:line:column: message`: bad syntax, an `@id` that is missing or
        used twice, an action, entity type or attribute that does not exist, a read of an optional value without a test
        that it is there.
        """
        from agentcore.policy.bundle import Bundle  # noqa: PLC0415 - cedarpy takes 50 ms to import

        return PolicyEngine(Bundle.parse(files))

    @property
    def bundle(self) -> str:
        """The content hash of the policy set, 64 hexadecimal digits."""
        return self._bundle.hash

    @property
    def policies(self) -> tuple[str, ...]:
        """The ids of all policies, in file order."""
        return self._bundle.ids

    @property
    def parsed(self) -> Mapping[str, Mapping[str, Any]]:
        """Every policy in Cedar's JSON format, by its id, in file order."""
        return self._bundle.parsed

    @property
    def obligations(self) -> Mapping[str, Obligation]:
        """What each policy asks for that asks for something, by its id."""
        return self._bundle.obligations

    def reads(self, action: Action, attribute: str) -> bool:
        """Return whether any policy for the action looks at this attribute of `context`."""
        return self._bundle.actions[action].reads(attribute) or self._bundle.asking[action].reads(attribute)

    def decide(self, request: PolicyRequest) -> Decision:
        """Return the decision; raises for nothing that is in the request. principal: the agent that acts."""
        try:
            return self._decide(request) if request.arguments else self._decided(request)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as fault:  # noqa: BLE001 - a fault denies; a panic inside Cedar is not even an Exception
            return self._decision(request, allowed=False, errors=(f"{type(fault).__name__}: {fault}",))

    def _decide(self, request: PolicyRequest) -> Decision:
        answer = self._answer(request)
        if not answer.allowed or answer.errors or not self._bundle.asking[request.action]:
            return self._decision(request, allowed=answer.allowed, policies=answer.policies, errors=answer.errors)
        asking = self._answer(request, asking=True)
        decision = self._decision(request, allowed=True, policies=answer.policies, errors=asking.errors)
        return replace(decision, obligations=tuple(self._bundle.obligations[id_] for id_ in asking.policies))

    def _decision(
        self, request: PolicyRequest, *, allowed: bool, policies: tuple[str, ...] = (), errors: tuple[str, ...]
    ) -> Decision:
        return Decision(
            permitted=allowed and not errors,
            action=request.action,
            resource=request.resource,
            principal=request.agent,
            policies=() if errors else policies,
            errors=errors,
            bundle=self._bundle.hash,
        )

    def _answer(self, request: PolicyRequest, *, asking: bool = False) -> Answer:
        policies = self._slices(request.action, asking=asking).of(request.agent, request.resource)
        resource, attributes = resource_of(request)
        question = Question(
            asking,
            request.action,
            Uid("Agent", request.agent),
            Uid("Role", request.role.value),
            resource,
            attributes,
            tuple([(name, CONTEXT[name](request)) for name in policies.reads]),
        )
        if policies.reads_arguments:
            return self._ask(question, ToolArguments.of(request.arguments), request.origins)
        return self._remembered(question)

    def _ask(
        self,
        question: Question,
        arguments: ToolArguments | None = None,
        origins: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> Answer:
        entities = self._entities(question.agent, question.role, question.resource, question.attributes)
        context = context_json(question.facts)
        if arguments is not None:
            context |= argument_context(arguments)
            entities = self._bundle.extended(entities, argument_rows(arguments, origins))
        request = {
            "principal": question.agent.json(),
            "action": Uid("Action", question.action).json(),
            "resource": question.resource.json(),
            "context": context,
        }
        slices = self._slices(question.action, asking=question.asking)
        return slices.of(question.agent.id, question.resource.id).ask(request, entities)

    def _slices(self, action: Action, *, asking: bool) -> Slices:
        return self._bundle.asking[action] if asking else self._bundle.actions[action]

    def _parse_entities(self, agent: Uid, role: Uid, resource: Uid, attributes: Facts) -> EntitySet:
        return self._bundle.entities(entity_rows(agent, role, resource, attributes))

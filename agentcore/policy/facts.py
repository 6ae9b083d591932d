"""Facts: a request's values as Cedar's JSON, for entities and for the context. Names are those of the schema."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias, assert_never, cast

from agentcore.domain.decision import Action
from agentcore.policy.arguments import ToolArguments
from agentcore.policy.request import PolicyRequest
from agentcore.policy.schema import RESOURCE_TYPES


class Uid(NamedTuple):
    """A Cedar entity's name: `type::"id"`. A tuple, because it is hashed in every decision."""

    type: str
    id: str

    def json(self) -> dict[str, str]:
        """Return the form that allows every character in the id."""
        return {"type": self.type, "id": self.id}


Facts: TypeAlias = tuple[tuple[str, Hashable], ...]
"""Attribute name → value, in a form that can be remembered; None is an attribute that is absent."""


class Question(NamedTuple):
    """All that can change an answer, and can be remembered.

    asking: what policies ask for, instead of whether they permit.  facts: of the context, those that policies look at.
    """

    asking: bool
    action: Action
    agent: Uid
    role: Uid
    resource: Uid
    attributes: Facts
    facts: Facts


CONTEXT: Final[Mapping[str, Callable[[PolicyRequest], Hashable]]] = {
    "tenant": lambda request: request.tenant,
    "user": lambda request: request.principal,
    "purpose": lambda request: request.purpose,
    "declared": lambda request: request.declared,
    "confidentiality": lambda request: Uid("Confidentiality", request.label.confidentiality.name.lower()),
    "sources": lambda request: request.label.sources,
    "findings": lambda request: request.label.findings,
    "budget_micro_usd": lambda request: request.budget_micro_usd,
    "hour": lambda request: request.moment.hour,
    "weekday": lambda request: request.moment.weekday,
    "untrusted": lambda request: request.steering.untrusted,
    "delegated": lambda request: request.steering.delegated,
    "foreign_links": lambda request: request.steering.foreign_links,
    "in_scope": lambda request: request.in_scope,
    "calls": lambda request: request.calls,
    "approved_by": lambda request: request.approved_by,
}
"""How each attribute of `context` follows from a request, but for those made from a tool's arguments."""

ARGUMENT_MAPS: Final = {
    name: Uid(name.capitalize(), "of this call") for name in ("arguments", "numbers", "lists", "origins")
}
"""Attribute of `context` → the entity whose tags are a tool's arguments."""


def resource_of(request: PolicyRequest) -> tuple[Uid, Facts]:
    """Return the resource and its attributes. Raises ValueError when a fact about it is missing."""
    uid = Uid(RESOURCE_TYPES[request.action], request.resource)
    match request.action:
        case "plan" | "release":
            return uid, ()
        case "delegate":
            if request.resource_role is None:
                raise ValueError(f"the role of agent {request.resource!r} is not known")
            return uid, (("role", Uid("Role", request.resource_role.value)),)
        case "call_model":
            return uid, (
                ("family", request.family),
                ("provider", request.provider),
                ("local", request.local),
                ("region", request.region),
            )
        case "call_tool":
            if request.safety is None:
                raise ValueError(f"the safety of tool {request.resource!r} is not known")
            return uid, (("safety", Uid("Safety", request.safety.value)),)
        case _ as unreachable:
            assert_never(unreachable)


def entity_rows(agent: Uid, role: Uid, resource: Uid, attributes: Facts) -> Sequence[Mapping[str, Any]]:
    """Return who acts and what is acted upon.

    Raises ValueError when both are the same agent, yet in different roles.
    """
    acting: Facts = (("role", role),)
    if agent == resource:
        if attributes != acting:
            raise ValueError(f"agent {agent.id!r} is given two roles")
        return [_row(agent, acting)]
    return [_row(agent, acting), _row(resource, attributes)]


def context_json(facts: Facts) -> dict[str, Any]:
    """Return the context as Cedar JSON."""
    return {name: _value(value) for name, value in facts if value is not None}


def argument_context(arguments: ToolArguments) -> dict[str, Any]:
    """Return the part of the context that is made from a tool's arguments; it refers to `argument_rows`."""
    maps = {name: {"__entity": uid.json()} for name, uid in ARGUMENT_MAPS.items()}
    return {"argument_names": arguments.names, **maps}


def argument_rows(
    arguments: ToolArguments, origins: Mapping[str, frozenset[str]] = MappingProxyType({})
) -> Sequence[Mapping[str, Any]]:
    """Return the entities that hold a tool's arguments, and where they have come from, as tags."""
    tags = {
        "arguments": arguments.texts,
        "numbers": arguments.numbers,
        "lists": arguments.lists,
        "origins": {path: sorted(sources) for path, sources in origins.items()},
    }
    return [{"uid": uid.json(), "attrs": {}, "parents": [], "tags": tags[name]} for name, uid in ARGUMENT_MAPS.items()]


def _row(uid: Uid, attributes: Facts) -> dict[str, Any]:
    return {"uid": uid.json(), "attrs": context_json(attributes), "parents": []}


def _value(value: Hashable) -> Any:
    match value:
        case Uid():
            return {"__entity": value.json()}
        case frozenset():
            return sorted(cast("frozenset[str]", value))
        case _:
            return value

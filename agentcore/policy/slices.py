"""Slices: of the policies for one action, those that can apply to one agent and one resource.

Cedar looks at every policy of a set, so a decision takes as long as the set is large: 2.9 ms for a thousand. A policy
whose scope names another agent or another resource with `==` cannot apply, whatever the facts are; it is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cedarpy

from agentcore.domain.decision import Action
from agentcore.domain.json import JSON
from agentcore.policy.schema import ARGUMENT_FACTS, context_attributes


@dataclass(frozen=True, slots=True)
class Answer:
    """What Cedar said: allowed only when it decided so; ids of the determining policies; faults in evaluation."""

    allowed: bool
    policies: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Policies that are asked together.

    reads: sorted names of the attributes of `context` that any of them looks at; no other can change the answer.
    reads_arguments: whether any looks at those made from a tool's arguments, which `reads` leaves out.
    """

    policies: cedarpy.PolicySet
    reads: tuple[str, ...]
    reads_arguments: bool

    def ask(self, request: dict[str, Any], entities: cedarpy.Entities) -> Answer:
        """Evaluate. The request is not checked against the schema (10 more µs): what PolicyEngine builds fits it."""
        result = cedarpy.is_authorized(  # pyright: ignore[reportUnknownMemberType] - annotated with bare `dict`
            request, self.policies, entities
        )
        return Answer(
            result.decision is cedarpy.Decision.Allow,
            tuple(sorted(result.diagnostics.reasons)),
            tuple(result.diagnostics.errors),
        )


class Slices:
    """The policies for one action, in Cedar's JSON form by id. A slice is made when it is first asked for."""

    def __init__(self, action: Action, policies: Mapping[str, Mapping[str, Any]]) -> None:
        self._attributes = context_attributes(action)
        self._policies = {id_: each for id_, each in policies.items() if _applies(each["action"], action)}
        self._agents = {id_: _named(each["principal"]) for id_, each in self._policies.items()}
        self._resources = {id_: _named(each["resource"]) for id_, each in self._policies.items()}
        self._known: dict[tuple[str | None, str | None], Slice] = {}
        self._names = frozenset(self._agents.values()), frozenset(self._resources.values())
        self._read = self._attributes.intersection(
            name for each in self._policies.values() for name in _reads(each, self._attributes)
        )
        self.of("", "")  # policies that Cedar does not take are found when they are loaded

    def __bool__(self) -> bool:
        """Return whether there are any policies."""
        return bool(self._policies)

    def of(self, agent: str, resource: str) -> Slice:
        """Return the policies that can apply."""
        agents, resources = self._names
        key = (agent if agent in agents else None, resource if resource in resources else None)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._slice(*key)
        return known

    def reads(self, attribute: str) -> bool:
        """Return whether any policy for the action looks at this attribute of `context`."""
        return attribute in self._read

    def _slice(self, agent: str | None, resource: str | None) -> Slice:
        mine = {
            id_: policy
            for id_, policy in self._policies.items()
            if self._agents[id_] in {None, agent} and self._resources[id_] in {None, resource}
        }
        read = self._attributes.intersection(
            name for policy in mine.values() for name in _reads(policy, self._attributes)
        )
        text = json.dumps({"templates": {}, "staticPolicies": mine, "templateLinks": []})
        return Slice(
            cedarpy.PolicySet.from_json_str(text),
            tuple(sorted(read - ARGUMENT_FACTS)),
            reads_arguments=not read.isdisjoint(ARGUMENT_FACTS),
        )


def _named(scope: Mapping[str, Any]) -> str | None:
    """Return the only entity that a scope can match, None when it may match several."""
    match scope:
        case {"op": "==", "entity": {"id": str(id_)}}:
            return id_
        case _:
            return None


def _applies(scope: Mapping[str, Any], action: Action) -> bool:
    """Tell whether a policy's `action …` can match; a form that is not known here matches everything."""
    match scope:
        case {"op": "==" | "in", "entity": {"id": id_}}:
            return bool(id_ == action)
        case {"op": "in", "entities": [*some]}:
            return any(entity["id"] == action for entity in some)
        case _:
            return True


def _reads(node: JSON, every: frozenset[str]) -> Iterator[str]:
    """Yield the attributes of `context` in a parsed policy; all of them where `context` itself is used as a value."""
    match node:
        case {".": {"left": {"Var": "context"}, "attr": str(name)}}:
            yield name
        case {"has": {"left": {"Var": "context"}, "attr": str(name)}}:
            yield name
        case {"Var": "context"}:
            yield from every
        case str() | int() | float() | None:
            return
        case Mapping():
            for child in node.values():
                yield from _reads(child, every)
        case _:
            for child in node:
                yield from _reads(child, every)

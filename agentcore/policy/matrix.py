"""Matrix: who can ever do what with which data, over all that a project has. Computed from the policies, not sampled.

What is finite is gone through: each agent, each thing that it could act upon, each confidentiality, what the project
gives and what it does not, and where data came from. What is not (arguments, the budget, the tenant, the user,
the purpose) is left open, so that a cell says what holds for all of it.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agentcore.domain.agent import Role
from agentcore.domain.decision import Action
from agentcore.domain.label import Confidentiality
from agentcore.policy.abstract import ANYTHING, Outcome, SomeSet
from agentcore.policy.abstract_cedar import in_scope, judge
from agentcore.policy.abstract_request import AbstractRequest, Judgement, ParsedPolicies, unknown_flow
from agentcore.policy.facts import ARGUMENT_MAPS, Facts, Uid
from agentcore.policy.schema import RESOURCE_TYPES, TIME_FACTS

TRUSTED: Final = "trusted"
"""What the user said, and what the project's models made of that alone."""

UNTRUSTED: Final = "untrusted"
"""Anything that has another source, too."""

_GIVEN: Final[frozenset[Action]] = frozenset({"delegate", "call_tool"})
"""The actions whose resource the project may or may not give an agent; of others it gives every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What an action may be done to. attributes: as policies read them."""

    action: Action
    name: str
    attributes: Facts = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """What a project has.

    agents: name → role.  given: (agent, action, resource) that the project gives.  models: their names.
    sources: where data may come from besides the user and the models, each as `Provenance.of` reads it.
    """

    agents: Mapping[str, Role]
    resources: Sequence[Resource]
    given: frozenset[tuple[str, Action, str]]
    models: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where data came from. name: `trusted`, `untrusted`, or a source that is in it, whatever else is."""

    name: str
    sources: SomeSet

    @staticmethod
    def of(name: str, models: frozenset[str]) -> Provenance:
        """Return the provenance of a name. models: of the project.

        `trusted` (or `user`), `untrusted`, a source such as `tool:orders`, or all of a kind: `document:*`.
        """
        own = frozenset({"user", *(f"model:{model}" for model in models)})
        if name in {TRUSTED, "user"}:
            return Provenance(name=TRUSTED, sources=SomeSet(must=frozenset({"user"}), may=own))
        if name == UNTRUSTED:
            return Provenance(name=name, sources=SomeSet(beside=own))
        if name.endswith("*"):
            return Provenance(name=name, sources=SomeSet(beside=frozenset(), prefix=name[:-1]))
        return Provenance(name=name, sources=SomeSet(must=frozenset({name})))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Who does what to what. declared: the project gives it, or as if it did.  real: it is so in the project."""

    agent: str
    role: Role
    resource: Resource
    declared: bool
    real: bool

    @property
    def action(self) -> Action:
        """What is done."""
        return self.resource.action


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A row with data of one confidentiality and provenance, and what the policies make of it."""

    row: Row
    confidentiality: Confidentiality
    provenance: str
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class _Relevant:
    """The policies that can apply to a row. text: of all of them, in which what they read can be looked for."""

    policies: ParsedPolicies
    text: str

    @staticmethod
    def of(policies: ParsedPolicies) -> _Relevant:
        """Return the policies with their text."""
        return _Relevant(policies, json.dumps(list(policies.values())))

    def key(self, confidentiality: Confidentiality, provenance: Provenance) -> tuple[Confidentiality | None, str]:
        """Return what these policies can tell cells apart by: only what they read, and only sources that they name."""
        level = confidentiality if '"attr": "confidentiality"' in self.text else None
        name = provenance.name
        if '"attr": "sources"' not in self.text:
            return level, ""
        is_special = name in {TRUSTED, UNTRUSTED} or name.endswith("*")
        return level, name if is_special or json.dumps(name) in self.text else ""


class Matrix:
    """The cells of a project. Each is computed when it is asked for."""

    def __init__(self, policies: ParsedPolicies, space: Space) -> None:
        self.space = space
        self._policies = policies
        self._relevant: dict[tuple[str, Action, str], _Relevant] = {}
        self._by_ids: dict[tuple[str, ...], _Relevant] = {}
        self._known: dict[tuple[Any, ...], Judgement] = {}
        self._provenances: dict[str, Provenance] = {}

    @property
    def policies(self) -> tuple[str, ...]:
        """The ids of all policies."""
        return tuple(self._policies)

    def rows(self, action: Action | None = None) -> Iterator[Row]:
        """Yield all rows, of one action or of all; agent by agent."""
        for agent, role in self.space.agents.items():
            for resource in self.space.resources:
                if action not in {None, resource.action}:
                    continue
                is_given = (agent, resource.action, resource.name) in self.space.given
                for declared in (True, False) if resource.action in _GIVEN else (True,):
                    real = declared == is_given or resource.action not in _GIVEN
                    yield Row(agent=agent, role=role, resource=resource, declared=declared, real=real)

    def cell(
        self, row: Row, confidentiality: Confidentiality, provenance: str, untrusted: frozenset[str] = frozenset()
    ) -> Cell:
        """Return one cell. provenance: as `Provenance.of` reads it.  untrusted: arguments that nobody vouches for."""
        found = self._provenances.get(provenance)
        if found is None:
            found = self._provenances[provenance] = Provenance.of(provenance, self.space.models)
        relevant = self._of(row)
        key = (row.agent, row.action, row.resource.name, row.declared, relevant.key(confidentiality, found), untrusted)
        judgement = self._known.get(key)
        if judgement is None:
            asked = abstract_request(row, confidentiality, found.sources, untrusted)
            judgement = self._known[key] = judge(relevant.policies, asked)
        return Cell(row=row, confidentiality=confidentiality, provenance=found.name, judgement=judgement)

    def cells(self, row: Row, provenances: Sequence[str] = (TRUSTED, UNTRUSTED)) -> list[Cell]:
        """Return a row's cells, confidentiality by confidentiality."""
        return [self.cell(row, level, provenance) for level in Confidentiality for provenance in provenances]

    def _of(self, row: Row) -> _Relevant:
        place = (row.agent, row.action, row.resource.name)
        found = self._relevant.get(place)
        if found is None:
            principal, action = Uid("Agent", row.agent), Uid("Action", row.action)
            resource = Uid(RESOURCE_TYPES[row.action], row.resource.name)
            mine = {
                id: policy
                for id, policy in self._policies.items()
                if in_scope(policy, principal=principal, action=action, resource=resource)
            }
            found = self._by_ids.get(tuple(mine))
            if found is None:
                found = self._by_ids[tuple(mine)] = _Relevant.of(mine)
            self._relevant[place] = found
        return found


def abstract_request(
    row: Row, confidentiality: Confidentiality, sources: SomeSet, untrusted: frozenset[str] = frozenset()
) -> AbstractRequest:
    """Return the question of a cell, in which all that is not finite is left open."""
    principal = Uid("Agent", row.agent)
    resource = Uid(RESOURCE_TYPES[row.action], row.resource.name)
    role = {"role": Outcome.known(Uid("Role", row.role.value))}
    attributes: dict[str, Outcome] = {name: Outcome.known(value) for name, value in row.resource.attributes}
    values: dict[str, Hashable] = {
        "declared": row.declared,
        "confidentiality": Uid("Confidentiality", confidentiality.name.lower()),
        "sources": sources,
        "findings": SomeSet(),
    }
    if row.action == "call_tool":
        values |= {"argument_names": SomeSet(), **ARGUMENT_MAPS}
    known = {name: Outcome.known(value) for name, value in values.items()} | unknown_flow(row.action)
    if untrusted:
        known["untrusted"] = Outcome.known(SomeSet(must=untrusted))
    return AbstractRequest(
        principal=principal,
        action=row.action,
        resource=resource,
        entities={resource: attributes, principal: role},
        context={**dict.fromkeys(("tenant", "user", "purpose", "budget_micro_usd", *TIME_FACTS), ANYTHING), **known},
        optional=frozenset({"budget_micro_usd"}),
    )

"""Bundle: a set of Cedar policies, parsed once and checked against the schema. Only it and `slices` import cedarpy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

import cedarpy

from agentcore.domain.decision import Action
from agentcore.domain.errors import ConfigError
from agentcore.domain.json import digest
from agentcore.domain.obligation import Obligation
from agentcore.policy import obligations
from agentcore.policy.parsed import ParsedPolicy
from agentcore.policy.schema import ENUMERATIONS, RESOURCE_TYPES, cedar_schema
from agentcore.policy.slices import Slices
from agentcore.policy.source import PolicySource, split

_NAME = re.compile(r"`(\w+)::\"([^\"]*)\"`")

EntitySet: TypeAlias = cedarpy.Entities


@dataclass(frozen=True, slots=True)
class Bundle:
    """A valid policy set.

    actions: what permits and forbids.  asking: what asks for something; obligations: for what, by the policy's id.
    ids: of all policies, in file order.  hash: of all texts, whatever the files are called.  parsed: id → the policy
    in Cedar's JSON format.
    """

    actions: Mapping[Action, Slices]
    asking: Mapping[Action, Slices]
    obligations: Mapping[str, Obligation]
    ids: tuple[str, ...]
    hash: str
    parsed: Mapping[str, Mapping[str, Any]]

    @staticmethod
    def parse(files: Mapping[str, str]) -> Bundle:
        """Return the bundle of these files (name → Cedar text).

        Raises ConfigError with every problem: bad syntax, a template, an `@id` that is missing or used twice, and
        whatever the schema does not know.
        """
        policies, problems = parse_policies(files)
        if problems:
            raise ConfigError(problems, hint="docs/policies.md lists what a policy can ask about")
        deciding = {policy.id: policy.form for policy in policies if not policy.asks}
        asking = {policy.id: policy.form for policy in policies if policy.asks}
        return Bundle(
            {action: Slices(action, deciding) for action in RESOURCE_TYPES},
            {action: Slices(action, asking) for action in RESOURCE_TYPES},
            {id_: obligations.obligation(id_, form) for id_, form in asking.items()},
            tuple(policy.id for policy in policies),
            bundle_hash(files),
            {policy.id: policy.form for policy in policies},
        )

    @staticmethod
    def entities(rows: Sequence[Mapping[str, Any]]) -> EntitySet:
        """Parse entities. Raises ValueError."""
        return cedarpy.Entities.from_json_str(json.dumps(rows))  # pyright: ignore[reportUnknownMemberType] - a bare `dict`

    @staticmethod
    def extended(entities: EntitySet, rows: Sequence[Mapping[str, Any]]) -> EntitySet:
        """Return the entities and these. Raises ValueError."""
        return entities.with_added_json_str(json.dumps(rows))  # pyright: ignore[reportUnknownMemberType] - a bare `dict`


def bundle_hash(files: Mapping[str, str]) -> str:
    """Return the hash of a set of files, 64 hexadecimal digits, whatever they are called."""
    return digest(sorted(files.values()))


def parse_policies(files: Mapping[str, str]) -> tuple[list[ParsedPolicy], list[str]]:
    """Return the policies of these files (name → Cedar text) that can be read, in file order, and every problem.

    A policy that the schema does not allow is among both; one with an `@id` that is used already is not.
    """
    schema = cedarpy.Schema.from_str(cedar_schema())
    problems: list[str] = []
    policies: dict[str, ParsedPolicy] = {}
    for file, text in sorted(files.items()):
        for source in split(file, text):
            wrong = _parse_error(source.policy)
            if wrong is not None:
                problems.append(f"{source.locate(wrong, _parse_error)}: {wrong}")
                continue
            parsed = _parsed(source.policy)
            id_ = "" if parsed is None else parsed.get("annotations", {}).get("id")
            place = source.mention("")
            if parsed is None:
                problems.append(f"{place}: a template (?principal, ?resource) is not a policy; name both instead")
            elif not id_:
                problems.append(f'{place}: the policy has no @id("…"), by which decisions refer to it')
            elif id_ in policies:
                problems.append(f"{place}: @id {id_!r} is already used at {policies[id_].place}")
            else:
                problems.extend(_schema_errors(source, id_, schema))
                policy = policies[id_] = ParsedPolicy(id=id_, source=source, form=parsed)
                if policy.asks:
                    problems.extend(
                        f"{source.find(*wrong.at) if wrong.at else place}: policy {id_!r}: {wrong.message}"
                        for wrong in obligations.problems(parsed)
                    )
    return list(policies.values()), problems


def _parse_error(text: str) -> str | None:
    try:
        cedarpy.policies_to_json_str(text)
    except ValueError as error:
        return str(error).partition("\n")[0]
    return None


def _parsed(text: str) -> dict[str, Any] | None:
    static: dict[str, dict[str, Any]] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    return next(iter(static.values()), None)


def _schema_errors(source: PolicySource, id_: str, schema: cedarpy.Schema) -> Iterator[str]:
    checked = cedarpy.validate_policies(source.policy, schema)  # pyright: ignore[reportUnknownMemberType] - a bare `dict`
    places: set[str] = set()
    for message in sorted(error.error.removeprefix("for policy `policy0`").lstrip(",: ") for error in checked.errors):
        place = source.mention(message)
        if place not in places:  # one mistake is reported once, not once for each action that the policy applies to
            places.add(place)
            yield f"{place}: policy {id_!r}: {message}{_nearest(message)}"


def _nearest(message: str) -> str:
    """Return what may have been meant instead of a name that Cedar does not know; empty when it is no name."""
    match = _NAME.search(message)
    known = {"Action": tuple(RESOURCE_TYPES), **ENUMERATIONS}.get(match[1], ()) if match else ()
    near = get_close_matches(match[2], known, n=1) if match else []
    return f"; did you mean `{near[0]}`?" if near else f"; known: {', '.join(known)}" if known else ""

"""ToolFlow: which of a tool's arguments steer what it does, and how far what it returns may be trusted.

    pay(to, amount, note)              controls {"to"}, content {"amount", "note"}
    accounts() → [{"iban", "remark"}]  parts {"[].iban": trusted}; all else is untrusted

A tool's JSON Schemas say it with two keywords, which no model is shown: `x-agentcore-flow` (`control`, `content`) on a
parameter, `x-agentcore-trust` (`trusted`, `internal`, `untrusted`) on a part of the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from enum import IntEnum
from typing import Any, Final, cast

from agentcore.domain.effect import Safety
from agentcore.domain.frozen import frozen
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.json_path import joined
from agentcore.domain.label import Confidentiality, Label

FLOW_KEYWORD: Final = "x-agentcore-flow"
TRUST_KEYWORD: Final = "x-agentcore-trust"

_LAST: Final = re.compile(r"(?:\[\]|(?:^|(?<!\\)\.)(?:[^.\[\\]|\\.)*)$")
_DEEPEST: Final = 16


class Trust(IntEnum):
    """How far what was said may steer a call.

    UNTRUSTED: anybody may have written it: a web page, a mail from outside.  INTERNAL: free text by people who are
    known, such as colleagues: it may say what to read.  TRUSTED: an identifier or record that its system vouches for,
    such as an account number in one's own list: as a whole value it may say what to act upon.
    """

    UNTRUSTED = 0
    INTERNAL = 1
    TRUSTED = 2


@frozen
class ToolFlow:
    """What a tool declares of its data.

    controls, content: paths of arguments that steer the call (whom it reaches, which account, address, file or command
    it is about), and that are only carried. What is said of a path holds for all below it.  trust: of its results.
    confidentiality: of its results, at the least.  labels: names of the project's own for what they are, such as `hr`.
    parts: of the results → their trust, by path: `[].iban`, `owner.id`.
    """

    controls: frozenset[str] = frozenset()
    content: frozenset[str] = frozenset()
    trust: Trust = Trust.UNTRUSTED
    confidentiality: Confidentiality = Confidentiality.PUBLIC
    labels: frozenset[str] = frozenset()
    parts: Mapping[str, Trust] = field(default_factory=dict[str, Trust])

    def steers(self, path: str, safety: Safety) -> bool:
        """Return whether the argument at a path is a control.

        Where nothing is declared, every argument of a tool that changes something is one, and none of a tool that
        only reads.
        """
        for each in upwards(path):
            if each in self.controls:
                return True
            if each in self.content:
                return False
        return safety is not Safety.READ

    def label(self, tool: str) -> Label:
        """Return the least that the results of the tool carry. Labels of the project are findings: `label:hr`."""
        return Label(
            sources=frozenset({f"tool:{tool}"}),
            confidentiality=self.confidentiality,
            findings=frozenset(f"label:{name}" for name in self.labels),
        )

    def trusted(self, path: str) -> Trust:
        """Return how far the part of a result at a path may be trusted."""
        return next((self.parts[each] for each in upwards(path) if each in self.parts), self.trust)


def upwards(path: str) -> Iterator[str]:
    """Yield a path and all above it, but for the root: `to[].name`, `to[]`, `to`."""
    while path:
        yield path
        match = _LAST.search(path)
        path = path[: match.start()] if match and match.start() < len(path) else ""


def declared_flow(parameters: JSONObject, returns: JSONObject | None = None) -> ToolFlow:
    """Return what the keywords in a tool's schemas say. Raises ValueError: a value that there is not."""
    flows = dict(_declared(parameters, FLOW_KEYWORD, "", parameters, 0))
    if wrong := sorted(str(value) for value in flows.values() if value not in {"control", "content"}):
        raise ValueError(f"{FLOW_KEYWORD} is `control` or `content`, not `{wrong[0]}`")
    trusts: dict[str, Trust] = {}
    for path, value in _declared(returns or {}, TRUST_KEYWORD, "", returns or {}, 0):
        if not isinstance(value, str) or value.upper() not in Trust.__members__:
            raise ValueError(f"{TRUST_KEYWORD} is `trusted`, `internal` or `untrusted`, not `{value}`")
        trusts[path] = Trust[value.upper()]
    return ToolFlow(
        controls=frozenset(path for path, value in flows.items() if value == "control"),
        content=frozenset(path for path, value in flows.items() if value == "content"),
        trust=trusts.pop("", Trust.UNTRUSTED),
        parts=trusts,
    )


def undeclared(schema: JSONObject) -> JSONObject:
    """Return a schema without the two keywords: as a model is shown it."""
    return {name: _undeclared(inner) for name, inner in schema.items() if name not in {FLOW_KEYWORD, TRUST_KEYWORD}}


def _undeclared(value: JSON) -> JSON:
    match value:
        case Mapping():
            return undeclared(value)
        case list() | tuple():
            return [_undeclared(inner) for inner in value]
        case _:
            return value


def _declared(schema: Any, keyword: str, path: str, root: JSONObject, depth: int) -> Iterator[tuple[str, JSON]]:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return
    given = cast("Mapping[str, Any]", schema)
    if keyword in given:
        yield path, given[keyword]
    if isinstance(reference := given.get("$ref"), str):
        yield from _declared(_referred(root, reference), keyword, path, root, depth + 1)
    for word in ("allOf", "anyOf", "oneOf"):
        for branch in given.get(word, ()):
            yield from _declared(branch, keyword, path, root, depth + 1)
    for name, inner in given.get("properties", {}).items():
        yield from _declared(inner, keyword, joined(path, name), root, depth + 1)
    for inner in (given.get("items"), *given.get("prefixItems", ())):
        holds_objects = isinstance(inner, Mapping) and _is_object(cast("JSONObject", inner), root)
        yield from _declared(inner, keyword, f"{path}[]" if holds_objects else path, root, depth + 1)


def _is_object(schema: JSONObject, root: JSONObject) -> bool:
    reference = schema.get("$ref")
    found = _referred(root, reference) if isinstance(reference, str) else schema
    return "properties" in found or found.get("type") == "object"


def _referred(root: JSONObject, reference: str) -> JSONObject:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = cast("Mapping[str, Any]", found).get(part, {}) if isinstance(found, Mapping) else {}
    return cast("JSONObject", found) if isinstance(found, Mapping) else {}

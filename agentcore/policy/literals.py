"""Literals: the names that a policy's text has of things that only a project knows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from agentcore.policy.argument_paths import ArgumentMap
from agentcore.policy.facts import Uid
from agentcore.policy.parsed import ParsedPolicy

_OF_SETS = ("contains", "containsAll", "containsAny", "==", "!=")


@dataclass(frozen=True, slots=True)
class NamedEntity:
    """`Agent::"clerk"`. in_scope: it stands in the policy's scope, and not in a condition."""

    uid: Uid
    in_scope: bool = False

    @property
    def tokens(self) -> tuple[str, ...]:
        """It, as it stands in the text."""
        return (self.uid.type, "::", _quoted(self.uid.id))


@dataclass(frozen=True, slots=True)
class NamedArgument:
    """`context.numbers.getTag("amount")`. method: `hasTag` or `getTag`, by which it is named first."""

    map: ArgumentMap
    path: str
    method: str = field(compare=False)

    @property
    def tokens(self) -> tuple[str, ...]:
        """It, as it stands in the text, to its path."""
        return (self.map, ".", self.method, "(", _quoted(self.path))


@dataclass(frozen=True, slots=True)
class NamedText:
    """A text that is held against `context.sources`, `.findings` or `.argument_names`, or `resource.region`."""

    of: Literal["sources", "findings", "argument_names", "region"]
    text: str

    @property
    def tokens(self) -> tuple[str, ...]:
        """It, as it stands in the text."""
        return (_quoted(self.text),)


Named = NamedEntity | NamedArgument | NamedText


def literals(policy: ParsedPolicy) -> Iterator[Named]:
    """Yield the names in a policy, each once, those of its scope first."""
    found: dict[Named, None] = {}
    for part in (policy.form["principal"], policy.form["resource"]):
        for scope in (part, part.get("in", {})):
            match scope:
                case {"entity": {"type": str(type_), "id": str(id_)}}:
                    found[NamedEntity(Uid(type_, id_), in_scope=True)] = None
                case _:
                    pass
    for condition in policy.form["conditions"]:
        found |= dict.fromkeys(_walk(condition["body"]))
    yield from found


def _walk(node: Any) -> Iterator[Named]:
    match node:
        case {"Value": {"__entity": {"type": str(type_), "id": str(id_)}}}:
            yield NamedEntity(Uid(type_, id_))
        case {"hasTag": operands}:
            yield from _tag("hasTag", operands)
        case {"getTag": operands}:
            yield from _tag("getTag", operands)
        case Mapping():
            given = cast("Mapping[str, Any]", node)
            for operator in _OF_SETS:
                if operator in given:
                    yield from _texts(given[operator])
            for child in given.values():
                yield from _walk(child)
        case list():
            for child in cast("list[Any]", node):
                yield from _walk(child)
        case _:
            return


def _tag(method: str, operands: Any) -> Iterator[Named]:
    match operands:
        case {
            "left": {".": {"left": {"Var": "context"}, "attr": "arguments" | "numbers" | "lists" as name}},
            "right": {"Value": str(path)},
        }:
            yield NamedArgument(cast("ArgumentMap", name), path, method)
        case _:
            yield from _walk(operands)


def _texts(operands: Any) -> Iterator[Named]:
    for one, other in (("left", "right"), ("right", "left")):
        match operands[one]:
            case {".": {"left": {"Var": "context"}, "attr": "sources" | "findings" | "argument_names" as name}}:
                for text in _strings(operands[other]):
                    yield NamedText(cast("Literal['sources', 'findings', 'argument_names']", name), text)
            case {".": {"left": {"Var": "resource"}, "attr": "region"}}:
                for text in _strings(operands[other]):
                    yield NamedText("region", text)
            case _:
                pass


def _strings(node: Any) -> Iterator[str]:
    match node:
        case {"Value": str(text)}:
            yield text
        case {"Set": [*items]}:
            for item in items:
                yield from _strings(item)
        case _:
            return


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

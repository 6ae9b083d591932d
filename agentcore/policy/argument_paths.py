"""ArgumentPaths: which arguments a tool's parameter schema lets a policy ask for, in the three maps of `arguments`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, cast

from agentcore.domain.json import JSONObject
from agentcore.domain.json_path import joined
from agentcore.policy.arguments import MAX_DEPTH

ArgumentMap: TypeAlias = Literal["arguments", "numbers", "lists"]
"""The attributes of `context` that hold arguments."""

MOST_SCHEMAS: Final = 2_000
"""Parts of a schema that are looked at; one that refers to itself has no end."""

_BRANCHES: Final = ("allOf", "anyOf", "oneOf")
_OWN: Final = {"type", "properties", "enum", "const"}
_SCALARS: Final = {"string", "boolean", "integer", "number"}


@dataclass(slots=True)
class ArgumentPaths:
    """The paths of each map.

    names: of the arguments themselves, as `context.argument_names` has them.
    anything: paths at and under which the schema allows any value.  loose: paths of objects (the empty one for the
    arguments themselves) that may have properties beside those that the schema names, because it does not forbid them.
    """

    paths: dict[ArgumentMap, set[str]] = field(
        default_factory=lambda: {"arguments": set[str](), "numbers": set[str](), "lists": set[str]()}
    )
    names: set[str] = field(default_factory=set[str])
    anything: set[str] = field(default_factory=set[str])
    loose: set[str] = field(default_factory=set[str])
    _root: JSONObject = field(default_factory=dict[str, Any])
    _left: int = MOST_SCHEMAS

    @staticmethod
    def of(parameters: JSONObject) -> ArgumentPaths:
        """Return the paths of a JSON Schema of type object."""
        found = ArgumentPaths(_root=parameters)
        branches = list(found._branches(parameters))
        found.names = {name for branch in branches for name in branch.get("properties", {})}
        found._object(branches, "", depth=0, in_list=False)
        return found

    @staticmethod
    def union(several: Iterable[ArgumentPaths]) -> ArgumentPaths:
        """Return the paths that any of these has."""
        found = ArgumentPaths()
        for each in several:
            for name, paths in each.paths.items():
                found.paths[name] |= paths
            found.names |= each.names
            found.anything |= each.anything
            found.loose |= each.loose
        return found

    def allows(self, path: str) -> bool:
        """Return whether any value may stand at a path, by what the schema says of what stands above it."""
        return path in self.anything or _beneath(path, self.anything)

    def may_have(self, path: str) -> bool:
        """Return whether an object above the path may have properties that its schema does not name."""
        return _beneath(path, self.loose)

    def _branches(self, schema: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
        """Yield a schema with its references followed, and those that it combines."""
        self._left -= 1
        if not isinstance(schema, Mapping) or self._left < 0 or depth > MAX_DEPTH:
            yield {}
            return
        given = cast("Mapping[str, Any]", schema)
        if isinstance(reference := given.get("$ref"), str):
            yield from self._branches(_referred(self._root, reference), depth + 1)
        parts = [part for word in _BRANCHES for part in given.get(word, ())]
        parts += [given[word] for word in ("then", "else") if word in given]
        if _OWN & given.keys() or not (parts or "$ref" in given):
            yield given
        for part in parts:
            yield from self._branches(part, depth + 1)

    def _add(self, schema: Any, path: str, *, depth: int, in_list: bool) -> None:
        branches = list(self._branches(schema))
        if depth > MAX_DEPTH:
            self.anything.add(path)
            return
        objects: list[Mapping[str, Any]] = []
        for branch in branches:
            kinds = _types(branch)
            if not kinds:
                self.anything.add(path)
            if kinds & _SCALARS:
                self._scalar(path, number=bool(kinds & {"integer", "number"}), in_list=in_list)
            if "array" in kinds:
                self._array(branch, path, depth=depth)
            if "object" in kinds:
                objects.append(branch)
        if objects:
            self._object(objects, f"{path}[]" if in_list else path, depth=depth, in_list=in_list)

    def _scalar(self, path: str, *, number: bool, in_list: bool) -> None:
        if in_list:
            self.paths["lists"].add(path)
            return
        self.paths["arguments"].add(path)
        if number:
            self.paths["numbers"].add(path)

    def _array(self, schema: Mapping[str, Any], path: str, *, depth: int) -> None:
        self.paths["lists"].add(path)
        items = [schema.get("items", True), *schema.get("prefixItems", ())]
        for item in items:
            if item is not False:
                self._add(item, path, depth=depth + 1, in_list=True)

    def _object(self, branches: Sequence[Mapping[str, Any]], path: str, *, depth: int, in_list: bool) -> None:
        named = [(name, each) for branch in branches for name, each in branch.get("properties", {}).items()]
        for name, schema in named:
            inner = joined(path, name)
            # within a list all that is nested is a list again; only what stands in a list of its own gets a `[]`
            self._property(schema, inner, depth=depth + 1, in_list=in_list)
        more = [branch.get("additionalProperties", branch.get("unevaluatedProperties")) for branch in branches]
        if any(
            (each is not None and each is not False) or "patternProperties" in branch
            for each, branch in zip(more, branches, strict=True)
        ):
            self.anything.add(path)
        elif False not in more:
            self.loose.add(path)

    def _property(self, schema: Any, path: str, *, depth: int, in_list: bool) -> None:
        if not in_list:
            self._add(schema, path, depth=depth, in_list=False)
            return
        inside = ArgumentPaths(_root=self._root, _left=self._left)
        inside._add(schema, path, depth=depth, in_list=False)
        self._left = inside._left
        self.paths["lists"] |= inside.paths["arguments"] | inside.paths["lists"]
        self.anything |= inside.anything
        self.loose |= inside.loose


def _beneath(path: str, tops: set[str]) -> bool:
    return any(not top or path.startswith((f"{top}.", f"{top}[")) for top in tops)


def _types(schema: Mapping[str, Any]) -> set[str]:
    """Return the types that a schema allows; none when it does not say."""
    declared = schema.get("type")
    if isinstance(declared, str):
        return {declared}
    if isinstance(declared, list):
        return {str(each) for each in cast("list[Any]", declared)}
    values: list[Any] = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])]
    if values:
        return {_type_of(value) for value in values}
    return {"object"} if "properties" in schema else set()


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
        case _:
            return "array"


def _referred(root: JSONObject, reference: str) -> Any:
    """Return what a reference within the schema leads to; nothing is fetched."""
    found: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        if part and isinstance(found, Mapping):
            found = cast("Mapping[str, Any]", found).get(part.replace("~1", "/").replace("~0", "~"))
    return found

"""Source: a YAML file as plain values, with the place of every key and value.

Scalars are read by the core schema of YAML 1.2, as editors do: only `true` and `false` are truth values, a date is
text. Anchors, aliases and merge keys (`<<`) are allowed; tags are not, nor is a file that is, or unfolds, too large.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

from agentcore.config.nodes import CORE_TAGS, MAX_DEPTH, Node, Unreadable, compose
from agentcore.config.problem import Place, Problems
from agentcore.domain.json import JSON

MAX_BYTES = 1024 * 1024
MAX_NODES = 50_000
"""Values in one file, those of an anchor counted at each alias."""

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the top of a file."""

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
MAX_DIGITS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file.

    file: its name in messages.  value: the whole.  values, keys: where each value and each key of it stands.
    """

    file: str
    value: Mapping[str, JSON]
    values: Mapping[KeyPath, Place]
    keys: Mapping[KeyPath, Place]

    def place(self, path: KeyPath) -> Place:
        """Return where the value at `path` stands; for one that does not exist, the nearest that holds it."""
        while path not in self.values:
            path = path[:-1]
        return self.values[path]

    def key_place(self, path: KeyPath) -> Place:
        """Return where the key of the value at `path` stands."""
        return self.keys.get(path) or self.place(path)

    def get(self, path: KeyPath) -> JSON:
        """Return the value at `path`, None when there is none."""
        found: Any = self.value
        for part in path:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def mapping(self, path: KeyPath) -> Mapping[str, JSON]:
        """Return the mapping at `path`; an empty one when there is none."""
        found = self.get(path)
        return found if isinstance(found, Mapping) else {}


def read_text(path: Path, file: str, problems: Problems) -> str | None:
    """Return a file's text; None after adding to `problems` what is wrong with it."""
    problems.begin(file)
    here = Place(file=file)
    try:
        if path.stat().st_size > MAX_BYTES:
            problems.error(here, f"the file is larger than {MAX_BYTES // 1024} KiB")
            return None
        data = path.read_bytes()
    except FileNotFoundError:
        problems.error(here, "the file does not exist")
        return None
    except OSError as error:
        problems.error(here, f"the file cannot be read: {(error.strerror or str(error)).lower()}")
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + 1
        problems.error(Place(file=file, line=line, column=column), "the file is not UTF-8; save it in that encoding")
        return None


def read_yaml(path: Path, file: str, problems: Problems) -> Source | None:
    """Return a YAML file whose top level is a mapping.

    Returns None after adding to `problems` what is wrong with it; duplicate keys are added, and the last one counts.
    """
    text = read_text(path, file, problems)
    return None if text is None else parse_yaml(text, file, problems)


def parse_yaml(text: str, file: str, problems: Problems) -> Source | None:
    """As `read_yaml`, for a text."""
    reader = _Reader(file=file, problems=problems)
    try:
        value = reader.top(compose(text, file))
    except Unreadable as error:
        problems.error(error.place, error.message)
        return None
    return Source(file=file, value=cast("Mapping[str, JSON]", value), values=reader.values, keys=reader.keys)


class _Reader:
    """From nodes to plain values and places."""

    def __init__(self, *, file: str, problems: Problems) -> None:
        self.file = file
        self.problems = problems
        self.values: dict[KeyPath, Place] = {}
        self.keys: dict[KeyPath, Place] = {}

    def top(self, node: Node | None) -> JSON:
        """Return a file's value."""
        if node is None or (node.kind == "scalar" and self.scalar(node) is None):
            raise Unreadable(Place(file=self.file), "the file is empty")
        if node.kind != "map":
            raise Unreadable(node.place, "the file must hold keys and their values (`name: …`) at the top")
        return self.read(node, ())

    def read(self, node: Node, path: KeyPath) -> JSON:
        """Return a node's value, which stands at `path`."""
        self.values[path] = node.place
        if len(self.values) > MAX_NODES:
            raise Unreadable(node.place, f"the file unfolds to more than {MAX_NODES} values")
        if len(path) > MAX_DEPTH:
            raise Unreadable(node.place, f"more than {MAX_DEPTH} lists and mappings stand inside one another")
        if node.kind == "scalar":
            return self.scalar(node)
        if node.kind == "seq":
            return [self.read(item, (*path, index)) for index, item in enumerate(node.items)]
        value: dict[str, JSON] = {}
        for key, (key_node, value_node) in self._pairs(node).items():
            self.keys[*path, key] = key_node.place
            value[key] = self.read(value_node, (*path, key))
        return value

    def _pairs(self, node: Node, depth: int = 0) -> dict[str, tuple[Node, Node]]:
        """Return a mapping's entries; its own win over those of a merge key, and there the first."""
        own: dict[str, tuple[Node, Node]] = {}
        merged: dict[str, tuple[Node, Node]] = {}
        for key_node, value_node in zip(node.items[::2], node.items[1::2], strict=True):
            if key_node.kind == "scalar" and key_node.plain and key_node.text == "<<":
                for each in value_node.items if value_node.kind == "seq" else [value_node]:
                    if each.kind != "map" or depth > MAX_DEPTH:
                        raise Unreadable(each.place, "`<<` takes a mapping, or a list of them")
                    merged = {**self._pairs(each, depth + 1), **merged}
                continue
            key = self.scalar(key_node) if key_node.kind == "scalar" else None
            if not isinstance(key, str):
                shown = f"`{key_node.text}`" if key_node.kind == "scalar" else "this"
                self.problems.error(key_node.place, f"a key must be text; put {shown} in quotation marks")
                continue
            if key in own:
                self.problems.error(
                    key_node.place, f"duplicate key `{key}`; it stands in line {own[key][0].place.line} already"
                )
            own[key] = (key_node, value_node)
        return {**merged, **own}

    def scalar(self, node: Node) -> str | int | float | bool | None:
        """Return a scalar's value by the core schema, or by its tag."""
        text = node.text
        tag = CORE_TAGS.get(node.tag or "")
        if tag == "str" or (tag is None and not node.plain):
            return text
        kind = _kind(text)
        if tag in {"float", "int"} and kind in {"float", "int"}:
            kind = tag if tag == "float" else kind
        if tag is not None and tag != kind:
            raise Unreadable(node.place, f"`{text}` is no {tag}")
        match kind:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return self._int(node, text)
            case "float":
                number = (
                    float(text.replace(".inf", "inf").replace(".nan", "nan"))
                    if text[-1] in "0123456789."
                    else math.inf
                )
                if not math.isfinite(number):
                    raise Unreadable(node.place, f"`{text}` is not a finite number")
                return number
            case _:
                return text

    @staticmethod
    def _int(node: Node, text: str) -> int:
        if len(text) > MAX_DIGITS:
            raise Unreadable(node.place, f"a number has at most {MAX_DIGITS} digits")
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)


def _kind(text: str) -> str:
    if _NULL.fullmatch(text):
        return "null"
    if _BOOL.fullmatch(text):
        return "bool"
    if _INT.fullmatch(text):
        return "int"
    return "float" if _FLOAT.fullmatch(text) else "str"

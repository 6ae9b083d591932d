"""Nodes: a YAML file as it is written, each value with its place, before aliases are followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from agentcore.config.problem import Place

MAX_DEPTH = 60
"""Lists and mappings inside one another."""

CORE_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq")}


def compose(text: str, file: str) -> Node | None:
    """Return the node of the one document in a text, None when there is no document. Raises Unreadable."""
    return _Composer(file).compose(text)


class Unreadable(Exception):
    """A file that is not valid YAML, or not of the kind that is read here: where, and why."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


@dataclass(slots=True, kw_only=True)
class Node:
    """kind: scalar, seq or map.  text, plain: a scalar's, unquoted or not.  items: of a seq; of a map by turns."""

    kind: str
    place: Place
    tag: str | None
    text: str = ""
    plain: bool = False
    items: list[Node] = field(default_factory=list["Node"])


class _Composer:
    """Turns events into nodes. PyYAML's own composer crashes the process on deep nesting."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.anchors: dict[str, Node | None] = {}

    def compose(self, text: str) -> Node | None:
        """Return the only document's node, None when there is no document."""
        top: Node | None = None
        try:
            events = iter(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if top is not None:
                        raise Unreadable(
                            self._place(event.start_mark), "a file holds one document; `---` begins another"
                        )
                    top = self._node(next(events), events, 0)
        except yaml.MarkedYAMLError as error:
            raise self._syntax(error, text) from None
        except yaml.reader.ReaderError as error:
            raise self._character(error, text) from None
        return top

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        place = self._place(event.start_mark)
        if depth > MAX_DEPTH:
            raise Unreadable(place, f"more than {MAX_DEPTH} lists and mappings stand inside one another")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(cast("str", event.anchor), place)
        anchor: str | None = event.anchor
        if anchor is not None:
            self.anchors[anchor] = None
        tag: str | None = event.tag
        if tag is not None and tag not in CORE_TAGS and tag != "!":
            raise Unreadable(
                place, f"the tag `{tag.replace('tag:yaml.org,2002:', '!!')}` is not allowed: only plain values are"
            )
        if isinstance(event, yaml.ScalarEvent):
            node = Node(kind="scalar", place=place, tag=tag, text=event.value, plain=event.implicit[0])
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Node(kind="seq", place=place, tag=tag, items=self._items(events, depth, yaml.SequenceEndEvent))
        else:
            node = Node(kind="map", place=place, tag=tag, items=self._items(events, depth, yaml.MappingEndEvent))
        if anchor is not None:
            self.anchors[anchor] = node
        return node

    def _items(self, events: Iterator[Any], depth: int, end: type[Any]) -> list[Node]:
        items: list[Node] = []
        for event in events:
            if isinstance(event, end):
                break
            items.append(self._node(event, events, depth + 1))
        return items

    def _alias(self, anchor: str, place: Place) -> Node:
        if anchor not in self.anchors:
            raise Unreadable(place, f"`*{anchor}` refers to an anchor `&{anchor}` that does not stand before it")
        node = self.anchors[anchor]
        if node is None:
            raise Unreadable(place, f"`*{anchor}` stands inside what it refers to")
        return node

    def _place(self, mark: Any) -> Place:
        return Place(file=self.file, line=mark.line + 1, column=mark.column + 1)

    def _syntax(self, error: yaml.MarkedYAMLError, text: str) -> Unreadable:
        mark: Any = error.problem_mark
        lines = text.splitlines()
        line, column = int(mark.line), int(mark.column)
        found = lines[line][column : column + 1] if line < len(lines) else ""
        if found == "\t":
            return Unreadable(self._place(mark), "a tab cannot indent YAML; use spaces")
        message = f"not valid YAML: {error.problem}"
        context: Any = error.context_mark
        if error.context is not None and context is not None and context.line != mark.line:
            message += f" {error.context} that begins in line {context.line + 1}"
        if found in {"@", "`", "%", "&", "*"} or "mapping values" in (error.problem or ""):
            message += "; put a text with signs of YAML's own in quotation marks"
        return Unreadable(self._place(mark), message)

    def _character(self, error: yaml.reader.ReaderError, text: str) -> Unreadable:
        data = text.encode()[: error.position].decode(errors="ignore")
        line = data.count("\n") + 1
        column = len(data) - (data.rfind("\n") + 1) + 1
        return Unreadable(Place(file=self.file, line=line, column=column), f"not valid YAML: {error.reason}")

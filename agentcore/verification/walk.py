"""Walking JSON values: every node, every text, and the values at a named field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agentcore.domain.json import JSON

Located = tuple[str, JSON]
"""A JSON path such as `$.items[0].price`, and the value there."""


def nodes(value: JSON, path: str = "$") -> Iterator[Located]:
    """Yield the value and everything inside it, outer before inner, with its path. Depth is no limit."""
    waiting: list[Located] = [(path, value)]
    while waiting:
        here, node = waiting.pop()
        yield here, node
        waiting.extend(reversed(_children(here, node)))


def texts_in(value: JSON, path: str = "$") -> Iterator[tuple[str, str]]:
    """Yield every string, with its path."""
    for here, node in nodes(value, path):
        if isinstance(node, str):
            yield here, node


def at_field(value: JSON, field: str) -> tuple[Located, ...]:
    """Return the values at a dotted field, e.g. `order.items.price`; arrays on the way are looked into.

    Empty when there is none.
    """
    found: list[Located] = [("$", value)]
    for key in field.split("."):
        found = [child for here, node in found for child in _named(here, node, key)]
    return tuple(found)


def at_key(value: JSON, keys: frozenset[str]) -> tuple[Located, ...]:
    """Return the values under any of the keys, however deep."""
    return tuple(
        (f"{here}.{key}", child)
        for here, node in nodes(value)
        if isinstance(node, Mapping)
        for key, child in node.items()
        if key in keys
    )


def _children(path: str, node: JSON) -> list[Located]:
    if isinstance(node, Mapping):
        return [(f"{path}.{key}", child) for key, child in node.items()]
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [(f"{path}[{index}]", child) for index, child in enumerate(node)]
    return []


def _named(path: str, node: JSON, key: str) -> list[Located]:
    if isinstance(node, Mapping):
        return [(f"{path}.{key}", node[key])] if key in node else []
    if isinstance(node, Sequence) and not isinstance(node, str):
        return [child for index, item in enumerate(node) for child in _named(f"{path}[{index}]", item, key)]
    return []

"""Endorsement: an output that has no room for anybody's words may count as its agent's own.

A step that has read a web page is of that page, and so is all that is made of it. Where it can only have said one of a
few things (a category, yes or no, a number), no text of the page has come through, and a project may have an agent
endorse its outputs: `endorse: true`. What the page could still choose is which of those things.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from agentcore.domain.json import JSONObject
from agentcore.domain.label import Label

_CLOSED: Final = frozenset({"boolean", "integer", "number", "null"})
_BRANCHES: Final = ("anyOf", "oneOf", "allOf")


def is_closed(schema: JSONObject) -> bool:
    """Return whether a JSON Schema leaves no room for text: only enumerations, numbers, true, false and null.

    An object must name all its properties and forbid others, or it is open. References are not followed: open.
    """
    if "enum" in schema or "const" in schema:
        return True
    branches = [branch for word in _BRANCHES for branch in cast("list[Any]", schema.get(word, ()))]
    if branches:
        return all(isinstance(branch, Mapping) and is_closed(cast("JSONObject", branch)) for branch in branches)
    kinds = schema.get("type")
    several = {kinds} if isinstance(kinds, str) else set(cast("list[str]", kinds or ()))
    return bool(several) and all(kind in _CLOSED or _holds_closed(kind, schema) for kind in several)


def endorsed(label: Label, agent: str) -> Label:
    """Return the label of an output that its agent endorses: from the agent alone, and nothing found in it.

    It is as confidential as before: a category may tell what it was made of.
    """
    return Label(sources=frozenset({f"agent:{agent}"}), confidentiality=label.confidentiality)


def is_endorsed(label: Label) -> bool:
    """Return whether a label is of an output that its agent endorses: nothing else has an agent as its only source."""
    return len(label.sources) == 1 and next(iter(label.sources)).startswith("agent:")


def _holds_closed(kind: str, schema: JSONObject) -> bool:
    match kind:
        case "array":
            items = schema.get("items")
            return isinstance(items, Mapping) and is_closed(items) and "prefixItems" not in schema
        case "object":
            inner = schema.get("properties")
            if not isinstance(inner, Mapping) or schema.get("additionalProperties") is not False:
                return False
            return all(isinstance(each, Mapping) and is_closed(each) for each in inner.values())
        case _:
            return False

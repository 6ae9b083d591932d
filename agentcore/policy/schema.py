"""The Cedar schema: what a policy can ask about. Policies are checked against it when they are loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from agentcore.domain.agent import Role
from agentcore.domain.decision import Action
from agentcore.domain.effect import Safety
from agentcore.domain.label import Confidentiality

RESOURCE_TYPES: Final[Mapping[Action, str]] = {
    "plan": "Run",
    "delegate": "Agent",
    "call_model": "Model",
    "call_tool": "Tool",
    "release": "Output",
}
"""Action → entity type of its resource."""

ENUMERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Role": tuple(Role),
    "Safety": tuple(Safety),
    "Confidentiality": tuple(level.name.lower() for level in Confidentiality),
}
"""Entity types whose entities are known → all of them."""

_FACTS: Final[Mapping[str, str]] = {
    "tenant": "String",
    "user": "String",
    "purpose": "String",
    "declared": "Bool",
    "confidentiality": "Confidentiality",
    "sources": "Set<String>",
    "findings": "Set<String>",
    "budget_micro_usd?": "Long",
    "hour": "Long",
    "weekday": "Long",
}
TIME_FACTS: Final = ("hour", "weekday")
"""Names of the attributes of `context` that say when it is."""

_ARGUMENT_FACTS: Final[Mapping[str, str]] = {
    "argument_names": "Set<String>",
    "arguments": "Arguments",
    "numbers": "Numbers",
    "lists": "Lists",
    "origins": "Origins",
}
_FLOW_FACTS: Final[Mapping[Action, Mapping[str, str]]] = {
    "call_tool": {
        "untrusted": "Set<String>",
        "delegated": "Set<String>",
        "foreign_links": "Set<String>",
        "in_scope": "Bool",
        "calls": "Long",
        "approved_by": "Set<String>",
    },
    "release": {"foreign_links": "Set<String>"},
}
FLOW_FACTS: Final = frozenset(name for facts in _FLOW_FACTS.values() for name in facts)
"""Names of the attributes of `context` that are about where a call's data has come from, and what the task needs."""

ARGUMENT_FACTS: Final = frozenset(_ARGUMENT_FACTS)
"""Names of the attributes of `context` that are made from a tool's arguments."""


def context_attributes(action: Action) -> frozenset[str]:
    """Return the names of the attributes that `context` has for an action."""
    return frozenset(name.removesuffix("?") for name in _context(action))


def cedar_schema() -> str:
    """Return the schema as Cedar text."""
    lines = [
        *(f"entity {type_} enum {json.dumps(names)};" for type_, names in ENUMERATIONS.items()),
        "entity Run;",
        "entity Output;",
        "entity Agent = { role: Role };",
        "entity Model = { family: String, provider: String, local: Bool, region: String };",
        "entity Tool = { safety: Safety };",
        "entity Arguments tags String;",
        "entity Numbers tags Long;",
        "entity Lists tags Set<String>;",
        "entity Origins tags Set<String>;",
    ]
    for action, resource in RESOURCE_TYPES.items():
        context = ", ".join(f"{name}: {type_}" for name, type_ in _context(action).items())
        scope = f"principal: [Agent], resource: [{resource}], context: {{ {context} }}"
        lines.append(f"action {action} appliesTo {{ {scope} }};")
    return "\n".join(lines)


def _context(action: Action) -> Mapping[str, str]:
    arguments = _ARGUMENT_FACTS if action == "call_tool" else {}
    return {**_FACTS, **arguments, **_FLOW_FACTS.get(action, {})}

"""Partial evaluation: whether a policy applies to what an agent can ask for, before anything of a run is known.

Three answers: it applies whatever the facts of the run will be, it never does, or that depends on them. What is not
understood here counts as a fact that is not known, so that nothing wrong follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from agentcore.policy.asks import Ask, Known
from agentcore.policy.facts import Uid
from agentcore.policy.parsed import ParsedPolicy


def applies(policy: ParsedPolicy, ask: Ask) -> bool | None:
    """Return whether the policy applies; None when that depends on facts that only a run has."""
    form = policy.form
    parts = [
        _in_scope(form["principal"], Uid("Agent", ask.agent)),
        _in_scope(form["action"], Uid("Action", ask.action)),
        _in_scope(form["resource"], ask.resource),
    ]
    for condition in form["conditions"]:
        met = _truth(_value(condition["body"], ask))
        parts.append(met if condition["kind"] == "when" else _not(met))
    return _all(parts)


def _in_scope(scope: Mapping[str, Any], who: Uid) -> bool | None:
    match scope:
        case {"op": "All"}:
            return True
        case {"op": "==" | "in", "entity": {"type": str(type_), "id": str(id_)}}:
            return _same(who, Uid(type_, id_))
        case {"op": "in", "entities": [*some]}:
            each = [_same(who, Uid(entity["type"], entity["id"])) for entity in cast("list[dict[str, str]]", some)]
            return _any(each)
        case {"op": "is", "entity_type": type_, **rest}:
            inner: Any = rest.get("in")
            within = True if inner is None else _in_scope({"op": "in", **inner}, who)
            return _all([type_ == who.type, within])
        case _:
            return None


def _same(who: Uid, other: Uid) -> bool | None:
    if who.type != other.type:
        return False
    return who.id == other.id if who.id else None


def _value(node: Any, ask: Ask) -> Known:
    match node:
        case {"Value": {"__entity": {"type": str(type_), "id": str(id_)}}}:
            return Uid(type_, id_)
        case {"Value": bool() | int() | str() as literal}:
            return literal
        case {"Set": [*items]}:
            values = [_value(item, ask) for item in items]
            return None if None in values else tuple(values)
        case {"Var": str(name)}:
            return _variable(name, ask)
        case {".": {"left": {"Var": "context"}, "attr": "declared"}}:
            return True  # all that is asked for here is declared
        case {".": {"left": left, "attr": str(name)}}:
            return _attribute(_value(left, ask), name, ask)
        case {"if-then-else": {"if": test, "then": then, "else": otherwise}}:
            met = _truth(_value(test, ask))
            return None if met is None else _value(then if met else otherwise, ask)
        case {"!": {"arg": inner}}:
            return _not(_truth(_value(inner, ask)))
        case {"is": {"left": {"Var": "principal" | "resource" as name}, "entity_type": str(type_), **rest}}:
            who = Uid("Agent", ask.agent) if name == "principal" else ask.resource
            within = _within(_variable(name, ask), _value(rest["in"], ask)) if "in" in rest else True
            return _all([type_ == who.type, within])
        case _:
            return _binary(node, ask)


def _variable(name: str, ask: Ask) -> Known:
    match name:
        case "principal":
            return Uid("Agent", ask.agent)
        case "action":
            return Uid("Action", ask.action)
        case "resource":
            return ask.resource if ask.resource.id else None
        case _:
            return None


def _attribute(of: Known, name: str, ask: Ask) -> Known:
    if of == Uid("Agent", ask.agent) and name == "role":
        return Uid("Role", ask.role.value)
    return ask.attributes.get(name) if of == ask.resource else None


def _binary(node: Any, ask: Ask) -> bool | None:
    match node:
        case {"&&": {"left": left, "right": right}}:
            return _all([_truth(_value(left, ask)), _truth(_value(right, ask))])
        case {"||": {"left": left, "right": right}}:
            return _any([_truth(_value(left, ask)), _truth(_value(right, ask))])
        case {"==": {"left": left, "right": right}}:
            return _equal(_value(left, ask), _value(right, ask))
        case {"!=": {"left": left, "right": right}}:
            return _not(_equal(_value(left, ask), _value(right, ask)))
        case {"in": {"left": left, "right": right}}:
            return _within(_value(left, ask), _value(right, ask))
        case {"contains": {"left": left, "right": right}}:
            some, one = _value(left, ask), _value(right, ask)
            return one in some if isinstance(some, tuple) and not isinstance(some, Uid) and one is not None else None
        case _:
            return None


def _equal(one: Known, other: Known) -> bool | None:
    if one is None or other is None:
        return None
    if isinstance(one, tuple) and isinstance(other, tuple) and not isinstance(one, Uid):
        return set(one) == set(other)  # sets have no order
    return one == other


def _within(one: Known, other: Known) -> bool | None:
    """No entity of ours has parents: it is in itself, and in a set that has it."""
    if one is None or other is None:
        return None
    return one in other if isinstance(other, tuple) and not isinstance(other, Uid) else one == other


def _truth(value: Known) -> bool | None:
    return value if isinstance(value, bool) else None


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _all(values: Iterable[bool | None]) -> bool | None:
    found = set(values)
    return False if False in found else None if None in found else True


def _any(values: Iterable[bool | None]) -> bool | None:
    found = set(values)
    return True if True in found else None if None in found else False

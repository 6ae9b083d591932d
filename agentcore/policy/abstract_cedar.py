"""Interpreter: Cedar's policies over an AbstractRequest. Sound: what it calls certain is so for every real request.

It reads the JSON format of Cedar's policies. What it does not know (an extension's function, an operator of a later
Cedar) can come to anything, an error included.

Two things are taken as given, as no other policies are loaded: Cedar's validator has found them to be well-typed, and
a read of an optional attribute or a tag stands behind a test that it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from itertools import product
from typing import Any, Final, cast

from agentcore.policy.abstract import (
    ANYTHING,
    ANYTHING_OR_ERROR,
    EITHER,
    ERROR,
    FALSE,
    TRUE,
    Outcome,
    SomeSet,
    Truths,
)
from agentcore.policy.abstract_request import AbstractRequest, Effect, Judgement, ParsedPolicies, judged
from agentcore.policy.facts import Uid
from agentcore.policy.obligations import ANNOTATION

_LONG: Final = range(-(2**63), 2**63)

_ORDER: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_ARITHMETIC: Final[Mapping[str, Callable[[int, int], int]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
}


class _Record(tuple[tuple[str, Outcome], ...]):
    """A record that a policy writes: attribute → what it can be."""

    __slots__ = ()


_CONTEXT: Final = object()
"""Stands for `context` itself."""


def judge(policies: ParsedPolicies, request: AbstractRequest) -> Judgement:
    """Return what the policies make of a request."""
    return judged([(id, _effect(policy), applies(policy, request)) for id, policy in policies.items()])


def _effect(policy: Mapping[str, Any]) -> Effect:
    return "ask" if ANNOTATION in policy.get("annotations", {}) else policy["effect"]


def in_scope(policy: Mapping[str, Any], *, principal: Uid, action: Uid, resource: Uid) -> bool:
    """Tell whether a policy can apply to these, by its first line alone."""
    named = (("principal", principal), ("action", action), ("resource", resource))
    return all(True in _scope(policy[key], uid).truths for key, uid in named)


def applies(policy: Mapping[str, Any], request: AbstractRequest) -> Outcome:
    """Return whether a policy, in Cedar's JSON format, applies to a request."""
    return _Evaluation(request).policy(policy)


class _Evaluation:
    def __init__(self, request: AbstractRequest) -> None:
        self._request = request

    def policy(self, policy: Mapping[str, Any]) -> Outcome:
        request = self._request
        action = Uid("Action", request.action)
        whole = Outcome.known(value=True)
        for key, uid in (("principal", request.principal), ("action", action), ("resource", request.resource)):
            whole = _and(whole, partial(_scope, policy[key], uid))
        for condition in policy.get("conditions", ()):
            whole = _and(whole, partial(self._condition, condition))
        return whole

    def _condition(self, condition: Mapping[str, Any]) -> Outcome:
        outcome = self.evaluate(condition["body"])
        return _not(outcome) if condition["kind"] == "unless" else outcome

    def evaluate(self, node: Mapping[str, Any]) -> Outcome:
        """Return what an expression can come to."""
        (kind, inner), *more = node.items()
        if more:
            return ANYTHING_OR_ERROR
        match kind:
            case "Value":
                return Outcome.known(_literal(inner)) if _is_plain(inner) else ANYTHING_OR_ERROR
            case "Var":
                return self._variable(inner)
            case "&&":
                return _and(self.evaluate(inner["left"]), lambda: self.evaluate(inner["right"]))
            case "||":
                left = _not(self.evaluate(inner["left"]))
                return _not(_and(left, lambda: _not(self.evaluate(inner["right"]))))
            case "!":
                return _not(self.evaluate(inner["arg"]))
            case "if-then-else":
                return self._choice(inner)
            case "." | "has":
                return self._attribute(kind, self.evaluate(inner["left"]), inner["attr"])
            case "is":
                return self._is(inner)
            case "like":
                return self._like(inner)
            case "Set":
                return self._set([self.evaluate(each) for each in inner])
            case "Record":
                record = _Record((name, self.evaluate(each)) for name, each in inner.items())
                return Outcome.known(record).after(*(each for _, each in record))
            case "neg" | "isEmpty":
                return self._unary(kind, self.evaluate(inner["arg"]))
            case _:
                return self._other(kind, inner)

    def _other(self, kind: str, inner: Any) -> Outcome:
        match inner:
            case {"left": left, "right": right}:
                return self._binary(kind, self.evaluate(left), self.evaluate(right))
            case _:
                return ANYTHING_OR_ERROR

    def _variable(self, name: str) -> Outcome:
        request = self._request
        match name:
            case "principal":
                return Outcome.known(request.principal)
            case "action":
                return Outcome.known(Uid("Action", request.action))
            case "resource":
                return Outcome.known(request.resource)
            case "context":
                return Outcome.known(_CONTEXT)
            case _:
                return ANYTHING_OR_ERROR

    def _choice(self, parts: Mapping[str, Any]) -> Outcome:
        test = self.evaluate(parts["if"])
        branches = [("then", True), ("else", False)]
        taken = [self.evaluate(parts[branch]) for branch, truth in branches if truth in test.truths]
        return Outcome.any_of(taken).after(test)

    def _attribute(self, kind: str, of: Outcome, name: str) -> Outcome:
        if of.values is None:
            return _truth(EITHER).after(of) if kind == "has" else ANYTHING_OR_ERROR
        read = self._test if kind == "has" else self._read
        return Outcome.any_of([read(value, name) for value in of.values]).after(of)

    def _test(self, value: Hashable, name: str) -> Outcome:
        if value is _CONTEXT:
            there = name in self._request.context
            return _truth(EITHER if there and name in self._request.optional else TRUE if there else FALSE)
        if isinstance(value, _Record):
            return Outcome.known(any(name == each for each, _ in value))
        if isinstance(value, Uid):
            return Outcome.known(name in self._request.entities.get(value, {}))
        return _truth(EITHER)

    def _read(self, value: Hashable, name: str) -> Outcome:
        if value is _CONTEXT:
            return self._request.context.get(name, ERROR)
        if isinstance(value, _Record):
            return next((outcome for each, outcome in value if each == name), ERROR)
        if isinstance(value, Uid):
            return self._request.entities.get(value, {}).get(name, ERROR)
        return ANYTHING_OR_ERROR

    def _is(self, parts: Mapping[str, Any]) -> Outcome:
        left = self.evaluate(parts["left"])
        if left.values is None:
            return _truth(EITHER).after(left)
        typed = Outcome(
            frozenset({isinstance(each, Uid) and each.type == parts["entity_type"] for each in left.values})
        )
        whole = typed.after(left)
        if "in" not in parts:
            return whole
        return _and(whole, lambda: self._binary("in", left, self.evaluate(parts["in"])))

    def _like(self, parts: Mapping[str, Any]) -> Outcome:
        left = self.evaluate(parts["left"])
        if left.values is None or not all(isinstance(each, str) for each in left.values):
            return _truth(EITHER).after(left)
        texts = cast("frozenset[str]", left.values)
        return _truth(frozenset({_matches(text, parts["pattern"]) for text in texts})).after(left)

    def _set(self, items: list[Outcome]) -> Outcome:
        single = [next(iter(each.values)) for each in items if each.values is not None and len(each.values) == 1]
        must = frozenset(value for value in single if not _opaque(value))
        is_whole = sum(not _opaque(value) for value in single) == len(items)
        return Outcome.known(must if is_whole else SomeSet(must=must)).after(*items)

    def _unary(self, kind: str, of: Outcome) -> Outcome:
        results: list[Outcome] = []
        for value in of.values if of.values is not None else [None]:
            if kind == "isEmpty":
                some = SomeSet.of(value)
                results.append(_truth(EITHER if some is None else some.empty))
            else:
                results.append(_long(-value) if isinstance(value, int) else ANYTHING_OR_ERROR)
        return Outcome.any_of(results).after(of)

    def _binary(self, kind: str, left: Outcome, right: Outcome) -> Outcome:
        pairs = product(_listed(left), _listed(right))
        return Outcome.any_of([self._pair(kind, a, b) for a, b in pairs]).after(left, right)

    def _pair(self, kind: str, a: Hashable, b: Hashable) -> Outcome:
        match kind:
            case "==":
                return _truth(_equal(a, b))
            case "!=":
                return _not(_truth(_equal(a, b)))
            case "in":
                return _truth(_in(a, b))
            case "<" | "<=" | ">" | ">=":
                if isinstance(a, int) and isinstance(b, int):
                    return _truth(frozenset({_ORDER[kind](a, b)}))
                return _truth(EITHER)
            case "+" | "-" | "*":
                if isinstance(a, int) and isinstance(b, int):
                    return _long(_ARITHMETIC[kind](a, b))
                return ANYTHING_OR_ERROR
            case "contains" | "containsAll" | "containsAny":
                return _truth(_contains(kind, a, b))
            case "hasTag":
                tags = self._tags(a)
                return _truth(EITHER if tags is None or not isinstance(b, str) else frozenset({b in tags}))
            case "getTag":
                tags = self._tags(a)
                return ANYTHING if tags is None or not isinstance(b, str) else tags.get(b, ERROR)
            case _:
                return ANYTHING_OR_ERROR

    def _tags(self, of: Hashable) -> Mapping[str, Outcome] | None:
        return self._request.tags.get(of) if isinstance(of, Uid) else None


def _scope(scope: Mapping[str, Any], uid: Uid) -> Outcome:
    match scope:
        case {"op": "All"}:
            return Outcome.known(value=True)
        case {"op": "==" | "in", "entity": {"type": str(type_), "id": str(id_)}}:
            return Outcome.known(uid == Uid(type_, id_))
        case {"op": "in", "entities": [*some]}:
            return Outcome.known(any(uid == Uid(each["type"], each["id"]) for each in some))
        case {"op": "is", "entity_type": str(type_), "in": {"entity": {"type": str(of), "id": str(id_)}}}:
            return Outcome.known(uid.type == type_ and uid == Uid(of, id_))
        case {"op": "is", "entity_type": str(type_)} if "in" not in scope:
            return Outcome.known(uid.type == type_)
        case _:
            return ANYTHING_OR_ERROR


_UNKNOWN: Final = object()
"""Stands for any value, where values are taken one by one."""


def _listed(outcome: Outcome) -> list[Hashable]:
    return [_UNKNOWN] if outcome.values is None else list(outcome.values)


def _truth(truths: Truths) -> Outcome:
    return Outcome(frozenset(truths))


def _not(outcome: Outcome) -> Outcome:
    return Outcome(frozenset(not truth for truth in outcome.truths), outcome.fails)


def _and(left: Outcome, right: Callable[[], Outcome]) -> Outcome:
    if True not in left.truths:
        return Outcome(frozenset(left.truths), left.fails)
    then = right()
    return Outcome(frozenset((left.truths & FALSE) | then.truths), left.fails or then.fails)


def _long(value: int) -> Outcome:
    return Outcome.known(value) if value in _LONG else ERROR


def _equal(a: Hashable, b: Hashable) -> Truths:
    left, right = SomeSet.of(a), SomeSet.of(b)
    if left is not None and right is not None:
        return left.equals(right)
    return EITHER if a is _UNKNOWN or b is _UNKNOWN or _opaque(a) or _opaque(b) else frozenset({a == b})


def _opaque(value: Hashable) -> bool:
    """Tell whether a value may be another one than what looks the same here."""
    return value is _CONTEXT or isinstance(value, (_Record, SomeSet))


def _in(a: Hashable, b: Hashable) -> Truths:
    """No entity has parents here: one is in itself, and in a set that it is in."""
    if a is _UNKNOWN or b is _UNKNOWN:
        return EITHER
    some = SomeSet.of(b)
    return frozenset({a == b}) if some is None else some.has(a)


def _contains(kind: str, a: Hashable, b: Hashable) -> Truths:
    left = SomeSet.of(a)
    if kind == "contains":
        return EITHER if left is None or b is _UNKNOWN or _opaque(b) else left.has(b)
    right = SomeSet.of(b)
    left, right = left or SomeSet(), right or SomeSet()
    return right.within(left) if kind == "containsAll" else left.meets(right)


def _is_plain(value: Any) -> bool:
    match value:
        case bool() | int() | str() | {"__entity": {"type": str(), "id": str()}}:
            return True
        case [*items]:
            return all(_is_plain(item) for item in items)
        case _:
            return False


def _literal(value: Any) -> Hashable:
    match value:
        case {"__entity": {"type": str(type_), "id": str(id_)}}:
            return Uid(type_, id_)
        case [*items]:
            return frozenset(_literal(item) for item in items)
        case _:
            return value


def _matches(text: str, pattern: list[Any]) -> bool:
    """Tell whether a text is like a pattern: its literals one after the other, anything where wildcards stand."""
    parts = [""]
    for part in pattern:
        if part == "Wildcard":
            parts.append("")
        else:
            parts[-1] += part["Literal"]
    first, *rest = parts
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(rest[-1]) and len(text) - len(rest[-1]) >= at

"""Obligations as annotations of policies.

    @id("large-refunds-are-approved")
    @obligation("approve")
    @approvers("lead, cfo")
    @due_seconds("86400")
    @on_due("escalate")
    permit (principal, action == Action::"call_tool", resource == Tool::"refund")
    when { context.numbers.hasTag("amount") && context.numbers.getTag("amount") > 100000000 };

Such a policy permits nothing: `permit` means here that it applies. All that apply to a permitted request are heeded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never, cast, get_args

from agentcore.domain.approval_rule import ApprovalRule, OnDue
from agentcore.domain.decision import Action
from agentcore.domain.nearest import unknown
from agentcore.domain.obligation import (
    Approve,
    Downgrade,
    Limit,
    LimitKey,
    Mask,
    Notify,
    Obligation,
    ObligationKind,
    Redact,
    Verify,
)

ANNOTATION: Final = "obligation"

MOST_CALLS: Final = 100_000
"""The highest rate that can be counted: each call within the time is remembered."""

ROOTS: Final[Mapping[Action, tuple[str, ...]]] = {
    "call_tool": ("arguments", "result"),
    "call_model": ("prompt", "reply"),
}
"""Action → what can be masked of it."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What an obligation can be about, and its parameters. actions: None is every action."""

    actions: tuple[Action, ...] | None
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


_KINDS: Final[Mapping[ObligationKind, _Kind]] = {
    "approve": _Kind(("call_tool",), may=("approvers", "due_seconds", "on_due")),
    "redact": _Kind(("call_model", "call_tool", "release"), needs=("types",)),
    "verify": _Kind(("delegate", "release"), needs=("verifiers",)),
    "downgrade": _Kind(("call_model",), needs=("to",)),
    "limit": _Kind(("call_model", "call_tool"), needs=("rate", "per"), may=("by",)),
    "mask": _Kind(("call_model", "call_tool"), may=("fields",)),
    "notify": _Kind(None, may=("to",)),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a policy that asks for something. at: its tokens that are meant; none is the whole policy."""

    message: str
    at: tuple[str, ...] = ()


def problems(policy: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the annotations of a policy in Cedar's JSON form that asks for something."""
    given = _given(policy)
    name = given[ANNOTATION]
    if policy["effect"] != "permit":
        yield Problem(
            "a policy with @obligation must be a permit, which means here that it applies", (policy["effect"],)
        )
    kind = _KINDS.get(cast("ObligationKind", name))
    if kind is None:
        yield Problem(unknown("obligation", name, _KINDS), _at(ANNOTATION))
        return
    yield from _scope_problems(name, kind, policy["action"])
    known = {*kind.needs, *kind.may}
    for each in given:
        if each not in {"id", ANNOTATION, *known}:
            yield Problem(f'{unknown("annotation", each, known)} (of @obligation("{name}"))', _at(each))
    for each in kind.needs:
        if each not in given:
            yield Problem(f'@obligation("{name}") needs @{each}("…")', _at(ANNOTATION))
    for each in known & given.keys():
        wrong = _CHECKS[each](given[each])
        if wrong:
            yield Problem(f"@{each} {wrong}, not {given[each]!r}", _at(each))
    if "on_due" in given and "due_seconds" not in given:
        yield Problem("@on_due needs @due_seconds", _at("on_due"))
    if name == "mask":
        yield from _field_problems(given.get("fields", ""), policy["action"])


def obligation(id_: str, policy: Mapping[str, Any]) -> Obligation:
    """Return what a policy asks for; it has no problems."""
    given = _given(policy)
    kind = cast("ObligationKind", given[ANNOTATION])
    match kind:
        case "approve":
            rule = ApprovalRule(
                approvers=_names(given.get("approvers", "")),
                due_seconds=_seconds(given.get("due_seconds", "")),
                on_due=cast("OnDue", given.get("on_due", "reject")),
            )
            return Approve(policy=id_, rule=rule)
        case "redact":
            return Redact(policy=id_, types=_names(given["types"]))
        case "verify":
            return Verify(policy=id_, verifiers=int(given["verifiers"]))
        case "downgrade":
            return Downgrade(policy=id_, to=_names(given["to"]))
        case "limit":
            by = cast("LimitKey", given.get("by", "run"))
            return Limit(policy=id_, calls=int(given["rate"]), seconds=_seconds(given["per"]) or 0.0, by=by)
        case "mask":
            return Mask(policy=id_, parts=_names(given.get("fields", "")))
        case "notify":
            return Notify(policy=id_, to=_names(given.get("to", "")))
        case _ as unreachable:
            assert_never(unreachable)


def _given(policy: Mapping[str, Any]) -> dict[str, str]:
    """Return the annotations; one without a value, `@mask`, has the empty text."""
    return {name: value or "" for name, value in policy["annotations"].items()}


def _at(annotation: str) -> tuple[str, ...]:
    return ("@", annotation)


def _scope_problems(name: str, kind: _Kind, scope: Mapping[str, Any]) -> Iterator[Problem]:
    if kind.actions is None:
        return
    named = _actions(scope)
    allowed = " or ".join(f'Action::"{each}"' for each in kind.actions)
    if not named:
        yield Problem(f'a policy with @obligation("{name}") must say `action == …` with {allowed}')
    for each in named:
        if each not in kind.actions:
            message = f'a policy with @obligation("{name}") must say `action == …` with {allowed}, not "{each}"'
            yield Problem(message, ("Action", "::", f'"{each}"'))


def _actions(scope: Mapping[str, Any]) -> list[str]:
    """Return the actions that a policy's first line names; none when it names no action."""
    match scope:
        case {"op": "==" | "in", "entity": {"id": str(id_)}}:
            return [id_]
        case {"op": "in", "entities": [*some]}:
            return [each["id"] for each in some]
        case _:
            return []


def _field_problems(text: str, scope: Mapping[str, Any]) -> Iterator[Problem]:
    known = {root for action in _actions(scope) for root in ROOTS.get(cast("Action", action), ())}
    for field in _names(text):
        root, _, path = field.partition(".")
        if root not in known:
            yield Problem(unknown("field", root, known), _at("fields"))
        elif path and root in ROOTS["call_model"]:
            yield Problem(f"@fields: `{root}` is masked as a whole, it has no `{path}`", _at("fields"))


def _names(text: str) -> tuple[str, ...]:
    """Return the names in a text that separates them by commas, each once."""
    return tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))


def _some_names(text: str) -> str:
    return "" if _names(text) else "must name something"


def _count(text: str) -> str:
    if text.isascii() and text.isdigit() and 0 < int(text) <= MOST_CALLS:
        return ""
    return f"must be a whole number from 1 to {MOST_CALLS}"


def _one_of(*words: str) -> Callable[[str], str]:
    return lambda text: "" if text in words else f"must be one of {', '.join(words)}"


_CHECKS: Final[Mapping[str, Callable[[str], str]]] = {
    "approvers": lambda _: "",
    "due_seconds": lambda text: "" if _seconds(text) else "must be a number above 0",
    "on_due": _one_of(*get_args(OnDue)),
    "types": _some_names,
    "verifiers": _count,
    "to": _some_names,
    "rate": _count,
    "per": lambda text: "" if _seconds(text) else "must be a number of seconds above 0",
    "by": _one_of(*get_args(LimitKey)),
    "fields": _some_names,
}
"""Annotation → what its text must be, when it is not that."""


def _seconds(text: str) -> float | None:
    """Return a number above 0, None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None

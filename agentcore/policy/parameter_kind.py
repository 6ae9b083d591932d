"""ParameterKind: what a parameter of a policy template takes, and how its value stands in Cedar.

Whatever a value is, it stays inside the literal that it is written into: a text cannot end its quotes or its line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from agentcore.domain.duration import seconds_of

_LIST: Final = "list of "
_LARGEST: Final = 2**63 - 1
_OWN_NAMES: Final = frozenset(
    {"agent", "argument", "detector", "model", "provider", "purpose", "region", "source", "tenant", "tool"}
)
"""Kinds of names. All are texts; which of them a project has is for `agentcore policy check` to say."""

_ENTITIES: Final = {"agent": "Agent", "model": "Model", "tool": "Tool"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterKind:
    """A kind, by its name in a template.

    quoted: its value stands inside quotes in a template, else it is a literal of its own.
    cedar: a value as a person writes it → Cedar; raises ValueError, whose message says what is wrong.
    """

    name: str
    quoted: bool
    cedar: Callable[[str], str]

    @staticmethod
    def of(name: str) -> ParameterKind:
        """Return the kind of a name, such as `agent` or `list of agent`. Raises ValueError when there is none."""
        if name in _OWN_NAMES:
            return ParameterKind(name=name, quoted=True, cedar=_text)
        if name.startswith(_LIST) and name.removeprefix(_LIST) in _OWN_NAMES:
            type_ = _ENTITIES.get(name.removeprefix(_LIST))
            return ParameterKind(name=name, quoted=False, cedar=lambda value: _set(value, type_))
        match name:
            case "people":
                return ParameterKind(name=name, quoted=True, cedar=lambda value: ", ".join(map(_text, _listed(value))))
            case "duration":
                return ParameterKind(name=name, quoted=True, cedar=_seconds)
            case "amount":
                return ParameterKind(name=name, quoted=False, cedar=_millionths)
            case "usd":
                return ParameterKind(name=name, quoted=False, cedar=_dollars)
            case _:
                raise ValueError(f"{name!r} is no kind of parameter")


def escaped(text: str) -> str:
    """Return a text as it stands inside the quotes of a Cedar string, on one line. Raises ValueError."""
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    match unicodedata.category(character):
        case "Cs":
            raise ValueError("is not text")
        case "Cc" | "Cf" | "Zl" | "Zp":  # what ends a line, and what a reader does not see
            return f"\\u{{{ord(character):x}}}"
        case _:
            return character


def _text(value: str) -> str:
    text = value.strip()
    if not text:
        raise ValueError("is empty")
    return escaped(text)


def _listed(value: str) -> list[str]:
    return value.split(",")


def _set(value: str, type_: str | None) -> str:
    prefix = "" if type_ is None else f"{type_}::"
    literals = [f'{prefix}"{_text(each)}"' for each in _listed(value)]
    return f"[{', '.join(literals)}]"


def _seconds(value: str) -> str:
    seconds = seconds_of(value)
    if not seconds:
        raise ValueError("must be more than nothing")
    return str(int(seconds) if seconds.is_integer() else seconds)


def _millionths(value: str) -> str:
    try:
        scaled = Decimal(value.strip()) * 1_000_000
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not scaled.is_finite() or abs(scaled) > _LARGEST or scaled != scaled.to_integral_value():
        raise ValueError("must be a number with at most 6 decimals, and not larger than 64 bits hold in millionths")
    return str(int(scaled))


def _dollars(value: str) -> str:
    micro = _millionths(value)
    if micro.startswith("-"):
        raise ValueError("must be 0 or more")
    return micro

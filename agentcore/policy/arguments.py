"""ToolArguments: a tool's JSON arguments in the types that Cedar has.

Cedar has no floats, no nulls and no loops, and its schema wants to know every attribute, while arguments are any JSON
object. So they become three typed maps from path to value, whose entries a policy reads with `hasTag` and `getTag`;
Cedar's validator refuses a `getTag` that no `hasTag` guards.

    {"to": ["a@x", "b@x"], "amount": 12.5, "note": {"text": "hi"}, "cc": null}

    texts    amount → "12.5"   note.text → "hi"        every scalar outside lists, as text
    numbers  amount → 12500000                         every number outside lists, in millionths
    lists    to → {"a@x", "b@x"}                       every scalar inside a list, as text; in objects: `to[].name`
    names    {"to", "amount", "note", "cc"}            top-level keys; null has no other trace
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal
from typing import Final

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.json_path import joined

MAX_DEPTH: Final = 16
MAX_VALUES: Final = 2_000
MAX_TEXT: Final = 200_000
_MICRO: Final = 1_000_000
_LONG_MAX: Final = 2**63 - 1


@dataclass(slots=True, kw_only=True)
class ToolArguments:
    r"""See the module. A `.`, `[` or `\` in a key is preceded by `\` in its path, so that no two values share one."""

    names: list[str] = field(default_factory=list[str])
    texts: dict[str, str] = field(default_factory=dict[str, str])
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    lists: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    values: int = 0
    characters: int = 0

    @staticmethod
    def of(arguments: JSONObject) -> ToolArguments:
        """Return the maps for these arguments.

        Raises ValueError when they are nested more than 16 deep, have more than 2,000 values or 200,000 characters, or
        contain an infinite number: what cannot be shown to a policy whole must not pass it.
        """
        result = ToolArguments(names=sorted(arguments))
        for name, value in arguments.items():
            result._add(joined("", name), value, depth=1, in_list=False)
        return result

    def _add(self, path: str, value: JSON, *, depth: int, in_list: bool) -> None:
        self.values += 1
        self.characters += len(path) + (len(value) if isinstance(value, str) else 0)
        if depth > MAX_DEPTH or self.values > MAX_VALUES or self.characters > MAX_TEXT:
            raise ValueError(
                f"the arguments are too large to be judged (more than {MAX_DEPTH} levels, {MAX_VALUES} values "
                f"or {MAX_TEXT} characters)"
            )
        match value:
            case None:
                return
            case str() | bool() | int() | float():
                self._add_scalar(path, value, in_list=in_list)
            case Mapping():
                for name, nested in value.items():
                    self._add(joined(path, name), nested, depth=depth + 1, in_list=in_list)
            case _:
                self.lists.setdefault(path, [])
                for item in value:
                    nested_path = f"{path}[]" if isinstance(item, Mapping) else path
                    self._add(nested_path, item, depth=depth + 1, in_list=True)

    def _add_scalar(self, path: str, value: str | float, *, in_list: bool) -> None:
        text = _text(value)
        if in_list:
            self.lists.setdefault(path, []).append(text)
            return
        self.texts[path] = text
        if not isinstance(value, (str, bool)):
            self.numbers[path] = _micro(value)


def _text(value: str | float) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            exact = Decimal(repr(value))
            if not exact.is_finite():
                raise ValueError(f"the arguments contain {value}, which is not a JSON number")
            return "0" if exact == 0 else format(exact.normalize(), "f")


def _micro(value: float) -> int:
    """Return millionths, away from zero, so that rounding never brings a number under a limit; held to 64 bits."""
    if isinstance(value, int):
        scaled = value * _MICRO
    else:
        scaled = int((Decimal(repr(value)) * _MICRO).to_integral_value(ROUND_UP))
    return max(-_LONG_MAX, min(_LONG_MAX, scaled))

"""Options of checks: declared, validated once by the configuration, read with their types."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from agentcore.domain.json import JSON, JSONObject

OptionKind = Literal["text", "texts", "count", "flag"]
"""text: a string.  texts: a string or a list of strings.  count: an integer, 0 or more.  flag: true or false."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option. meaning: for people, with its default.  choices: the only texts allowed; empty is any."""

    name: str
    kind: OptionKind
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()

    def schema(self) -> JSONObject:
        """Return the JSON Schema of its value, for editors."""
        text: dict[str, JSON] = {"type": "string", "minLength": 1}
        if self.choices:
            text = {"enum": list(self.choices)}
        match self.kind:
            case "text":
                form: dict[str, JSON] = text
            case "texts":
                form = {"anyOf": [text, {"type": "array", "items": text, "minItems": 1}]}
            case "count":
                form = {"type": "integer", "minimum": 0}
            case "flag":
                form = {"type": "boolean"}
            case _:
                assert_never(self.kind)
        return {**form, "description": self.meaning}

    def problem(self, value: JSON) -> str | None:
        """Return what is wrong with the value, or None."""
        match self.kind:
            case "text" | "texts":
                many = self.kind == "texts" and isinstance(value, Sequence) and not isinstance(value, str)
                items: Sequence[JSON] = value if many and isinstance(value, Sequence) else [value]
                if not items or not all(isinstance(item, str) and item for item in items):
                    form = "a text" if self.kind == "text" else "a text or a list of texts"
                    return f"option {self.name} must be {form}, not {value!r}"
                wrong = [item for item in items if self.choices and item not in self.choices]
                if wrong:
                    return f"option {self.name} must be one of {', '.join(self.choices)}, not {wrong[0]!r}"
            case "count":
                if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                    return f"option {self.name} must be an integer, 0 or more, not {value!r}"
            case "flag":
                if not isinstance(value, bool):
                    return f"option {self.name} must be true or false, not {value!r}"
            case _:
                assert_never(self.kind)
        return None


def option_problems(options: JSONObject, declared: Sequence[Option]) -> tuple[str, ...]:
    """Return a sentence for each option that is unknown, missing or of the wrong form."""
    known = {option.name: option for option in declared}
    found: list[str] = []
    for name, value in options.items():
        option = known.get(name)
        if option is None:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(known)) or 'none'}"
            found.append(f"there is no option {name}; {meant}")
        elif (problem := option.problem(value)) is not None:
            found.append(problem)
    found.extend(
        f"option {option.name} is missing: {option.meaning}"
        for option in declared
        if option.required and option.name not in options
    )
    return tuple(found)


def text_of(options: JSONObject, name: str, default: str = "") -> str:
    """Return a text. Raises ValueError when it is something else."""
    value = options.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"option {name} must be a text, not {value!r}")
    return value


def texts_of(options: JSONObject, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return one or several texts. Raises ValueError when it is something else."""
    value = options.get(name, default)
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence) and not isinstance(value, Mapping):
        texts = tuple(item for item in value if isinstance(item, str))
        if len(texts) == len(value):
            return texts
    raise ValueError(f"option {name} must be a text or a list of texts, not {value!r}")


def count_of(options: JSONObject, name: str, default: int) -> int:
    """Return an integer. Raises ValueError when it is something else."""
    value = options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"option {name} must be an integer, not {value!r}")
    return value


def flag_of(options: JSONObject, name: str, *, default: bool) -> bool:
    """Return true or false. Raises ValueError when it is something else."""
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise ValueError(f"option {name} must be true or false, not {value!r}")
    return value


KINDS = Option(
    name="kinds",
    kind="texts",
    meaning="which evidence counts: task, input, step, tool (default: all)",
    choices=("task", "input", "step", "tool"),
)
"""Shared by the checks that look at evidence."""

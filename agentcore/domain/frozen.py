"""frozen: an immutable dataclass that is made as cheaply as a mutable one.

The standard library's frozen dataclass sets each field through `object.__setattr__`, and a model call makes forty-odd
such objects with over two hundred fields: a tenth of what it costs. Here `__init__` writes the fields into the
object's dictionary, in half the time. JSON is also made of a dictionary three times faster than of slots.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypeVar, cast, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make a class what `@dataclass(frozen=True, kw_only=True)` makes of it. `__post_init__` is not called."""
    made = dataclass(frozen=True, kw_only=True, init=False)(cls)
    cast("Any", made).__init__ = _init(fields(cast("Any", made)))
    return made


def _init(of: tuple[Field[Any], ...]) -> Callable[..., None]:
    known: dict[str, Any] = {"MISSING": MISSING}
    parameters: list[str] = []
    lines: list[str] = []
    for each in of:
        name, value = each.name, each.name
        if each.default is not MISSING:
            known[f"default_{name}"] = each.default
            parameters.append(f"{name}=default_{name}")
        elif each.default_factory is not MISSING:
            known[f"make_{name}"] = each.default_factory
            parameters.append(f"{name}=MISSING")
            value = f"make_{name}() if {name} is MISSING else {name}"
        else:
            parameters.append(name)
        lines.append(f"    fields[{name!r}] = {value}\n")
    source = f"def __init__(self, *, {', '.join(parameters)}):\n    fields = self.__dict__\n{''.join(lines)}"
    exec(source, known)  # noqa: S102 - as dataclasses do: nothing but names of fields goes into the text
    known["__init__"].__annotations__ = {**{each.name: each.type for each in of}, "return": None}
    return known["__init__"]

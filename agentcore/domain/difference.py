"""Difference: where two values of the domain, or two JSON values, differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final, cast

_SHOWN: Final = 200
"""Characters of a value that a sentence shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where two values differ.

    path: such as `steps[2].output.total`; empty for the values themselves.  left, right: what is there; ABSENT when
    nothing is.
    """

    path: str
    left: object
    right: object

    def __str__(self) -> str:
        return f"{self.path or 'value'}: {_shown(self.left)} here, {_shown(self.right)} there"


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = _Absent()


def differences(left: object, right: object, path: str = "") -> Iterator[Difference]:
    """Yield each place where the values differ, outermost first, in the order of their fields.

    Dataclasses are compared field by field, mappings key by key, sequences item by item; True, 1 and 1.0 differ.
    """
    match _parts(left), _parts(right):
        case (dict() as ours, dict() as theirs) if type(left) is type(right) or not is_dataclass(left):
            for key in (*ours, *(key for key in theirs if key not in ours)):
                inner = f"{path}.{key}" if path else str(key)
                yield from differences(ours.get(key, ABSENT), theirs.get(key, ABSENT), inner)
        case (list() as ours, list() as theirs):
            for index in range(max(len(ours), len(theirs))):
                a = ours[index] if index < len(ours) else ABSENT
                b = theirs[index] if index < len(theirs) else ABSENT
                yield from differences(a, b, f"{path}[{index}]")
        case _:
            if left != right or isinstance(left, bool) != isinstance(right, bool):
                yield Difference(path=path, left=left, right=right)


def _parts(value: object) -> dict[str, Any] | list[Any] | None:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(cast("Sequence[Any]", value))
    return None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"

"""JSON values, and the content hash that names them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"
JSONObject: TypeAlias = Mapping[str, JSON]

_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(value: JSON) -> str:
    """Return `value` as JSON text with sorted keys and no spaces.

    Equal objects give equal text, whatever the order of their keys; 1 and 1.0 differ, though Python holds them equal.
    """
    return _encode(value)


def digest(value: JSON) -> str:
    """Return the SHA-256 of the canonical text, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def read_object(text: bytes) -> dict[str, JSON]:
    """Return the JSON object in a text from outside, which is UTF-8. Raises ValueError that says what is wrong."""
    try:
        value: JSON = json.loads(text.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: byte {error.start + 1}") from None
    except RecursionError:
        raise ValueError("not JSON that can be read: too many lists and objects inside one another") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg.lower()} at character {error.pos + 1}") from None
    if not isinstance(value, dict):
        kind = "null" if value is None else _KINDS.get(type(value), "a number")
        raise ValueError(f"must be a JSON object, not {kind}")
    return value


_KINDS: Final[Mapping[type, str]] = {bool: "true or false", list: "a list", str: "text"}


def _no_constant(name: str) -> JSON:
    raise ValueError(f"not JSON: {name} is not a number there")

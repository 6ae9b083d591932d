"""Canonical JSON (RFC 8785): equal values are equal bytes, so that a hash can name them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

import orjson
import rfc8785

_LARGEST: Final = 2**53 - 1
"""The largest whole number that JSON of JavaScript, and so RFC 8785, has exactly."""

_SMALLEST: Final = 1e-4
"""The smallest fraction that JavaScript and Python both write without an exponent."""

_DEEPEST: Final = 64


def canonical(value: Any) -> bytes:
    """Return a JSON value as RFC 8785 writes it.

    Where that has no form (whole numbers of more than 53 bits, not-a-number, half a surrogate pair), the bytes are
    JSON with sorted keys, also the same for equal values. Never raises for what can be written as JSON.
    """
    try:
        # The same bytes, eighty times as fast.
        return orjson.dumps(_plain(value, _DEEPEST), option=orjson.OPT_SORT_KEYS)
    except (_NotPlainError, orjson.JSONEncodeError):
        pass
    try:
        return rfc8785.dumps(_bare(value))
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError):
        return json.dumps(_bare(value), sort_keys=True, separators=(",", ":")).encode()


def canonical_facts(facts: Mapping[str, Any]) -> bytes:
    """Return the same of an object whose keys are ASCII and which has no fractions and no large numbers, faster.

    Raises TypeError for half a surrogate pair.
    """
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)


class _NotPlainError(Exception):
    pass


def _plain(value: Any, depth: int) -> Any:
    """Return a value, as it is if that is right, that orjson writes as RFC 8785 does.

    Its keys are ASCII, its numbers are small, and none is a fraction that ends in .0. Raises _NotPlainError when it
    cannot be.
    """
    kind = cast("type[object]", type(value))
    if kind is dict:
        return _plain_object(value, depth - 1)
    if kind is list or kind is tuple:
        if not depth:
            raise _NotPlainError
        return [each if type(each) is str else _plain(each, depth - 1) for each in cast("list[Any]", value)]
    if kind is str or value is None or kind is bool:
        return value
    if kind is int and -_LARGEST <= value <= _LARGEST:
        return value
    if kind is float and (value == 0.0 or _SMALLEST <= abs(value) <= _LARGEST):
        return int(value) if value.is_integer() else value
    raise _NotPlainError


def _plain_object(value: dict[Any, Any], depth: int) -> dict[Any, Any]:
    if not depth:
        raise _NotPlainError
    changed: dict[Any, Any] | None = None
    for key, each in value.items():
        if type(key) is not str or not key.isascii():
            raise _NotPlainError
        if type(each) is not str:
            plain = _plain(each, depth)
            if plain is not each:
                if changed is None:
                    changed = value.copy()
                changed[key] = plain
    return value if changed is None else changed


def _bare(value: Any) -> Any:
    """Return a value of nothing but what the standard library's JSON has."""
    if isinstance(value, Mapping):
        return {str(key): _bare(each) for key, each in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_bare(each) for each in cast("list[Any]", value)]
    return value

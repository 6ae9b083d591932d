"""Decoder: JSON values back to dataclasses, compiled once from their annotations."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, NewType, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

Decode: TypeAlias = Callable[[Any], Any]
"""Turns a parsed JSON value into its field's type. Raises ValueError, TypeError or KeyError when it cannot be one."""


class Decoder:
    """Compiles annotations to functions; types that refer to each other share what is compiled.

    Known: str, int, float, bool, Any and the JSON aliases, Decimal (from text), Enum, Literal, NewType, dataclasses,
    `tuple[T, ...]`, `frozenset[T]`, `Mapping[str, T]`, `T | None`, and unions of dataclasses, which are told apart by
    their field `kind`, or else by the names of their required fields.
    """

    def __init__(self) -> None:
        self._compiled: dict[Any, Decode] = {}

    def compile(self, annotation: Any) -> Decode:
        """Return the function for an annotation. Raises TypeError for one that is not known."""
        found = self._compiled.get(annotation)
        if found is None:
            found = self._compiled[annotation] = self._new(annotation)
        return found

    def _new(self, annotation: Any) -> Decode:
        if annotation is Any:
            return _any
        if isinstance(annotation, NewType):
            return self.compile(annotation.__supertype__)
        if annotation in {str, int, bool}:
            return _exactly(annotation)
        if annotation is float:
            return _number
        if annotation is Decimal:
            return _decimal
        if isinstance(annotation, type):
            cls = cast("type[Any]", annotation)
            if issubclass(cls, Enum):
                return cls
            if is_dataclass(cls):
                return self._dataclass(cls)
        return self._generic(annotation)

    def _generic(self, annotation: Any) -> Decode:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Literal:
            return _one_of(frozenset(arguments))
        if origin is tuple and arguments[1:] == (...,):
            return _list_to(tuple, self.compile(arguments[0]))
        if origin is frozenset:
            return _list_to(frozenset, self.compile(arguments[0]))
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return _mapping(self.compile(arguments[1]))
        if origin in {Union, types.UnionType}:
            members = tuple(member for member in arguments if member is not types.NoneType)
            some = self.compile(members[0]) if len(members) == 1 else self._dataclass_union(members)
            return some if len(members) == len(arguments) else _optional(some)
        raise TypeError(f"no way to decode {annotation!r}")

    def _dataclass(self, cls: type[Any]) -> Decode:
        hints = get_type_hints(cls, localns={"JSON": Any, "JSONObject": Any})
        decoders = {field.name: self.compile(hints[field.name]) for field in fields(cls)}
        plain = frozenset(name for name, decode in decoders.items() if decode is _any)

        def decode(value: Any) -> Any:
            if not isinstance(value, dict):
                raise ValueError(f"{cls.__name__} is {value!r}, not an object")
            given = cast("dict[str, Any]", value)
            for name in given.keys() - plain:
                try:
                    given[name] = decoders[name](given[name])
                except (ValueError, TypeError) as error:
                    raise ValueError(f"{cls.__name__}.{name}: {error}") from error
            return cls(**given)

        return decode

    def _dataclass_union(self, members: tuple[type[Any], ...]) -> Decode:
        if not all(is_dataclass(member) for member in members):
            raise TypeError(f"no way to tell {members!r} apart")
        decoders = [self.compile(member) for member in members]
        kinds = [next((f.default for f in fields(member) if f.name == "kind"), MISSING) for member in members]
        if MISSING not in kinds:
            return _by_kind(dict(zip(kinds, decoders, strict=True)))
        required = [frozenset(f.name for f in fields(member) if _is_required(f)) for member in members]
        return _by_required(tuple(zip(required, decoders, strict=True)))


def _any(value: Any) -> Any:
    return value


def _exactly(expected: type[Any]) -> Decode:
    def decode(value: Any) -> Any:
        if type(value) is not expected:
            raise ValueError(f"{value!r} is not of type {expected.__name__}")
        return value

    return decode


def _number(value: Any) -> float:
    if type(value) is not float and type(value) is not int:
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def _decimal(value: Any) -> Decimal:
    if type(value) is not str:
        raise ValueError(f"{value!r} is not a decimal number as text")
    try:
        return Decimal(value)
    except ArithmeticError as error:
        raise ValueError(f"{value!r} is not a decimal number") from error


def _one_of(allowed: frozenset[Any]) -> Decode:
    def decode(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"{value!r} is none of {', '.join(sorted(map(str, allowed)))}")
        return value

    return decode


def _list_to(collect: Callable[[Any], Any], item: Decode) -> Decode:
    def decode(value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError(f"{value!r} is not a list")
        items = cast("list[Any]", value)
        return collect([item(element) for element in items])

    return decode


def _mapping(item: Decode) -> Decode:
    def decode(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{value!r} is not an object")
        return {name: item(element) for name, element in cast("dict[str, Any]", value).items()}

    return decode


def _optional(some: Decode) -> Decode:
    def decode(value: Any) -> Any:
        return None if value is None else some(value)

    return decode


def _by_kind(decoders: Mapping[Any, Decode]) -> Decode:
    def decode(value: Any) -> Any:
        kind: Any = cast("dict[str, Any]", value).get("kind") if isinstance(value, dict) else None
        found = decoders.get(kind)
        if found is None:
            raise ValueError(f"kind {kind!r} is not known")
        return found(value)

    return decode


def _by_required(decoders: tuple[tuple[frozenset[str], Decode], ...]) -> Decode:
    def decode(value: Any) -> Any:
        if isinstance(value, dict):
            for required, found in decoders:
                if required <= value.keys():
                    return found(value)
        raise ValueError(f"{value!r} has the fields of none of the possible types")

    return decode


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING

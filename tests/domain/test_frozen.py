"""What a frozen class has in common with a frozen dataclass of the standard library."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import FrozenInstanceError, field, fields, is_dataclass, replace

import orjson
import pytest

from agentcore.domain.frozen import frozen


@frozen
class Parcel:
    """A class with every kind of field."""

    name: str
    weight: float = 1.5
    stops: Sequence[str] = field(default_factory=list[str])


def test_fields_come_by_name_and_defaults_are_made_anew() -> None:
    first, second = Parcel(name="a"), Parcel(name="b", weight=2.0, stops=("x",))
    assert (first.name, first.weight, first.stops) == ("a", 1.5, [])
    assert (second.name, second.weight, second.stops) == ("b", 2.0, ("x",))
    assert Parcel(name="a").stops is not first.stops
    assert is_dataclass(first)
    assert [each.name for each in fields(first)] == ["name", "weight", "stops"]


def test_no_field_can_be_set_or_deleted() -> None:
    parcel = Parcel(name="a")
    with pytest.raises(FrozenInstanceError):
        parcel.name = "b"  # pyright: ignore[reportAttributeAccessIssue]  that is the point
    with pytest.raises(FrozenInstanceError):
        del parcel.name


@pytest.mark.parametrize("arguments", [{}, {"name": "a", "colour": "red"}])
def test_missing_and_unknown_fields_are_errors(arguments: dict[str, str]) -> None:
    with pytest.raises(TypeError):
        Parcel(**arguments)  # pyright: ignore[reportArgumentType]  that is the point


def test_a_field_does_not_come_by_position() -> None:
    with pytest.raises(TypeError):
        Parcel("a")  # pyright: ignore[reportCallIssue]  that is the point


def test_equal_fields_make_equal_objects() -> None:
    parcel = Parcel(name="a", stops=("x",))
    assert parcel == Parcel(name="a", stops=("x",))
    assert hash(parcel) == hash(Parcel(name="a", stops=("x",)))
    assert parcel != replace(parcel, weight=3.0)
    assert repr(parcel) == "Parcel(name='a', weight=1.5, stops=('x',))"


def test_it_can_be_copied_matched_and_written_as_json() -> None:
    parcel = Parcel(name="a")
    assert copy.deepcopy(parcel) == parcel
    assert orjson.dumps(parcel) == b'{"name":"a","weight":1.5,"stops":[]}'
    match parcel:
        case Parcel(name=name):
            assert name == "a"

"""Exact sums for SQLite, which adds binary fractions: their error shows after some thousand rows."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Literal, TypeAlias, assert_never

Cell: TypeAlias = int | float | str | bytes | None
Aggregate: TypeAlias = Literal["sum", "avg"]

_EXACT = Context(prec=60)


class ExactSum:
    """An SQLite window function: SUM or AVG of the decimals that its values are written as."""

    def __init__(self, aggregate: Aggregate) -> None:
        self._aggregate: Aggregate = aggregate
        self._count = 0
        self._fractions = 0
        self._total = Decimal(0)

    def step(self, value: Cell) -> None:
        """Add a row."""
        self._add(value, 1)

    def inverse(self, value: Cell) -> None:
        """Take a row away that has left the window."""
        self._add(value, -1)

    def value(self) -> Cell:
        """Return what has been added so far; of nothing, what SQL says."""
        match self._aggregate:
            case "avg":
                return float(_EXACT.divide(self._total, Decimal(self._count))) if self._count else None
            case "sum":
                if not self._count:
                    return None
                return float(self._total) if self._fractions else int(self._total)
            case _:
                assert_never(self._aggregate)

    def finalize(self) -> Cell:
        """Return the result."""
        return self.value()

    def _add(self, value: Cell, sign: Literal[1, -1]) -> None:
        if value is None:
            return
        self._count += sign
        if isinstance(value, int):
            self._total = _EXACT.add(self._total, Decimal(sign * value))
            return
        self._fractions += sign
        try:
            number = Decimal(repr(float(value)))
        except ValueError:
            return  # like SQLite: text that is not a number counts as zero
        self._total = _EXACT.add(self._total, number if sign > 0 else -number)

"""CSV files as typed tables."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agentcore.domain.errors import ConfigError

MAX_BYTES = 64 * 1024 * 1024
"""Of one file; it is held in memory, and copied for each query."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?")

Kind = Literal["integer", "decimal", "date", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """decimals: the most that a value of kind `decimal` was written with."""

    name: str
    kind: Kind
    decimals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvTable:
    """columns and rows; a row has one int, float, str or None (an empty field) per column."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[int | float | str | None]]


def read_csv(name: str, path: Path) -> CsvTable:
    """Return a table. A column is of the narrowest kind that all its values have.

    Numbers that would lose something as numbers (leading zeros, more than 15 digits) stay text. The separator is a
    comma, a semicolon or a tab, whichever the header uses most.

    Raises ConfigError with the file and line: missing, too large, not UTF-8, no header, a row of another length.
    """
    lines = _read(path)
    header = lines[0] if lines else []
    names = [re.sub(r"\W+", "_", each.strip()).strip("_") for each in header]
    if not names or not all(names):
        raise ConfigError([f"{path}:1: the first line must name every column"])
    if len({each.lower() for each in names}) < len(names):
        raise ConfigError([f"{path}:1: two columns have the same name: {', '.join(names)}"])
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(names):
            raise ConfigError([f"{path}: row {number} has {len(line)} fields, the header has {len(names)}"])
    rows = [[field.strip() for field in line] for line in lines[1:]]
    columns = [_column(each, [row[index] for row in rows if row[index]]) for index, each in enumerate(names)]
    return CsvTable(
        name=name,
        columns=tuple(columns),
        rows=[[_value(column, field) for column, field in zip(columns, row, strict=True)] for row in rows],
    )


def _read(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(
                [f"{path}: larger than {MAX_BYTES // 1024**2} MB"],
                hint="load it into an SQLite file and name that under `database`",
            )
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=header.count)
            return [line for line in csv.reader(file, delimiter=delimiter, strict=True) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise ConfigError([f"{path}: cannot read this CSV file: {problem}"]) from problem


def _column(name: str, values: Sequence[str]) -> Column:
    if not values:
        return Column(name=name, kind="text")
    if _all(_INTEGER, values):
        return Column(name=name, kind="integer")
    if _all(_DECIMAL, values) and all(len(value.strip("-").replace(".", "")) <= 15 for value in values):
        return Column(name=name, kind="decimal", decimals=max(len(value.partition(".")[2]) for value in values))
    return Column(name=name, kind="date" if _all(_DATE, values) else "text")


def _all(pattern: re.Pattern[str], values: Iterable[str]) -> bool:
    return all(pattern.fullmatch(value) for value in values)


def _value(column: Column, field: str) -> int | float | str | None:
    if not field:
        return None
    if column.kind == "integer":
        return int(field)
    return float(field) if column.kind == "decimal" else field

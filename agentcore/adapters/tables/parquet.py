"""Reads columns of a parquet file, and says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agentcore.domain.errors import ConfigError


def read_columns(folder: Path, name: str, wanted: Sequence[str]) -> dict[str, list[Any]]:
    """Return the wanted columns of a file, by name: lists of equal length, None where nothing is known.

    Raises ConfigError when the file is missing or no parquet, or lacks a column: it says what there is instead.
    """
    import pyarrow as pa  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # for start-up time
    from pyarrow import parquet  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # as above

    arrow: Any = pa  # they have no types
    opener: Any = parquet
    file = folder / name
    if not file.is_file():
        there = ", ".join(sorted(each.name for each in folder.glob("*.parquet"))) if folder.is_dir() else ""
        raise ConfigError(
            [f"{file}: no such file"],
            hint=f"the folder has: {there}" if there else f"{folder} has no parquet file; name the folder of tables",
        )
    try:
        with opener.ParquetFile(file) as opened:
            found: list[str] = list(opened.schema_arrow.names)
            missing = [column for column in wanted if column not in found]
            if missing:
                raise ConfigError(
                    [f"{file}: lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}"],
                    hint=f"it has: {', '.join(found)}",
                )
            return {column: opened.read(columns=[column])[column].to_pylist() for column in wanted}
    except (arrow.ArrowException, OSError) as error:
        raise ConfigError([f"{file}: cannot be read as parquet: {error}"]) from error


def need_rows(file: Path, count: int, least: int, what: str) -> None:
    """Raise ConfigError when a table is too small, saying how many more are needed."""
    if count < least:
        raise ConfigError([f"{file}: {count} {what}, and at least {least} are needed: {least - count} more"])


def chosen_arms(file: Path, arms: Sequence[str], found: Mapping[str, object] | set[str]) -> None:
    """Raise ConfigError when an arm is not in a table, naming those that are."""
    unknown = [arm for arm in arms if arm not in found]
    if unknown:
        raise ConfigError(
            [f"{file}: unknown arm{'s' * (len(unknown) > 1)}: {', '.join(unknown)}"],
            hint=f"the table has: {', '.join(sorted(found))}",
        )

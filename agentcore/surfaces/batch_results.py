"""The results of a batch: a file with one JSON object a line, in the order in which the lines were done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal, TextIO, get_args

from agentcore.domain.errors import ConfigError
from agentcore.domain.event import RunStatus
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.run import Run
from agentcore.surfaces.batch_lines import BadLine, BatchLine

INVALID: Final = "invalid"
"""The status of a line that cannot be run."""

FINAL: Final = frozenset(get_args(RunStatus)) - {"running", "cancelled", "planned"}
"""What a line is not run again after."""

_BEGIN = '{"line": '
_OTHER_FILE = "choose another file with --out, or remove this one: results can be had again from the journal"


def result(line: BatchLine, run: Run) -> dict[str, JSON]:
    """Return what is written of a line that was run. tokens: input plus output."""
    return {
        "line": line.number,
        "id": line.id,
        "run": run.id,
        "status": run.status,
        "answer": run.answer,
        "error": "another process began this run, and it has not ended" if run.status == "running" else run.reason,
        "usd": float(run.used.usd),
        "tokens": run.used.input_tokens + run.used.output_tokens,
        "seconds": None if run.ended_at is None else round(run.ended_at - run.started_at, 3),
    }


def invalid(line: BadLine) -> dict[str, JSON]:
    """Return what is written of a line that cannot be run."""
    return {
        "line": line.number,
        "id": line.id,
        "run": None,
        "status": INVALID,
        "answer": None,
        "error": "; ".join(line.problems),
        "usd": 0.0,
        "tokens": 0,
        "seconds": None,
    }


def read_results(path: Path) -> list[dict[str, JSON]]:
    """Return what an earlier batch has written, without a last line that was cut off.

    Raises ConfigError when the file is no such file: it would be overwritten.
    """
    if not path.exists():
        return []
    found: list[dict[str, JSON]] = []
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, text in enumerate(file, start=1):
            value = _object(text)
            if value is not None and {"line", "run", "status"} <= value.keys():
                found.append(value)
            elif text.endswith("\n") or not (text.startswith(_BEGIN) or _BEGIN.startswith(text)):
                raise ConfigError([f"{path}:{number}: this is not a line of results"], hint=_OTHER_FILE)
    return found


def kept(path: Path, before: Sequence[dict[str, JSON]], lines: Iterable[BatchLine]) -> dict[int, dict[str, JSON]]:
    """Return those of the earlier results that are final, by the number of the line that they are of now.

    Raises ConfigError when there are some and none is of this batch.
    """
    by_run = {record["run"]: record for record in before if record["run"] is not None}
    found: dict[int, dict[str, JSON]] = {}
    known = False
    for line in lines if by_run else ():
        attempt = 1
        record = by_run.get(line.run(attempt))
        while record is not None and record["status"] == "cancelled":
            attempt, known = attempt + 1, True
            record = by_run.get(line.run(attempt))
        if record is not None:
            known = True
            if record["status"] in FINAL:
                found[line.number] = {**record, "line": line.number}
    if by_run and not known:
        raise ConfigError([f"{path}: these are the results of another batch"], hint=_OTHER_FILE)
    return found


class ResultsFile:
    """Writes results. A context manager; each line is with the system when `write` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def begin(self, records: Sequence[JSONObject]) -> None:
        """Let the file hold these and nothing else: written whole or not at all. Then it is open to `write`.

        Raises ConfigError when it cannot be written.
        """
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _open(part, "w") as file:
                file.writelines(_line(record) for record in records)
            part.replace(self._path)
            self._file = _open(self._path, "a")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ConfigError([f"{self._path}: the results cannot be written: {reason}"]) from None

    def write(self, record: JSONObject) -> None:
        """Add a result."""
        if self._file is None:
            raise RuntimeError("the file of results is not open")
        self._file.write(_line(record))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _open(path: Path, mode: Literal["a", "w"]) -> TextIO:
    # A lone surrogate has no bytes in UTF-8, but what stands for it, such as \ud800, is JSON's own escape.
    return path.open(mode, encoding="utf-8", errors="backslashreplace", newline="\n")


def _line(record: JSONObject) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _object(text: str) -> dict[str, JSON] | None:
    try:
        value: JSON = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None

"""The progress of a batch: a bar for people, a line for each line of the file for logs; and the sum at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from agentcore.domain.json import JSON, JSONObject
from agentcore.surfaces.cli.clean import one_line
from agentcore.surfaces.cli.counting import counted
from agentcore.surfaces.cli.tree import money


class BatchProgress:
    """Shows results as they come in. A context manager."""

    def __init__(self, screen: Console, name: str, *, total: int, done: int, live: bool) -> None:
        self._screen = screen
        self._bar: Progress | None = None
        if live:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=screen,
            )
            self._task = self._bar.add_task(one_line(name, 40), total=total, completed=done)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, record: JSONObject) -> None:
        """Move on by a line; where a bar shows how far it is, only what did not succeed gets words."""
        if self._bar is not None:
            self._bar.advance(self._task)
        if self._bar is None or record["status"] != "succeeded":
            self._screen.print(_line(record), soft_wrap=True)


def summary_json(*, batch: str, scenario: str, results: str, records: Iterable[JSONObject], lines: int) -> JSONObject:
    """Return `batch`, `scenario`, `results`, `lines`, `done`, `statuses`, `usd` and `tokens`."""
    listed = list(records)
    return {
        "batch": batch,
        "scenario": scenario,
        "results": results,
        "lines": lines,
        "done": len(listed),
        "statuses": dict(sorted(Counter(str(record["status"]) for record in listed).items())),
        "usd": float(sum((_usd(record["usd"]) for record in listed), Decimal(0))),
        "tokens": sum(tokens for record in listed if isinstance(tokens := record["tokens"], int)),
    }


def show_summary(screen: Console, summary: JSONObject, *, before: int) -> None:
    """Print the sum. before: lines whose results an earlier command has written."""
    statuses = summary["statuses"]
    done, lines = summary["done"], summary["lines"]
    if not isinstance(statuses, dict) or not isinstance(done, int) or not isinstance(lines, int):
        raise TypeError("not a summary")
    succeeded = statuses.get("succeeded", 0)
    others = [f"{number} {status.replace('_', ' ')}" for status, number in statuses.items() if status != "succeeded"]
    if before:
        others.append(f"{before} done before")
    if lines > done:
        others.append(f"{lines - done} not done: the same command goes on with them")
    more = "".join(f"; {each}" for each in others)
    screen.print(f"{succeeded} of {counted(lines, 'lines')} succeeded{more}", soft_wrap=True)
    screen.print(
        f"{money(_usd(summary['usd']))} · {summary['tokens']:,} tokens · {summary['results']}", soft_wrap=True
    )


def _line(record: JSONObject) -> Text:
    good = record["status"] == "succeeded"
    named = "" if record["id"] is None else f" ({one_line(str(record['id']), 40)})"
    seconds = record["seconds"]
    error = one_line(str(record["error"] or ""), 200)
    parts = [
        str(record["status"]).replace("_", " ") + (f": {error}" if error else ""),
        *([f"{seconds:.1f} s"] if isinstance(seconds, int | float) else []),
        *([money(_usd(record["usd"]))] if record["run"] else []),
        *([str(record["run"])] if record["run"] else []),
    ]
    mark, style = ("✔", "green") if good else ("✘", "red")
    return Text.assemble((f"{mark} ", style), (f"line {record['line']}{named}", "bold"), f"  {' · '.join(parts)}")


def _usd(value: JSON) -> Decimal:
    return Decimal(str(value))

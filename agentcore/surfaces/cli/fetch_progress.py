"""How far a model is fetched: a bar for people, a line every tenth for logs."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.text import Text

from agentcore.surfaces.cli.clean import one_line

_MEASURABLE_SECONDS = 0.1


class Bar:
    """A bar with size, speed and time left. A context manager."""

    def __init__(self, screen: Console, name: str) -> None:
        self._bar = Progress(
            TextColumn("{task.fields[doing]}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=screen,
        )
        self._task = self._bar.add_task(name, total=None, doing=name)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, done: int, total: int, doing: str) -> None:
        """Move the bar. done, total: bytes."""
        self._bar.update(self._task, completed=done, total=total, doing=one_line(doing, 60))


class Lines:
    """A line when something else begins, and for every tenth of the file. A context manager."""

    def __init__(self, screen: Console, name: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._name = name
        self._doing = ""
        self._tenth = 0
        self._began: tuple[float, int] | None = None
        self._monotonic = monotonic

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the lines as they are."""

    def show(self, done: int, total: int, doing: str) -> None:
        """Print a line if it is time for one. done, total: bytes."""
        tenth = 10 * done // total if total else 0
        if done in {0, total}:
            if doing != self._doing:
                self._say(doing)
            self._doing, self._tenth, self._began = doing, tenth, None
            return
        now = self._monotonic()
        if self._began is None:
            self._began = (now, done)
        if tenth > self._tenth:
            began, before = self._began
            took = now - began
            speed = f", {(done - before) / 1e6 / took:,.1f} MB/s" if took >= _MEASURABLE_SECONDS else ""
            self._say(f"{10 * tenth} % of {total / 1e6:,.0f} MB{speed}, {doing}")
            self._tenth = tenth

    def _say(self, what: str) -> None:
        self._screen.print(Text(f"{self._name}: {one_line(what)}"), soft_wrap=True)

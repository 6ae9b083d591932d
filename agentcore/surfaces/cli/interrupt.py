"""Signals: the first one ends in good order, the second one ends the process at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from agentcore.surfaces.cli.exit_codes import ExitCode

SIGNALS = (signal.SIGINT, signal.SIGTERM)

LEAVE_SECONDS = 4.5
"""How long a process may take to leave after it has been told to, before it ends without more ado."""


@dataclass(slots=True)
class Interruption:
    """The signal that has come, 0 before."""

    number: int = 0

    @property
    def leaves(self) -> bool:
        """Whether the process is to end and its runs are not (SIGTERM); Ctrl-C means the run itself."""
        return self.number == signal.SIGTERM

    @property
    def code(self) -> ExitCode:
        """The exit code that it means."""
        return ExitCode.LEFT if self.leaves else ExitCode.CANCELLED


@contextmanager
def cancelled_by_signals(interruption: Interruption, tell: Callable[[], None]) -> Generator[None]:
    """Cancel the current task at the first SIGINT or SIGTERM, after noting it and calling `tell`."""
    task = asyncio.current_task()

    def cancel() -> None:
        tell()
        if interruption.leaves:
            leave_within(LEAVE_SECONDS, interruption.code)
        if task is not None:
            task.cancel()

    with on_signals(interruption, cancel):
        yield


@contextmanager
def on_signals(interruption: Interruption, act: Callable[[], None]) -> Generator[None]:
    """Act on the event loop at the first SIGINT or SIGTERM, after noting it.

    From then on the signals do what they do by default, so that a second one ends the process even when something
    blocks the event loop. Outside the main thread, which alone receives signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # the signature of a handler
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        interruption.number = number
        loop.call_soon_threadsafe(act)

    try:
        for number in SIGNALS:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_within(seconds: float, code: int) -> None:
    """End this process with a code, at the latest after so long: a tool's thread cannot be stopped otherwise.

    What it was doing then is as if the machine had stopped: the runs go on from what is recorded.
    """

    def leave() -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()

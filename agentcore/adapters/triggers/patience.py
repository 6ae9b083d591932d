"""Patience: what a source of messages does while its server cannot be reached."""

from __future__ import annotations

import asyncio

from loguru import logger

from agentcore.domain.errors import SourceUnavailable

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
"""Between tries; doubled each time."""


class Patience:
    """Fails before a server was reached for the first time, and waits afterwards: someone has set it up right.

    trigger: for logs.  server: its address without a password, for messages.
    """

    def __init__(self, trigger: str, server: str) -> None:
        self._trigger = trigger
        self._server = server
        self._reached = False
        self._pause = FIRST_PAUSE_SECONDS
        self._told = ""

    def reached(self) -> None:
        """Note that the server has answered."""
        if self._told:
            self._log("INFO", f"{self._server} is there again")
        self._reached, self._pause, self._told = True, FIRST_PAUSE_SECONDS, ""

    async def wait(self, error: Exception) -> None:
        """Wait before the next try. Raises SourceUnavailable when the server was never reached, or it is cancelled."""
        if not self._reached:
            raise self.unavailable(error) from error
        text = self.unavailable(error).message
        if text != self._told:
            self._log("WARNING", f"{text}; trying until it works")
        self._told = text
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    def unavailable(self, error: Exception) -> SourceUnavailable:
        """Return an error of a client library as ours."""
        if isinstance(error, SourceUnavailable):
            return error
        reason = " ".join(str(error).split()) or type(error).__name__
        return SourceUnavailable(
            f"trigger `{self._trigger}`: {self._server}: {reason}",
            hint="is the server up, and are address and credentials in agentcore.yaml right?",
        )

    def refused(self, problem: str, hint: str) -> SourceUnavailable:
        """Return the error for a server that is there, but not as it must be."""
        return SourceUnavailable(f"trigger `{self._trigger}`: {self._server}: {problem}", hint=hint)

    def _log(self, level: str, text: str) -> None:
        logger.bind(trigger=self._trigger).log(level, text)


def shown(url: str) -> str:
    """Return addresses without what stands before an @: it may be a password."""
    return ",".join(f"{scheme}{mark}{rest.rpartition('@')[2]}" for scheme, mark, rest in _parts(url))


def _parts(url: str) -> list[tuple[str, str, str]]:
    parts = [each.strip().partition("://") for each in url.split(",")]
    return [part if part[1] else ("", "", part[0]) for part in parts]


def raise_if_cancelled() -> None:
    """Raise CancelledError when the task at work was cancelled, and a library has swallowed that.

    `asyncio.wait_for` does so on Python 3.11 when what it waits for is done in the same moment; nats raises its own
    error when the connection closes in the same moment. Whoever cancelled would wait for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

"""Witness: a journal that notes beside what it is given, so that the promises can be judged after a kill -9.

Lines of a worker's log. The system has each before the process goes on, and keeps it when the process is killed:

    o OWNER                     who this process is
    s EFFECT / f EFFECT         an effect starts / its outcome is handed to the journal
    d N                         a durable append is handed over
    a N RUN SEQUENCE AT         it is acknowledged: its last event, and all handed over before `d N`, must not be lost
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from agentcore.domain.event import EffectFinished, EffectStarted, Event, RunStatus
from agentcore.domain.ids import RunId
from agentcore.ports.journal import Journal, RunSummary


class Witness:
    """A Journal upon another."""

    def __init__(self, journal: Journal, log: Path, owner: str) -> None:
        self._journal = journal
        self._file = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
        self._number = 0
        self._note(f"o {owner}\n")

    async def append(self, events: Sequence[Event], *, durable: bool) -> None:
        """Append, and note it."""
        lines = ""
        for event in events:
            match event.fact:
                case EffectStarted(effect=effect):
                    lines += f"s {event.run}/{effect.id}\n"
                case EffectFinished(effect=id, unknown=False):
                    lines += f"f {event.run}/{id}\n"
                case _:
                    pass
        if not durable:
            self._note(lines)
            await self._journal.append(events, durable=False)
            return
        self._number = number = self._number + 1
        last = events[-1]
        self._note(f"{lines}d {number}\n")
        await self._journal.append(events, durable=True)
        self._note(f"a {number} {last.run} {last.sequence} {last.at!r}\n")

    async def read(self, run: RunId) -> Sequence[Event]:
        """Read."""
        return await self._journal.read(run)

    async def find(self, prefix: str) -> RunId:
        """Find."""
        return await self._journal.find(prefix)

    async def list(self, *, limit: int = 50, status: RunStatus | None = None) -> Sequence[RunSummary]:
        """List."""
        return await self._journal.list(limit=limit, status=status)

    async def aclose(self) -> None:
        """Close."""
        await self._journal.aclose()
        os.close(self._file)

    def _note(self, lines: str) -> None:
        if lines:
            os.write(self._file, lines.encode())

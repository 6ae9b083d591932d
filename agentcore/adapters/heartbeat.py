"""HeartbeatPresence: which processes of many machines are alive, by rows that each renews in a shared database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import time
from typing import Final

from loguru import logger

from agentcore.adapters.journal.inbox import Ask
from agentcore.domain.errors import AgentcoreError, JournalError

LEASE_SECONDS: Final = 3.0
"""How long a process counts as alive after it was last seen."""

_BEATS: Final = 1 / 3
_SETTLED: Final = 2 / 3
"""Of a lease: how long from beat to beat, and how long after an outage until all who live have beaten again."""

# The database's clock alone is asked: those of the machines may differ.
_SEEN: Final = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"
_BEAT: Final = (
    f"INSERT INTO workers (owner, seen_at) VALUES (?1, {_SEEN}) "  # noqa: S608  # constants
    "ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at"
)
_KNOWN: Final = "SELECT 1 FROM workers WHERE owner = ?1"
_BURY: Final = f"DELETE FROM workers WHERE owner = ?1 AND seen_at < {_SEEN} - CAST(?2 AS DOUBLE PRECISION)"  # noqa: S608  # constants
_LEAVE: Final = "DELETE FROM workers WHERE owner = ?1"
_SWEEP: Final = f"DELETE FROM workers WHERE seen_at < {_SEEN} - 86400"  # noqa: S608  # constants


class HeartbeatPresence:
    """A Presence for stores that many machines share.

    Nobody is found dead by a process whose own heart has not beaten regularly for a while: after an outage of the
    database, those who live would look dead until they have beaten again. Who is found dead is struck off, so that
    processes which have just begun need not find that out for themselves.
    """

    def __init__(self, ask: Ask, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._ask = ask
        self.lease_seconds = lease_seconds
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(6)}"
        self._beating: asyncio.Task[None] | None = None
        self._healthy_since: float | None = None

    @property
    def owner(self) -> str:
        """The name of this process."""
        return self._owner

    async def begin(self) -> None:
        """Be seen, and go on beating. Raises JournalError when the database cannot be reached."""
        if self._beating is None:
            await self._change(_SWEEP)
            await self._change(_BEAT, self._owner)
            self._healthy_since = time.monotonic()
            self._beating = asyncio.create_task(self._beat(), name="heartbeat")

    async def alive(self, owner: str) -> bool:
        """Return whether the process of that name was seen within the lease; True also while that cannot be said."""
        if owner == self._owner:
            return True
        since = self._healthy_since
        if since is not None and time.monotonic() - since >= self.lease_seconds * _SETTLED:
            await self._ask(lambda store: store.change(_BURY, (owner, self.lease_seconds)))
        return bool(await self._ask(lambda store: store.rows(_KNOWN, (owner,))))

    async def aclose(self) -> None:
        """Stop beating, and tell the others. May be called twice."""
        beating, self._beating = self._beating, None
        if beating is None:
            return
        beating.cancel()
        await asyncio.wait([beating])
        with contextlib.suppress(AgentcoreError):  # the lease runs out by itself
            await self._change(_LEAVE, self._owner)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.lease_seconds * _BEATS)
            began = time.monotonic()
            try:
                await self._change(_BEAT, self._owner)
            except JournalError as error:
                if self._healthy_since is not None:
                    logger.warning("the store cannot be reached: {}", error.message)
                self._healthy_since = None
                continue
            late = time.monotonic() - began > self.lease_seconds * _BEATS
            if self._healthy_since is None or late:
                self._healthy_since = time.monotonic()

    async def _change(self, sql: str, *parameters: str) -> None:
        await self._ask(lambda store: store.change(sql, parameters))

"""SqlSnapshots: the definitions of runs in a table beside a journal's events."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from agentcore.adapters.journal.inbox import Ask

_PUT: Final = (
    "INSERT INTO snapshots (digest, manifest, kept_at) VALUES (?1, ?2, ?3) "
    "ON CONFLICT (digest) DO UPDATE SET kept_at = excluded.kept_at"
)
_GET: Final = "SELECT manifest FROM snapshots WHERE digest = ?1"


class SqlSnapshots:
    """Snapshots upon a journal's store. now: returns seconds since the epoch."""

    def __init__(self, ask: Ask, *, now: Callable[[], float] = time.time) -> None:
        self._ask = ask
        self._now = now

    async def put(self, digest: str, manifest: str) -> None:
        """Keep a manifest; one that is there already stays as it is, and counts as kept now."""
        await self._ask(lambda store: store.change(_PUT, (digest, manifest, self._now())))

    async def get(self, digest: str) -> str | None:
        """Return the manifest, None when it was never kept."""
        rows = await self._ask(lambda store: store.rows(_GET, (digest,)))
        return rows[0][0] if rows else None

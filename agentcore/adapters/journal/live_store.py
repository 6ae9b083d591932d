"""SqlLiveStore: what processes tell each other of models and tools, in tables beside a journal's events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from agentcore.adapters.journal.inbox import Ask
from agentcore.adapters.journal.live_codec import decode, encode
from agentcore.ports.live_store import Published
from agentcore.routing.live_state import LiveState

_PUBLISH: Final = (
    "INSERT INTO live_states (scope, owner, at, state) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (scope, owner) DO UPDATE SET at = excluded.at, state = excluded.state"
)
_OTHERS: Final = (
    "SELECT owner, at, state FROM live_states WHERE scope = ?1 AND owner <> ?2 AND at >= ?3 "
    "ORDER BY at DESC, owner LIMIT ?4"
)
_CLAIM: Final = (
    "INSERT INTO live_claims (scope, name, owner, until) VALUES (?1, ?2, ?3, ?5) "
    "ON CONFLICT (scope, name) DO UPDATE SET owner = excluded.owner, until = excluded.until "
    "WHERE live_claims.owner = excluded.owner OR live_claims.until < ?4"
)
_SWEEP: Final = ("DELETE FROM live_states WHERE at < ?1", "DELETE FROM live_claims WHERE until < ?1")


class SqlLiveStore:
    """A LiveStore upon a journal's store."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def publish(self, scope: str, owner: str, state: LiveState, *, now: float) -> None:
        """Tell all that this process has seen, instead of what it told before."""
        text = encode(state)
        await self._ask(lambda store: store.note(_PUBLISH, (scope, owner, now, text)))

    async def others(self, scope: str, owner: str, *, since: float, limit: int) -> Sequence[Published]:
        """Return what other processes have told since then, the newest first."""
        rows = await self._ask(lambda store: store.rows(_OTHERS, (scope, owner, since, limit)))
        states = await asyncio.to_thread(lambda: [decode(text) for _, _, text in rows])  # it takes some time
        told = [(name, at, state) for (name, at, _), state in zip(rows, states, strict=True)]
        return [Published(owner=name, at=at, state=state) for name, at, state in told if state is not None]

    async def claim(self, scope: str, name: str, owner: str, *, now: float, seconds: float) -> bool:
        """Return whether this process alone may probe something for so long."""
        return bool(await self._ask(lambda store: store.note(_CLAIM, (scope, name, owner, now, now + seconds))))

    async def sweep(self, before: float) -> None:
        """Forget what was told before then."""
        for sql in _SWEEP:
            await self._ask(lambda store, sql=sql: store.note(sql, (before,)))

"""SqlResponses: replies that may be served again, in a table beside a journal's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from agentcore.adapters.journal.inbox import Ask
from agentcore.adapters.journal.projection import Statement, storable
from agentcore.adapters.journal.value_codec import ValueCodec
from agentcore.ports.response_cache import MOST_LIKE, CachedReply, TenantEntries

_EXACT: Final = "SELECT entry FROM responses WHERE key = ?1 AND expires_at > ?2"
_LIKE: Final = "SELECT entry FROM responses WHERE alike = ?1 AND expires_at > ?2 ORDER BY kept_at DESC, key LIMIT ?3"
_PUT: Final = (
    "INSERT INTO responses (key, alike, tenant, principal, run, kept_at, expires_at, entry) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (key) DO UPDATE SET alike = excluded.alike, "
    "tenant = excluded.tenant, principal = excluded.principal, run = excluded.run, kept_at = excluded.kept_at, "
    "expires_at = excluded.expires_at, entry = excluded.entry"
)
_EXPIRED: Final = "DELETE FROM responses WHERE tenant = ?1 AND expires_at <= ?2"
_TOO_MANY: Final = (
    "DELETE FROM responses WHERE key IN (SELECT key FROM responses WHERE tenant = ?1 "
    "ORDER BY kept_at DESC, key LIMIT 1000000000 OFFSET CAST(?2 AS BIGINT))"
)
_REMOVE: Final = "DELETE FROM responses WHERE key = ?1"
_CLEAR: Final = "DELETE FROM responses WHERE (?1 = '' OR tenant = ?1) AND (?2 = '' OR principal = ?2)"
_STATS: Final = (
    "SELECT tenant, count(*), sum(CASE WHEN expires_at <= ?1 THEN 1 ELSE 0 END), min(kept_at), sum(length(entry)) "
    "FROM responses GROUP BY tenant ORDER BY tenant"
)


class SqlResponses:
    """A ResponseCache upon a journal's store: in plain text, like the events that the replies were recorded in."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._codec = ValueCodec(CachedReply)

    async def find(self, *, key: str, group: str = "", now: float) -> Sequence[CachedReply]:
        """Return the reply to that very call; without one, those of the group, the newest first."""
        rows = await self._rows(_EXACT, key, now)
        if not rows and group:
            rows = await self._rows(_LIKE, group, now, MOST_LIKE)
        return [self._codec.decode(row[0]) for row in rows]

    async def put(self, reply: CachedReply, *, most_entries: int) -> None:
        """Keep a reply, and delete what has expired and the oldest beyond so many, in one transaction."""
        tenant, user = storable(reply.tenant), storable(reply.user)
        entry = self._codec.encode(reply)
        row = (reply.key, reply.group, tenant, user, reply.run, reply.at, reply.expires_at, entry)
        statements: list[Statement] = [
            (_EXPIRED, (tenant, reply.at)),
            (_PUT, row),
            (_TOO_MANY, (tenant, most_entries)),
        ]
        await self._ask(lambda store: store.change_all(statements))

    async def remove(self, keys: Sequence[str]) -> int:
        """Delete replies; return how many there were."""
        statements: list[Statement] = [(_REMOVE, (key,)) for key in dict.fromkeys(keys)]
        return sum(await self._ask(lambda store: store.change_all(statements))) if statements else 0

    async def clear(self, *, tenant: str = "", user: str = "") -> int:
        """Delete the replies of a tenant, a user's, or all; return how many there were."""
        whose = (storable(tenant), storable(user))
        return await self._ask(lambda store: store.change(_CLEAR, whose))

    async def stats(self, now: float) -> Sequence[TenantEntries]:
        """Return what there is, by tenant."""
        return [
            TenantEntries(tenant=tenant, entries=int(count), expired=int(expired), oldest_at=oldest, bytes=int(size))
            for tenant, count, expired, oldest, size in await self._rows(_STATS, now)
        ]

    async def _rows(self, sql: str, *parameters: Any) -> Sequence[Any]:
        return await self._ask(lambda store: store.rows(sql, parameters))

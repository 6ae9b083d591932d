"""MemoryResponses: replies that may be served again, gone with their process."""

from __future__ import annotations

from collections.abc import Sequence

from agentcore.adapters.journal.value_codec import ValueCodec
from agentcore.ports.response_cache import MOST_LIKE, CachedReply, TenantEntries

_CODEC = ValueCodec(CachedReply)


class MemoryResponses:
    """A ResponseCache in a dictionary, the oldest entry first."""

    def __init__(self) -> None:
        self._kept: dict[str, CachedReply] = {}

    async def find(self, *, key: str, group: str = "", now: float) -> Sequence[CachedReply]:
        """Return the reply to that very call; without one, those of the group, the newest first."""
        found = self._kept.get(key)
        if found is not None and found.expires_at > now:
            return (found,)
        if not group:
            return ()
        like = [each for each in self._kept.values() if each.group == group and each.expires_at > now]
        return like[: -MOST_LIKE - 1 : -1]

    async def put(self, reply: CachedReply, *, most_entries: int) -> None:
        """Keep a reply, and delete what has expired and the oldest beyond so many."""
        self._kept.pop(reply.key, None)
        self._kept[reply.key] = reply
        theirs = [each for each in self._kept.values() if each.tenant == reply.tenant]
        live = [each for each in theirs if each.expires_at > reply.at]
        stay = {each.key for each in live[-most_entries:]}
        for each in theirs:
            if each.key not in stay:
                del self._kept[each.key]

    async def remove(self, keys: Sequence[str]) -> int:
        """Delete replies; return how many there were."""
        return sum(self._kept.pop(key, None) is not None for key in dict.fromkeys(keys))

    async def clear(self, *, tenant: str = "", user: str = "") -> int:
        """Delete the replies of a tenant, a user's, or all; return how many there were."""
        return await self.remove(
            [each.key for each in self._kept.values() if tenant in {"", each.tenant} and user in {"", each.user}]
        )

    async def stats(self, now: float) -> Sequence[TenantEntries]:
        """Return what there is, by tenant."""
        return [self._of(tenant, now) for tenant in sorted({each.tenant for each in self._kept.values()})]

    def _of(self, tenant: str, now: float) -> TenantEntries:
        theirs = [each for each in self._kept.values() if each.tenant == tenant]
        return TenantEntries(
            tenant=tenant,
            entries=len(theirs),
            expired=sum(each.expires_at <= now for each in theirs),
            oldest_at=min(each.at for each in theirs),
            bytes=sum(len(_CODEC.encode(each)) for each in theirs),
        )

"""The port to replies of models that may be served again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from agentcore.domain.budget import Usage
from agentcore.domain.frozen import frozen
from agentcore.domain.ids import EffectId, RunId
from agentcore.domain.json import JSON
from agentcore.domain.label import Label

MOST_LIKE: Final = 64
"""How many replies to like requests are returned at the most."""


@frozen
class CachedReply:
    """A reply, and all that says whom it may be served to.

    key: digest of all that the call was.  group: digest of all but its question; empty when only that very call may
    get it.  tenant: whose.  user: whose data it is, and is erased with.  only_for: the one user who may get it, empty
    for all of the tenant.  label: of what went into the call.  output: the reply as runs record it.  reply_label: of
    the reply.  used: by the call.  run, effect: where it was given.  at, expires_at: seconds since the epoch.
    """

    key: str
    group: str
    tenant: str
    user: str
    only_for: str
    label: Label
    question: str
    output: JSON
    reply_label: Label
    used: Usage
    run: RunId
    effect: EffectId
    at: float
    expires_at: float


@frozen
class TenantEntries:
    """What there is of a tenant. expired: of the entries, those that may not be served any more.

    bytes: about what they take.
    """

    tenant: str
    entries: int
    expired: int
    oldest_at: float
    bytes: int


class ResponseCache(Protocol):
    """Replies by key and by group. Every method raises JournalError when the store fails."""

    async def find(self, *, key: str, group: str = "", now: float) -> Sequence[CachedReply]:
        """Return the reply to that very call; without one, those of the group, the newest first, MOST_LIKE at most.

        None of them has expired by now.
        """
        ...

    async def put(self, reply: CachedReply, *, most_entries: int) -> None:
        """Keep a reply, in the place of one with its key.

        Of its tenant, those that have expired by then, and the oldest ones beyond so many, are deleted.
        """
        ...

    async def remove(self, keys: Sequence[str]) -> int:
        """Delete replies; return how many there were."""
        ...

    async def clear(self, *, tenant: str = "", user: str = "") -> int:
        """Delete the replies of a tenant, a user's, or, with neither, all; return how many there were."""
        ...

    async def stats(self, now: float) -> Sequence[TenantEntries]:
        """Return what there is, by tenant, in the order of their names."""
        ...

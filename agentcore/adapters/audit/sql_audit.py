"""SqlAudit: the audit chains in the tables of a journal's store."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from agentcore.adapters.audit.notary import KEYS, MAKE_KEPT, NEW_KEY, READ_KEPT, place_of
from agentcore.adapters.audit.secret import decoded, encoded, new_secret, secret_from
from agentcore.adapters.journal.inbox import Ask
from agentcore.adapters.journal.projection import Statement, storable
from agentcore.audit.checkpoint import Checkpoint, Signed
from agentcore.audit.entry import GENESIS, Draft, Entry, Link, entry_hash
from agentcore.audit.merkle import Frontier
from agentcore.audit.verify import Head
from agentcore.domain.errors import JournalCorrupt
from agentcore.domain.json import JSON

if TYPE_CHECKING:
    from agentcore.adapters.audit.vault import SubjectKey, Vault

_HEADS: Final = "SELECT tenant, size, hash, erased_at FROM audit_heads ORDER BY tenant"
_TENANTS: Final = (
    "SELECT tenant FROM audit_heads UNION SELECT tenant FROM audit UNION SELECT tenant FROM audit_checkpoints "
    "ORDER BY tenant"
)
_LINKS: Final = (
    "SELECT sequence, hash, entry, sealed FROM audit WHERE tenant = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3"
)
_CHECKPOINTS: Final = "SELECT body, signature, peaks FROM audit_checkpoints WHERE tenant = ?1 ORDER BY size"
_NEWEST: Final = "SELECT body, signature, peaks FROM audit_checkpoints WHERE tenant = ?1 ORDER BY size DESC LIMIT 1"
_KEEP: Final = (
    "INSERT INTO audit_checkpoints (tenant, size, body, signature, peaks) VALUES (?1, ?2, ?3, ?4, ?5) "
    "ON CONFLICT DO NOTHING"
)
_SUBJECTS: Final = "SELECT subject, name, wrapped FROM audit_subjects WHERE tenant = ?1 AND subject <> ''"
_FIRST: Final = "SELECT min(sequence) FROM audit WHERE tenant = ?1"
_EXPIRE: Final = "DELETE FROM audit WHERE tenant = ?1 AND sequence <= ?2"
_EXPIRE_CHECKPOINTS: Final = "DELETE FROM audit_checkpoints WHERE tenant = ?1 AND size < ?2"
_AT_ONCE: Final = 1_000


class SqlAudit:
    """Chains upon a journal's store. secret: returns the master secret; None keeps it in the environment or the store.

    Every method raises JournalError when the store fails.
    """

    def __init__(self, ask: Ask, secret: Callable[[], bytes] | None = None) -> None:
        self._ask = ask
        self._secret = secret

    async def heads(self) -> Mapping[str, Head]:
        """Return where the chain of each tenant stands."""
        rows = await self._ask(lambda store: store.rows(_HEADS))
        return {tenant: Head(size=size, hash=hash_, erased_at=erased_at) for tenant, size, hash_, erased_at in rows}

    async def tenants(self) -> Sequence[str]:
        """Return the tenants of which anything is there: a head, an entry or a checkpoint."""
        return [row[0] for row in await self._ask(lambda store: store.rows(_TENANTS))]

    async def links(self, tenant: str, *, after: int = 0) -> AsyncIterator[Link]:
        """Yield a tenant's entries as they are stored, in order, from behind a number."""
        while True:
            rows = await self._ask(lambda store, after=after: store.rows(_LINKS, (tenant, after, _AT_ONCE)))
            for row in rows:
                yield Link(*row)
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1][0]

    async def checkpoints(self, tenant: str) -> Sequence[Signed]:
        """Return a tenant's checkpoints, the oldest first."""
        rows = await self._ask(lambda store: store.rows(_CHECKPOINTS, (tenant,)))
        return [_signed(*row) for row in rows]

    async def checkpoint(self, tenant: str, now: float) -> Signed | None:
        """Sign where a tenant's chain stands, keep that, and return it; None when there is no entry.

        The entries since the last checkpoint are read. Raises JournalCorrupt when they do not hang together.
        """
        newest = await self._ask(lambda store: store.rows(_NEWEST, (tenant,)))
        previous, tree, last = GENESIS, Frontier(), None
        if newest:
            last = _signed(*newest[0])
            try:
                checkpoint = last.read()
                previous, tree = bytes.fromhex(checkpoint.head), last.frontier(checkpoint)
            except ValueError as error:
                raise _broken(f"its last checkpoint is damaged: {error}") from error
        started = tree.size
        async for link in self.links(tenant, after=started):
            previous = entry_hash(previous, link.entry.encode())
            if (link.sequence, link.hash) != (tree.size + 1, previous.hex()):
                raise _broken(f"entry {link.sequence} of the tenant {tenant!r} does not follow the one before")
            tree.add(previous)
        if tree.size == started:
            return last
        vault = await self.vault()
        checkpoint = Checkpoint(
            tenant=tenant,
            size=tree.size,
            head=previous.hex(),
            root=tree.root().hex(),
            at=round(now * 1_000_000),
            key=vault.key_id,
        )
        body = checkpoint.body()
        signed = Signed(body.decode(), vault.sign(body), [peak.hex() for peak in tree.peaks])
        row = (tenant, tree.size, signed.body, signed.signature, json.dumps(signed.peaks))
        await self._ask(lambda store: store.change(_KEEP, row))
        return signed

    async def record(self, drafts: Sequence[Draft], statements: Sequence[Statement] = ()) -> Sequence[int]:
        """Append entries durably, in one transaction with statements; return how many rows each of those changed."""
        return await self._ask(lambda store: store.change_all(list(statements), list(drafts)))

    async def names(self, tenant: str) -> Mapping[str, str]:
        """Return the names of users by the ids under which they stand in the chain; those that are not erased."""
        rows = await self._ask(lambda store: store.rows(_SUBJECTS, (tenant,)))
        return {subject: name for subject, name, _ in rows}

    async def keys(self, tenant: str) -> Mapping[str, SubjectKey | str]:
        """Return the keys of a tenant's users, by their ids; instead of one that cannot be read, why."""
        vault = await self.vault()
        found: dict[str, SubjectKey | str] = {}
        for subject, name, wrapped in await self._ask(lambda store: store.rows(_SUBJECTS, (tenant,))):
            try:
                found[subject] = vault.key(tenant, subject, name, wrapped)
            except ValueError as error:
                found[subject] = str(error)
        return found

    async def key_of(self, tenant: str, user: str) -> SubjectKey:
        """Return the key of a user, a new one when there is none that can be read."""
        tenant, name = storable(tenant), storable(user)
        vault = await self.vault()
        for subject, wrapped in await self._ask(lambda store: store.rows(KEYS, (tenant, name))):
            try:
                return vault.key(tenant, subject, name, wrapped)
            except ValueError:
                continue
        key, wrapped = vault.new_key(tenant, name)
        row = (tenant, key.id, name, wrapped, time.time())
        await self._ask(lambda store: store.change(NEW_KEY, row))
        return key

    async def expire(self, tenant: str, before: float) -> int:
        """Delete entries up to the last checkpoint before a moment, with a word of it in the chain; return how many.

        before: seconds since the epoch.
        """
        old = [each.read() for each in await self.checkpoints(tenant)]
        size = max((each.size for each in old if each.at < before * 1_000_000), default=0)
        first = await self._ask(lambda store: store.rows(_FIRST, (tenant,)))
        if not first or first[0][0] is None or first[0][0] > size:
            return 0
        facts: dict[str, JSON] = {"at": round(time.time() * 1_000_000), "kind": "expiry", "resource": "audit"}
        draft = Draft(None, {**facts, "action": "delete", "count": size}, tenant=tenant)
        row = (tenant, size)
        return (await self.record([draft], [(_EXPIRE, row), (_EXPIRE_CHECKPOINTS, row)]))[0]

    async def vault(self) -> Vault:
        """Return what the store's secret can do; one is made when there is none. Raises ConfigError."""
        from agentcore.adapters.audit.vault import Vault  # noqa: PLC0415  # loads ciphers

        if self._secret is not None:
            return Vault(self._secret())
        secret = secret_from(os.environ)
        if secret is None:
            rows = await self._ask(lambda store: store.rows(READ_KEPT))
            if not rows:
                await self._ask(lambda store: store.change(MAKE_KEPT, (encoded(new_secret()),)))
                rows = await self._ask(lambda store: store.rows(READ_KEPT))
            secret = decoded(rows[0][0])
        if secret is None:
            raise _broken("the secret in the store is damaged")
        return Vault(secret)


def opened(entry: Entry, sealed: str, key: SubjectKey) -> str:
    """Return the JSON text of what is sealed beside an entry. Raises ValueError when it was changed."""
    return key.open_text(sealed, place_of(entry.tenant, entry.sequence))


def _signed(body: str, signature: str, peaks: str) -> Signed:
    try:
        return Signed(body, signature, [str(peak) for peak in json.loads(peaks)])
    except (ValueError, TypeError):
        return Signed(body, signature, ["damaged"])


def _broken(why: str) -> JournalCorrupt:
    return JournalCorrupt(f"the audit chain is broken: {why}", hint="look at it with `agentcore audit verify`")

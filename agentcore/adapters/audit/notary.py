"""Notary: turns drafts into entries of their tenants' chains. Knows what to ask a store, and not how."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, cast

from agentcore.adapters.audit.secret import decoded, encoded, new_secret
from agentcore.adapters.journal.codec import EventCodec
from agentcore.adapters.journal.projection import Parameter, storable
from agentcore.audit.canonical import canonical_facts
from agentcore.audit.entry import GENESIS, Draft, entry_hash
from agentcore.audit.verify import Head
from agentcore.domain.errors import JournalCorrupt
from agentcore.domain.event import RunStarted
from agentcore.domain.ids import RunId
from agentcore.domain.json import JSON

_OWNER: Final = "SELECT tenant, principal FROM runs WHERE run = ?1"
_FIRST: Final = "SELECT at, schema, fact FROM events WHERE run = ?1 AND sequence = 1"
_HEAD: Final = "SELECT size, hash, erased_at FROM audit_heads WHERE tenant = ?1"
_BEGIN: Final = "INSERT INTO audit_heads (tenant, size, hash, erased_at) VALUES (?1, 0, ?2, 0) ON CONFLICT DO NOTHING"
_MOVE: Final = (
    "INSERT INTO audit_heads (tenant, size, hash, erased_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant) "
    "DO UPDATE SET size = excluded.size, hash = excluded.hash, erased_at = excluded.erased_at"
)
KEYS: Final = (
    "SELECT subject, wrapped FROM audit_subjects WHERE tenant = ?1 AND name = ?2 ORDER BY made_at DESC, subject"
)
NEW_KEY: Final = "INSERT INTO audit_subjects (tenant, subject, name, wrapped, made_at) VALUES (?1, ?2, ?3, ?4, ?5)"
READ_KEPT: Final = "SELECT wrapped FROM audit_subjects WHERE tenant = '' AND subject = ''"
MAKE_KEPT: Final = (  # one for all processes: whoever comes second takes the first one's
    "INSERT INTO audit_subjects (tenant, subject, name, wrapped, made_at) VALUES ('', '', '', ?1, 0) "
    "ON CONFLICT DO NOTHING"
)
_REMEMBERED: Final = 10_000

Row: TypeAlias = tuple[str, int, str, str, str | None]
"""Tenant, sequence, hash, entry, sealed: a row of the table `audit`."""

Owner: TypeAlias = tuple[str, str]
"""Tenant and user."""


class Query(NamedTuple):
    """A statement, of which the rows are wanted. lock: those that it finds, until the transaction's end."""

    sql: str
    parameters: tuple[Parameter, ...]
    lock: bool = False


class Change(NamedTuple):
    """A statement."""

    sql: str
    parameters: tuple[Parameter, ...]


class Insert(NamedTuple):
    """Rows of the table `audit`."""

    rows: Sequence[Row]


Step: TypeAlias = Query | Change | Insert
Steps: TypeAlias = Generator[Step, Sequence[Any], None]
"""What is to be done in the transaction, step by step; a Query is sent its rows, all else nothing."""


class _End:
    """Where a chain stands while entries are appended."""

    def __init__(self, head: Head) -> None:
        self.size = head.size
        try:
            self.hash = bytes.fromhex(head.hash)
        except ValueError as error:
            raise JournalCorrupt(
                "the head of an audit chain is damaged", hint="look at it with `agentcore audit verify`"
            ) from error
        self.erased_at = head.erased_at


class Notary:
    """What one connection needs in order to append to chains, remembered.

    Not for two transactions at once: after one that failed call `forget`. shared: other connections append at the same
    time, so heads are locked and read each time; otherwise they are believed, and a row that is there already tells
    that another process was quicker.
    """

    def __init__(self, secret: Callable[[], bytes] | None, *, shared: bool) -> None:
        """Take what returns the master secret; None keeps one in the store."""
        # Ciphers take a while to load, and not every store is written to.
        from agentcore.adapters.audit.vault import SubjectKey, Vault  # noqa: PLC0415

        self._new_vault = Vault
        self._secret = secret
        self._shared = shared
        self._vault: Vault | None = None
        self._heads: dict[str, Head] = {}
        self._keys: dict[Owner, SubjectKey] = {}
        self._owners: dict[RunId, Owner] = {}

    def forget(self) -> None:
        """Believe nothing any more but the secret."""
        self._heads.clear()
        self._keys.clear()
        self._owners.clear()

    def append(self, drafts: Sequence[Draft]) -> Steps:
        """Append to the chains of the drafts' tenants, within a transaction that is under way.

        Raises JournalError, and ValueError when the secret is none.
        """
        owners = yield from self._owners_of(drafts)
        heads = yield from self._heads_of(sorted({tenant for tenant, _ in owners}))
        for owner in dict.fromkeys(owners):
            if owner not in self._keys:
                yield from self._learn_key(owner, cast("int", drafts[0].facts["at"]))
        ends = {tenant: _End(head) for tenant, head in heads.items()}
        yield Insert([self._entry(draft, owner, ends[owner[0]]) for draft, owner in zip(drafts, owners, strict=True)])
        for tenant, end in ends.items():
            self._heads[tenant] = Head(size=end.size, hash=end.hash.hex(), erased_at=end.erased_at)
            yield Change(_MOVE, (tenant, end.size, end.hash.hex(), end.erased_at))
        for remembered in (self._heads, self._keys, self._owners):
            if len(remembered) > _REMEMBERED:
                remembered.clear()

    def vault(self) -> Generator[Step, Sequence[Any], Any]:
        """Return the vault of the store."""
        if self._vault is None:
            secret = self._secret() if self._secret is not None else (yield from self._kept_secret())
            self._vault = self._new_vault(secret)
        return self._vault

    def _entry(self, draft: Draft, owner: Owner, end: _End) -> Row:
        tenant, sequence = owner[0], end.size + 1
        facts: dict[str, JSON] = {"tenant": tenant, "sequence": sequence, **draft.facts}
        sealed = None
        key = self._keys.get(owner)
        if key is not None:
            facts["subject"] = key.id
            if draft.request is not None:
                facts["input"] = key.commit(draft.request)
            if draft.payload is not None:
                sealed = key.seal_text(draft.payload, place_of(tenant, sequence))
                facts["sealed"] = hashlib.sha256(sealed.encode()).hexdigest()
        entry = _written(facts)
        end.size, end.hash = sequence, entry_hash(end.hash, entry)
        if facts["kind"] == "erasure":
            end.erased_at = sequence
        return (tenant, sequence, end.hash.hex(), entry.decode(), sealed)

    def _owners_of(self, drafts: Sequence[Draft]) -> Generator[Step, Sequence[Any], list[Owner]]:
        owners: list[Owner] = []
        for draft in drafts:
            if draft.tenant or draft.run is None:
                owners.append((storable(draft.tenant), storable(draft.user)))
                continue
            owner = self._owners.get(draft.run)
            if owner is None:
                owner = self._owners[draft.run] = yield from self._owner_of(draft.run)
            owners.append(owner)
        return owners

    def _owner_of(self, run: RunId) -> Generator[Step, Sequence[Any], Owner]:
        """Return whose a run is, as it is listed; if an earlier version began it, as its first event says."""
        rows = yield Query(_OWNER, (run,))
        if not rows:
            return ("default", "")
        tenant, user = rows[0]
        if user is None:
            user = task_user(run, (yield Query(_FIRST, (run,))))
        return (tenant, user)

    def _heads_of(self, tenants: Sequence[str]) -> Generator[Step, Sequence[Any], dict[str, Head]]:
        heads: dict[str, Head] = {}
        for tenant in tenants:  # sorted, lest two processes wait for each other
            before = self._heads.get(tenant)
            if before is not None and not self._shared:
                heads[tenant] = before
                continue
            rows = yield Query(_HEAD, (tenant,), lock=True)
            if not rows and self._shared:
                yield Change(_BEGIN, (tenant, GENESIS.hex()))
                rows = yield Query(_HEAD, (tenant,), lock=True)
            size, hash_, erased_at = rows[0] if rows else (0, GENESIS.hex(), 0)
            if before is not None and before.erased_at != erased_at:  # keys that are known may be destroyed
                self._keys.clear()
            heads[tenant] = Head(size=size, hash=hash_, erased_at=erased_at)
        return heads

    def _learn_key(self, owner: Owner, at: int) -> Generator[Step, Sequence[Any], None]:
        vault = yield from self.vault()
        tenant, user = owner
        for subject, wrapped in (yield Query(KEYS, (tenant, user))):
            try:
                self._keys[owner] = vault.key(tenant, subject, user, wrapped)
            except ValueError:  # made under another secret: what it sealed waits for that one
                continue
            return
        key, wrapped = vault.new_key(tenant, user)
        yield Change(NEW_KEY, (tenant, key.id, user, wrapped, at / 1_000_000))
        self._keys[owner] = key

    def _kept_secret(self) -> Generator[Step, Sequence[Any], bytes]:
        rows = yield Query(READ_KEPT, ())
        if not rows:
            yield Change(MAKE_KEPT, (encoded(new_secret()),))
            rows = yield Query(READ_KEPT, ())
        secret = decoded(rows[0][0])
        if secret is None:
            raise JournalCorrupt("the secret of the store's audit is damaged", hint="restore it from a backup")
        return secret


def place_of(tenant: str, sequence: int) -> str:
    """Return what binds a sealed payload to its entry."""
    return f"{tenant}/{sequence}"


def task_user(run: RunId, rows: Sequence[Any]) -> str:
    """Return on whose behalf a run is: rows has the time, the schema and the fact of its first event."""
    if not rows:
        return ""
    at, schema, fact = rows[0]
    started = EventCodec().decode(run, 1, at, schema, fact).fact
    return storable(started.task.principal) if isinstance(started, RunStarted) else ""


def _written(facts: dict[str, JSON]) -> bytes:
    """Return the canonical JSON of an entry that every store can hold."""
    try:
        entry = canonical_facts(facts)
        if b"\\u0000" not in entry:
            return entry
    except TypeError:  # half a surrogate pair
        pass
    return canonical_facts({name: _clean(value) for name, value in facts.items()})


def _clean(value: JSON) -> JSON:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list | tuple):
        return [_clean(each) for each in cast("list[JSON]", value)]
    return value

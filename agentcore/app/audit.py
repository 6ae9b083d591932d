"""Audit: whether the chains of a store, or of an exported file, are what was written; checkpoints of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from loguru import logger

from agentcore.adapters.audit.export_lines import Exported
from agentcore.adapters.audit.sql_audit import SqlAudit
from agentcore.app.store import Store
from agentcore.audit.checkpoint import Signed
from agentcore.audit.verify import Chain, Fault, Head
from agentcore.config.audit import AuditSettings
from agentcore.domain.errors import AgentcoreError, JournalUnavailable
from agentcore.ports.clock import Clock

CHECKPOINT_SECONDS: Final = 60.0
"""How often a runtime signs where the chains stand."""


_NOTHING: Final = Head(size=0, hash=bytes(32).hex())
"""Where a chain stands of which nothing is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found of one tenant's chain.

    size: the number of the last entry.  checkpoints: how many were checked.  fault: what is wrong first, None when
    nothing is.
    """

    tenant: str
    size: int
    checkpoints: int
    fault: Fault | None


def chains_of(store: Store) -> SqlAudit:
    """Return the audit of a store. Raises JournalUnavailable when it has none."""
    if store.audit is None:
        raise JournalUnavailable("this store has no audit")
    return store.audit


async def verify_store(
    audit: SqlAudit, *, tenant: str | None = None, anchors: Sequence[Signed] = (), keys: Sequence[bytes] = ()
) -> Sequence[Verified]:
    """Return what is found of each chain, or of one tenant's.

    anchors: checkpoints that were kept outside.  keys: public keys that are trusted beside the store's own.
    """
    asked = sorted(
        {*await audit.tenants(), *(each.tenant for each in _readable(anchors))} if tenant is None else {tenant}
    )
    if not asked:
        return ()
    trusted = _trust([(await audit.vault()).public_key, *keys])
    found: list[Verified] = []
    for name in asked:
        checkpoints = _placed(await audit.checkpoints(name), anchors, name)
        chain = Chain(name, checkpoints, trusted)
        fault = await _read_to_its_head(audit, name, chain) or await _key_fault(audit, name, chain.sealed)
        found.append(Verified(tenant=name, size=chain.size, checkpoints=len(checkpoints), fault=fault))
    return found


def verify_exported(
    exported: Exported, *, tenant: str | None = None, anchors: Sequence[Signed] = (), keys: Sequence[bytes] = ()
) -> Sequence[Verified]:
    """Return what is found of each chain in a file. keys: the only ones that are trusted; none trusts the file's."""
    trusted = _trust(keys or [exported.public_key])
    found: list[Verified] = []
    names = {*exported.chains, *(each.tenant for each in _readable(anchors))} if tenant is None else {tenant}
    for name in sorted(names):
        part = exported.chains.get(name)
        checkpoints = _placed(part.checkpoints if part else (), anchors, name)
        chain = Chain(name, checkpoints, trusted)
        for link in part.links if part else ():
            chain.add(link)
        fault = chain.end(part.head if part and part.head else _NOTHING)
        found.append(Verified(tenant=name, size=chain.size, checkpoints=len(checkpoints), fault=fault))
    return found


async def checkpoint_all(audit: SqlAudit, clock: Clock) -> Sequence[Signed]:
    """Sign where each chain stands, and return what was signed."""
    signed = [await audit.checkpoint(tenant, clock.now()) for tenant in await audit.heads()]
    return [each for each in signed if each is not None]


@contextlib.asynccontextmanager
async def checkpointed(store: Store, clock: Clock, settings: AuditSettings) -> AsyncGenerator[None]:
    """Sign where the chains stand every minute, and at the end; delete entries that are old enough."""
    audit = store.audit
    if audit is None:
        yield
        return
    task = asyncio.create_task(_keep_signing(store, audit, clock, settings.keep_seconds), name="audit")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        await _sign(audit, clock)


async def expire_all(store: Store, audit: SqlAudit, before: float) -> int:
    """Delete entries older than a moment, but none of a tenant of which something must be kept; return how many."""
    held = set[str]() if store.subjects is None else {hold.tenant for hold in await store.subjects.holds()}
    return sum([await audit.expire(tenant, before) for tenant in await audit.heads() if tenant not in held])


async def _keep_signing(store: Store, audit: SqlAudit, clock: Clock, keep_seconds: float | None) -> None:
    while True:
        await clock.sleep(CHECKPOINT_SECONDS)
        await _sign(audit, clock)
        if keep_seconds is not None:
            with _told("old entries of the audit cannot be deleted"):
                await expire_all(store, audit, clock.now() - keep_seconds)


async def _sign(audit: SqlAudit, clock: Clock) -> None:
    with _told("the audit cannot be signed"):
        await checkpoint_all(audit, clock)


@contextlib.contextmanager
def _told(what: str) -> Generator[None]:
    try:
        yield
    except AgentcoreError as error:
        logger.warning("{}: {}", what, error.message)
    except ValueError as error:  # a checkpoint is damaged
        logger.warning("{}: {}", what, error)


async def _read_to_its_head(audit: SqlAudit, tenant: str, chain: Chain) -> Fault | None:
    """Go along a chain that others may be writing to, up to where its head is then; return what is wrong."""
    while True:
        before = chain.size
        async for link in audit.links(tenant, after=before):
            chain.add(link)
            if chain.fault is not None:
                return chain.fault
        head = (await audit.heads()).get(tenant, _NOTHING)
        if head.size <= chain.size or chain.size == before:
            return chain.end(head)


async def _key_fault(audit: SqlAudit, tenant: str, sealed: Mapping[str, int]) -> Fault | None:
    keys = await audit.keys(tenant)
    for key in keys.values():
        if isinstance(key, str):
            return Fault(tenant=tenant, sequence=0, problem="key", what=key)
    for subject, sequence in sealed.items():
        if subject not in keys:
            what = f"the key of the subject {subject}, first seen in entry {sequence}, is gone, and nobody was erased"
            return Fault(tenant=tenant, sequence=sequence, problem="key", what=what)
    return None


def _trust(keys: Sequence[bytes]) -> Callable[[str, bytes, bytes], bool | None]:
    from agentcore.adapters.audit.vault import is_signed, key_id  # noqa: PLC0415  # loads ciphers

    known: Mapping[str, bytes] = {key_id(key): key for key in keys}

    def trusted(key: str, body: bytes, signature: bytes) -> bool | None:
        return is_signed(known[key], body, signature) if key in known else None

    return trusted


def _placed(checkpoints: Sequence[Signed], anchors: Sequence[Signed], tenant: str) -> Mapping[str, Signed]:
    placed = {f"checkpoint {number}": each for number, each in enumerate(checkpoints, start=1)}
    for number, each in enumerate(anchors, start=1):
        with contextlib.suppress(ValueError):
            if each.read().tenant != tenant:
                continue
        placed[f"the checkpoint kept outside, {number}"] = each
    return placed


def _readable(anchors: Sequence[Signed]) -> list[Any]:
    found: list[Any] = []
    for each in anchors:
        with contextlib.suppress(ValueError):
            found.append(each.read())
    return found

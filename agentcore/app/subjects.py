"""What a store has of a user: handed out, erased, or kept because it must be."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agentcore.adapters.audit.sealed_file import header_of
from agentcore.adapters.audit.sql_audit import SqlAudit, opened
from agentcore.adapters.audit.subject_data import Hold, SubjectData, TheirRun
from agentcore.adapters.journal.codec import EventCodec
from agentcore.app.access import note
from agentcore.app.store import Store
from agentcore.audit.entry import Draft, as_json, read_entry
from agentcore.domain.errors import JournalUnavailable, LegalHold, RunBusy, RunNotFound
from agentcore.domain.event import OPEN
from agentcore.domain.ids import RunId
from agentcore.domain.json import JSON

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What is gone. files: archives that were deleted.  left: what is left to be done, empty when nothing is."""

    runs: int
    files: Sequence[Path]
    left: str


class Subjects:
    """The users of a store, and who acts upon what it has of them."""

    def __init__(self, store: Store, *, actor: str, reason: str) -> None:
        """Take a store. Raises JournalUnavailable for one that ends with its process."""
        if store.audit is None or store.subjects is None:
            raise JournalUnavailable("this store ends with its process, and all that it has")
        self._store = store
        self._audit: SqlAudit = store.audit
        self._data: SubjectData = store.subjects
        self._actor = actor
        self._reason: JSON = {"reason": reason} if reason else None
        self._said = reason

    async def export(self, user: str, tenant: str = "") -> AsyncIterator[dict[str, Any]]:
        """Yield all that the store has of a user: runs with their events, holds, and entries of the audit, opened.

        That it was handed out is noted first. Raises RunNotFound when there is nothing.
        """
        runs, ids = await self._found(user, tenant)
        for of in sorted({run.tenant for run in runs} | {of for of, _ in ids}):
            facts = note("export", actor=self._actor, action="export", resource="subject", count=len(runs))
            await self._audit.record([Draft(None, facts, self._reason, tenant=of, user=user)])
        codec = EventCodec()
        for run in runs:
            events = [
                {"sequence": event.sequence, "at": event.at, "fact": json.loads(codec.encode(event.fact))}
                for event in await self._store.journal.read(run.run)
            ]
            yield {"kind": "run", "run": run.run, "tenant": run.tenant, "status": run.status, "events": events}
        for hold in await self._data.holds():
            if hold.user == user and tenant in {"", hold.tenant}:
                yield {"kind": "hold", "tenant": hold.tenant, "reason": hold.reason, "at": hold.at}
        for of, subject in await self._data.ids(user, tenant):
            async for entry in self._entries(of, subject):
                yield entry

    async def erase(self, user: str, tenant: str = "", archives: Path | None = None) -> Erased:
        """Delete all that the store has of a user, destroy the user's keys, and say so in the chain.

        archives: the folder into which retention has put runs. Raises RunNotFound when there is nothing, RunBusy while
        a run of the user is open, and LegalHold.
        """
        runs, ids = await self._found(user, tenant)
        self._check_ended(user, runs)
        await self._check_free(user, runs, ids)
        files = await asyncio.to_thread(_archives, archives, user, tenant, {subject for _, subject in ids})
        erased = 0
        for of in sorted({run.tenant for run in runs} | {of for of, _ in ids}):
            theirs = [subject for tenant_of, subject in ids if tenant_of == of]
            count = sum(run.tenant == of for run in runs)
            facts = note("erasure", actor=self._actor, action="erase", resource="subject", count=count, erased=theirs)
            erased += await self._data.erase(user, of, theirs, Draft(None, facts, self._reason, tenant=of))
        for path in files:
            path.unlink(missing_ok=True)
        left = await self._store.scrub()
        if await self._data.runs(user, tenant):
            left = f"a run of {user} was begun meanwhile: erase again once it has ended"
        return Erased(runs=erased, files=files, left=left)

    async def hold(self, target: str, tenant: str, at: float) -> Hold:
        """Keep a run, or all of a user's, from now on: nothing of it is pruned or erased."""
        hold = await self._target(target, tenant, at)
        await self._data.hold(hold, self._about("hold", hold))
        return hold

    async def release(self, target: str, tenant: str) -> Hold:
        """Keep it no longer. Raises RunNotFound when it was not kept."""
        hold = await self._target(target, tenant, 0.0)
        kept = [(each.tenant, each.run, each.user) for each in await self._data.holds()]
        if (hold.tenant, hold.run, hold.user) not in kept:
            raise RunNotFound(f"{target} is not held", hint="list what is with `agentcore audit hold list`")
        await self._data.release(hold, self._about("release", hold))
        return hold

    def _about(self, kind: Any, hold: Hold) -> Draft:
        facts = note(kind, actor=self._actor, action=kind, resource="run" if hold.run else "subject", run=hold.run)
        # Sealed under the user's key, as a hold ends before an erasure can be.
        return Draft(None, facts, self._reason, tenant=hold.tenant, user=hold.user)

    async def _target(self, target: str, tenant: str, at: float) -> Hold:
        await self._data.fill()
        owner = await self._data.owner(target)
        if owner is not None:
            return Hold(tenant=owner[0], run=target, user=owner[1], reason=self._said, actor=self._actor, at=at)
        return Hold(tenant=tenant or "default", run="", user=target, reason=self._said, actor=self._actor, at=at)

    async def _found(self, user: str, tenant: str) -> tuple[Sequence[TheirRun], Sequence[tuple[str, str]]]:
        await self._data.fill()
        runs, ids = await self._data.runs(user, tenant), await self._data.ids(user, tenant)
        if not user or not (runs or ids):
            raise RunNotFound(
                f"nothing is recorded of a user {user!r}", hint="users are the principals of tasks, `local` by default"
            )
        return runs, ids

    def _check_ended(self, user: str, runs: Sequence[TheirRun]) -> None:
        going = [run.run for run in runs if run.status in OPEN]
        if going:
            more = ", …" if len(going) > _SHOWN else ""
            raise RunBusy(
                f"{user} has runs that have not ended: {', '.join(going[:_SHOWN])}{more}",
                hint="wait for their end, or end them with `agentcore runs cancel RUN`",
            )

    async def _check_free(self, user: str, runs: Sequence[TheirRun], ids: Sequence[tuple[str, str]]) -> None:
        tenants = {run.tenant for run in runs} | {of for of, _ in ids}
        theirs = {run.run for run in runs}
        for hold in await self._data.holds():
            if RunId(hold.run) in theirs or (not hold.run and hold.user == user and hold.tenant in tenants):
                what = f"run {hold.run}" if hold.run else user
                raise LegalHold(
                    f"{what} must be kept, says {hold.actor}" + (f": {hold.reason}" if hold.reason else ""),
                    hint=f"when that is over: agentcore audit hold remove {hold.run or user} --reason …",
                )

    async def _entries(self, tenant: str, subject: str) -> AsyncIterator[dict[str, Any]]:
        key = (await self._audit.keys(tenant)).get(subject)
        async for link in self._audit.links(tenant):
            entry = read_entry(link.entry)
            if entry.subject != subject:
                continue
            payload = None
            if link.sealed is not None and key is not None and not isinstance(key, str):
                payload = json.loads(opened(entry, link.sealed, key))
            yield {"kind": "audit", "entry": as_json(entry), "payload": payload}


def _archives(folder: Path | None, user: str, tenant: str, ids: set[str]) -> list[Path]:
    """Return the files of a user's runs in a folder, sealed or not."""
    if folder is None or not folder.is_dir():
        return []
    return [path for path in sorted(folder.iterdir()) if path.is_file() and _is_of(path, user, tenant, ids)]


def _is_of(path: Path, user: str, tenant: str, ids: set[str]) -> bool:
    header = header_of(path)
    if header is not None:
        return header.subject in ids
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            about, first = json.loads(file.readline()), json.loads(file.readline())
            task = first["fact"]["task"]
    except (OSError, EOFError, ValueError, TypeError, KeyError):
        return False  # no exported run
    return about.get("kind") == "agentcore.run" and task["principal"] == user and tenant in {"", task["tenant"]}

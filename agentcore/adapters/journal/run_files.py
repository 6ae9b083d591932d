"""RunFiles: runs that have ended, out of a store into files and back."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import io
import os
import secrets
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from agentcore.adapters.audit.sealed_file import SealedHeader, header_of, opened_bytes, sealed_bytes
from agentcore.adapters.journal.run_lines import RunRecord, is_ended, read_lines, same_events, write_lines
from agentcore.domain.errors import JournalConflict, JournalCorrupt, JournalUnavailable, RunBusy, RunNotFound
from agentcore.domain.event import RunStarted
from agentcore.domain.ids import RunId
from agentcore.ports.journal import Journal
from agentcore.ports.snapshots import Snapshots

if TYPE_CHECKING:
    from agentcore.adapters.audit.sql_audit import SqlAudit
    from agentcore.adapters.audit.vault import SubjectKey

_GZIP: Final = b"\x1f\x8b"
_NAME_BYTES: Final = 180
"""Longer, and with endings and what a file is called while it is written, a name is too long for some file systems."""


def file_name(run: RunId, *, compressed: bool = True) -> str:
    """Return the name of a run's file: its id, escaped where a file's name cannot be so."""
    name = quote(run.encode(errors="surrogatepass"), safe="").replace(".", "%2E")
    if len(name) > _NAME_BYTES:
        name = f"{name[:100]}-{hashlib.sha256(name.encode()).hexdigest()}"
    return f"{name}.jsonl.gz" if compressed else f"{name}.jsonl"


class RunFiles:
    """Exports runs of a store and imports them into it. snapshots: None for a store that keeps no definitions.

    audit: has the keys of the users on whose behalf runs are; None for a store that cannot seal.
    """

    def __init__(self, journal: Journal, snapshots: Snapshots | None = None, audit: SqlAudit | None = None) -> None:
        self._journal = journal
        self._snapshots = snapshots
        self._audit = audit

    async def export(self, run: RunId, path: Path, *, sealed: bool = False) -> None:
        """Write a run that has ended into a file, gzip if its name ends so, and read it back.

        sealed: under the key of its user, if the store has keys: gzip whatever the name. The file is there whole and
        on disk, or not at all; one that has this run already stays as it is. Raises RunNotFound; RunBusy when the run
        has not ended; JournalConflict when the file has something else; JournalCorrupt when the run cannot be read, or
        not be read back; JournalUnavailable.
        """
        events = await self._journal.read(run)
        if not is_ended(events):
            raise RunBusy(
                f"run {run} has not ended, so it cannot be exported",
                hint=f"wait for its end, or end it with `agentcore runs cancel {run}`",
            )
        record = RunRecord(events=events, manifest=None)
        if self._snapshots is not None and record.snapshot:
            record = RunRecord(events=events, manifest=await self._snapshots.get(record.snapshot))
        key = None
        first = events[0].fact
        if sealed and self._audit is not None and isinstance(first, RunStarted):
            key = await self._audit.key_of(first.task.tenant, first.task.principal)
        await asyncio.to_thread(_write, record, path, key)

    async def import_(self, path: Path) -> tuple[RunId, Literal["imported", "present"]]:
        """Put the run of a file into the store; `present`: it is there already.

        Raises JournalCorrupt when the file is damaged, JournalTooNew, JournalConflict when the store has another run
        of that id, and JournalUnavailable, also when the store has no key that opens it.
        """
        record = await asyncio.to_thread(_read, path, await self._key_for(path))
        while True:
            if await self._has(record, path):
                return record.run, "present"
            if self._snapshots is not None and record.manifest is not None:
                await self._snapshots.put(record.snapshot, record.manifest)
            try:
                await self._journal.append(record.events, durable=True)
            except JournalConflict:  # somebody imports it at the same time
                continue
            return record.run, "imported"

    async def _key_for(self, path: Path) -> SubjectKey | None:
        """Return the key that opens a file, None when it is not sealed. Raises JournalUnavailable."""
        header = await asyncio.to_thread(_header, path)
        if header is None:
            return None
        key = None if self._audit is None else (await self._audit.keys(header.tenant)).get(header.subject)
        if key is None or isinstance(key, str):
            raise JournalUnavailable(
                f"{path} is sealed, and this store has no key that opens it",
                hint="its user was erased, or it is of another store: import it there",
            )
        return key

    async def _has(self, record: RunRecord, path: Path) -> bool:
        """Return whether the store has just this run. Raises JournalConflict when it has another one of its id."""
        try:
            events = await self._journal.read(record.run)
        except RunNotFound:
            return False
        if not same_events(events, record.events):
            raise JournalConflict(
                f"{path}: the store has another run {record.run}, or this one with other events",
                hint="import it into the store of another project",
            )
        return True


def _write(record: RunRecord, path: Path, key: SubjectKey | None) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        if path.exists():
            if same_events(_read(path, key).events, record.events):
                return
            raise JournalConflict(f"{path} has another run, or other events", hint="move it away, or export elsewhere")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            seal = _write_durably(part, record, key, compressed=path.name.endswith(".gz"))
            if _read(part, key).seal != seal:
                raise JournalCorrupt(f"run {record.run} is not what was read back from {path}", hint="check its disk")
            part.rename(path)
            _sync_folder(path.parent)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as error:
        raise JournalUnavailable(
            f"run {record.run} cannot be exported to {path}: {error.strerror or error}",
            hint="free some space on its disk, and check its folder; the run is still in the store",
        ) from error


def _write_durably(path: Path, record: RunRecord, key: SubjectKey | None, *, compressed: bool) -> str:
    """Write a new file and return the seal of its lines."""
    with path.open("xb") as file:
        if key is not None:
            packed_whole = io.BytesIO()
            with gzip.GzipFile(filename="", mode="wb", fileobj=packed_whole, compresslevel=6, mtime=0) as packed:
                seal = _write_to(packed, record)
            file.write(sealed_bytes(packed_whole.getvalue(), record.run, record.tenant, key))
        elif compressed:
            # No time stamp and no name: the same run gives the same file.
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as packed:
                seal = _write_to(packed, record)
        else:
            seal = _write_to(file, record)
        file.flush()
        os.fsync(file.fileno())
    return seal


def _write_to(file: IO[bytes] | gzip.GzipFile, record: RunRecord) -> str:
    lines = write_lines(record)
    while True:
        try:
            file.write(next(lines))
        except StopIteration as end:
            return end.value


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _header(path: Path) -> SealedHeader | None:
    try:
        return header_of(path)
    except OSError as error:
        raise JournalUnavailable(f"{path} cannot be read: {error.strerror or error}", hint="check the path") from error


def _read(path: Path, key: SubjectKey | None) -> RunRecord:
    """Return the run in a file. Raises JournalCorrupt, JournalTooNew, JournalUnavailable.

    key: of its user, if it is sealed.
    """
    try:
        sealed = key is not None and header_of(path) is not None
        with path.open("rb") if key is None or not sealed else _unsealed(path, key) as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            if not packed:
                return read_lines(file, str(path))
            with gzip.GzipFile(fileobj=file) as unpacked:
                return read_lines(unpacked, str(path))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise JournalCorrupt(
            f"{path} is cut off or has been changed: {error}", hint="take another copy of it"
        ) from error
    except OSError as error:
        raise JournalUnavailable(f"{path} cannot be read: {error.strerror or error}", hint="check the path") from error


def _unsealed(path: Path, key: SubjectKey) -> io.BytesIO:
    return io.BytesIO(opened_bytes(path.read_bytes(), key, str(path)))

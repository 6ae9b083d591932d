"""A run's file, sealed under the key of the user on whose behalf it was: copies of it end with that key."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agentcore.domain.errors import JournalCorrupt
from agentcore.domain.ids import RunId

if TYPE_CHECKING:
    from agentcore.adapters.audit.vault import SubjectKey

SUFFIX: Final = ".sealed"
FORMAT: Final = 1
_KIND: Final = "agentcore.sealed_run"
_HEADER_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedHeader:
    """The first line of a sealed file: the only part that can be read without the key."""

    run: RunId
    tenant: str
    subject: str
    format: int = FORMAT
    kind: str = _KIND

    def line(self) -> bytes:
        """Return the line, with its line feed."""
        return json.dumps(asdict(self), sort_keys=True).encode() + b"\n"


def sealed_bytes(data: bytes, run: RunId, tenant: str, key: SubjectKey) -> bytes:
    """Return a file's content sealed."""
    header = SealedHeader(run=run, tenant=tenant, subject=key.id).line()
    return header + key.seal(data, header.decode())


def header_of(path: Path) -> SealedHeader | None:
    """Return the header of a sealed file, None for a file that is none. Raises OSError."""
    with path.open("rb") as file:
        return _header(file.readline(_HEADER_BYTES))


def opened_bytes(content: bytes, key: SubjectKey, place: str) -> bytes:
    """Return what was sealed. place: for messages. Raises JournalCorrupt when it was changed."""
    line, _, sealed = content.partition(b"\n")
    try:
        return key.open(sealed, (line + b"\n").decode())
    except ValueError as error:
        raise JournalCorrupt(
            f"{place} is cut off or has been changed: {error}", hint="take another copy of it"
        ) from error


def _header(line: bytes) -> SealedHeader | None:
    if not line.startswith(b"{") or _KIND.encode() not in line:
        return None
    try:
        value: Any = json.loads(line)
        header = SealedHeader(**value)
    except (ValueError, TypeError):
        return None
    return header if header.kind == _KIND and header.format == FORMAT else None

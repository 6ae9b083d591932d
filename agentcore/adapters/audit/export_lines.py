"""The audit as lines of JSON: one that says what it is, then for each tenant checkpoints, entries and the head."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agentcore.adapters.audit.sql_audit import SqlAudit
from agentcore.audit.checkpoint import Signed
from agentcore.audit.entry import Link
from agentcore.audit.verify import Head
from agentcore.domain.errors import JournalCorrupt

FORMAT: Final = 1
_KIND: Final = "agentcore.audit"
_CHECKPOINT: Final = "agentcore.checkpoint"


@dataclass(slots=True, kw_only=True)
class ExportedChain:
    """One tenant's part of a file."""

    checkpoints: list[Signed] = field(default_factory=list[Signed])
    links: list[Link] = field(default_factory=list[Link])
    head: Head | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What a file has. public_key: 32 bytes, of whom the file says that its checkpoints are."""

    public_key: bytes
    chains: dict[str, ExportedChain]


async def export_lines(audit: SqlAudit, *, tenant: str | None, now: float) -> AsyncIterator[str]:
    """Yield the lines, without line feeds."""
    vault = await audit.vault()
    yield _line(kind=_KIND, format=FORMAT, public_key=vault.public_key.hex(), key=vault.key_id, exported_at=now)
    for name, head in (await audit.heads()).items():
        if tenant not in {None, name}:
            continue
        for signed in await audit.checkpoints(name):
            yield _line(tenant=name, **signed.as_json())
        last = 0
        async for link in audit.links(name):
            if link.sequence > head.size:  # written meanwhile
                break
            last = link.sequence
            yield _line(tenant=name, **link._asdict())
        if last or not head.size:
            yield _line(tenant=name, size=head.size, head=head.hash, erased_at=head.erased_at)


def read_export(lines: Iterable[str], place: str) -> Exported:
    """Return what exported lines have. place: for messages. Raises JournalCorrupt for what is no export."""
    exported: Exported | None = None
    for number, line in enumerate(lines, start=1):
        try:
            value: dict[str, Any] = json.loads(line)
            if exported is None:
                exported = Exported(public_key=bytes.fromhex(_of_kind(value, _KIND)["public_key"]), chains={})
            else:
                _take(exported.chains.setdefault(str(value["tenant"]), ExportedChain()), value)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            hint = "name a file that `agentcore audit export` wrote"
            raise JournalCorrupt(f"{place}:{number} is no line of an exported audit", hint=hint) from error
    if exported is None:
        raise JournalCorrupt(f"{place} is empty", hint="name a file that `agentcore audit export` wrote")
    return exported


def checkpoint_text(signed: Sequence[Signed], public_key: bytes) -> str:
    """Return checkpoints as a file, to be kept elsewhere."""
    return _line(
        kind=_CHECKPOINT, format=FORMAT, public_key=public_key.hex(), checkpoints=[s.as_json() for s in signed]
    )


def read_checkpoints(text: str, place: str) -> Sequence[Signed]:
    """Return the checkpoints in a file. Raises JournalCorrupt when it is none."""
    try:
        return [_signed(each) for each in _of_kind(json.loads(text), _CHECKPOINT)["checkpoints"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        hint = "name a file that `agentcore audit checkpoint` wrote"
        raise JournalCorrupt(f"{place} is no checkpoint of an audit", hint=hint) from error


def _take(chain: ExportedChain, value: dict[str, Any]) -> None:
    if "checkpoint" in value:
        chain.checkpoints.append(_signed(value))
    elif "head" in value:
        chain.head = Head(size=value["size"], hash=value["head"], erased_at=value["erased_at"])
    else:
        chain.links.append(Link(value["sequence"], value["hash"], value["entry"], value["sealed"]))


def _of_kind(value: Any, kind: str) -> Any:
    if value["kind"] != kind or value["format"] != FORMAT:
        raise ValueError("it is something else")
    return value


def _signed(value: Any) -> Signed:
    return Signed(str(value["checkpoint"]), str(value["signature"]), [str(peak) for peak in value["peaks"]])


def _line(**values: Any) -> str:
    return json.dumps(values)

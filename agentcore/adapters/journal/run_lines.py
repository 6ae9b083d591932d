"""A run as lines of JSON: one that says what it is, one for each event, one that seals them. Pure.

The last line has the SHA-256 of all lines before it, line feeds included; so nothing can be cut off or changed unseen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from agentcore.adapters.journal.codec import SCHEMA, EventCodec
from agentcore.domain.errors import JournalCorrupt, JournalTooNew
from agentcore.domain.event import Event, RunFinished, RunStarted
from agentcore.domain.ids import RunId

FORMAT: Final = 1
"""The version of the lines that this package writes. It can read this one and those before."""

_KIND: Final = "agentcore.run"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run that has ended: its events, the last of which is RunFinished, and the definitions that it was started on.

    manifest: as it is kept under the digest in RunStarted; None when it is not.  seal: the SHA-256 of its lines, once
    they have been read.
    """

    events: Sequence[Event]
    manifest: str | None
    seal: str = ""

    @property
    def run(self) -> RunId:
        """The run's id."""
        return self.events[0].run

    @property
    def tenant(self) -> str:
        """For whom it was."""
        first = self.events[0].fact
        return first.task.tenant if isinstance(first, RunStarted) else ""

    @property
    def snapshot(self) -> str:
        """The digest of its definitions."""
        first = self.events[0].fact
        return first.snapshot if isinstance(first, RunStarted) else ""


def same_events(some: Sequence[Event], others: Sequence[Event]) -> bool:
    """Return whether these would be recorded alike."""
    codec = EventCodec()
    return len(some) == len(others) and all(
        (one.run, one.sequence, float(one.at), codec.encode(one.fact))
        == (other.run, other.sequence, float(other.at), codec.encode(other.fact))
        for one, other in zip(some, others, strict=True)
    )


def is_ended(events: Sequence[Event]) -> bool:
    """Return whether these are the events of a run from its start to its end."""
    return isinstance(events[0].fact, RunStarted) and isinstance(events[-1].fact, RunFinished)


def write_lines(record: RunRecord) -> Generator[bytes, None, str]:
    """Yield the lines of a run that has ended; return their seal. Raises ValueError when it has not."""
    first, last = record.events[0], record.events[-1]
    if not isinstance(first.fact, RunStarted) or not isinstance(last.fact, RunFinished):
        raise ValueError(f"run {record.run} has not ended")
    codec = EventCodec()
    header = {
        "kind": _KIND,
        "format": FORMAT,
        "run": record.run,
        "name": first.fact.name,
        "goal": first.fact.task.goal,
        "tenant": first.fact.task.tenant,
        "status": last.fact.status,
        "started_at": first.at,
        "ended_at": last.at,
        "runtime": first.fact.runtime,
        "snapshot": record.snapshot,
        "manifest": None if record.manifest is None else json.loads(record.manifest),
    }
    sealed = hashlib.sha256()
    for line in (
        json.dumps(header),
        *(
            f'{{"sequence":{event.sequence},"at":{json.dumps(float(event.at))},"schema":{SCHEMA},'
            f'"fact":{codec.encode(event.fact).strip()}}}'
            for event in record.events
        ),
    ):
        written = line.encode() + b"\n"
        sealed.update(written)
        yield written
    yield json.dumps({"events": len(record.events), "sha256": sealed.hexdigest()}).encode() + b"\n"
    return sealed.hexdigest()


def read_lines(lines: Iterable[bytes], place: str) -> RunRecord:
    """Return the run of which these are the lines. place: for messages.

    Raises JournalCorrupt when anything is cut off, changed or no such line, and JournalTooNew.
    """
    sealed = hashlib.sha256()
    rows: list[dict[str, Any]] = []
    before: bytes | None = None
    for line in lines:
        if before is not None:
            sealed.update(before)
            rows.append(_object(before, len(rows) + 1, place))
            if len(rows) == 1:
                _check_header(rows[0], place)
        before = line
    if not rows or before is None:
        raise _damaged(place, "it is empty, or has no end" if before is None else "it ends after its first line")
    seal = _object(before, len(rows) + 1, place)
    header, *events = rows
    if seal.keys() != {"events", "sha256"} or not before.endswith(b"\n"):
        raise _damaged(place, f"it is cut off after line {len(rows)}")
    if seal["sha256"] != sealed.hexdigest() or seal["events"] != len(events):
        raise _damaged(place, "its lines are not those that were written")
    try:
        return _record(header, events, seal["sha256"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(place, f"it is no run from start to end: {error}") from error


def _record(header: dict[str, Any], rows: Sequence[dict[str, Any]], seal: str) -> RunRecord:
    codec = EventCodec()
    run = RunId(header["run"])
    events = [codec.decode_value(run, row["sequence"], row["at"], row["schema"], row["fact"]) for row in rows]
    if [event.sequence for event in events] != list(range(1, len(events) + 1)) or not events or not is_ended(events):
        raise ValueError("events are missing")
    manifest = header["manifest"]
    return RunRecord(events=events, manifest=None if manifest is None else json.dumps(manifest), seal=seal)


def _check_header(header: dict[str, Any], place: str) -> None:
    if header.get("kind") != _KIND:
        raise JournalCorrupt(f"{place} is no exported run", hint="name a file that `agentcore runs export` wrote")
    version = header.get("format")
    if type(version) is int and version > FORMAT:
        raise JournalTooNew(
            f"{place} has format {version}, this version reads up to {FORMAT}",
            hint="use the version of agentcore that wrote it, or a later one",
        )
    if version != FORMAT:
        raise _damaged(place, f"its format is {version!r}")


def _object(line: bytes, number: int, place: str) -> dict[str, Any]:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        if number == 1:
            raise JournalCorrupt(
                f"{place} is no exported run", hint="name a file that `agentcore runs export` wrote"
            ) from error
        raise _damaged(place, f"line {number} is no JSON") from error
    if not isinstance(value, dict):
        raise _damaged(place, f"line {number} is no JSON object")
    return cast("dict[str, Any]", value)


def _damaged(place: str, how: str) -> JournalCorrupt:
    return JournalCorrupt(f"{place} is cut off or has been changed: {how}", hint="take another copy of it")

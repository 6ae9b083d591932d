"""Chain: goes along a tenant's entries and says what is the first that is wrong, and how. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agentcore.audit.canonical import canonical
from agentcore.audit.checkpoint import Checkpoint, Signed
from agentcore.audit.entry import FIELDS, GENESIS, KINDS, Entry, Link, as_json, entry_hash, read_entry
from agentcore.audit.merkle import Frontier

Problem = Literal["edited", "missing", "out_of_order", "truncated", "checkpoint", "payload", "key"]
"""What is wrong: an entry was edited, is missing, stands elsewhere, or the end is cut off; a checkpoint, a sealed
payload or a key is not what was written."""

IsSigned = Callable[[str, bytes, bytes], "bool | None"]
"""Key id, body, signature → whether it is; None when the key is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong first. sequence: of the entry, 0 for the chain as a whole.  what: a sentence."""

    tenant: str
    sequence: int
    problem: Problem
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a chain stands, as it is kept beside it. erased_at: the number of the last erasure, 0 for none."""

    size: int
    hash: str
    erased_at: int = 0


class _Broken(Exception):
    def __init__(self, sequence: int, problem: Problem, what: str) -> None:
        super().__init__(what)
        self.sequence = sequence
        self.problem: Problem = problem
        self.what = what


class Chain:
    """Checks one tenant's entries, given one after another.

    checkpoints: those that are known of the tenant, by their places for messages. A chain whose first entries were
    deleted begins behind one of them, and has an entry that says so.
    """

    def __init__(self, tenant: str, checkpoints: Mapping[str, Signed], is_signed: IsSigned) -> None:
        self._tenant = tenant
        self._previous = GENESIS
        self._sequence = 0
        self._tree = Frontier()
        self._unsealed: dict[str, int] = {}
        self._sealed: dict[str, int] = {}
        self._erased_at = 0
        self._begins_after = 0
        self._expired = 0
        self._fault: Fault | None = None
        self._due: dict[int, list[tuple[str, Checkpoint]]] = {}
        self._starts: dict[int, tuple[Checkpoint, Frontier]] = {}
        for place, signed in checkpoints.items():
            self._guarded(lambda place=place, signed=signed: self._take(place, signed, is_signed))

    @property
    def size(self) -> int:
        """The number of the last entry that was looked at."""
        return self._sequence

    @property
    def sealed(self) -> Mapping[str, int]:
        """The subjects under whose keys something is sealed and who were not erased, with the first entry of each."""
        return self._sealed

    @property
    def fault(self) -> Fault | None:
        """What is wrong first, None so far."""
        return self._fault

    def add(self, link: Link) -> None:
        """Look at the next entry; of no effect once something is wrong."""
        if self._fault is None:
            self._guarded(lambda: self._add(link))

    def end(self, head: Head | None) -> Fault | None:
        """Return what is wrong first with all that was added, None if nothing is. head: as it is kept beside."""
        if self._fault is None:
            self._guarded(lambda: self._end(head))
        return self._fault

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except _Broken as broken:
            if self._fault is None:
                self._fault = Fault(
                    tenant=self._tenant, sequence=broken.sequence, problem=broken.problem, what=broken.what
                )

    def _take(self, place: str, signed: Signed, is_signed: IsSigned) -> None:
        try:
            checkpoint = signed.read()
            signature = bytes.fromhex(signed.signature)
        except ValueError as error:
            raise _Broken(0, "checkpoint", f"{place}: {error}") from error
        known = is_signed(checkpoint.key, signed.body.encode(), signature)
        if not known:
            why = "is not signed by its key" if known is False else f"is signed by the unknown key {checkpoint.key}"
            raise _Broken(checkpoint.size, "checkpoint", f"{place} {why}")
        if checkpoint.tenant != self._tenant:
            raise _Broken(checkpoint.size, "checkpoint", f"{place} is of the tenant {checkpoint.tenant!r}")
        self._due.setdefault(checkpoint.size, []).append((place, checkpoint))
        self._starts[checkpoint.size] = (checkpoint, signed.frontier(checkpoint))

    def _add(self, link: Link) -> None:
        expected = self._sequence + 1
        if self._sequence == 0 and link.sequence != expected and link.sequence - 1 in self._starts:
            self._start_at(*self._starts[link.sequence - 1])
            expected = link.sequence
        if link.sequence != expected:
            raise _Broken(expected, "missing", f"entry {expected} is missing: {link.sequence} follows {expected - 1}")
        hash_ = entry_hash(self._previous, link.entry.encode(errors="surrogatepass"))
        if hash_.hex() != link.hash:
            raise self._why_edited(link)
        entry = self._read(link)
        self._check_seal(entry, link)
        self._previous, self._sequence = hash_, expected
        self._tree.add(hash_)
        for place, checkpoint in self._due.pop(expected, ()):
            self._check(place, checkpoint)

    def _start_at(self, checkpoint: Checkpoint, tree: Frontier) -> None:
        """Begin behind entries that were deleted."""
        self._previous, self._sequence = bytes.fromhex(checkpoint.head), checkpoint.size
        self._tree, self._begins_after = tree, checkpoint.size
        self._due = {size: due for size, due in self._due.items() if size > checkpoint.size}

    def _why_edited(self, link: Link) -> _Broken:
        try:
            stands = read_entry(link.entry).sequence
        except ValueError:
            stands = link.sequence
        if stands != link.sequence:
            what = f"entry {link.sequence} is out of order: what stands there was written as entry {stands}"
            return _Broken(link.sequence, "out_of_order", what)
        return _Broken(link.sequence, "edited", f"entry {link.sequence} was edited: its hash is not that of its text")

    def _read(self, link: Link) -> Entry:
        try:
            entry = read_entry(link.entry)
        except ValueError as error:
            raise _Broken(link.sequence, "edited", f"entry {link.sequence} is {error}") from error
        if (entry.tenant, entry.sequence) != (self._tenant, link.sequence) or entry.kind not in KINDS:
            raise _Broken(link.sequence, "edited", f"entry {link.sequence} says that it is another one")
        if not as_json(entry).keys() <= FIELDS or canonical(as_json(entry)) != link.entry.encode():
            raise _Broken(link.sequence, "edited", f"entry {link.sequence} is not in canonical form")
        return entry

    def _check_seal(self, entry: Entry, link: Link) -> None:
        """Check what is sealed against the entry. What is gone must be the subject's of a later erasure."""
        if link.sealed is not None:
            if hashlib.sha256(link.sealed.encode(errors="surrogatepass")).hexdigest() != entry.sealed:
                raise _Broken(link.sequence, "payload", f"the payload of entry {link.sequence} was edited")
            self._sealed.setdefault(entry.subject, link.sequence)
        elif entry.sealed:
            self._unsealed.setdefault(entry.subject, link.sequence)
        if entry.kind == "erasure":
            self._erased_at = link.sequence
            for subject in entry.erased:
                self._unsealed.pop(subject, None)
                self._sealed.pop(subject, None)
        elif entry.kind == "expiry" and entry.resource == "audit":
            self._expired = entry.count

    def _check(self, place: str, checkpoint: Checkpoint) -> None:
        if (checkpoint.head, checkpoint.root) != (self._previous.hex(), self._tree.root().hex()):
            what = f"the entries up to {checkpoint.size} are not those of {place}"
            raise _Broken(checkpoint.size, "checkpoint", what)

    def _end(self, head: Head | None) -> None:
        if self._begins_after != self._expired:
            first = self._begins_after + 1
            what = f"the chain begins at entry {first}, but what it says was deleted are the first {self._expired}"
            raise _Broken(first, "missing", what)
        late = [(size, due[0][0]) for size, due in self._due.items() if size > self._sequence]
        if late:
            size, place = min(late)
            what = f"the chain is truncated: it ends at entry {self._sequence}, {place} has {size}"
            raise _Broken(self._sequence + 1, "truncated", what)
        if head is not None and head.size > self._sequence:
            what = f"the chain is truncated: it ends at entry {self._sequence}, and there were {head.size}"
            raise _Broken(self._sequence + 1, "truncated", what)
        if head is not None and (head.size, head.hash) != (self._sequence, self._previous.hex()):
            raise _Broken(self._sequence, "edited", "the head that is kept beside the chain is not that of its end")
        if head is not None and self._erased_at and head.erased_at != self._erased_at:
            raise _Broken(self._erased_at, "edited", "the last erasure that is kept beside the chain is another one")
        if self._unsealed:
            first = min(self._unsealed.values())
            raise _Broken(first, "payload", f"the payload of entry {first} is gone, and nobody was erased")


def first_of(faults: Sequence[Fault | None]) -> Fault | None:
    """Return the first fault that there is."""
    return next((fault for fault in faults if fault is not None), None)

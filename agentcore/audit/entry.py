"""Entry: what the audit chain says about one decision, one outcome, or one look at what is recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import field, fields
from typing import Any, Final, Literal, NamedTuple, cast, get_args

from agentcore.domain.frozen import frozen
from agentcore.domain.ids import RunId
from agentcore.domain.json import JSON

Kind = Literal[
    "decision",
    "refusal",
    "outcome",
    "guard",
    "question",
    "ruling",
    "import",
    "access",
    "export",
    "erasure",
    "hold",
    "release",
    "expiry",
]
"""What an entry is about.

decision: of policy.  refusal: of the router, the budget, a tool or a person.  outcome: of a call.  guard: detectors
have found something in a text, changed it, or let it go no further.  question: a person is asked.  ruling: a person
has decided.  import: a run was put into the store.  access: somebody looked.  export: data left the store.
erasure: a subject's data is gone.  hold, release: of what must be kept.  expiry: the first entries were deleted,
because they were old.
"""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
GENESIS: Final = bytes(32)
"""What stands for the hash of an entry before the first."""


class Draft(NamedTuple):
    """An entry without its place in the chain. A tuple, as some are made at every step.

    facts: fields of Entry, by their names.  payload: what is sealed beside the chain under the subject's key, None is
    nothing.  request: what only a keyed commitment of is kept.  tenant, user: whose, when no run says so.
    """

    run: RunId | None
    facts: Mapping[str, JSON]
    payload: JSON = None
    request: JSON = None
    tenant: str = ""
    user: str = ""


@frozen
class Entry:
    """One entry.

    at: microseconds since the Unix epoch.  event: the number of the run's event that it comes from.
    effect: the id of the call.  principal: the agent that acts.  subject: a random id that stands for the user on
    whose behalf; whose it is stands beside the chain until the user is erased.  decision: `permit` or `deny`.
    policies: ids of those that determined it.  errors: how many faults there were in evaluation; their texts are
    sealed.  bundle: content hash of the policies.  input: HMAC-SHA256, under a key of the subject, of the canonical
    request.  obligations: `policy: kind` each.  unmet: how many of them could not be done; why is sealed.
    by: who refused.  result: of a call `ok`, `error` or `unknown`, of a guard `found`, `changed` or `denied`.
    approval: the question's id.  verb: what a person decided.  actor: the person who did something.  model: that was
    called.  used, reserved: numbers by their names; money is text.  micros: how long a call took.  count: how many,
    for what is about several.  erased: ids of subjects.  sealed: SHA-256 of what is sealed.
    """

    tenant: str
    sequence: int
    at: int
    kind: Kind
    run: str = ""
    event: int = 0
    step: str = ""
    attempt: int = 0
    effect: str = ""
    principal: str = ""
    subject: str = ""
    action: str = ""
    resource: str = ""
    decision: str = ""
    policies: Sequence[str] = ()
    errors: int = 0
    bundle: str = ""
    input: str = ""
    sources: Sequence[str] = ()
    confidentiality: str = ""
    findings: Sequence[str] = ()
    obligations: Sequence[str] = ()
    unmet: int = 0
    by: str = ""
    result: str = ""
    approval: str = ""
    verb: str = ""
    actor: str = ""
    model: str = ""
    used: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    reserved: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    micros: int = 0
    count: int = 0
    erased: Sequence[str] = ()
    sealed: str = ""


FIELDS: Final = frozenset(each.name for each in fields(cast("Any", Entry)))


class Link(NamedTuple):
    """An entry as it is stored.

    hash: of the entry and all before it, 64 hexadecimal digits.  entry: its canonical JSON.  sealed: its payload,
    encrypted, as Base64; None when it has none, or has none any more.
    """

    sequence: int
    hash: str
    entry: str
    sealed: str | None


def entry_hash(previous: bytes, entry: bytes) -> bytes:
    """Return the hash of an entry, 32 bytes: SHA-256 of the hash before it and its canonical JSON."""
    return hashlib.sha256(previous + entry).digest()


def read_entry(text: str) -> Entry:
    """Return the entry of its JSON. Raises ValueError for what is none."""
    try:
        value: Any = json.loads(text)
        return Entry(**value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"no entry: {error}") from error


def as_json(entry: Entry) -> dict[str, JSON]:
    """Return the fields of an entry that say something."""
    return {name: value for name, value in vars(entry).items() if value or name in {"at", "sequence"}}

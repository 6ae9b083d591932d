"""Obligation: what has to be done when something that policies permit is done."""

from __future__ import annotations

from typing import Literal, TypeAlias

from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.frozen import frozen

ObligationKind = Literal["approve", "redact", "verify", "downgrade", "limit", "mask", "notify"]
LimitKey = Literal["tenant", "user", "run", "agent"]
"""For whom calls are counted: each tenant, user, run or agent has a count of its own."""


@frozen
class Approve:
    """A person must approve the call. rule: who."""

    policy: str
    rule: ApprovalRule = ApprovalRule()
    kind: Literal["approve"] = "approve"


@frozen
class Redact:
    """What detectors find is taken out before anything is sent. types: `pii`, or `pii:EMAIL_ADDRESS`."""

    policy: str
    types: tuple[str, ...]
    kind: Literal["redact"] = "redact"


@frozen
class Verify:
    """At least so many verifiers must be in favour of the output."""

    policy: str
    verifiers: int
    kind: Literal["verify"] = "verify"


@frozen
class Downgrade:
    """The call may go to these models only."""

    policy: str
    to: tuple[str, ...]
    kind: Literal["downgrade"] = "downgrade"


@frozen
class Limit:
    """At most so many calls of the tool or the model in so many seconds, whenever these begin."""

    policy: str
    calls: int
    seconds: float
    by: LimitKey
    kind: Literal["limit"] = "limit"


@frozen
class Mask:
    """What traces show of the call is masked. parts: `arguments.iban`, `result`; none is all of it."""

    policy: str
    parts: tuple[str, ...] = ()
    kind: Literal["mask"] = "mask"


@frozen
class Notify:
    """Somebody outside is told before it is done. to: whom, in words for the receiver."""

    policy: str
    to: tuple[str, ...] = ()
    kind: Literal["notify"] = "notify"


Obligation: TypeAlias = Approve | Redact | Verify | Downgrade | Limit | Mask | Notify
"""What one policy asks for. policy: its id."""

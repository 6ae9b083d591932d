"""Finding: one line of `agentcore doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was looked at, how it is, and what to do about it.

    state: warn is something that may be meant; fail is something that keeps a run from working.
    """

    what: str
    state: State
    found: str
    mend: str = ""

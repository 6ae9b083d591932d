"""ParsedPolicy: one policy as Cedar's JSON, with its text and its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentcore.policy.obligations import ANNOTATION
from agentcore.policy.source import PolicySource


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPolicy:
    """One policy. id: its `@id`.  form: Cedar's JSON of it: `effect`, the scope and the `conditions`."""

    id: str
    source: PolicySource
    form: Mapping[str, Any]

    @property
    def asks(self) -> bool:
        """Whether it asks for something to be done; then it neither permits nor forbids."""
        return ANNOTATION in self.form.get("annotations", {})

    @property
    def permits(self) -> bool:
        """Whether it is a permit; else, unless it asks, it is a forbid."""
        return bool(self.form["effect"] == "permit" and not self.asks)

    @property
    def place(self) -> str:
        """`file:line:column` of its beginning."""
        return self.source.mention("")

"""Subject: what is verified."""

from __future__ import annotations

from dataclasses import dataclass

from agentcore.domain.json import JSON, JSONObject
from agentcore.verification.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An attempt's output, and what it is held against.

    instruction: what the agent was asked to do, in words.  output_schema: None is free text.
    """

    output: JSON
    instruction: str = ""
    output_schema: JSONObject | None = None
    evidence: tuple[Evidence, ...] = ()

    def of_kinds(self, kinds: tuple[str, ...]) -> tuple[Evidence, ...]:
        """Return the evidence of these kinds; all of it when none is named."""
        return tuple(piece for piece in self.evidence if piece.kind in kinds) if kinds else self.evidence

"""PolicyFinding: one thing that is wrong with a policy, or doubtful."""

from __future__ import annotations

from dataclasses import dataclass

from agentcore.policy.parsed import ParsedPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFinding:
    """What was found. place: `file:line:column`, or what else it is about.  error: it must be put right."""

    place: str
    message: str
    error: bool = False

    @staticmethod
    def of(policy: ParsedPolicy, tokens: tuple[str, ...], message: str, *, error: bool = False) -> PolicyFinding:
        """Return a finding about a policy. tokens: what in its text is meant; the whole of it by default."""
        place = policy.source.find(*tokens) if tokens else policy.place
        return PolicyFinding(place=place, message=f"policy {policy.id!r}: {message}", error=error)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"

"""Label: where a value came from and how confidential it is."""

from __future__ import annotations

from enum import IntEnum

from agentcore.domain.frozen import frozen


class Confidentiality(IntEnum):
    """Higher is more confidential; a value made from several takes the highest."""

    PUBLIC = 0
    INTERNAL = 1
    PERSONAL = 2
    SECRET = 3


@frozen
class Label:
    """Provenance and confidentiality of a value, and what detectors have found in what it is made of.

    sources: names such as `user`, `agent:writer`, `tool:sql`, `model:local`, `document:pricing.md`.
    findings: names such as `pii` and, with what it is, `pii:EMAIL_ADDRESS`.
    """

    sources: frozenset[str] = frozenset()
    confidentiality: Confidentiality = Confidentiality.INTERNAL
    findings: frozenset[str] = frozenset()

    def join(self, *others: Label) -> Label:
        """Return the label of a value made from this one and the others: the least upper bound."""
        if not others:
            return self
        return Label(
            sources=self.sources.union(*(other.sources for other in others)),
            confidentiality=max(self.confidentiality, *(other.confidentiality for other in others)),
            findings=self.findings.union(*(other.findings for other in others)),
        )

    def also_from(self, source: str) -> Label:
        """Return the label of a value that one more source has had a part in."""
        return Label(sources=self.sources | {source}, confidentiality=self.confidentiality, findings=self.findings)


USER = Label(sources=frozenset({"user"}))
"""What the task's author wrote."""

"""The port to detectors: what looks at texts for something dangerous, or in need of protection.

A detector labels; it never permits. What follows from its findings is a matter of policies, and a detector that fails
counts as one that has found something.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from agentcore.domain.detection import Detection


class Detector(Protocol):
    """Looks at texts."""

    @property
    def name(self) -> str:
        """Its name in findings and policies, such as `pii`."""
        ...

    @property
    def version(self) -> str:
        """What its findings depend on: rules and weights. It is recorded with them."""
        ...

    def detect(self, text: str) -> Detection:
        """Return what is in a text of any length. It may take time, and uses no event loop."""
        ...


@runtime_checkable
class Replaces(Protocol):
    """A detector that knows better what stands in the place of what it finds than its type in brackets."""

    def replacement(self, kind: str, text: str) -> str:
        """Return what a reader should have instead of a text of a type that it finds; it finds nothing in that."""
        ...

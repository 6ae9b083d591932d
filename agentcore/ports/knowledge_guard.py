"""The port through which a tool has texts looked at that it takes in, before it finds anything in them."""

from __future__ import annotations

from typing import Protocol

from agentcore.domain.label import Label


class KnowledgeGuard(Protocol):
    """What stands between a tool and the texts that it takes in."""

    async def admitted(self, text: str, what: str) -> tuple[str, Label]:
        """Return the text as it may be taken in, and what was found in it, to be joined with the label of its parts.

        what: its name, for messages. Raises GuardDenied with the reason why it must be left out.
        """
        ...

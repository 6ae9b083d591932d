"""Recording: what drives a run sees of its record, be it written or, in a replay, compared."""

from __future__ import annotations

from typing import NoReturn, Protocol

from agentcore.domain.decision import Decision
from agentcore.domain.event import Fact, RunFinished
from agentcore.domain.ids import EffectId
from agentcore.domain.run import Run
from agentcore.engine.history import History


class Recording(Protocol):
    """The record of one run as it grows."""

    history: History

    @property
    def run(self) -> Run:
        """The state after all that was recorded."""
        ...

    async def record(self, *facts: Fact, durable: bool = False) -> None:
        """Append facts in this order. durable: return when they are on disk. Raises JournalError or ReplayMismatch."""
        ...

    @property
    def ending(self) -> bool:
        """Whether the run may end now by an error or a word: in a replay, whether nothing else is left to be done."""
        ...

    async def until_ending(self, error: Exception) -> None:
        """Wait for that. error: what the run shall end by; a replay lets the recorded one go first."""
        ...

    async def end(self, end: RunFinished) -> None:
        """Record that the run ends, and that its open questions need no answer any more: both or neither."""
        ...


class Script(Protocol):
    """What is recorded, for a replay: there, what comes from outside."""

    @property
    def at(self) -> float:
        """When what the record has next was recorded: seconds since the Unix epoch."""
        ...

    def upcoming(self, effect: EffectId) -> Fact | None:
        """Return what the record has next of an effect, or of a question about it; None when it has no more.

        Only what was recorded before another process took the run over is looked at, and no end that says that the
        call was cancelled.
        """
        ...

    def denied(self, decision: Decision) -> Decision | None:
        """Return the denial that the record ends with, of what policies permit here, None when it goes on.

        decision: about a plan or a delegation.
        """
        ...

    async def missing(self, what: str) -> NoReturn:
        """Wait for the end of the record. Raises ReplayMismatch when the record goes on otherwise."""
        ...

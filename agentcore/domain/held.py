"""Held: the best answer to a step so far that nothing speaks against but that it is not sure enough."""

from __future__ import annotations

from agentcore.domain.frozen import frozen
from agentcore.domain.ids import ModelName
from agentcore.domain.json import JSON
from agentcore.domain.label import Label
from agentcore.domain.verdict import Verdict


@frozen
class Held:
    """An output that was not accepted. attempt: whose.  verdict: what was said of it."""

    attempt: int
    output: JSON
    label: Label
    model: ModelName | None
    verdict: Verdict

    @property
    def p(self) -> float:
        """How likely it is right."""
        return 0.0 if self.verdict.confidence is None else self.verdict.confidence.p


def better(before: Held | None, now: Held) -> Held:
    """Return the one that is likelier right; the later of two that are alike, which a stronger model wrote."""
    return now if before is None or now.p >= before.p else before

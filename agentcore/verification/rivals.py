"""Rivals: what stands in a task and might have been meant instead of what an answer states."""

from __future__ import annotations

from collections.abc import Iterable

from agentcore.domain.json import JSON
from agentcore.verification.evidence import Evidence
from agentcore.verification.numbers import known_from


def unused_figures(output: JSON, evidence: Iterable[Evidence]) -> int | None:
    """Return how many figures of the task an output does not state; None when it states none of its own.

    That a figure stands in the task does not say that it is the one that was asked for: the more others there are, the
    likelier another one was.
    """
    stated = known_from((Evidence(id="output", content=output, kind="step"),)).magnitudes()
    if not stated:
        return None
    return len(known_from(piece for piece in evidence if piece.kind == "task").magnitudes() - stated)

"""Evidence: what an attempt was given and what it fetched; what its output is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agentcore.domain.json import JSON
from agentcore.verification.walk import nodes, texts_in

EvidenceKind = Literal["task", "input", "step", "tool"]
"""task: the goal.  input: one of the task's inputs.  step: another step's output.  tool: a tool's result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One piece. id: how outputs may cite it: an input's name, a step's id, a tool call's id."""

    id: str
    content: JSON
    kind: EvidenceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A citable part of the evidence: a piece itself, or an object within it that has an `id`."""

    id: str
    texts: tuple[str, ...]


def passages(evidence: Sequence[Evidence]) -> tuple[Passage, ...]:
    """Return everything that can be cited, in order: each piece, followed by the objects with an `id` inside it."""
    return tuple(_passages(evidence))


def _passages(evidence: Sequence[Evidence]) -> Iterator[Passage]:
    for piece in evidence:
        yield Passage(id=piece.id, texts=tuple(text for _, text in texts_in(piece.content)))
        yield from numbered(piece)


def numbered(piece: Evidence) -> Iterator[Passage]:
    """Yield the objects with an `id` inside one piece, in order."""
    for _, node in nodes(piece.content):
        if isinstance(node, dict):
            name = node.get("id")
            if isinstance(name, str) or (isinstance(name, int) and not isinstance(name, bool)):
                yield Passage(id=str(name), texts=tuple(text for _, text in texts_in(node)))

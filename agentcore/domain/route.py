"""Route: the router's choice for one model call, with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal

from agentcore.domain.frozen import frozen
from agentcore.domain.ids import ModelName


@frozen
class Candidate:
    """A model that could take the call.

    quality: 0 to 1, declared.  usd: forecast cost of this call.  seconds: forecast latency.
    utility: what the router maximises; its terms are those three.
    """

    model: ModelName
    quality: float
    usd: Decimal
    seconds: float
    utility: float


@frozen
class Route:
    """The chosen model.

    candidates: best first; the chosen one is the first.  filtered: model → why it could not take the call.
    reason: one sentence, e.g. "highest utility" or "escalated after a rejected attempt".
    family: of the chosen model; empty in records of before it was recorded.
    """

    model: ModelName
    reason: str
    candidates: tuple[Candidate, ...] = ()
    filtered: Mapping[str, str] = field(default_factory=dict[str, str])
    family: str = ""

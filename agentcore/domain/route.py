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
    utility: what a balanced router maximises; its terms are those three.
    p_correct: how likely its answer is right in steps of this kind, with the interval p_low to p_high; None when
    nothing was fitted, and the declared quality stands in.  lately: what stands in for either where verifiers have
    accepted a lower share of its answers lately; None where they have not.
    """

    model: ModelName
    quality: float
    usd: Decimal
    seconds: float
    utility: float
    p_correct: float | None = None
    p_low: float | None = None
    p_high: float | None = None
    lately: float | None = None


@frozen
class Route:
    """The chosen model.

    candidates: best first; the chosen one is the first.  filtered: model → why it could not take the call.
    reason: one sentence, e.g. "highest utility" or "escalated after a rejected attempt".
    objective: what the candidates are ranked by; empty in records of before.  threshold, threshold_version: the least
    P(correct) of an answer that is accepted, and where that is from.  points_per_cent: what a cent costs in utility
    (the lambda of the trade).  explored: it was chosen to learn.  propensity: how likely this choice was.
    family: of the chosen model; empty in records of before it was recorded.
    """

    model: ModelName
    reason: str
    candidates: tuple[Candidate, ...] = ()
    filtered: Mapping[str, str] = field(default_factory=dict[str, str])
    objective: str = ""
    threshold: float | None = None
    threshold_version: str = ""
    points_per_cent: float | None = None
    explored: bool = False
    propensity: float = 1.0
    family: str = ""

"""RouteRequest: what one model call asks of the router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from agentcore.confidence.calibration_knots import Interval
from agentcore.domain.agent import Capability, Objective, Requirements
from agentcore.domain.ids import ModelName

RouteCause = Literal["first", "escalation", "fallback"]
"""Why a model is chosen now.

first: a new call.  escalation: an attempt was rejected.  fallback: another model failed on this call.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRequest:
    """One call to route.

    requirements: the agent's.  needs: what this call uses, beyond what the agent requires; a model that is served
    through constrained decoding declares the capability in its profile.  input_tokens: counted.
    max_output_tokens: the most that the answer may have.  budget_usd, budget_tokens, seconds_left: what the run has
    left; None is no limit.  exclude: models not to be tried (again).  stronger_than: the quality of the model whose
    attempt was rejected; models above it come first.  rejected: models whose attempts were rejected; they come
    last.  shun: models of a provider that fails; they come after all others.  cheapest: rank by forecast
    cost (a downgrade), not by utility.  barred: models that may not take this call, each with the reason.
    objective: what to rank by.  max_latency_seconds: the longest forecast.  only: the models that may take the call,
    any when it is empty.  stronger: those rejected, and weaker ones, may not take it.  p_correct: model → how likely
    its answer is right, where that was fitted.  threshold, threshold_version: how likely it must be, and who says so.
    """

    input_tokens: int
    max_output_tokens: int
    requirements: Requirements = field(default_factory=Requirements)
    needs: frozenset[Capability] = frozenset()
    budget_usd: Decimal | None = None
    budget_tokens: int | None = None
    seconds_left: float | None = None
    exclude: frozenset[ModelName] = frozenset()
    stronger_than: float | None = None
    rejected: frozenset[ModelName] = frozenset()
    shun: frozenset[ModelName] = frozenset()
    cause: RouteCause = "first"
    cheapest: bool = False
    barred: Mapping[ModelName, str] = field(default_factory=dict[ModelName, str])
    objective: Objective = "balanced"
    max_latency_seconds: float | None = None
    only: frozenset[ModelName] = frozenset()
    stronger: bool = False
    p_correct: Mapping[str, Interval] = field(default_factory=dict[str, Interval])
    threshold: float | None = None
    threshold_version: str = ""

"""What a caller's agent asks of the router, beside what the call itself needs; and what the router knew by then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agentcore.confidence.calibration_knots import Interval
from agentcore.domain.agent import Capability
from agentcore.domain.ids import ModelName
from agentcore.domain.route import Route
from agentcore.engine.effect import Caller
from agentcore.ports.model import ModelRequest
from agentcore.routing.fitted_steps import FittedSteps
from agentcore.routing.profile import ModelProfile
from agentcore.routing.request import RouteRequest


def asked_of_router(
    ask: RouteRequest, caller: Caller, fitted: FittedSteps, profiles: Mapping[ModelName, ModelProfile]
) -> RouteRequest:
    """Return the question with the agent's objective and bounds, and with what was fitted for its steps."""
    name, routing = caller.agent.name, caller.agent.routing
    step, threshold = fitted.step(name), fitted.threshold(name, routing)
    ask = replace(
        ask,
        objective=routing.objective,
        max_latency_seconds=routing.max_latency_seconds,
        only=caller.only,
        stronger=caller.stronger,
        p_correct={} if step is None else step.priors,
        threshold=None if threshold is None else threshold.value,
        threshold_version="" if threshold is None else threshold.version,
    )
    return ask if caller.picks is None else caller.picks.narrow(caller.candidate, ask, profiles)


def prior_of(route: Route | None) -> Interval | None:
    """Return how likely the chosen model's answer was right, as the router saw it; None in a record without it.

    Where nothing was fitted it is the declared quality, without an interval.
    """
    if route is None:
        return None
    chosen = next((each for each in route.candidates if each.model == route.model), None)
    if chosen is None:
        return None
    if chosen.p_correct is None or chosen.p_low is None or chosen.p_high is None:
        return chosen.quality, chosen.quality, chosen.quality
    return chosen.p_correct, chosen.p_low, chosen.p_high


def as_weighed(request: ModelRequest, caller: Caller, profile: ModelProfile) -> ModelRequest:
    """Return what a model is sent: where its answer is weighed and it can, it tells its tokens' log-probabilities."""
    wanted = caller.agent.routing.weighs and Capability.LOGPROBS in profile.capabilities
    return replace(request, logprobs=True) if wanted else request

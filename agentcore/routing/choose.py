"""The choice of a model: filter what cannot take the call, rank the rest by the objective: utility, if it is balanced.

    utility = quality · Q  -  cost · C  -  latency · S

Q is P(correct) where that was fitted for the type of step, else the declared quality (0 to 1), or the share of answers
accepted lately where that is lower; C the forecast cost in US cents, at the price that was really paid; S the forecast
latency in seconds. The weights say how much quality one cent and one second are worth. Ranking is in floating point;
recorded costs are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias, assert_never

from agentcore.domain.agent import Capability
from agentcore.domain.errors import NoRoute
from agentcore.domain.ids import ModelName
from agentcore.domain.route import Candidate, Route
from agentcore.routing.breaker import Breaker
from agentcore.routing.live import LiveStats
from agentcore.routing.profile import ModelProfile
from agentcore.routing.request import RouteRequest

UNKNOWN = LiveStats()


_Rank: TypeAlias = tuple[bool, bool, bool, float, int, float, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the router trades.

    quality: points for a quality of 1.  cost: points lost per US cent.  latency: points lost per second.
    The defaults say: a tenth of quality is worth one cent, or ten seconds.
    """

    quality: float = 1.0
    cost: float = 0.1
    latency: float = 0.01


def choose(
    request: RouteRequest,
    profiles: Sequence[ModelProfile],
    live: Mapping[ModelName, LiveStats],
    breakers: Mapping[ModelName, Breaker],
    *,
    weights: Weights,
    now: float,
) -> Route:
    """Return the best model that can take the call, with all candidates and all filtered models.

    `requirements.models` is an allow-list; its order decides between equal utilities only, before the lower cost and
    the name. When an attempt was rejected, models of strictly higher quality come first; without one, the best of
    those not rejected yet is taken, else a rejected one again, and the reason says so.

    Raises NoRoute, naming every model with the reason why it was filtered.
    """
    required = request.requirements.capabilities
    needs = required | request.needs if request.needs else required
    filtered: dict[str, str] = {}
    ranked: list[tuple[_Rank, Candidate]] = []
    for profile in profiles:
        stats = live.get(profile.name, UNKNOWN)
        breaker = breakers.get(profile.name)
        why_not = _obstacle(request, needs, profile, stats, now)
        if why_not is None and breaker is not None and not breaker.allows(now):
            why_not = "its circuit is open after repeated failures"
        if why_not is None:
            candidate = _candidate(request, profile, stats, weights, now)
            why_not = _too_much(request, candidate)
            if why_not is None:
                ranked.append((_rank(request, candidate), candidate))
                continue
        filtered[profile.name] = why_not
    if not ranked:
        raise NoRoute(filtered)
    if len(ranked) > 1:
        ranked.sort(key=_first)
    candidates = tuple(candidate for _, candidate in ranked)
    chosen = candidates[0].model
    return Route(
        model=chosen,
        family=next(profile.family for profile in profiles if profile.name == chosen),
        reason=_reason(request, candidates),
        candidates=candidates,
        filtered=filtered,
        objective="cheapest" if request.cheapest else request.objective,
        threshold=request.threshold,
        threshold_version=request.threshold_version,
        points_per_cent=weights.cost,
    )


def _first(entry: tuple[_Rank, Candidate]) -> _Rank:
    return entry[0]


def _obstacle(
    request: RouteRequest,
    needs: frozenset[Capability],
    profile: ModelProfile,
    stats: LiveStats,
    now: float,
) -> str | None:
    """Return the first hard reason why this model cannot take the call."""
    requirements = request.requirements
    if requirements.models and profile.name not in requirements.models:
        return "not among the agent's models"
    if profile.name in request.barred:
        return request.barred[profile.name]
    if request.only and profile.name not in request.only:
        return f"this answer is asked of {_names(request.only)}"
    if request.stronger and profile.name in request.rejected:
        return "its answer was not sure enough"
    if request.stronger and request.stronger_than is not None and profile.quality < request.stronger_than:
        return f"quality {profile.quality} is below the {request.stronger_than} of a model that was not sure enough"
    if profile.name in request.exclude:
        return "already tried for this call"
    if not needs <= profile.capabilities:
        return f"lacks {', '.join(sorted(needs - profile.capabilities))}"
    tokens = request.input_tokens + request.max_output_tokens
    if tokens > profile.context_tokens:
        return f"{tokens} tokens do not fit its context of {profile.context_tokens}"
    if profile.quality < requirements.min_quality:
        return f"quality {profile.quality} is below the required {requirements.min_quality}"
    if request.budget_tokens is not None and tokens > request.budget_tokens:
        return f"{tokens} tokens exceed the {request.budget_tokens} left in the budget"
    if request.budget_usd is not None:
        most = profile.price.cost(input_tokens=request.input_tokens, output_tokens=request.max_output_tokens)
        if stats is not UNKNOWN:
            most = _paid(most, max(1.0, stats.forecast_price(now)))
        if most > request.budget_usd:
            return f"up to ${most} exceeds the ${request.budget_usd} left in the budget"
    if request.seconds_left is not None:
        late = stats.forecast_late_seconds(profile.latency_seconds, now)
        if late > request.seconds_left:
            return f"may take {late:.1f} s with {request.seconds_left:.1f} s left"
    return None


def _candidate(
    request: RouteRequest, profile: ModelProfile, stats: LiveStats, weights: Weights, now: float
) -> Candidate:
    usd = profile.price.cost(
        input_tokens=request.input_tokens,
        output_tokens=stats.forecast_output_tokens(request.max_output_tokens),
    )
    if stats is not UNKNOWN:
        usd = _paid(usd, stats.forecast_price(now))
    seconds = stats.forecast_seconds(profile.latency_seconds, now)
    fitted = request.p_correct.get(profile.name) if request.p_correct else None
    p, low, high = fitted or (None, None, None)
    expected = profile.quality if p is None else p
    quality = stats.forecast_quality(expected, now)
    return Candidate(
        model=profile.name,
        quality=profile.quality,
        usd=usd,
        seconds=seconds,
        utility=weights.quality * quality - weights.cost * 100.0 * float(usd) - weights.latency * seconds,
        p_correct=p,
        p_low=low,
        p_high=high,
        lately=quality if quality < expected else None,
    )


def _paid(usd: Decimal, share: float) -> Decimal:
    """Return what a call costs when other than the declared price is paid."""
    return usd if 0.999 < share < 1.001 else usd * round(Decimal(share), 4)  # equal, in floating point


def _too_much(request: RouteRequest, candidate: Candidate) -> str | None:
    """Return why the forecast breaks what the agent requires."""
    requirements = request.requirements
    if requirements.max_usd is not None and candidate.usd > requirements.max_usd:
        return f"a forecast of ${candidate.usd} exceeds the agent's ${requirements.max_usd} for one call"
    if requirements.max_latency_seconds is not None and candidate.seconds > requirements.max_latency_seconds:
        return f"a forecast of {candidate.seconds:.1f} s exceeds the agent's {requirements.max_latency_seconds:.1f} s"
    if request.max_latency_seconds is not None and candidate.seconds > request.max_latency_seconds:
        return (
            f"a forecast of {candidate.seconds:.1f} s exceeds max_latency_s, which is {request.max_latency_seconds:g}"
        )
    return None


def _rank(request: RouteRequest, candidate: Candidate) -> _Rank:
    """Return what to sort by, ascending: another provider, strength, novelty, utility or cost, preference, name."""
    shunned = candidate.model in request.shun
    weak = request.stronger_than is not None and candidate.quality <= request.stronger_than
    usd = float(candidate.usd)
    tried = candidate.model in request.rejected
    models = request.requirements.models
    preference = models.index(candidate.model) if models else 0
    if request.cheapest:
        return shunned, weak, tried, usd, preference, -candidate.utility, candidate.model
    match request.objective:
        case "balanced":
            return shunned, weak, tried, -candidate.utility, preference, usd, candidate.model
        case "cheapest":
            unlikely = _unlikely(request, candidate)
            return shunned, weak, tried or unlikely, usd, preference, -candidate.utility, candidate.model
        case "fastest":
            return shunned, weak, tried, candidate.seconds, preference, -candidate.utility, candidate.model
        case "best":
            return shunned, weak, tried, -_likely(candidate), preference, usd, candidate.model
        case _ as unreachable:
            assert_never(unreachable)


def _likely(candidate: Candidate) -> float:
    if candidate.lately is not None:
        return candidate.lately
    return candidate.quality if candidate.p_correct is None else candidate.p_correct


def _unlikely(request: RouteRequest, candidate: Candidate) -> bool:
    """Return whether its answers are known to be right too seldom; where nothing was fitted, its answer will tell."""
    p, threshold = candidate.p_correct, request.threshold
    return threshold is not None and p is not None and _likely(candidate) < threshold


def _reason(request: RouteRequest, candidates: tuple[Candidate, ...]) -> str:
    if len(candidates) == 1:
        how = "the only model that can take the call"
    elif request.cheapest:
        how = f"the cheapest of {len(candidates)} models, to stay within the budget"
    else:
        how = _first_of(request, candidates)
    match request.cause:
        case "first":
            return how
        case "fallback":
            return f"fallback after {_names(request.exclude)} failed: {how}"
        case "escalation":
            if request.stronger_than is None or candidates[0].quality > request.stronger_than:
                return f"escalated to a stronger model after a rejected attempt: {how}"
            return f"no stronger model is available after a rejected attempt: {how}"


def _first_of(request: RouteRequest, candidates: tuple[Candidate, ...]) -> str:
    count = len(candidates)
    match request.objective:
        case "balanced":
            return f"highest utility of {count} models"
        case "cheapest":
            holds = not _unlikely(request, candidates[0]) and any(_unlikely(request, each) for each in candidates)
            which = f"those of {count} models that are likely enough right" if holds else f"{count} models"
            return f"the cheapest of {which}"
        case "fastest":
            return f"the fastest of {count} models"
        case "best":
            return f"the likeliest right of {count} models"
        case _ as unreachable:
            assert_never(unreachable)


def _names(models: frozenset[ModelName]) -> str:
    return ", ".join(sorted(models)) or "another model"

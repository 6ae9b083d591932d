"""Requests that are too long for their agent or for every model: trimmed, as much as that takes and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from agentcore.domain.agent import Agent
from agentcore.domain.cache_hit import Cut, Trimmed
from agentcore.domain.decision import Decision
from agentcore.domain.errors import NoRoute
from agentcore.domain.ids import ModelName
from agentcore.domain.json import digest
from agentcore.domain.route import Route
from agentcore.engine.model_json import request_json
from agentcore.engine.request_size import CHARACTERS_PER_TOKEN, likely_tokens, offered_characters
from agentcore.ports.embedder import Embedder
from agentcore.ports.model import ModelRequest
from agentcore.prompts.trim import fit, shared_words
from agentcore.routing.profile import ModelProfile

Find: TypeAlias = Callable[[ModelRequest], tuple[Route, tuple[Decision, ...]]]
"""Returns the route of a request. Raises NoRoute, among others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """A request that some model can take, and its route. trimmed: None when it is as it was."""

    request: ModelRequest
    route: Route
    decisions: tuple[Decision, ...]
    trimmed: Trimmed | None = None


async def routed(
    find: Find,
    request: ModelRequest,
    agent: Agent,
    profiles: Mapping[ModelName, ModelProfile],
    embedder: Embedder | None,
) -> Routed:
    """Return the route of a request, trimmed to what its agent may read, and to the widest model that takes it then.

    Raises what `find` does of the request as it is: also when it cannot be trimmed so far. NoRoute when it cannot be
    trimmed to what the agent may read.
    """
    whole, trimmed = request, None
    limit = agent.limits.input_tokens
    if limit is not None and likely_tokens(request) > limit:
        fitted = await trim(whole, limit, embedder)
        if fitted is None:
            raise NoRoute({agent.name: _too_long(whole, limit)})
        request, trimmed = fitted
    try:
        route, decisions = find(request)
    except NoRoute as error:
        for limit in _contexts(request, error, profiles):
            fitted = await trim(whole, limit, embedder)
            if fitted is None:  # nor for one with less room
                break
            try:
                route, decisions = find(fitted[0])
            except NoRoute:
                continue
            return Routed(request=fitted[0], route=route, decisions=decisions, trimmed=fitted[1])
        raise
    return Routed(request=request, route=route, decisions=decisions, trimmed=trimmed)


async def trim(request: ModelRequest, limit: int, embedder: Embedder | None) -> tuple[ModelRequest, Trimmed] | None:
    """Return a request of at most so many input tokens, as the router forecasts them; None when it cannot be done."""
    room = (limit + 1) * CHARACTERS_PER_TOKEN - 1 - offered_characters(request)
    fitted = await asyncio.to_thread(fit, request.messages, room, count=len, relevance=_relevance(embedder))
    if not fitted.fits:
        return None
    cuts = tuple(
        Cut(message=each.message, tokens=each.size // CHARACTERS_PER_TOKEN, what=each.what) for each in fitted.dropped
    )
    return (
        replace(request, messages=fitted.messages),
        Trimmed(limit=limit, whole=digest(request_json(request)), cuts=cuts),
    )


def _contexts(request: ModelRequest, error: NoRoute, profiles: Mapping[ModelName, ModelProfile]) -> Sequence[int]:
    """Return the input tokens that models take which were filtered because of the request's length, most first."""
    tokens = likely_tokens(request)
    rooms = {
        profiles[name].context_tokens - request.max_output_tokens
        for name in map(ModelName, error.filtered)
        if name in profiles
    }
    return sorted((room for room in rooms if 0 < room < tokens), reverse=True)


def _relevance(embedder: Embedder | None) -> Callable[[str, Sequence[str]], Sequence[float]]:
    if embedder is None:
        return shared_words

    def relevance(question: str, texts: Sequence[str]) -> Sequence[float]:
        vectors = embedder.embed([question, *texts])
        return [float(each) for each in vectors[1:] @ vectors[0]]

    return relevance


def _too_long(request: ModelRequest, limit: int) -> str:
    return (
        f"{likely_tokens(request)} tokens do not fit its `limits.input_tokens` of {limit}, and what may be left out "
        "is not enough"
    )

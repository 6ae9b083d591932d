"""Replies of models that are served again: within one run, what is looked up, and what is kept or thrown away.

A reply is kept once its attempt has been accepted, not when it is given: until then nobody knows whether it is any
good, and another run that got it meanwhile could not be told. Replies of the supervisor are kept when the run has
succeeded, because only that shows that the plan was one. What was served and then rejected is thrown away. A process
that dies before that has only lost replies that could have been kept.

Whatever the store of replies does, a call is made: it can be slow, but not wrong without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from loguru import logger

from agentcore.domain.agent import Agent
from agentcore.domain.cache_hit import CacheHit, CacheMode, CacheScope
from agentcore.domain.decision import Decision
from agentcore.domain.effect import Effect
from agentcore.domain.errors import JournalError
from agentcore.domain.event import (
    AttemptFinished,
    EffectFinished,
    Fact,
    PlanRejected,
    RunFinished,
    StepFailed,
    VerdictReached,
)
from agentcore.domain.ids import PLAN, EffectId, ModelName, RunId, StepId
from agentcore.domain.json import JSON
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.engine.cache_key import CacheKey, cache_key
from agentcore.engine.effect import Caller
from agentcore.engine.history import History
from agentcore.engine.recording import Recording
from agentcore.ports.clock import Clock
from agentcore.ports.embedder import Embedder
from agentcore.ports.model import ModelRequest
from agentcore.ports.response_cache import CachedReply, ResponseCache
from agentcore.prompts.paraphrase import same_question

_PLANNING: Final = (PLAN, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """How an engine caches replies.

    mode: of agents that do not say.  seconds: how long a reply may be served.  threshold: the least resemblance of two
    questions, 0 to 1.  most_entries: of one tenant.  embedder: None when no other wording is looked for.
    providers: what tells models apart that have had the same name.
    """

    replies: ResponseCache
    mode: CacheMode = "off"
    seconds: float = 86_400.0
    threshold: float = 0.8
    scope: CacheScope = "tenant"
    most_entries: int = 10_000
    embedder: Embedder | None = None
    providers: Mapping[ModelName, str] = field(default_factory=dict[ModelName, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What came of a lookup. key: under which a reply may be kept.  hit, reply: None when there is none."""

    key: CacheKey
    hit: CacheHit | None = None
    reply: CachedReply | None = None


class CachedCalls:
    """The cached replies of one run. caching: None when nothing is served again: in a replay, say."""

    def __init__(self, caching: Caching | None, task: Task, run: RunId, clock: Clock) -> None:
        self._caching = caching
        self._task = task
        self._run = run
        self._clock = clock
        self.embedder = None if caching is None else caching.embedder
        self._given: dict[tuple[StepId, int], list[tuple[Effect, CachedReply]]] = {}
        self._served: dict[tuple[StepId, int], list[str]] = {}

    def mode(self, agent: Agent) -> CacheMode:
        """Return which replies may be served to an agent."""
        if self._caching is None:
            return "off"
        return self._caching.mode if agent.cache is None else agent.cache

    async def look_up(
        self, caller: Caller, request: ModelRequest, decision: Decision, model: ModelName
    ) -> Lookup | None:
        """Return what may be served instead of a call, None when nothing may be, nor be kept."""
        caching = self._caching
        mode = self.mode(caller.agent)
        if caching is None or mode == "off":
            return None
        key = cache_key(
            caller,
            request,
            self._task,
            decision,
            model=model,
            provider=caching.providers.get(model, ""),
            scope=caching.scope,
        )
        if key is None:
            return None
        group = key.group if mode == "semantic" and caching.embedder is not None else ""
        try:
            found = await caching.replies.find(key=key.key, group=group, now=self._clock.now())
        except JournalError as error:
            logger.warning("no reply can be looked up: {}", error.message)
            return Lookup(key=key)
        now = self._clock.now()
        candidates = [each for each in found if key.admits(each) and each.expires_at > now]
        if candidates and candidates[0].key == key.key:
            return _found(key, candidates[0], 1.0)
        alike = [each for each in candidates if same_question(each.question, key.question) and _is_text(each)]
        if not alike or caching.embedder is None:
            return Lookup(key=key)
        best, similarity = await _nearest(caching.embedder, key.question, alike)
        return Lookup(key=key) if similarity < caching.threshold else _found(key, best, similarity)

    def given(self, caller: Caller, key: CacheKey, effect: Effect, finished: EffectFinished) -> None:
        """Note a reply, as it was recorded: it is kept once it is known to be good."""
        if self._caching is None or finished.error or finished.cached is not None:
            return
        now = self._clock.now()
        reply = CachedReply(
            key=key.key,
            group=key.group,
            tenant=key.tenant,
            user=key.user,
            only_for=key.only_for,
            label=key.label,
            question=key.question,
            output=finished.output,
            reply_label=finished.label,
            used=finished.used,
            run=self._run,
            effect=effect.id,
            at=now,
            expires_at=now + self._caching.seconds,
        )
        self._given.setdefault(_attempt(caller.step, caller.attempt), []).append((effect, reply))

    def served(self, caller: Caller | Effect, hit: CacheHit) -> None:
        """Note that a reply was served, now or by the process before: it is thrown away if it proves no good."""
        self._served.setdefault(_attempt(caller.step, caller.attempt), []).append(hit.key)

    async def heed(self, fact: Fact) -> None:
        """Keep or throw away what a fact says to be good, or no good."""
        match fact:
            case AttemptFinished(step=step, attempt=attempt, model=model):
                self._chosen(_attempt(step, attempt), model)
            case PlanRejected() | StepFailed():
                await self._conclude(_PLANNING, good=False)
            case VerdictReached(step=step, attempt=attempt, verdict=verdict):
                await self._conclude(_attempt(step, attempt), good=verdict.accepted)
            case RunFinished(status=status):
                await self._conclude(_PLANNING, good=status == "succeeded", bad=status in {"failed", "refused"})
                self._given.clear()
            case _:
                pass

    async def forget(self, key: str) -> None:
        """Throw a reply away that must not be served."""
        await self._change([key], [])

    def _chosen(self, attempt: tuple[StepId, int], model: ModelName | None) -> None:
        """Forget what other models gave to the agent whose output an attempt has: it was not chosen."""
        given = self._given.get(attempt)
        if given and model is not None:
            author = next((effect.agent for effect, _ in given), None)
            self._given[attempt] = [
                (effect, reply) for effect, reply in given if effect.agent != author or effect.name == model
            ]

    async def _conclude(self, attempt: tuple[StepId, int], *, good: bool, bad: bool | None = None) -> None:
        """Keep what was given in an attempt if it was good; throw away what was served in it if it was bad."""
        given = [reply for _, reply in self._given.pop(attempt, [])]
        served = self._served.pop(attempt, [])
        thrown = served if (not good if bad is None else bad) else []
        await self._change(thrown, given if good else [])

    async def _change(self, thrown: Sequence[str], kept: Sequence[CachedReply]) -> None:
        if self._caching is None:
            return
        try:
            if thrown:
                await self._caching.replies.remove(thrown)
            for reply in kept:
                await self._caching.replies.put(reply, most_entries=self._caching.most_entries)
        except JournalError as error:
            logger.warning("a reply cannot be kept, or thrown away: {}", error.message)


class HeededRecording:
    """A Recording of which cached replies hear: what is accepted, and what is not."""

    def __init__(self, recording: Recording, cached: CachedCalls) -> None:
        self._recording = recording
        self._cached = cached
        self.history: History = recording.history
        self.until_ending = recording.until_ending

    @property
    def run(self) -> Run:
        """The state after all that was recorded."""
        return self._recording.run

    @property
    def ending(self) -> bool:
        """Whether the run may end now."""
        return self._recording.ending

    async def record(self, *facts: Fact, durable: bool = False) -> None:
        """Append facts, and let cached replies follow from them once they are recorded."""
        await self._recording.record(*facts, durable=durable)
        for fact in facts:
            await self._cached.heed(fact)

    async def end(self, end: RunFinished) -> None:
        """Record that the run ends, as above."""
        await self._recording.end(end)
        await self._cached.heed(end)


def _attempt(step: StepId, attempt: int) -> tuple[StepId, int]:
    return _PLANNING if step == PLAN else (step, attempt)


def _found(key: CacheKey, reply: CachedReply, similarity: float) -> Lookup:
    hit = CacheHit(
        match="exact" if reply.key == key.key else "semantic",
        similarity=similarity,
        saved=reply.used,
        run=reply.run,
        effect=EffectId(reply.effect),
        at=reply.at,
        key=reply.key,
    )
    return Lookup(key=key, hit=hit, reply=reply)


def _is_text(reply: CachedReply) -> bool:
    """Return whether a reply calls no tool: what it says of another wording must not act."""
    output: JSON = reply.output
    return isinstance(output, Mapping) and not output.get("tool_calls")


async def _nearest(embedder: Embedder, question: str, candidates: Sequence[CachedReply]) -> tuple[CachedReply, float]:
    texts = [question, *(each.question for each in candidates)]
    vectors = await asyncio.to_thread(embedder.embed, texts)
    similarities = vectors[1:] @ vectors[0]
    best = int(similarities.argmax())
    return candidates[best], min(1.0, float(similarities[best]))

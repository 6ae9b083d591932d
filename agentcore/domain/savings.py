"""Savings: what a run did not have to use, as a fold of its events. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from agentcore.domain.budget import NO_USE, NOTHING_USD, Usage
from agentcore.domain.event import EffectFinished, EffectStarted, Event, RunStarted
from agentcore.domain.frozen import frozen
from agentcore.domain.ids import EffectId


@frozen
class ServedAgain:
    """Replies that no model was asked for. used: by the calls that they were first given to."""

    replies: int = 0
    used: Usage = NO_USE


@frozen
class PromptCache:
    """What providers' caches of prompts took off. tokens: of the input.  usd: nothing where they give no discount."""

    tokens: int = 0
    usd: Decimal = NOTHING_USD


@frozen
class LeftOut:
    """What was left out of requests so that they fit. requests: of how many.  tokens: about how many."""

    requests: int = 0
    tokens: int = 0


@frozen
class Savings:
    """What a run was spared.

    exact, semantic: by replies to the same call, and to another wording of the same question.
    """

    exact: ServedAgain = ServedAgain()
    semantic: ServedAgain = ServedAgain()
    prompt_cache: PromptCache = PromptCache()
    trimmed: LeftOut = LeftOut()

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return self != Savings()

    @property
    def usd(self) -> Decimal:
        """Dollars, of all kinds that have a price: not of what was left out, which nobody would have taken."""
        return self.exact.used.usd + self.semantic.used.usd + self.prompt_cache.usd

    @staticmethod
    def of(events: Iterable[Event]) -> Savings:
        """Return what a run saved itself: a fork has no part in what happened before it began."""
        recorded = list(events)
        began = recorded[0].fact if recorded else None
        shared = 1 + began.lineage.events if isinstance(began, RunStarted) and began.lineage else 0
        started: dict[EffectId, EffectStarted] = {}
        finished: dict[EffectId, EffectFinished] = {}
        for event in recorded[shared:]:
            match event.fact:
                case EffectStarted() as fact if fact.trimmed is not None:
                    started[fact.effect.id] = fact
                case EffectFinished() as fact if not fact.unknown:
                    finished[fact.effect] = fact
                case _:
                    pass
        hits = [fact.cached for fact in finished.values() if fact.cached is not None and not fact.error]
        cuts = [fact.trimmed for fact in started.values() if fact.trimmed is not None]
        served = {
            match: ServedAgain(
                replies=sum(hit.match == match for hit in hits),
                used=sum((hit.saved for hit in hits if hit.match == match), NO_USE),
            )
            for match in ("exact", "semantic")
        }
        return Savings(
            exact=served["exact"],
            semantic=served["semantic"],
            prompt_cache=PromptCache(
                tokens=sum(fact.used.cached_tokens for fact in finished.values()),
                usd=sum((fact.spared for fact in finished.values()), NOTHING_USD),
            ),
            trimmed=LeftOut(requests=len(cuts), tokens=sum(each.tokens for each in cuts)),
        )

"""LiveBoard: what is known lately of each model, for each step type, as the router reads it.

What this process has seen is one part, what others of the same store have told it the other. Both are added up when a
call is noted, so that routing only reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from agentcore.domain.ids import ModelName
from agentcore.ports.clock import Clock
from agentcore.ports.model import ModelReply
from agentcore.routing.live import LiveStats
from agentcore.routing.live_state import EVERY_STEP, Key
from agentcore.routing.profile import ModelProfile
from agentcore.routing.tally import Tally

STEP_TYPES = 256
"""How many step types are told apart; calls of further ones count for the model alone."""


class LiveBoard:
    """Tallies, and what the router makes of them. A step type is the name of the agent that does the step."""

    def __init__(self, profiles: Mapping[ModelName, ModelProfile], clock: Clock) -> None:
        self._profiles = profiles
        self._clock = clock
        self._own: dict[Key, Tally] = {}
        self._others: Mapping[Key, Tally] = {}
        self._views: dict[str, dict[ModelName, LiveStats]] = {}
        self.changed = False
        """Whether anything was noted since this was last set to False."""
        self.overall = self._view(EVERY_STEP)

    @property
    def own(self) -> Mapping[Key, Tally]:
        """What this process has seen."""
        return dict(self._own)

    def of(self, step: str) -> Mapping[ModelName, LiveStats]:
        """Return what is known of each model for a step type."""
        return self._views.get(step) or self._view(step)

    def answered(self, name: ModelName, step: str, reply: ModelReply, seconds: float) -> None:
        """Note a good answer, how long it took, and what it cost."""
        now, price = self._clock.now(), self._profiles[name].price
        listed = price.cost(input_tokens=reply.input_tokens, output_tokens=reply.output_tokens)
        paid = paid_usd(self._profiles[name], reply)
        self._note(
            name,
            step,
            lambda tally: tally.answered(
                now=now,
                seconds=seconds,
                output_tokens=reply.output_tokens,
                input_tokens=reply.input_tokens,
                cached_tokens=reply.cached_tokens,
                price=float(paid / listed) if listed else None,
            ),
        )

    def outlasted(self, name: ModelName, step: str, seconds: float) -> None:
        """Note that a call was given up before there was an answer."""
        now = self._clock.now()
        self._note(name, step, lambda tally: tally.outlasted(now=now, seconds=seconds))

    def broke(self, name: ModelName, step: str) -> None:
        """Note a failure of the model."""
        now = self._clock.now()
        self._note(name, step, lambda tally: tally.broke(now=now))

    def judged(self, name: ModelName, step: str, *, accepted: bool) -> None:
        """Note what verifiers have said of an answer."""
        now = self._clock.now()
        if name in self._profiles:
            self._note(name, step, lambda tally: tally.judged(accepted, now=now))

    def told(self, others: Mapping[Key, Tally]) -> None:
        """Take over what other processes have seen, all together, instead of what they told before."""
        self._others = others
        for key in self._own.keys() & others.keys():
            self._own[key] = self._own[key].forgetting(others[key])
        for step in {step for _, step in others} & self._views.keys() | {EVERY_STEP}:
            self._view(step)

    def _note(self, name: ModelName, step: str, change: Callable[[Tally], Tally]) -> None:
        self.changed = True
        self._own[name, EVERY_STEP] = change(self._own.get((name, EVERY_STEP), Tally()))
        if step and (step in self._views or len(self._views) <= STEP_TYPES):
            self._own[name, step] = change(self._own.get((name, step), Tally()))
            self.of(step)
            self._show(step, [name])
        self._show(EVERY_STEP, [name])

    def _view(self, step: str) -> dict[ModelName, LiveStats]:
        self._views.setdefault(step, {})
        self._show(step, self._profiles)
        return self._views[step]

    def _show(self, step: str, names: Iterable[ModelName]) -> None:
        """Work out what is known of some models for a step type; for all together, tell each step type of it."""
        view = self._views[step]
        for name in names:
            overall = None if step == EVERY_STEP else self._views[EVERY_STEP][name]
            view[name] = LiveStats.of(self._tally((name, step)), overall)
            if overall is None:
                for other, stats in self._views.items():
                    if other != EVERY_STEP:
                        stats[name] = replace(stats[name], broader=view[name])

    def _tally(self, key: Key) -> Tally:
        own, others = self._own.get(key), self._others.get(key)
        if own is None or others is None:
            return own or others or Tally()
        return own.merged(others)


def paid_usd(profile: ModelProfile, reply: ModelReply) -> Decimal:
    """Return what an answer cost: what the provider says, else what the declared price makes."""
    if reply.usd is not None:
        return reply.usd
    return profile.price.cost(
        input_tokens=reply.input_tokens, output_tokens=reply.output_tokens, cached_tokens=reply.cached_tokens
    )

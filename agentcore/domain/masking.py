"""Masking: a run's events as people may see them, where policies want what traces show of a call masked. Pure.

The journal keeps what is masked here: a run goes on from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias, cast

from agentcore.domain.answer_candidate import AnswerCandidate
from agentcore.domain.dues import Dues
from agentcore.domain.effect import Effect, EffectKind
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    AttemptFinished,
    EffectFinished,
    EffectRefused,
    EffectStarted,
    Event,
    Fact,
    VerdictReached,
)
from agentcore.domain.ids import EffectId
from agentcore.domain.json import JSON

MASK: Final = "•••"
"""What is shown instead."""

SHORTEST: Final = 6
"""How long a value must be at least for it to be masked wherever else it stands: shorter ones are anybody's words."""

_Paths: TypeAlias = tuple[tuple[str, ...], ...]
"""What is masked of a value; the empty path is all of it."""


def masked(events: Iterable[Event]) -> Sequence[Event]:
    """Return a run's events with what policies want masked, and with the same values masked in its other calls."""
    recorded = list(events)
    masks = dict(_masks(recorded))
    if not masks:
        return recorded
    known = {MASK}
    for event in recorded:
        known |= set(_hidden(event.fact, masks))
    words = sorted((word for word in known if len(word) >= SHORTEST), key=len, reverse=True)
    anywhere = re.compile("|".join(map(re.escape, words))) if words else None
    veil = _Veil(masks, anywhere)
    return [replace(event, fact=veil.fact(event.fact)) for event in recorded]


def _masks(events: Iterable[Event]) -> Iterator[tuple[EffectId, tuple[Effect, tuple[str, ...]]]]:
    """Yield the calls of which something is masked, and what."""
    for event in events:
        match event.fact:
            case EffectStarted(effect=effect, decisions=decisions) | EffectRefused(effect=effect, decisions=decisions):
                due = decisions[0].obligations if decisions else ()
                parts = Dues.of(due).mask if due else None
                if parts is not None:
                    yield effect.id, (effect, parts)
            case _:
                pass


def _paths(parts: tuple[str, ...], root: str) -> _Paths:
    """Return what is masked of one root; nothing when none of the parts is in it."""
    if not parts:
        return ((),)
    split = [part.split(".") for part in parts]
    return tuple(tuple(rest) for first, *rest in split if first == root)


_Masks: TypeAlias = Mapping[EffectId, tuple[Effect, tuple[str, ...]]]


def _hidden(fact: Fact, masks: _Masks) -> Iterator[str]:
    """Yield the values that are masked of a tool's call."""
    match fact:
        case EffectStarted(effect=effect, request=value) if effect.id in masks and effect.kind is EffectKind.TOOL:
            yield from _leaves(value, _paths(masks[effect.id][1], "arguments"))
        case EffectFinished(effect=id, output=value) if id in masks and masks[id][0].kind is EffectKind.TOOL:
            yield from _leaves(value, _paths(masks[id][1], "result"))
        case _:
            return


def _leaves(value: JSON, paths: _Paths) -> Iterator[str]:
    for path in paths:
        found: list[str] = []
        _changed(value, path, lambda inner, into=found: into.extend(_scalars(inner)) or MASK)
        yield from found


def _scalars(value: JSON) -> Iterator[str]:
    match value:
        case bool() | None:
            return
        case str() | int() | float():
            yield str(value)
        case Mapping():
            for inner in value.values():
                yield from _scalars(inner)
        case _:
            for inner in value:
                yield from _scalars(inner)


def _changed(value: JSON, path: tuple[str, ...], change: Callable[[JSON], JSON]) -> JSON:
    """Return a value with what stands at a path changed; of a list, of each of its items."""
    if not path:
        return change(value)
    match value:
        case Mapping():
            return {
                key: _changed(inner, path[1:], change) if key == path[0] else inner for key, inner in value.items()
            }
        case list() | tuple():
            return [_changed(inner, path, change) for inner in value]
        case _:
            return value


class _Veil:
    """Masks facts. anywhere: matches the values that are masked wherever they stand."""

    def __init__(self, masks: _Masks, anywhere: re.Pattern[str] | None) -> None:
        self._masks = masks
        self._anywhere = anywhere

    def fact(self, fact: Fact) -> Fact:
        """Return a fact as it may be seen."""
        match fact:
            case EffectStarted():
                return replace(fact, request=self._request(fact.effect.id, fact.request))
            case EffectRefused():
                return replace(
                    fact, request=self._request(fact.effect.id, fact.request), reason=self._text(fact.reason)
                )
            case EffectFinished():
                return replace(fact, output=self._output(fact.effect, fact.output), error=self._text(fact.error))
            case AttemptFinished():
                return replace(
                    fact,
                    output=self._value(fact.output),
                    error=self._text(fact.error),
                    candidates=tuple(map(self._candidate, fact.candidates)),
                    why_chosen=self._text(fact.why_chosen),
                )
            case VerdictReached(verdict=verdict):
                votes = (replace(vote, reasons=tuple(map(self._text, vote.reasons))) for vote in verdict.votes)
                return replace(fact, verdict=replace(verdict, votes=tuple(votes)))
            case ApprovalRequested(approval=asked):
                return replace(fact, approval=replace(asked, value=self._value(asked.value)))
            case ApprovalDecided(ruling=ruling):
                return replace(fact, ruling=replace(ruling, value=self._value(ruling.value)))
            case _:
                return fact

    def _candidate(self, candidate: AnswerCandidate) -> AnswerCandidate:
        return replace(
            candidate,
            output=self._value(candidate.output),
            error=self._text(candidate.error),
            declined=self._text(candidate.declined),
            rejections=tuple(map(self._text, candidate.rejections)),
        )

    def _request(self, id: EffectId, request: JSON) -> JSON:
        effect, parts = self._masks.get(id, (None, ()))
        if effect is None:
            return self._value(request)
        if effect.kind is EffectKind.MODEL:
            return _without_prompt(request) if _paths(parts, "prompt") else self._value(request)
        for path in _paths(parts, "arguments"):
            if not path and isinstance(request, Mapping):  # its names are the tool's, and no secret
                request = dict.fromkeys(request, MASK)
            else:
                request = _changed(request, path, lambda _: MASK)
        return self._value(request)

    def _output(self, id: EffectId, output: JSON) -> JSON:
        effect, parts = self._masks.get(id, (None, ()))
        if effect is None or output is None:
            return self._value(output)
        if effect.kind is EffectKind.MODEL:
            return _without_text(output) if _paths(parts, "reply") else self._value(output)
        for path in _paths(parts, "result"):
            output = _changed(output, path, lambda _: MASK)
        return self._value(output)

    def _value(self, value: JSON) -> JSON:
        match value:
            case str():
                return self._text(value)
            case bool() | None:
                return value
            case int() | float():
                return MASK if self._anywhere is not None and self._anywhere.fullmatch(str(value)) else value
            case Mapping():
                return {key: self._value(inner) for key, inner in value.items()}
            case _:
                return [self._value(inner) for inner in value]

    def _text(self, text: str) -> str:
        return text if self._anywhere is None else self._anywhere.sub(MASK, text)


def _without_prompt(request: JSON) -> JSON:
    recorded = cast("Mapping[str, Any]", request)
    return {**recorded, "messages": [_without_text(message) for message in recorded["messages"]]}


def _without_text(said: JSON) -> JSON:
    """Return a message, or a reply, without its words."""
    recorded = cast("Mapping[str, Any]", said)
    shown = {name: MASK if name in {"content", "text"} and value else value for name, value in recorded.items()}
    if calls := recorded.get("tool_calls"):
        shown["tool_calls"] = [{**call, "arguments": MASK} for call in calls]
    return shown

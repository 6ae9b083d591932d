"""Drafts: the answer of a run as a model writes it, for those who watch. Nothing of it is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from agentcore.domain.agent import Agent
from agentcore.domain.errors import GuardDenied
from agentcore.domain.ids import ANSWER, ModelName
from agentcore.domain.label import Label
from agentcore.engine.effect import Caller
from agentcore.engine.run_guards import RunGuards
from agentcore.engine.stream_guard import StreamGuard
from agentcore.ports.model import ModelRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A piece of an answer that is being written. No verifier has seen it: what counts is the run's result.

    number: of the reply; another one begins anew, after a rejected attempt, say.  stopped: why no more of it is shown,
    with no text; empty otherwise.
    """

    number: int
    text: str = ""
    stopped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What is told to those who watch. text: None is the end of a reply."""

    number: int
    label: Label
    text: str | None


class Writing:
    """One reply that is being written: what a model hands its text to."""

    def __init__(self, watchers: list[asyncio.Queue[_Piece | None]], number: int, label: Label) -> None:
        self._watchers = watchers
        self._number = number
        self._label = label

    def __call__(self, text: str) -> None:
        """Hand a piece on."""
        self._tell(text)

    def end(self) -> None:
        """Say that the reply is complete."""
        self._tell(None)

    def _tell(self, text: str | None) -> None:
        for watcher in self._watchers:
            watcher.put_nowait(_Piece(number=self._number, label=self._label, text=text))


class Drafts:
    """Those who watch the answer of one run being written.

    What they see has passed the guards of model output and of the final output, a window behind the model, and policy
    permits its release. agent: who answers. When a person has to approve the answer, nothing of it is shown.
    """

    def __init__(self, agent: Agent, guards: RunGuards) -> None:
        self._agent = agent
        self._guards = guards
        self._watchers: list[asyncio.Queue[_Piece | None]] = []
        self._number = 0
        self._closed = False

    def writing(self, caller: Caller, model: ModelName, request: ModelRequest) -> Writing | None:
        """Return what a model is to hand its text to; None when it is no answer in words, or nobody watches."""
        is_answer = caller.step == ANSWER and caller.agent.name == self._agent.name and request.schema is None
        is_answer = is_answer and caller.picks is None  # of several at once, nobody knows which will be the answer
        if not self._watchers or not is_answer or self._agent.approval is not None:
            return None
        self._number += 1
        return Writing(self._watchers, self._number, caller.label.also_from(f"model:{model}"))

    def close(self) -> None:
        """Tell those who watch that nothing more will come."""
        self._closed = True
        for watcher in self._watchers:
            watcher.put_nowait(None)

    async def watch(self) -> AsyncIterator[Draft]:
        """Iterate over what is written from now on, until the run ends or waits for people."""
        queue: asyncio.Queue[_Piece | None] = asyncio.Queue()
        if self._closed:
            return
        self._watchers.append(queue)
        try:
            guard, number = None, 0
            while (piece := await queue.get()) is not None:
                if piece.number != number:
                    guard, number = self._guard(piece.label), piece.number
                if guard is None:  # it was stopped
                    continue
                try:
                    text = await (guard.end() if piece.text is None else guard.add(piece.text))
                except GuardDenied as denied:
                    guard = None
                    yield Draft(number=number, stopped=denied.message)
                else:
                    if text:
                        yield Draft(number=number, text=text)
        finally:
            self._watchers.remove(queue)

    def _guard(self, label: Label) -> StreamGuard:
        said, leaving = (self._guards.guards.at(place) for place in ("model_output", "output"))
        more = [guard for guard in leaving if not any(guard is other for other in said)]
        return StreamGuard([*said, *more], label, self._permits, "the answer")

    def _permits(self, label: Label) -> bool:
        effects = self._guards.effects
        decision = effects.decide(effects.ask("release", "answer", self._agent, label))
        return decision.permitted and not decision.obligations

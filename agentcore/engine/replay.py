"""Replay: drives a run again on its recorded outcomes, and compares every fact that comes of it with the record.

Nothing is called: effects get what is recorded of them. What came from outside (people's decisions, a cancellation,
the end of the time) is fed where it stands in the record. Where a process has died, or left the run, the replay breaks
off too, and goes on from what it has by then, as the next process did. Each fact waits for its turn, so that a replay
takes the branches of a plan in the very order of the record, whatever the timing; a fact whose turn never comes is the
first difference.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn

from agentcore.domain.decision import Decision
from agentcore.domain.difference import differences
from agentcore.domain.dues import Dues
from agentcore.domain.errors import ReplayMismatch
from agentcore.domain.event import (
    ApprovalDecided,
    ApprovalRequested,
    EffectFinished,
    EffectRefused,
    EffectReused,
    EffectStarted,
    Event,
    Fact,
    PlanAccepted,
    RunEnding,
    RunFinished,
    RunStarted,
)
from agentcore.domain.ids import EffectId
from agentcore.domain.redaction import is_redaction
from agentcore.domain.run import Run
from agentcore.engine.drive import Driver
from agentcore.engine.history import History
from agentcore.engine.segment import Segment, segments

PATIENCE_SECONDS: Final = 2.0
"""How long nothing may happen before the replay counts as stuck. Only a check of the project's own can take time."""

_AGAIN_SECONDS: Final = 0.02


class ReplayRecorder:
    """A Recording that compares, and the Script that it compares with.

    events: the whole record.  run, history: the state at the point where the replay begins, after the first event or,
    for a fork, after all that it shares.
    """

    def __init__(self, events: Sequence[Event], *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        started = events[0].fact
        dry = isinstance(started, RunStarted) and started.dry
        shared = 1 + (started.lineage.events if isinstance(started, RunStarted) and started.lineage else 0)
        self._run = Run.begin(events[0])
        self.history = History()
        self.history.note(started, events[0].at)
        for event in events[1:shared]:
            self._apply(event)
        self._segments = [Segment(part, dry=dry) for part in segments(events[shared:])]
        self._segment = self._segments.pop(0)
        self._next = 0
        self._waiting: dict[int, str | Fact] = {}
        self._waits = 0
        self._moved = asyncio.Condition()
        self._patience = patience_seconds
        self.wake: Callable[[], None] = lambda: None
        self.done = asyncio.Event()

    @property
    def run(self) -> Run:
        """The state as the replay has it."""
        return self._run

    @property
    def ending(self) -> bool:
        """Whether nothing is left before the run is taken over or ends, but its end."""
        return self._next >= self._segment.ending

    async def until_ending(self, error: Exception) -> None:
        """Wait until nothing else is left: when the run ended by an error, others had their words before.

        Of errors at the same time, the one that is recorded goes first.
        """
        await self._wait("the end", lambda: self.ending)
        end = self._segment.events[-1].fact
        if isinstance(end, RunFinished) and not end.reason.endswith(str(error)):
            with contextlib.suppress(TimeoutError):  # its reason may be withheld
                async with asyncio.timeout(self._patience / 2):
                    await self._wait("the end", lambda: False)

    async def begin(self) -> None:
        """Feed what comes first from outside."""
        await self._feed()

    async def go_on(self) -> bool:
        """Let the next process take the run over; return False when the record is at its end."""
        if not self._segments:
            return False
        self._segment = self._segments.pop(0)
        self._apply(self._segment.events[0])
        self._next = 1
        self.done = asyncio.Event()
        return True

    async def record(self, *facts: Fact, durable: bool = False) -> None:  # noqa: ARG002  # nothing is written
        """Compare facts with the record, each when its turn comes. Raises ReplayMismatch."""
        for fact in facts:
            await self._turn(fact)

    @property
    def at(self) -> float:
        """When what the record has next was recorded: seconds since the Unix epoch."""
        events = self._segment.events
        return events[min(self._next, len(events) - 1)].at

    def upcoming(self, effect: EffectId) -> Fact | None:
        """Return what the record has next of an effect, or of a question about it."""
        return self._segment.upcoming(effect, self._next)

    def denied(self, decision: Decision) -> Decision | None:
        """Return the denial that the record ends with, of what policies permit here, None when it goes on."""
        ahead = [event.fact for event in self._segment.events[self._next :]]
        if any(isinstance(fact, PlanAccepted) for fact in ahead):
            return None
        ends = [fact.end if isinstance(fact, RunEnding) else fact for fact in ahead]
        decisions = [each for end in ends if isinstance(end, RunFinished) for each in end.decisions]
        return next((each for each in decisions if replace(each, permitted=True, unmet=()) == decision), None)

    async def missing(self, what: str) -> NoReturn:
        """Wait for the end of the record, as nothing is recorded that could be returned. Raises ReplayMismatch."""
        while True:
            await self._wait(what, lambda: False)

    async def watched(self, *tasks: asyncio.Task[Any]) -> None:
        """Wait until one of the tasks is done, or nothing happens any more though nobody waits for a turn."""
        before = -1
        while self._next != before or self._waiting:
            before = self._next
            done, _ = await asyncio.wait(tasks, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return

    async def end(self, end: RunFinished) -> None:
        """Compare the closing of each open question, and the end."""
        for asked in self._run.asked:
            expected = self._peek()
            if isinstance(expected, ApprovalDecided) and expected.approval == asked.id:
                await self._turn(expected)
        await self._turn(end)

    def _peek(self) -> Fact | None:
        return self._segment.events[self._next].fact if self._next < len(self._segment.events) else None

    async def _turn(self, fact: Fact) -> None:
        await self._wait(fact, lambda: _equal(self._peek(), fact))
        self._take()
        await self._feed()

    def _take(self) -> None:
        self._apply(self._segment.events[self._next])
        self._next += 1

    async def _wait(self, what: str | Fact, ready: Callable[[], bool]) -> None:
        """Wait until it is ready; everybody that waits is told of each step. Raises ReplayMismatch when none comes."""
        self._waits += 1
        key = self._waits
        self._waiting[key] = what
        try:
            async with self._moved:
                while not ready():
                    before = self._next
                    try:
                        async with asyncio.timeout(self._patience):
                            await self._moved.wait()
                    except TimeoutError:
                        if self._next == before and not self.done.is_set():
                            raise self.mismatch() from None
        finally:
            del self._waiting[key]

    async def _feed(self) -> None:
        """Take what comes from outside, and tell all who wait that the record has moved on."""
        decided = False
        while self._next < len(self._segment.events) and self._segment.fed(self._next):
            decided = decided or isinstance(self._peek(), ApprovalDecided)
            self._take()
        if decided or self._run.terminated is not None:
            self.wake()
        if self._next == len(self._segment.events):
            self.done.set()
        async with self._moved:
            self._moved.notify_all()

    def _apply(self, event: Event) -> None:
        self._run = self._run.apply(replace(event, sequence=self._run.sequence + 1))
        self.history.note(event.fact, event.at)

    def mismatch(self) -> ReplayMismatch:
        """Return the first difference: what the record has next, and the nearest of what the replay would have."""
        expected = self._peek()
        offered = list(self._waiting.values())
        if expected is None:
            return ReplayMismatch(f"the record ends here, but the replay goes on with {_name(offered[0])}")
        event = self._segment.events[self._next]
        head = f"event {event.sequence} is {_name(expected)}"
        alike = [each for each in offered if type(each) is type(expected)]
        same = [each for each in alike if _name(each) == _name(expected)]
        if not offered:
            return ReplayMismatch(f"{head}, but the replay ends before it")
        if not same:
            return ReplayMismatch(f"{head}, but the replay would go on with {', '.join(map(_name, offered))}")
        first = next(differences(_masked(expected), _masked(same[0])), None)
        return ReplayMismatch(f"{head}; it differs: {first}")


async def replayed(recorder: ReplayRecorder, driver: Callable[[], Driver]) -> Run:
    """Drive a run to the end of its record, and return it as the replay has it. Raises ReplayMismatch.

    driver: returns one that stands where the record does: each process that has driven the run had its own.
    """
    while True:
        await _driven(recorder, driver())
        if not await recorder.go_on():
            return recorder.run


async def _driven(recorder: ReplayRecorder, driver: Driver) -> None:
    """Drive a run to where the next process takes it over, or the record ends."""
    recorder.wake = driver.wake
    await recorder.begin()
    if recorder.done.is_set():
        return
    driving = asyncio.create_task(driver.drive(), name=f"replay of {recorder.run.id}")
    ending = asyncio.create_task(recorder.done.wait())
    try:
        await recorder.watched(driving, ending)
        if driving.done() and not driving.cancelled():
            driving.result()
        if not recorder.done.is_set():
            raise recorder.mismatch()
    finally:
        left: set[asyncio.Task[Any]] = {driving, ending}
        while left:  # a driver whose run is just ending takes the first cancellation for a part of that
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=_AGAIN_SECONDS)


def _equal(expected: Fact | None, fact: Fact) -> bool:
    if expected is None:
        return False
    fact = _as_released(expected, fact)
    return next(differences(_masked(expected), _masked(fact)), None) is None


def _as_released(expected: Fact, fact: Fact) -> Fact:
    """Return an end with what the record has released of it, where a policy wanted that redacted: detectors change."""
    match expected, fact:
        case RunEnding(end=recorded), RunEnding(end=end):
            return replace(fact, end=_as_released(recorded, end))
        case RunFinished(), RunFinished() if any(each.obligations for each in fact.decisions):
            if expected.decisions[-1:] and expected.decisions[-1].unmet:
                known = replace(expected.decisions[-1], permitted=True, unmet=())
                return expected if (*expected.decisions[:-1], known) == fact.decisions else fact
            redacts = any(Dues.of(each.obligations).redact for each in fact.decisions)
            if redacts and is_redaction(expected.answer, fact.answer) and is_redaction(expected.reason, fact.reason):
                return replace(fact, answer=expected.answer, reason=expected.reason)
            return fact
        case _:
            return fact


def _masked(fact: Fact | str) -> Fact | str:
    """Return a fact without what time alone decides."""
    if isinstance(fact, ApprovalRequested):
        return replace(fact, approval=replace(fact.approval, asked_at=0.0, due_at=None))
    return fact


def _name(what: str | Fact) -> str:
    match what:
        case str():
            return what
        case EffectStarted(effect=effect) | EffectRefused(effect=effect) | EffectReused(effect=effect):
            return f"{what.kind} {effect.id}"
        case EffectFinished(effect=id):
            return f"{what.kind} {id}"
        case _:
            step = getattr(what, "step", None)
            return what.kind if step is None else f"{what.kind} {step}"

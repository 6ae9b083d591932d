"""Candidates: the answers that one attempt makes, one or several at once, and the choice among them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agentcore.confidence.same_answer import agreement
from agentcore.domain.agent import Agent
from agentcore.domain.answer_candidate import AnswerCandidate, Signals
from agentcore.domain.confidence import Confidence
from agentcore.domain.errors import BudgetExceeded
from agentcore.domain.json import JSON
from agentcore.domain.run import Run, StepState
from agentcore.domain.verdict import Vote
from agentcore.engine.confidences import Confidences
from agentcore.engine.effect import Caller, Effects
from agentcore.engine.first_error import first_error
from agentcore.engine.picks import Picks, taken_before
from agentcore.engine.verifier import Verifier
from agentcore.engine.worker import Failure, Given, Outcome, Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an attempt came to.

    checks: what deterministic checks say of it already, None when they have not run.  candidates: what it was chosen
    from, when there were several.
    """

    outcome: Outcome
    signals: Signals = field(default_factory=Signals)
    checks: tuple[Vote, ...] | None = None
    candidates: tuple[AnswerCandidate, ...] = ()
    chosen: int = 0
    why_chosen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """An answer with what speaks for it. number: 0 is the first."""

    number: int
    outcome: Outcome
    checks: tuple[Vote, ...]
    signals: Signals
    confidence: Confidence

    @property
    def sound(self) -> bool:
        """Whether it is an answer, and no check rejects it."""
        return not self.outcome.declined and all(vote.accepts is not False for vote in self.checks)

    @property
    def agreement(self) -> float:
        """The share of the others that say the same."""
        return self.signals.agreement or 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Makes the answers of one run's attempts, and has verifiers compare them where an agent wants that."""

    effects: Effects
    worker: Worker
    verifier: Verifier
    confidences: Confidences

    async def make(
        self, run: Run, state: StepState, agent: Agent, caller: Caller, given: Given, *, size: int
    ) -> Made | Failure:
        """Return the best of so many answers, the failure of all of them when there is none.

        They are made at once, but for an agent with tools, whose calls may end the attempt: one after the other then.
        Raises PolicyDenied, JournalError or WaitsForPerson.
        """
        if size == 1:
            outcome = await self.worker.attempt(run, state, agent, caller, given)
            if isinstance(outcome, Failure) or not self.confidences.weighs(agent):
                return outcome if isinstance(outcome, Failure) else Made(outcome=outcome)
            (only,) = await self._weighed(state, agent, [outcome])
            return Made(outcome=outcome, signals=only.signals, checks=only.checks)
        callers = self._callers(caller, agent, size)
        results = await self._all(run, state, agent, callers, given)
        failures = [each for each in results if isinstance(each, Failure)]
        if len(failures) == size:
            return next((each for each in failures if isinstance(each.error, BudgetExceeded)), failures[0])
        weighed = await self._weighed(state, agent, results)
        return await self._best(state, agent, caller, results, weighed)

    def _callers(self, caller: Caller, agent: Agent, size: int) -> list[Caller]:
        routing = agent.routing
        picks = Picks(
            same=routing.samples > 1,
            independent=routing.independent,
            taken=taken_before(self.effects.recorder.history.effects(caller.step, caller.attempt), agent.name),
        )
        named = routing.ensemble_of
        return [
            replace(
                caller,
                candidate=number,
                picks=picks,
                only=frozenset({named[number]}) if number < len(named) else caller.only,
            )
            for number in range(size)
        ]

    async def _all(
        self, run: Run, state: StepState, agent: Agent, callers: Sequence[Caller], given: Given
    ) -> list[Outcome | Failure]:
        if agent.tools:
            return [await self.worker.attempt(run, state, agent, caller, given) for caller in callers]
        try:
            async with asyncio.TaskGroup() as group:
                made = [group.create_task(self.worker.attempt(run, state, agent, caller, given)) for caller in callers]
        except BaseExceptionGroup as errors:
            raise first_error(errors) from errors
        return [task.result() for task in made]

    async def _weighed(self, state: StepState, agent: Agent, results: Sequence[Outcome | Failure]) -> list[_Weighed]:
        """Return the answers that there are with the evidence about each: of checks, and of one for the other.

        The best answer of an earlier attempt that was not sure enough has a voice, too.
        """
        numbered = [(number, each) for number, each in enumerate(results) if isinstance(each, Outcome)]
        said: list[JSON] = [each.output for _, each in numbered if not each.declined]
        if state.held is not None:
            said.append(state.held.output)
        weighed: list[_Weighed] = []
        place = 0
        for number, outcome in numbered:
            checks = () if outcome.declined else await self.verifier.check(agent, state.step.instruction, outcome)
            share = None
            if not outcome.declined:
                share = agreement(said, place)
                place += 1
            signals = self.confidences.signals(outcome, checks, agreement=share, voices=len(said))
            prior = None if outcome.answered is None else outcome.answered.prior
            confidence = self.confidences.of(agent, outcome.model, prior, signals)
            weighed.append(
                _Weighed(number=number, outcome=outcome, checks=checks, signals=signals, confidence=confidence)
            )
        return weighed

    async def _best(
        self,
        state: StepState,
        agent: Agent,
        caller: Caller,
        results: Sequence[Outcome | Failure],
        weighed: Sequence[_Weighed],
    ) -> Made:
        calibrated = self.confidences.calibrated(agent)
        ranked = sorted(weighed, key=lambda each: _rank(each, calibrated=calibrated))
        best, why = ranked[0], _why(ranked, calibrated=calibrated)
        sound = [each for each in ranked if each.sound]
        if agent.verification.pairwise and len(sound) > 1 and any(each.agreement < 1.0 for each in sound):
            choice = await self.verifier.choose(
                agent, caller, state.step.instruction, [each.outcome for each in sound]
            )
            best, why = sound[choice.winner], choice.reason or why
        label = best.outcome.label
        for each in sound:  # which of them it is says something of what the others were made of
            label = label.join(each.outcome.label)
        return Made(
            outcome=replace(best.outcome, label=label),
            signals=best.signals,
            checks=best.checks,
            candidates=_recorded(results, weighed),
            chosen=best.number,
            why_chosen=why,
        )


def _rank(each: _Weighed, *, calibrated: bool) -> tuple[bool, float, float, int]:
    """Return what to sort by, ascending: checks first, then P(correct) if it was fitted, else agreement before it."""
    p, agrees = -each.confidence.p, -each.agreement
    return (not each.sound, p, agrees, each.number) if calibrated else (not each.sound, agrees, p, each.number)


def _why(ranked: Sequence[_Weighed], *, calibrated: bool) -> str:
    best, count = ranked[0], len(ranked)
    if count == 1:
        return "the only candidate with an answer"
    sound = [each for each in ranked if each.sound]
    if not best.sound:
        return f"none of {count} candidates passes the checks; the first of them"
    if len(sound) == 1:
        return f"the only one of {count} candidates that passes the checks"
    rest = sound[1:]
    if calibrated and any(each.confidence.p < best.confidence.p for each in rest):
        return f"the likeliest right of {count} candidates: P(correct) {best.confidence.p:.2f}"
    if any(each.agreement < best.agreement for each in rest):
        same = round(best.agreement * (best.signals.voices - 1))
        return f"{same} of {best.signals.voices - 1} other answers say the same"
    if all(each.agreement == 1.0 for each in sound):
        return f"all of {len(sound)} answers say the same"
    if any(each.confidence.p < best.confidence.p for each in rest):
        return f"the likeliest right of {count} candidates: P(correct) {best.confidence.p:.2f}"
    return f"the first of {count} candidates that are alike"


def _recorded(results: Sequence[Outcome | Failure], weighed: Sequence[_Weighed]) -> tuple[AnswerCandidate, ...]:
    known = {each.number: each for each in weighed}
    recorded: list[AnswerCandidate] = []
    for number, result in enumerate(results):
        if isinstance(result, Failure):
            recorded.append(AnswerCandidate(number=number, error=result.error.message))
            continue
        each = known[number]
        recorded.append(
            AnswerCandidate(
                number=number,
                model=result.model,
                output=result.output,
                declined=result.declined,
                rejections=tuple(reason for vote in each.checks if vote.accepts is False for reason in vote.reasons),
                signals=each.signals,
                confidence=each.confidence,
            )
        )
    return tuple(recorded)

"""Attempts: one try at a step, from what it is given to its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from loguru import logger

from agentcore.domain.agent import Agent
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.errors import BudgetExceeded, NoRoute, ToolInputInvalid
from agentcore.domain.event import AttemptFinished, VerdictReached
from agentcore.domain.ids import AgentName, EffectId, ModelName
from agentcore.domain.run import StepState
from agentcore.domain.team import RunLimits
from agentcore.domain.verdict import CONFIDENCE, Verdict, Vote
from agentcore.engine.ask_person import ask_person
from agentcore.engine.call_model import ModelCalls
from agentcore.engine.candidates import Candidates, Made
from agentcore.engine.confidences import Confidences
from agentcore.engine.delegation import delegated
from agentcore.engine.effect import Caller, Effects
from agentcore.engine.release import Release
from agentcore.engine.run_guards import RunGuards
from agentcore.engine.schedule import StartAttempt
from agentcore.engine.verifier import Verifier
from agentcore.engine.worker import Failure, gather
from agentcore.verification.quorum import settle, undecided
from agentcore.verification.schema import schema_errors

if TYPE_CHECKING:
    from agentcore.engine.learning import Learning


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Makes the attempts of one run. models: told what verifiers have said of an answer."""

    agents: Mapping[AgentName, Agent]
    limits: RunLimits
    effects: Effects
    models: ModelCalls
    candidates: Candidates
    confidences: Confidences
    verifier: Verifier
    guards: RunGuards
    release: Release
    learning: Learning | None = None

    async def make(self, command: StartAttempt) -> None:
        """Make an attempt and record its verdict.

        Raises WaitsForPerson when it goes on only once somebody has decided; PolicyDenied, BudgetExceeded (unless an
        attempt may fail by it), RunTerminated or JournalError.
        """
        run = self.effects.recorder.run
        state = run.steps[command.step]
        agent = self.agents[state.step.agent]
        match command.resort:
            case "person" | "best":
                await self._settle(command, state, agent)
            case "" | "model":
                await self._ask(command, state, agent)
            case _ as unreachable:
                assert_never(unreachable)

    async def _ask(self, command: StartAttempt, state: StepState, agent: Agent) -> None:
        """Have the agent answer."""
        run, routing = self.effects.recorder.run, agent.routing
        caller = Caller(
            step=command.step,
            attempt=command.attempt,
            agent=agent,
            label=run.label,
            rejected=state.models if command.escalate else frozenset(),
            stronger=state.was_unsure and not command.resort,
            only=frozenset({ModelName(routing.escalate_to)}) if command.resort else frozenset(),
        )
        # A stronger model is asked by itself: the others have had their say. Samples are of one model, and stay.
        size = routing.samples if command.escalate else routing.size
        try:
            ready = await delegated(self.guards, caller, state, gather(run, state.step))
            if isinstance(ready, Failure):
                made = ready
            else:
                state, given = ready
                made = await self.candidates.make(run, state, agent, caller, given, size=size)
        except ToolInputInvalid as error:  # of what it should have been given
            made = Failure(error=error, label=run.label)
        if isinstance(made, Failure):
            if isinstance(made.error, BudgetExceeded) and self.limits.on_exceeded != "fail":
                raise made.error
            await self._failed(caller, made)
        else:
            await self._verify(agent, caller, state.step.instruction, made)

    async def _verify(self, agent: Agent, caller: Caller, instruction: str, made: Made) -> None:
        record, outcome = self.effects.recorder.record, made.outcome
        finished = AttemptFinished(
            step=caller.step,
            attempt=caller.attempt,
            output=outcome.output,
            label=outcome.label,
            declined=outcome.declined,
            model=outcome.model,
            candidates=made.candidates,
            chosen=made.chosen,
            why_chosen=made.why_chosen,
        )
        unrecorded = self._unrecorded(finished)
        if (
            unrecorded and agent.verification.panel
        ):  # whose calls come after this event; else both are written together
            await record(finished)
            unrecorded = ()
        edited = False
        wanted = self.release.verifiers(caller, outcome.label)
        verdict = await self.verifier.verify(agent, caller, instruction, outcome, wanted, checks=made.checks)
        if verdict.open and (rule := agent.verification.escalate_to_person) is not None:
            await record(*unrecorded)
            asked = undecided(verdict)
            unrecorded, vote = await self._approved(rule, caller, finished, about="verdict", why=asked)
            edited = bool(unrecorded)
            finished = unrecorded[0] if unrecorded else finished
            verdict = settle(verdict, vote, least=wanted[0])
        verdict = self.confidences.judged(agent, outcome, made.signals, verdict)
        if verdict.accepted and agent.approval is not None:
            await record(*unrecorded)
            unrecorded, vote = await self._approved(agent.approval, caller, finished)
            edited = edited or bool(unrecorded)
            verdict = replace(verdict, accepted=vote.accepts is True, votes=(*verdict.votes, vote))
        await self._conclude(caller, unrecorded, verdict)
        again = outcome.answered is not None and outcome.answered.cached  # which says nothing new of the model
        self._learn(caller, _own(verdict, edited=edited), None if again else outcome.model)

    async def _settle(self, command: StartAttempt, state: StepState, agent: Agent) -> None:
        """Take the best answer so far, or let a person decide about it: no model is asked."""
        held = state.held
        before = Verdict(accepted=False) if held is None else held.verdict
        finished = AttemptFinished(
            step=command.step,
            attempt=command.attempt,
            output=state.rejected if held is None else held.output,
            label=state.rejected_label if held is None else held.label,
            model=None if held is None else held.model,
            why_chosen=_why(state),
        )
        caller = Caller(step=command.step, attempt=command.attempt, agent=agent, label=finished.label)
        votes = tuple(vote for vote in before.votes if vote.verifier != CONFIDENCE)
        verdict = replace(before, accepted=command.resort == "best", votes=votes)
        unrecorded = self._unrecorded(finished)
        if command.resort == "best":
            verdict = replace(verdict, unchecked=(*verdict.unchecked, _taken(verdict)))
        rule = agent.approval or (ApprovalRule() if command.resort == "person" else None)
        if rule is not None:
            await self.effects.recorder.record(*unrecorded)
            why = "; ".join(dict.fromkeys(reason for reasons in state.reasons for reason in reasons))
            unrecorded, vote = await self._approved(rule, caller, finished, why=why)
            verdict = replace(verdict, accepted=vote.accepts is True, votes=(*votes, vote))
        await self._conclude(caller, unrecorded, verdict)

    def _unrecorded(self, finished: AttemptFinished) -> tuple[AttemptFinished, ...]:
        known = self.effects.recorder.history.finished(finished.step, finished.attempt)
        return () if known else (finished,)

    async def _conclude(self, caller: Caller, unrecorded: tuple[AttemptFinished, ...], verdict: Verdict) -> None:
        reached = VerdictReached(step=caller.step, attempt=caller.attempt, verdict=verdict)
        await self.effects.recorder.record(*unrecorded, reached)
        if not verdict.accepted:
            logger.info("attempt {} rejected: {}", caller.attempt, "; ".join(verdict.reasons))

    def _learn(self, caller: Caller, verdict: Verdict, model: ModelName | None) -> None:
        """Note what verifiers, or a person, have said of a model's own answer."""
        if self.learning is not None:
            self.learning.concluded(self.effects.recorder.run.id, caller, model, verdict)
        if verdict.accepted or not any(vote.verifier == CONFIDENCE for vote in verdict.votes):  # unsure is not wrong
            self.models.judged(model, caller.agent.name, accepted=verdict.accepted)

    async def _approved(
        self, rule: ApprovalRule, caller: Caller, finished: AttemptFinished, *, about: str = "output", why: str = ""
    ) -> tuple[tuple[AttemptFinished, ...], Vote]:
        """Return a person's vote about an output and, when the person has edited it, that as the attempt's end.

        about: tells apart what is asked of one output.  why: it is asked; by default, because that is the rule.
        """
        name = caller.agent.name
        ruling = await ask_person(
            self.effects,
            caller,
            rule,
            about=EffectId(f"{self.effects.recorder.run.revision + 1}/{caller.step}/{caller.attempt}/{name}/{about}"),
            subject="output",
            name=name,
            value=finished.output,
            reason=why or f"every output of {name} needs approval",
        )
        verifier, checked = f"person:{ruling.actor}", "the output, as a person"
        if ruling.verb == "reject":
            said = ruling.reason or f"{ruling.actor} rejected the output"
            return (), Vote(verifier=verifier, accepts=False, reasons=(said,), checked=checked)
        vote = Vote(verifier=verifier, accepts=True, checked=checked)
        if ruling.verb not in {"edit", "respond"}:
            return (), vote
        if caller.agent.output is not None and (problems := schema_errors(caller.agent.output, ruling.value)):
            said = f"what {ruling.actor} made of the output does not fit: {'; '.join(problems)}"
            return (), Vote(verifier=verifier, accepts=False, reasons=(said,), checked=checked)
        return (replace(finished, output=ruling.value, label=finished.label.also_from(verifier)),), vote

    async def _failed(self, caller: Caller, failure: Failure) -> None:
        """Record an attempt that came to nothing.

        That there is no stronger model to be asked leaves the step as unsure as it was.
        """
        error = failure.error
        logger.info("attempt {} failed: {}", caller.attempt, error.message)
        if caller.stronger and isinstance(error, NoRoute):
            why = f"no stronger model can be asked: {error.message}"
            vote = Vote(
                verifier=CONFIDENCE, accepts=False, reasons=(why,), checked="whether a stronger model is there"
            )
        else:
            vote = Vote(
                verifier="runtime", accepts=False, reasons=(error.message,), checked="whether there is an output"
            )
        await self.effects.recorder.record(
            AttemptFinished(
                step=caller.step, attempt=caller.attempt, output=None, label=failure.label, error=error.message
            ),
            VerdictReached(step=caller.step, attempt=caller.attempt, verdict=Verdict(accepted=False, votes=(vote,))),
        )


def _own(verdict: Verdict, *, edited: bool) -> Verdict:
    """Return what a verdict says of the model's answer: one that a person had to edit was not right."""
    if not edited:
        return verdict
    vote = Vote(verifier="person", accepts=False, reasons=("a person has edited it",))
    return replace(verdict, accepted=False, votes=(*verdict.votes, vote))


def _why(state: StepState) -> str:
    held = state.held
    if held is None:
        return "the latest output, which nobody has accepted"
    return f"the best so far, of attempt {held.attempt}: P(correct) {held.p:.2f}"


def _taken(verdict: Verdict) -> str:
    confidence = verdict.confidence
    short = "" if confidence is None else f": {confidence.shortfall}"
    return f"it is the best of what there was{short}"

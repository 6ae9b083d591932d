"""Recorded runs of one attempt each, with the votes that it got."""

from __future__ import annotations

from dataclasses import replace

from agentcore.domain.event import AttemptFinished, AttemptStarted, Event, Lineage, VerdictReached
from agentcore.domain.ids import AgentName, ModelName, RunId, StepId
from agentcore.domain.label import USER
from agentcore.domain.verdict import Verdict, Vote
from agentcore.testing.contracts.journal import begin, end

STEP = StepId("s1")


def said(verifier, accepts, **fields):
    return Vote(verifier=verifier, accepts=accepts, **fields)


def recorded(run, votes, *, accepted=False, edited=None, error="", shared=0):
    """Return the events of a run. edited: what a person made of the output.  shared: events of the run it forks."""
    first = begin(run)
    if shared:
        lineage = Lineage(run=RunId("other"), step=STEP, events=shared)
        first = replace(first, fact=replace(first.fact, lineage=lineage))
    finished = AttemptFinished(step=STEP, attempt=1, output="out", label=USER, model=ModelName("m"), error=error)
    facts = [AttemptStarted(step=STEP, attempt=1, agent=AgentName("writer")), finished]
    facts += [replace(finished, output=edited)] if edited else []
    facts.append(VerdictReached(step=STEP, attempt=1, verdict=Verdict(accepted=accepted, votes=tuple(votes))))
    events = [Event(run=RunId(run), sequence=number, at=1.0, fact=fact) for number, fact in enumerate(facts, 2)]
    return [first, *events, end(run, len(events) + 2)]

"""Ballots: what verifiers have said of each attempt in recorded runs, and what people have said after them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agentcore.domain.approval import RUNTIME
from agentcore.domain.event import AttemptFinished, AttemptStarted, Event, Lineage, RunStarted, VerdictReached
from agentcore.domain.ids import AgentName, ModelName, RunId, StepId
from agentcore.domain.verdict import Verdict, Vote

PERSON = "person:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """The votes about one output.

    agent, model: whose output it is.  votes: those that count, of checks and agents; what a panel's last round said.
    accepted: the verdict.  truth: what a person has said of the output as it stood, None when nobody did: one that
    was edited was wrong.
    """

    run: RunId
    step: StepId
    attempt: int
    agent: AgentName
    model: ModelName | None
    votes: tuple[Vote, ...]
    accepted: bool
    truth: bool | None = None

    @property
    def opinions(self) -> dict[str, bool]:
        """What agents have said, by verifier, abstentions left out."""
        return {
            vote.verifier: vote.accepts
            for vote in self.votes
            if vote.accepts is not None and vote.verifier.startswith("agent:")
        }

    @property
    def divided(self) -> bool:
        """Whether agents have said both."""
        return len(set(self.opinions.values())) > 1


def ballots(events: Iterable[Event]) -> Iterator[Ballot]:
    """Yield the ballots of one run, in the order of their verdicts. Attempts without a verdict have none.

    What a fork shares with another run is that one's.
    """
    shared = 0
    agents: dict[tuple[StepId, int], AgentName] = {}
    outputs: dict[tuple[StepId, int], list[AttemptFinished]] = {}
    for event in events:
        match event.fact:
            case RunStarted(lineage=Lineage(events=events_shared)):
                shared = 1 + events_shared
            case _ if event.sequence <= shared:
                pass
            case AttemptStarted(step=step, attempt=attempt, agent=agent):
                agents[step, attempt] = agent
            case AttemptFinished(step=step, attempt=attempt) as finished:
                outputs.setdefault((step, attempt), []).append(finished)
            case VerdictReached(step=step, attempt=attempt, verdict=verdict):
                finished = outputs.pop((step, attempt), [])
                if finished and not finished[0].error and not finished[0].declined:
                    yield Ballot(
                        run=event.run,
                        step=step,
                        attempt=attempt,
                        agent=agents.get((step, attempt), AgentName("")),
                        model=finished[0].model,
                        votes=tuple(each for each in verdict.votes if each.counts and not _by_nobody(each)),
                        accepted=verdict.accepted,
                        truth=_truth(verdict, edited=finished[0].output != finished[-1].output),
                    )
            case _:
                pass


def _by_nobody(vote: Vote) -> bool:
    """Whether it is a person's, or only says that there were too few votes."""
    return vote.verifier.startswith(PERSON) or not vote.verifier.startswith(("agent:", "check:"))


def _truth(verdict: Verdict, *, edited: bool) -> bool | None:
    said = [
        vote.accepts
        for vote in verdict.votes
        if vote.verifier.startswith(PERSON) and vote.verifier != f"{PERSON}{RUNTIME}" and vote.accepts is not None
    ]
    if not said:
        return None
    return all(said) and not edited

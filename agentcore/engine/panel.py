"""Panel: asks verifier agents about an output, in rounds while they debate, or which of two outputs is better."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from agentcore.domain.agent import Agent, Verification
from agentcore.domain.choice import Comparison
from agentcore.domain.errors import BudgetExceeded, ModelError, NoRoute
from agentcore.domain.ids import AgentName, ModelName
from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.label import Label
from agentcore.domain.message import Message
from agentcore.domain.verdict import Vote
from agentcore.engine.call_model import Answered, ModelCalls
from agentcore.engine.effect import Caller
from agentcore.ports.model import ModelRequest
from agentcore.routing.independence import OF_THE_AUTHOR
from agentcore.verification.critic import CRITIC_SCHEMA, critic_messages, critic_vote
from agentcore.verification.evidence import Evidence
from agentcore.verification.pairwise import PAIRWISE_SCHEMA, pairwise_messages, preference, unbiased
from agentcore.verification.quorum import disagrees
from agentcore.verification.subject import Subject

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a panel is asked about. authors: the models that wrote it.  label: of all that it rests on."""

    caller: Caller
    verification: Verification
    authors: tuple[ModelName, ...]
    label: Label


@dataclass(frozen=True, slots=True)
class _Heard:
    vote: Vote
    label: Label


class Panel:
    """Asks verifier agents for one run. Those of a panel are asked at once, one agent's calls one after another."""

    def __init__(self, agents: Mapping[AgentName, Agent], models: ModelCalls) -> None:
        self._agents = agents
        self._models = models

    async def votes(self, judged: Judged, subject: Subject) -> tuple[list[Vote], Label]:
        """Return the votes of all rounds, in the order of the panel, and the label of all that was said.

        Votes that a later one has replaced do not count.

        A round of debate follows while votes for and against stand against each other. A verifier that no model could
        be found for keeps its abstention.
        """
        panel, said = judged.verification.panel, list[Vote]()
        heard = dict(zip(panel, await _all([self._first(name, judged, subject) for name in panel]), strict=True))
        for number in range(2, 2 + judged.verification.debate):
            if not disagrees([each.vote for each in heard.values()]):
                break
            again = [name for name in panel if heard[name].vote.model is not None]
            said += [replace(heard[name].vote, counts=False) for name in again]
            asked = await _all([self._again(name, judged, subject, heard) for name in again])
            for name, each in zip(again, asked, strict=True):
                heard[name] = replace(each, vote=replace(each.vote, round=number))
        return [*said, *(heard[name].vote for name in panel)], _joined(judged.label, heard.values())

    async def decides(self, name: AgentName, judged: Judged, subject: Subject, votes: Sequence[Vote]) -> Vote:
        """Return the vote of the verifier that is asked when the panel has not decided, and sees what it has said.

        judged: with the label of that, too.
        """
        opinions = [vote for vote in votes if vote.counts and vote.accepts is not None]
        return (await self._vote(name, judged, critic_messages(self._agents[name], subject, opinions=opinions))).vote

    async def comparisons(
        self,
        judged: Judged,
        instruction: str,
        evidence: Sequence[Evidence],
        outputs: Sequence[JSON],
        pairs: Sequence[tuple[int, int]],
    ) -> list[Comparison]:
        """Return what each verifier of the panel says of each pair of outputs."""

        async def all_of(name: AgentName) -> list[Comparison]:
            return [await self._compare(name, judged, instruction, evidence, outputs, pair=pair) for pair in pairs]

        said = await _all([all_of(name) for name in judged.verification.panel])
        return [comparison for each in said for comparison in each]

    async def _first(self, name: AgentName, judged: Judged, subject: Subject) -> _Heard:
        return await self._vote(name, judged, critic_messages(self._agents[name], subject))

    async def _again(
        self, name: AgentName, judged: Judged, subject: Subject, heard: Mapping[AgentName, _Heard]
    ) -> _Heard:
        others = [each.vote for of, each in heard.items() if of != name and each.vote.accepts is not None]
        messages = critic_messages(self._agents[name], subject, opinions=others, yours=heard[name].vote)
        return await self._vote(name, replace(judged, label=_joined(judged.label, heard.values())), messages)

    async def _vote(self, name: AgentName, judged: Judged, messages: tuple[Message, ...]) -> _Heard:
        weight = judged.verification.weights.get(name, 1.0)
        answered = await self._answer(name, judged, messages, CRITIC_SCHEMA)
        if isinstance(answered, str):
            silent = Vote(verifier=f"agent:{name}", accepts=None, reasons=(answered,), weight=weight)
            return _Heard(silent, judged.label)
        vote = critic_vote(name, answered.reply.text)
        return _Heard(replace(vote, weight=weight, model=answered.model, family=answered.family), answered.label)

    async def _compare(
        self,
        name: AgentName,
        judged: Judged,
        instruction: str,
        evidence: Sequence[Evidence],
        outputs: Sequence[JSON],
        *,
        pair: tuple[int, int],
    ) -> Comparison:
        first, second = pair
        tie = Comparison(
            verifier=f"agent:{name}",
            first=first,
            second=second,
            prefers=None,
            weight=judged.verification.weights.get(name, 1.0),
        )
        said: list[tuple[Answered, str]] = []
        for left, right in (pair, (second, first)):
            messages = pairwise_messages(self._agents[name], instruction, evidence, outputs[left], outputs[right])
            answered = await self._answer(name, judged, messages, PAIRWISE_SCHEMA)
            if isinstance(answered, str):
                return replace(tie, reason=answered)
            said.append((answered, answered.reply.text))
        (forward, why), (backward, _) = preference(said[0][1]), preference(said[1][1])
        better = unbiased(forward, backward)
        if better is None and (forward or backward):
            why = "its preference changes with the order"
        prefers = None if better is None else first if better == "first" else second
        by = said[0][0]
        return replace(tie, prefers=prefers, reason=why, model=by.model, family=by.family)

    async def _answer(
        self, name: AgentName, judged: Judged, messages: tuple[Message, ...], schema: JSONObject
    ) -> Answered | str:
        """Return a verifier's reply or, when there is none, why. Raises PolicyDenied and JournalError."""
        critic, caller = self._agents[name], judged.caller
        barred: dict[ModelName, str] = {}
        for author in judged.authors:
            barred |= self._models.dependent(author, judged.verification.independent)
        asking = Caller(step=caller.step, attempt=caller.attempt, agent=critic, label=judged.label, barred=barred)
        request = ModelRequest(
            messages=messages,
            schema=schema,
            max_output_tokens=critic.limits.output_tokens,
            temperature=critic.temperature,
            seed=caller.attempt,
            seconds=critic.limits.seconds,
            slot=critic.name,
            shared_messages=1 + 2 * len(critic.examples),
        )
        try:
            return await self._models.call(asking, request)
        except NoRoute as error:
            return f"{error.message}; {_advice(name, judged)}" if OF_THE_AUTHOR in error.message else error.message
        except (ModelError, BudgetExceeded) as error:
            return error.message


def _joined(label: Label, heard: Iterable[_Heard]) -> Label:
    for each in heard:
        label = label.join(each.label)
    return label


def _advice(name: AgentName, judged: Judged) -> str:
    what = "family" if judged.verification.independent == "family" else "kind"
    authors = ", ".join(dict.fromkeys(judged.authors))
    return f"add a model of another {what} than {authors}, which wrote the output, and let {name} use it"


async def _all(asked: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Return what comes of all, which run at once. The first error cancels what is still under way."""
    if len(asked) == 1:
        return [await asked[0]]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in asked]
    return [task.result() for task in tasks]

"""Asks: everything that the agents of a project can ask for, as far as it is known before a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from agentcore.domain.agent import Role
from agentcore.domain.decision import Action
from agentcore.policy.facts import Uid
from agentcore.policy.vocabulary import KnownAgent, Vocabulary

Known: TypeAlias = "bool | int | str | Uid | tuple[Known, ...] | None"
"""A Cedar value, a set as a tuple; None is one that is not known before a run."""

OUTPUTS = ("answer", "reason")
"""What leaves a run: its answer, or the reason why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """May `agent` do `action` to `resource`?

    resource: its id is empty when it is not known.  attributes: of the resource, as far as they are known.
    """

    agent: str
    role: Role
    action: Action
    resource: Uid
    attributes: Mapping[str, Known] = field(default_factory=dict[str, Known], hash=False)


def asks(vocabulary: Vocabulary) -> Iterator[Ask]:
    """Yield what the agents in the team and on its panels can ask for: of tools only those that they declare."""
    supervisor = vocabulary.agents.get(vocabulary.supervisor)
    if supervisor is not None:
        yield Ask(agent=supervisor.name, role=supervisor.role, action="plan", resource=Uid("Run", ""))
        for name in dict.fromkeys(vocabulary.workers):
            worker = vocabulary.agents[name]
            yield Ask(
                agent=supervisor.name,
                role=supervisor.role,
                action="delegate",
                resource=Uid("Agent", name),
                attributes={"role": Uid("Role", worker.role.value)},
            )
    for agent in vocabulary.agents.values():
        if agent.used:
            yield from _calls(agent, vocabulary)
    for name in vocabulary.workers[-1:]:
        answering = vocabulary.agents[name]
        for output in OUTPUTS:
            yield Ask(agent=name, role=answering.role, action="release", resource=Uid("Output", output))


def _calls(agent: KnownAgent, vocabulary: Vocabulary) -> Iterator[Ask]:
    for name in agent.models:
        model = vocabulary.models[name]
        facts: dict[str, Known] = {
            "family": model.family,
            "provider": model.provider,
            "local": model.local,
            "region": model.region,
        }
        yield Ask(
            agent=agent.name, role=agent.role, action="call_model", resource=Uid("Model", name), attributes=facts
        )
    for name in agent.tools:
        safety = vocabulary.tool(name).safety
        yield Ask(
            agent=agent.name,
            role=agent.role,
            action="call_tool",
            resource=Uid("Tool", name),
            attributes={} if safety is None else {"safety": Uid("Safety", safety.value)},
        )

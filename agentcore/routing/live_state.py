"""LiveState: what one process tells the others of what it has seen of models and tools. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agentcore.routing.breaker import Turn
from agentcore.routing.tally import Tally

EVERY_STEP = ""
"""The step type under which a model's calls of all step types are counted."""

Key = tuple[str, str]
"""A model's name and a step type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """Tallies by model and step type, and the last turns of breakers: of models by name, of tools by name."""

    tallies: Mapping[Key, Tally] = field(default_factory=dict[Key, Tally])
    models: Mapping[str, Turn] = field(default_factory=dict[str, Turn])
    tools: Mapping[str, Turn] = field(default_factory=dict[str, Turn])


def merged(states: Iterable[LiveState]) -> LiveState:
    """Return what all have seen together; the order makes no difference."""
    seen, models, tools = dict[Key, list[Tally]](), dict[str, Turn](), dict[str, Turn]()
    for state in states:
        for key, tally in state.tallies.items():
            seen.setdefault(key, []).append(tally)
        _latest(models, state.models)
        _latest(tools, state.tools)
    tallies = {key: Tally.added(several).settled() for key, several in seen.items()}
    return LiveState(tallies=tallies, models=models, tools=tools)


def _latest(into: dict[str, Turn], turns: Mapping[str, Turn]) -> None:
    for name, turn in turns.items():
        if name not in into or turn.at > into[name].at:
            into[name] = turn

"""Reach: what is always denied or forbidden to the agents of a project, whatever the facts of a run are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentcore.domain.decision import Action
from agentcore.domain.effect import UNSAFE_ADVICE, Safety
from agentcore.policy.asks import Ask
from agentcore.policy.facts import Uid
from agentcore.policy.parsed import ParsedPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What policies say before a run.

    permitted: what a permit may apply to.  forbidden: what a forbid certainly applies to, and the ids of all that do.
    """

    permitted: frozenset[Ask]
    forbidden: Mapping[Ask, tuple[str, ...]]

    @staticmethod
    def of(policies: Iterable[tuple[ParsedPolicy, Mapping[Ask, bool | None]]]) -> Reach:
        """Return the reach of policies, each with the asks that it applies to: certainly (True), or perhaps (None)."""
        permitted: set[Ask] = set()
        forbidden: dict[Ask, tuple[str, ...]] = {}
        for policy, fits in policies:
            if policy.asks:
                continue
            if policy.permits:
                permitted.update(fits)
                continue
            for ask, certain in fits.items():
                if certain:
                    forbidden[ask] = (*forbidden.get(ask, ()), policy.id)
        return Reach(permitted=frozenset(permitted), forbidden=forbidden)

    def always_denied(self, wanted: Sequence[Ask]) -> Iterator[str]:
        """Yield a sentence for each agent, tool and model that can ask for something, or be asked for, in vain."""
        denied = {ask: reason for ask in wanted if (reason := self._why(ask))}
        told: set[Ask] = set()
        for action, key, sentence in _SENTENCES:
            for name, group in _groups(wanted, action, key).items():
                if denied.keys() >= group and not told >= group:
                    told |= group
                    agents = ", ".join(sorted(f"`{ask.agent}`" for ask in group))
                    reason = next(denied[ask] for ask in wanted if ask in group)
                    yield f"{sentence.format(name=name, agents=agents)}: {reason}"

    def _why(self, ask: Ask) -> str:
        """Return why a request can never be permitted; the empty text when it may be."""
        if ask in self.forbidden:
            return f"forbidden by {', '.join(f'`{id_}`' for id_ in self.forbidden[ask])}"
        if ask in self.permitted:
            return ""
        unsafe = ask.attributes.get("safety") == Uid("Safety", Safety.UNSAFE.value)
        return f"no policy can permit it; {UNSAFE_ADVICE}" if unsafe else "no policy can permit it"


def _groups(wanted: Sequence[Ask], action: Action, key: Callable[[Ask], str]) -> Mapping[str, set[Ask]]:
    groups: dict[str, set[Ask]] = {}
    for ask in wanted:
        if ask.action == action:
            groups.setdefault(key(ask), set()).add(ask)
    return groups


def _agent(ask: Ask) -> str:
    return ask.agent


def _resource(ask: Ask) -> str:
    return ask.resource.id


def _both(ask: Ask) -> str:
    return f"agent `{ask.agent}` can never call its tool `{ask.resource.id}`"


_SENTENCES: Sequence[tuple[Action, Callable[[Ask], str], str]] = (
    ("plan", _agent, "the supervisor `{name}` can never plan"),
    ("delegate", _resource, "agent `{name}` can never be given a step"),
    ("call_model", _agent, "agent `{name}` can never call a model"),
    ("call_model", _resource, "model `{name}` can never be called"),
    ("call_tool", _resource, "tool `{name}` can never be called, though it is a tool of {agents}"),
    ("call_tool", _both, "{name}"),
    ("release", _resource, "the {name} can never be released"),
)
"""What to say when all asks of one kind are denied that have the same agent or resource; the wider first."""

"""The check of a project's policies against what the project has: its agents, tools, models and their arguments.

Beyond Cedar's own validation, which knows only kinds of things. What is certainly a mistake is an error; what may be
meant is a warning. Facts that only a run has, such as its tenant, count as unknown throughout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentcore.domain.nearest import unknown
from agentcore.policy.argument_check import argument_findings
from agentcore.policy.asks import OUTPUTS, Ask, asks
from agentcore.policy.finding import PolicyFinding
from agentcore.policy.literals import Named, NamedEntity, NamedText, literals
from agentcore.policy.obligation_check import obligation_findings
from agentcore.policy.parsed import ParsedPolicy
from agentcore.policy.partial import applies
from agentcore.policy.reach import Reach
from agentcore.policy.vocabulary import Vocabulary

SOURCES = ("user", "tool:", "model:", "document:", "person:", "trigger:")
"""How the names of sources begin; see `Label`."""

_OF_PROJECTS = {"Agent", "Tool", "Model"}


@dataclass(frozen=True, slots=True)
class _Judged:
    """A policy with its names, and what it can apply to: each ask with whether it certainly does (True) or may."""

    policy: ParsedPolicy
    names: tuple[Named, ...]
    fits: Mapping[Ask, bool | None]

    @property
    def tools(self) -> set[str]:
        """The tools to whose calls it can apply."""
        return {ask.resource.id for ask in self.fits if ask.action == "call_tool"}


def check(policies: Sequence[ParsedPolicy], vocabulary: Vocabulary, where: str) -> Iterator[PolicyFinding]:
    """Yield what is wrong with policies, or doubtful.

    where: the place of what no single policy is to blame for, e.g. the folder of all.
    """
    wanted = tuple(asks(vocabulary))
    judged = [_judge(policy, wanted) for policy in policies]
    reach = Reach.of((each.policy, each.fits) for each in judged)
    for each in judged:
        wrong = [*_unknown_names(each, vocabulary)]
        yield from wrong
        yield from _unknown_sources(each, vocabulary)
        yield from _unknown_findings(each, vocabulary)
        yield from _unknown_regions(each, vocabulary)
        yield from argument_findings(each.policy, each.names, each.tools, vocabulary)
        yield from obligation_findings(each.policy, each.fits, vocabulary)
        if not wrong:  # of a name that is misspelt all else follows
            yield from _without_effect(each, reach, vocabulary)
    for message in reach.always_denied(wanted):
        yield PolicyFinding(place=where, message=message)


def _judge(policy: ParsedPolicy, wanted: Iterable[Ask]) -> _Judged:
    fits = {ask: found for ask in wanted if (found := applies(policy, ask)) is not False}
    return _Judged(policy, tuple(literals(policy)), fits)


def _unknown_names(judged: _Judged, vocabulary: Vocabulary) -> Iterator[PolicyFinding]:
    for named in judged.names:
        if not isinstance(named, NamedEntity):
            continue
        kind, name = named.uid
        match kind:
            case "Agent":
                known: Iterable[str] = vocabulary.agents
            case "Tool":
                known = [name] if vocabulary.has_tool(name) else [*vocabulary.tools, *vocabulary.groups]
            case "Model":
                known = vocabulary.models
            case "Output":
                known = OUTPUTS
            case _:  # Cedar knows the rest: roles, kinds of safety, levels of confidentiality
                continue
        if name not in known:
            message = unknown(kind.lower(), name, known)
            yield PolicyFinding.of(judged.policy, named.tokens, message, error=True)


def _unknown_sources(judged: _Judged, vocabulary: Vocabulary) -> Iterator[PolicyFinding]:
    for named in judged.names:
        if isinstance(named, NamedText) and named.of == "sources":
            message = _source_problem(named.text, vocabulary)
            if message:
                yield PolicyFinding.of(judged.policy, named.tokens, f"no source is called `{named.text}`: {message}")


def _unknown_findings(judged: _Judged, vocabulary: Vocabulary) -> Iterator[PolicyFinding]:
    for named in judged.names:
        if isinstance(named, NamedText) and named.of == "findings":
            detector, _, name = named.text.partition(":")
            if detector == "label":
                labels = {label for tool in vocabulary.tools.values() for label in tool.labels}
                if name not in labels:
                    message = f"no tool has results with this label: {unknown('label', name, sorted(labels))}"
                    yield PolicyFinding.of(judged.policy, named.tokens, message)
            elif detector not in vocabulary.detectors:
                missing = unknown("detector", detector, sorted(vocabulary.detectors))
                message = f"nothing is ever found as `{named.text}`: {missing} (see `guards` in agentcore.yaml)"
                yield PolicyFinding.of(judged.policy, named.tokens, message)


def _unknown_regions(judged: _Judged, vocabulary: Vocabulary) -> Iterator[PolicyFinding]:
    known = {model.region for model in vocabulary.models.values() if model.region}
    for named in judged.names:
        if isinstance(named, NamedText) and named.of == "region" and named.text and named.text not in known:
            message = f"no model is there: {unknown('region', named.text, known)} (see `models` in agentcore.yaml)"
            yield PolicyFinding.of(judged.policy, named.tokens, message)


def _source_problem(text: str, vocabulary: Vocabulary) -> str:
    """Return why nothing in a run of the project can have this source; the empty text when something may."""
    kind, _, name = text.partition(":")
    match kind:
        case "tool":
            if vocabulary.has_tool(name):
                return ""
            return unknown("tool", name, [*vocabulary.tools, *vocabulary.groups])
        case "model":
            return "" if name in vocabulary.models else unknown("model", name, vocabulary.models)
        case "trigger":
            return "" if name in vocabulary.triggers else unknown("trigger", name, vocabulary.triggers)
        case "document" | "person" if name:
            return ""  # files and people come and go
        case "agent":
            return "what an agent writes carries the sources of all that it was given, and `model:NAME`"
        case _:
            return "" if text == "user" else unknown("kind of source", text, SOURCES)


def _without_effect(judged: _Judged, reach: Reach, vocabulary: Vocabulary) -> Iterator[PolicyFinding]:
    policy = judged.policy
    if not judged.fits:
        # Without a name it is of any project, and waits for an agent or a tool that this one does not have yet.
        if any(isinstance(each, NamedEntity) and each.uid.type in _OF_PROJECTS for each in judged.names):
            yield PolicyFinding.of(policy, (), f"it can never apply: {_reason(judged, vocabulary)}")
    elif policy.permits and all(ask in reach.forbidden for ask in judged.fits):
        stronger = sorted({id_ for ask in judged.fits for id_ in reach.forbidden[ask]})
        listed = ", ".join(f"`{id_}`" for id_ in stronger)
        message = f"it can never permit anything: all of it is forbidden by {listed}"
        yield PolicyFinding.of(policy, (), message)


def _reason(judged: _Judged, vocabulary: Vocabulary) -> str:
    """Say why nothing fits a policy that names something."""
    scope = {each.uid.type: each.uid.id for each in judged.names if isinstance(each, NamedEntity) and each.in_scope}
    agent, tool, model = vocabulary.agents.get(scope.get("Agent", "")), scope.get("Tool"), scope.get("Model")
    if agent is not None and not agent.used:
        return f"agent `{agent.name}` is neither in the team nor on a panel"
    if agent is not None and tool is not None and tool not in agent.tools:
        return f"agent `{agent.name}` does not have the tool `{tool}`"
    if agent is not None and model is not None and model not in agent.models:
        return f"agent `{agent.name}` does not use the model `{model}`"
    if tool is not None and not any(tool in each.tools for each in vocabulary.agents.values() if each.used):
        return f"no agent has the tool `{tool}`"
    return "no agent of the project can ask for anything that it fits"

"""Verifiers: what is wrong with how an agent's outputs are verified, as far as that can be known before a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agentcore.config.checks import check_problems
from agentcore.config.known import Finding, Known
from agentcore.config.problem import unknown
from agentcore.config.source import KeyPath
from agentcore.domain.agent import Agent, Role, ToolUse
from agentcore.domain.ids import AgentName
from agentcore.routing.independence import never_independent
from agentcore.routing.profile import ModelProfile


def verification_problems(agent: Agent, known: Known) -> Iterator[Finding]:
    """Yield what is wrong; paths are those of the agent's file."""
    verification = agent.verification
    for index, check in enumerate(verification.checks):
        for message in check_problems(check):
            yield ("verify", "checks", index), message
    panel = verification.panel
    for index, name in enumerate(panel):
        message = _no_verifier(name, known, "a panel has agents of the role verifier")
        if message:
            yield ("verify", "panel", index), message
        elif name in panel[:index]:
            yield ("verify", "panel", index), f"`{name}` is in the panel already"
    if verification.required > len(panel):
        yield ("verify", "required"), f"{verification.required} must accept, but the panel has {len(panel)}"
    if not panel:
        for key, given in (
            ("quorum", verification.quorum),
            ("debate", verification.debate),
            ("escalate_to", verification.escalate_to or verification.escalate_to_person),
            ("independent", verification.independent != "none"),
            ("pairwise", verification.pairwise),
        ):
            if given:
                yield ("verify", key), f"`{key}` needs a `panel`, and there is none"
    elif verification.debate and len(panel) == 1:
        yield ("verify", "debate"), "a debate needs two verifiers, and the panel has 1"
    if panel and verification.pairwise and agent.routing.size == 1:
        message = "there is one answer in an attempt, so none to compare; give `routing.ensemble` or `routing.samples`"
        yield ("verify", "pairwise"), message
    judge = verification.escalate_to
    if judge is not None:
        message = _no_verifier(judge, known, "a verifier or `person` is needed here")
        if message:
            yield ("verify", "escalate_to"), message
        elif judge in panel:
            yield ("verify", "escalate_to"), f"`{judge}` is in the panel, which has not decided then"
    for name, authors, judges in _dependent(agent, known):
        if len(authors) == len(known.models_of(agent)):
            yield _path(agent, name), _never(agent, name, judges, known)


def verification_warnings(agent: Agent, known: Known) -> Iterator[Finding]:
    """Yield what may go wrong; paths are those of the agent's file."""
    for name, authors, judges in _dependent(agent, known):
        if len(authors) < len(known.models_of(agent)):
            listed = ", ".join(f"`{author.name}` ({author.family})" for author in authors)
            message = (
                f"`{name}` abstains on what {listed} writes: it may use {_families(judges)} only; "
                "add a model of another family to its `model.any_of`"
            )
            yield _path(agent, name), message


def _no_verifier(name: AgentName, known: Known, needed: str) -> str:
    """Return why an agent of that name cannot verify, empty when it can."""
    if name not in known.agents:
        return unknown("agent", name, known.of_role(Role.VERIFIER))
    member = known.agents[name]
    return f"`{name}` is a {member.role}; {needed}" if member is not None and member.role is not Role.VERIFIER else ""


def _dependent(agent: Agent, known: Known) -> Iterator[tuple[AgentName, tuple[ModelProfile, ...], list[ModelProfile]]]:
    """Yield the verifiers that some author's model leaves no model: with those, and the models that they may use."""
    verification = agent.verification
    if verification.independent == "none" or agent.tool_use is ToolUse.OUTPUT or None in known.models.values():
        return  # what a tool returns has no author
    judge, panel = verification.escalate_to, verification.panel
    for name in panel if judge is None or judge in panel else (*panel, judge):
        member = known.agents.get(name)
        if member is None:
            continue
        judges = known.models_of(member)
        authors = never_independent(known.models_of(agent), judges, verification.independent)
        if authors:
            yield name, authors, judges


def _never(agent: Agent, name: AgentName, judges: Iterable[ModelProfile], known: Known) -> str:
    what = agent.verification.independent
    authors = known.models_of(agent)
    others = [
        profile
        for profile in known.models.values()
        if profile is not None and len(never_independent(authors, [profile], what)) < len(authors)
    ]
    there = f"there is {_families(others)}" if others else "there is no other: add one under `models`"
    own = "models of the same family" if what == "family" else "the same model"
    return (
        f"`{name}` would never count: it may use {_families(judges)}, and `{agent.name}` writes with {own}; "
        f"give it another under `model.any_of`; {there}"
    )


def _families(profiles: Iterable[ModelProfile]) -> str:
    return ", ".join(f"`{profile.name}` (family {profile.family})" for profile in profiles)


def _path(agent: Agent, name: AgentName) -> KeyPath:
    panel = agent.verification.panel
    return ("verify", "panel", panel.index(name)) if name in panel else ("verify", "escalate_to")

"""Assertions: the file that says what must hold of who can ever do what, `policies/assertions.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from agentcore.config.problem import Problems, unknown
from agentcore.config.source import KeyPath, Source, read_yaml
from agentcore.config.strict import Strict, fit
from agentcore.domain.agent import Role
from agentcore.domain.decision import Action
from agentcore.domain.label import Confidentiality
from agentcore.policy.matrix import TRUSTED, UNTRUSTED, Space
from agentcore.policy.matrix_assertions import Assertion, Selector

ASSERTIONS_FILE: Final = "assertions.yaml"
"""Its name, in the folder of policies."""

_KINDS: Final = ("agent", "document", "model", "person", "tool", "trigger")


class SelectorKeys(Strict):
    """Which cells of the matrix are meant: those in which all that is written here is so."""

    principal: str | None = Field(default=None, description="The agent that acts; any when left out.")
    role: Literal["supervisor", "worker", "verifier"] | None = Field(default=None, description="The agent's role.")
    action: Action | None = Field(default=None, description="What is done.")
    resource: str | None = Field(default=None, description="To what: the name of a run, agent, model, tool or output.")
    confidentiality: Literal["public", "internal", "personal", "secret"] | None = Field(
        default=None, description="The highest of all that the call is given."
    )
    sources: tuple[str, ...] = Field(
        default=(),
        description="Where it came from: `trusted` (the user alone), `untrusted` (anything else, too), a source such "
        "as `tool:orders`, or all of a kind: `document:*`. Each is looked at by itself.",
    )
    declared: bool | None = Field(
        default=None,
        description="Whether the project gives the agent the resource; as it is and as if it were not, when left out.",
    )
    untrusted: tuple[str, ...] = Field(
        default=(),
        description="Arguments of a tool whose values were said by nobody whose word is enough; needs "
        "`action: call_tool`.",
    )


class AssertionKeys(Strict):
    """What must hold: one of `never` and `always`."""

    name: str = Field(min_length=1, description="The assertion in a sentence, for people.")
    never: SelectorKeys | None = Field(default=None, description="No facts may make any of these cells permitted.")
    always: SelectorKeys | None = Field(default=None, description="No facts may make any of these cells denied.")


class AssertionsKeys(Strict):
    """What must hold of who can ever do what in a project, whatever the policies become."""

    assertions: tuple[AssertionKeys, ...] = Field(min_length=1, description="All of them must hold.")


def read_assertions(path: Path, space: Space) -> list[Assertion]:
    """Return the assertions in a file. Raises ConfigError with every problem; `space` knows the names."""
    problems = Problems()
    source = read_yaml(path, path.as_posix(), problems)
    keys = None if source is None else fit(AssertionsKeys, source, problems)
    found: list[Assertion] = []
    if source is not None and keys is not None:
        for index, entry in enumerate(keys.assertions):
            found.extend(_assertion(entry, source, ("assertions", index), problems))
            for at, message in _unknown_names(entry, ("assertions", index), space):
                problems.error(source.place(at), message)
    problems.raise_if_any()
    return found


def _assertion(entry: AssertionKeys, source: Source, at: KeyPath, problems: Problems) -> Iterator[Assertion]:
    if (entry.never is None) == (entry.always is None):
        problems.error(source.place(at), "write one of `never` and `always`, each with what is meant")
        return
    keys = entry.never or entry.always or SelectorKeys()
    yield Assertion(
        name=entry.name,
        must_be="always" if entry.never is None else "never",
        where=Selector(
            principal=keys.principal,
            role=None if keys.role is None else Role(keys.role),
            action=keys.action,
            resource=keys.resource,
            confidentiality=None if keys.confidentiality is None else Confidentiality[keys.confidentiality.upper()],
            sources=keys.sources,
            declared=keys.declared,
            untrusted=frozenset(keys.untrusted),
        ),
        place=str(source.place(at)),
    )


def _unknown_names(entry: AssertionKeys, at: KeyPath, space: Space) -> Iterator[tuple[KeyPath, str]]:
    """Yield where a name that is written is none of the project's."""
    for word, keys in (("never", entry.never), ("always", entry.always)):
        if keys is None:
            continue
        if keys.principal is not None and keys.principal not in space.agents:
            yield (*at, word, "principal"), unknown("agent", keys.principal, space.agents)
        names = {each.name for each in space.resources if keys.action in {None, each.action}}
        if keys.resource is not None and keys.resource not in names:
            what = "resource" if keys.action is None else f"resource of {keys.action}"
            yield (*at, word, "resource"), unknown(what, keys.resource, names)
        if keys.untrusted and keys.action != "call_tool":
            yield (*at, word, "untrusted"), "only calls of tools have arguments: write `action: call_tool`"
        for index, source in enumerate(keys.sources):
            message = _unknown_source(source, space)
            if message:
                yield (*at, word, "sources", index), message


def _unknown_source(source: str, space: Space) -> str:
    """Return what is wrong with a source, nothing when it can be one."""
    kind, colon, name = source.partition(":")
    if not colon:
        words = (TRUSTED, UNTRUSTED, "user")
        return "" if source in words else unknown("source", source, [*words, *(f"{kind}:*" for kind in _KINDS)])
    known = _known_names(space).get(kind)
    if kind not in _KINDS:
        near = get_close_matches(kind, _KINDS, n=1)
        meant = f"did you mean `{near[0]}:{name}`?" if near else f"there are {', '.join(_KINDS)}"
        return f"`{kind}` is no kind of source; {meant}"
    return "" if known is None or name == "*" or name in known else unknown(kind, name, known)


def _known_names(space: Space) -> Mapping[str, frozenset[str]]:
    """Return, by the kinds of which all are known, the names of sources."""
    listed = [source.partition(":") for source in space.sources]
    return {
        "agent": frozenset(space.agents),
        "model": space.models,
        "tool": frozenset(name for kind, _, name in listed if kind == "tool"),
        "trigger": frozenset(name for kind, _, name in listed if kind == "trigger"),
    }

"""The check of the arguments that a policy asks for against the parameters of the tools that it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from agentcore.domain.nearest import unknown
from agentcore.policy.argument_paths import ArgumentMap, ArgumentPaths
from agentcore.policy.finding import PolicyFinding
from agentcore.policy.literals import Named, NamedArgument, NamedEntity, NamedText
from agentcore.policy.parsed import ParsedPolicy
from agentcore.policy.vocabulary import Vocabulary

_WHAT: Final[dict[ArgumentMap, str]] = {"arguments": "text", "numbers": "a number", "lists": "a list"}


def argument_findings(
    policy: ParsedPolicy, names: Iterable[Named], reached: Collection[str], vocabulary: Vocabulary
) -> Iterator[PolicyFinding]:
    """Yield what a policy asks for that no tool has to which it applies.

    It is an error in a policy that names its tools. reached: the tools to which the policy can apply.
    """
    asked = [each for each in names if isinstance(each, NamedArgument) or _is_argument(each)]
    named = {each.uid.id for each in names if isinstance(each, NamedEntity) and each.uid.type == "Tool"}
    tools = sorted(reached or named)
    schemas = [vocabulary.tool(name).parameters for name in tools]
    known = [ArgumentPaths.of(schema) for schema in schemas if schema is not None]
    if not known or len(known) < len(schemas):
        return
    paths = ArgumentPaths.union(known)
    subject = f"tool `{tools[0]}`" if len(tools) == 1 else f"its tools ({', '.join(tools)})"
    for each in asked:
        problem = _problem(each, paths)
        if problem is not None:
            surely = set(tools) <= named and not _may_have(each, paths)
            yield PolicyFinding.of(policy, each.tokens, f"{subject}: {problem}", error=surely)


def _is_argument(named: Named) -> bool:
    return isinstance(named, NamedText) and named.of == "argument_names"


def _problem(named: Named, paths: ArgumentPaths) -> str | None:
    """Return why calls never have what a policy asks for, None when they may."""
    if isinstance(named, NamedText):
        return None if named.text in paths.names or paths.allows(named.text) else _unknown(named.text, paths.names)
    if not isinstance(named, NamedArgument):
        return None
    mine, path = paths.paths[named.map], named.path
    if path in mine or paths.allows(path):
        return None
    others: list[ArgumentMap] = [other for other, has in paths.paths.items() if path in has]
    if others:
        # every number is also there as text
        return f"the argument `{path}` is {_WHAT[others[-1]]}, not {_WHAT[named.map]}: ask `context.{others[-1]}`"
    objects = {each for has in paths.paths.values() for each in has if each.startswith((f"{path}.", f"{path}[]."))}
    if objects:
        return f"the argument `{path}` has parts, of which each is asked for by its path: {', '.join(sorted(objects))}"
    return _unknown(path, mine or {each for has in paths.paths.values() for each in has})


def _unknown(path: str, known: Iterable[str]) -> str:
    return unknown("argument", path, known)


def _may_have(named: Named, paths: ArgumentPaths) -> bool:
    """Return whether a call may have it although no parameters name it."""
    path = named.text if isinstance(named, NamedText) else named.path if isinstance(named, NamedArgument) else ""
    return paths.may_have(path) and not any(path in has for has in paths.paths.values())

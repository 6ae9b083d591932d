"""The check of what policies ask for against what the project has: its detectors, models, verifiers and arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agentcore.domain.nearest import unknown
from agentcore.domain.obligation import Downgrade, Mask, Notify, Redact, Verify
from agentcore.policy.argument_paths import ArgumentPaths
from agentcore.policy.asks import Ask
from agentcore.policy.finding import PolicyFinding
from agentcore.policy.obligations import obligation, problems
from agentcore.policy.parsed import ParsedPolicy
from agentcore.policy.vocabulary import Vocabulary


def obligation_findings(
    policy: ParsedPolicy, reached: Iterable[Ask], vocabulary: Vocabulary
) -> Iterator[PolicyFinding]:
    """Yield what a policy asks for that the project cannot do. reached: all that the policy can apply to."""
    if not policy.asks or any(problems(policy.form)):
        return
    asked = obligation(policy.id, policy.form)
    match asked:
        case Redact(types=types):
            for each in types:
                if (detector := each.partition(":")[0]) not in vocabulary.detectors:
                    missing = unknown("detector", detector, vocabulary.detectors)
                    message = f"{missing} (see `guards` in agentcore.yaml)"
                    yield PolicyFinding.of(policy, ("@", "types"), message, error=True)
        case Downgrade(to=to):
            for name in to:
                if name not in vocabulary.models:
                    yield PolicyFinding.of(policy, ("@", "to"), unknown("model", name, vocabulary.models), error=True)
        case Verify(verifiers=verifiers):
            for name in dict.fromkeys(
                each.resource.id if each.action == "delegate" else each.agent for each in reached
            ):
                panel = vocabulary.agents[name].panel
                if panel < verifiers:
                    message = f"agent `{name}` has a panel of {panel}, so no output that this applies to is accepted"
                    yield PolicyFinding.of(policy, ("@", "verifiers"), message)
        case Mask(parts=parts):
            yield from _masked(policy, parts, {each.resource.id for each in reached}, vocabulary)
        case Notify():
            if not vocabulary.notifies:
                yield PolicyFinding.of(policy, (), "nobody is told: there is no `webhook` in agentcore.yaml")
        case _:
            return


def _masked(
    policy: ParsedPolicy, parts: Iterable[str], tools: Iterable[str], vocabulary: Vocabulary
) -> Iterator[PolicyFinding]:
    """Yield the arguments that none of the tools has."""
    schemas = [vocabulary.tool(name).parameters for name in tools if name in vocabulary.tools]
    known = [ArgumentPaths.of(schema) for schema in schemas if schema is not None]
    if not known or len(known) < len(schemas):
        return
    paths = ArgumentPaths.union(known)
    every = {path.replace("[]", "") for has in paths.paths.values() for path in has} | paths.names
    every |= {path.rpartition(".")[0] for path in every if "." in path}
    for part in parts:
        root, _, path = part.partition(".")
        if root == "arguments" and path and path not in every and not paths.may_have(path):
            yield PolicyFinding.of(policy, ("@", "fields"), unknown("argument", path, every), error=True)

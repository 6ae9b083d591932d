"""Tests of policies: the keys of `policies/tests/*.yaml`, and the cases that they become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field

from agentcore.config.problem import Problems, unknown
from agentcore.config.source import KeyPath, Source, read_yaml
from agentcore.config.strict import Strict, fit
from agentcore.domain.agent import Role
from agentcore.domain.decision import Action
from agentcore.domain.effect import Safety
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.moment import Moment
from agentcore.domain.obligation import ObligationKind
from agentcore.domain.steering import Steering
from agentcore.policy.asks import OUTPUTS
from agentcore.policy.case import PolicyCase
from agentcore.policy.request import PolicyRequest
from agentcore.policy.schema import FLOW_FACTS, context_attributes
from agentcore.policy.vocabulary import KnownModel, Vocabulary
from agentcore.verification.schema import schema_errors

FOLDER = "tests"
"""Where the tests of policies stand, in their folder."""

_MICRO = 1_000_000


class PolicyCaseKeys(Strict):
    """What is asked, and what the answer must be."""

    name: str = Field(min_length=1, description="What the case shows.")
    principal: str = Field(min_length=1, description="The agent that acts.")
    action: Action = Field(description="What it wants to do.")
    resource: str = Field(
        default="",
        description="To what: an agent for `delegate`, a model for `call_model`, a tool for `call_tool`, `answer` or "
        "`reason` for `release`, the run's name for `plan`. Needed but for `plan` and `release`.",
    )
    arguments: dict[str, Any] = Field(default_factory=dict, description="Of a tool; they must fit its parameters.")
    tenant: str = Field(default="default", min_length=1, description="For whom the run works.")
    user: str = Field(default="local", min_length=1, description="On whose behalf.")
    purpose: str = Field(default="", description="What for.")
    sources: tuple[str, ...] = Field(default=("user",), description="Where what the call is given came from.")
    confidentiality: Literal["public", "internal", "personal", "secret"] = Field(
        default="internal", description="The highest of all that the call is given."
    )
    findings: tuple[str, ...] = Field(default=(), description="What detectors have found in it.")
    origins: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Argument, by its path → the sources that have said its values."
    )
    untrusted: tuple[str, ...] = Field(default=(), description="Controls of a tool that nobody vouches for.")
    delegated: tuple[str, ...] = Field(default=(), description="Of these, such as the user has pointed at.")
    foreign_links: tuple[str, ...] = Field(default=(), description="Links in what is carried that nobody vouches for.")
    in_scope: bool = Field(default=True, description="The task asks for what the tool does.")
    calls: int = Field(default=0, ge=0, description="How often the run has called the tool.")
    approved_by: tuple[str, ...] = Field(default=(), description="Who has approved a call in the run.")
    hour: int = Field(default=12, ge=0, le=23, description="When it is, in UTC.")
    weekday: int = Field(default=1, ge=1, le=7, description="Which day: 1 for Monday to 7 for Sunday, in UTC.")
    budget: Decimal | None = Field(
        default=None, ge=0, description="US dollars left to the run; null is a run without a limit."
    )
    declared: bool | None = Field(
        default=None, description="The project gives the agent the resource; as it is in the project by default."
    )
    role: Role | None = Field(default=None, description="Of the agent that acts; the project's by default.")
    resource_role: Role | None = Field(
        default=None, description="Of the agent that gets steps; the project's by default."
    )
    family: str | None = Field(default=None, description="Of the model; the project's by default.")
    provider: str | None = Field(default=None, description="Of the model; the project's by default.")
    local: bool | None = Field(default=None, description="The model is in this process; as it is by default.")
    region: str | None = Field(default=None, description="Of the model; the project's by default.")
    safety: Safety | None = Field(default=None, description="Of the tool; its own by default.")
    expect: Literal["permit", "deny"] = Field(description="What must be decided.")
    policies: tuple[str, ...] | None = Field(
        default=None,
        description="The ids of exactly those policies that must have determined it; `[]` is a denial because nothing "
        "permits it. Any by default.",
    )
    asks: tuple[str, ...] | None = Field(
        default=None, description="The ids of exactly those policies that must ask for approval. Any by default."
    )
    obliges: tuple[str, ...] | None = Field(
        default=None,
        description="What must be asked for, and nothing else: kinds of obligations, such as `redact`, or ids of "
        "policies; `[]` is nothing. Anything by default.",
    )


class PolicyTestKeys(Strict):
    """Tests of a project's policies."""

    cases: tuple[PolicyCaseKeys, ...] = Field(
        min_length=1, description="Questions, and the answers that are expected."
    )


def policy_test_files(policies: Path | None) -> list[Path]:
    """Return the files of tests in a folder of policies, sorted. policies: None when the project has no folder."""
    if policies is None or not (policies / FOLDER).is_dir():
        return []
    return sorted(
        path for path in (policies / FOLDER).iterdir() if path.suffix in {".yaml", ".yml"} and path.is_file()
    )


def read_policy_cases(path: Path, vocabulary: Vocabulary, ids: Sequence[str], problems: Problems) -> list[PolicyCase]:
    """Return the cases of a file whose names the project has; what is wrong with the others goes to `problems`.

    ids: of the project's policies.
    """
    source = read_yaml(path, path.as_posix(), problems)
    if source is None:
        return []
    fit(PolicyTestKeys, source, problems)
    cases: list[PolicyCase] = []
    names: set[str] = set()
    written = source.get(("cases",))
    for index in range(len(written) if isinstance(written, list) else 0):
        case = fit(PolicyCaseKeys, source, Problems(), at=("cases", index))  # what does not fit has been told
        if case is None:
            continue
        if case.name in names:
            problems.error(source.place(("cases", index, "name")), f"another case is called `{case.name}`")
        names.add(case.name)
        wrong = list(_problems(case, vocabulary, ids))
        for at, message in wrong:
            problems.error(source.place(("cases", index, *at)), message)
        if not wrong:
            cases.append(_case(case, source, index, vocabulary))
    return cases


def _problems(case: PolicyCaseKeys, vocabulary: Vocabulary, ids: Sequence[str]) -> Iterator[tuple[KeyPath, str]]:
    if case.principal not in vocabulary.agents:
        yield ("principal",), unknown("agent", case.principal, vocabulary.agents)
    yield from _resource_problems(case, vocabulary)
    for key, named in (("policies", case.policies), ("asks", case.asks)):
        for index, id_ in enumerate(named or ()):
            if id_ not in ids:
                yield (key, index), unknown("policy", id_, ids)
    for index, name in enumerate(case.obliges or ()):
        if name not in ids and name not in get_args(ObligationKind):
            yield ("obliges", index), unknown("obligation or policy", name, [*get_args(ObligationKind), *ids])
    for key in ("arguments", "origins", *sorted(FLOW_FACTS)):
        given = key in case.model_fields_set
        if given and key not in context_attributes(case.action):
            yield (key,), f"`{case.action}` has no {key}; `call_tool` has"
    parameters = vocabulary.tool(case.resource).parameters
    if case.action == "call_tool" and parameters is not None:
        for message in schema_errors(parameters, case.arguments):
            yield ("arguments",), f"a call with these arguments never gets as far as the policies: {message}"


def _resource_problems(case: PolicyCaseKeys, vocabulary: Vocabulary) -> Iterator[tuple[KeyPath, str]]:
    name = case.resource
    if not name and case.action not in {"plan", "release"}:
        yield (), f"`resource` is required for `{case.action}`"
        return
    match case.action:
        case "delegate" if name not in vocabulary.agents:
            yield ("resource",), unknown("agent", name, vocabulary.agents)
        case "call_model" if name not in vocabulary.models:
            yield ("resource",), unknown("model", name, vocabulary.models)
        case "call_tool" if not vocabulary.has_tool(name):
            yield ("resource",), unknown("tool", name, [*vocabulary.tools, *vocabulary.groups])
        case "call_tool" if case.safety is None and vocabulary.tool(name).safety is None:
            yield ("resource",), f"the tool `{name}` cannot be built here, so the case must say its `safety`"
        case "release" if name and name not in OUTPUTS:
            yield ("resource",), unknown("output", name, OUTPUTS)
        case _:
            return


def _case(keys: PolicyCaseKeys, source: Source, index: int, vocabulary: Vocabulary) -> PolicyCase:
    return PolicyCase(
        name=keys.name,
        place=str(source.place(("cases", index))),
        request=_request(keys, vocabulary),
        permitted=keys.expect == "permit",
        policies=None if keys.policies is None else frozenset(keys.policies),
        asks=None if keys.asks is None else frozenset(keys.asks),
        obliges=None if keys.obliges is None else frozenset(keys.obliges),
    )


def _request(keys: PolicyCaseKeys, vocabulary: Vocabulary) -> PolicyRequest:
    model = vocabulary.models.get(keys.resource, KnownModel(name=""))
    is_model, is_tool = keys.action == "call_model", keys.action == "call_tool"
    role = vocabulary.agents[keys.resource].role if keys.action == "delegate" else None
    return PolicyRequest(
        action=keys.action,
        agent=keys.principal,
        role=keys.role or vocabulary.agents[keys.principal].role,
        resource=keys.resource or _DEFAULT_RESOURCES[keys.action],
        tenant=keys.tenant,
        principal=keys.user,
        purpose=keys.purpose,
        label=Label(
            sources=frozenset(keys.sources),
            confidentiality=Confidentiality[keys.confidentiality.upper()],
            findings=frozenset(keys.findings),
        ),
        declared=_declared(keys, vocabulary) if keys.declared is None else keys.declared,
        budget_micro_usd=None if keys.budget is None else int((keys.budget * _MICRO).to_integral_value(ROUND_FLOOR)),
        resource_role=keys.resource_role or role,
        family=(model.family if keys.family is None else keys.family) if is_model else "",
        provider=(model.provider if keys.provider is None else keys.provider) if is_model else "",
        local=(model.local if keys.local is None else keys.local) if is_model else False,
        region=(model.region if keys.region is None else keys.region) if is_model else "",
        safety=(keys.safety or vocabulary.tool(keys.resource).safety) if is_tool else None,
        arguments=keys.arguments,
        origins={path: frozenset(sources) for path, sources in keys.origins.items()},
        steering=Steering(
            untrusted=frozenset(keys.untrusted),
            delegated=frozenset(keys.delegated),
            foreign_links=frozenset(keys.foreign_links),
        ),
        in_scope=keys.in_scope,
        calls=keys.calls,
        approved_by=frozenset(keys.approved_by),
        moment=Moment(hour=keys.hour, weekday=keys.weekday),
    )


_DEFAULT_RESOURCES: Mapping[Action, str] = {"plan": "run", "release": "answer"}


def _declared(keys: PolicyCaseKeys, vocabulary: Vocabulary) -> bool:
    """Return whether the project gives the agent what the case is about, as the engine would say it."""
    match keys.action:
        case "call_tool":
            return keys.resource in vocabulary.agents[keys.principal].tools
        case "delegate":
            return keys.resource in vocabulary.workers
        case _:
            return True

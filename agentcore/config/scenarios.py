"""Scenarios: a goal with inputs, and cases that say what should come of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field

from agentcore.config.budgets import BudgetKeys
from agentcore.config.names import InputName, TypeName
from agentcore.config.problem import Problems, unknown
from agentcore.config.source import Source
from agentcore.config.strict import Strict
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ConfigError
from agentcore.domain.event import RunStatus
from agentcore.domain.json import JSON, JSONObject, canonical
from agentcore.domain.task import Task
from agentcore.domain.team import OnExceeded
from agentcore.prompts.template import has_type, render, template_problems

RESERVED = "goal"
"""The name by which a plan refers to the task's goal: no input can have it."""


class InputKeys(Strict):
    """An input of a scenario."""

    type: TypeName = Field(default="string", description="The JSON type of the value.")
    description: str = Field(default="", description="What it is, for people.")
    default: Any = Field(default=None, description="The value when none is given; without one, the input is required.")


class ExpectKeys(Strict):
    """What a case expects of its run."""

    status: Literal["succeeded", "refused", "failed", "cancelled", "over_budget", "denied"] = Field(
        default="succeeded", description="How the run must end."
    )
    contains: tuple[str, ...] = Field(default=(), description="Texts that the answer must contain.")
    not_contains: tuple[str, ...] = Field(default=(), description="Texts that the answer must not contain.")
    max_seconds: float | None = Field(default=None, gt=0, description="The longest that the run may take.")
    max_usd: Decimal | None = Field(default=None, ge=0, description="The most that the run may cost.")


class CaseKeys(Strict):
    """Inputs, and what is expected of a run with them."""

    name: str = Field(min_length=1, description="What the case shows.")
    inputs: dict[str, Any] = Field(default_factory=dict, description="Values of the scenario's inputs.")
    expect: ExpectKeys = Field(default=ExpectKeys(), description="What is expected of the run.")


class ScenarioKeys(Strict):
    """A scenario of an agentcore project."""

    name: str = Field(default="", description="By default the file's name without its ending.")
    description: str = Field(default="", description="What the scenario shows, for people.")
    tags: tuple[str, ...] = Field(default=(), description="Words to select scenarios by.")
    goal: str = Field(min_length=1, description="What is asked. `{{name}}` stands for an input.")
    inputs: dict[InputName, InputKeys] = Field(default_factory=dict, description="What a run of it is given.")
    budget: BudgetKeys | None = Field(
        default=None, description="What a run of it may spend; what is not written is as in the project."
    )
    tenant: str = Field(default="default", min_length=1, description="For whom runs of it are made.")
    principal: str = Field(default="local", min_length=1, description="Who asks.")
    purpose: str = Field(default="", description="What runs of it are for, such as `billing`: a fact for policies.")
    cases: tuple[CaseKeys, ...] = Field(default=(), description="Runs to make, and what is expected of them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A declared input. type: a JSON type.  default: None when a value is required."""

    name: str
    type: str = "string"
    description: str = ""
    default: JSON = None

    @property
    def schema(self) -> JSONObject:
        """Its JSON Schema."""
        return {"type": self.type}

    def read(self, given: JSON) -> JSON:
        """Return a value of the declared type; text, as from a command line, is converted. Raises ValueError."""
        value = _from_text(given, self.type) if isinstance(given, str) and self.type != "string" else given
        if not has_type(value, self.schema):
            raise ValueError(f"input `{self.name}` must be {_A[self.type]}, not {canonical(given)[:60]}")
        return int(value) if self.type == "integer" and isinstance(value, float) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a case expects. contains, not_contains: of the answer.  max_usd, max_seconds: of the run."""

    status: RunStatus = "succeeded"
    contains: tuple[str, ...] = ()
    not_contains: tuple[str, ...] = ()
    max_seconds: float | None = None
    max_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Inputs, and what is expected of a run with them."""

    name: str
    inputs: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    expect: Expectation = field(default_factory=Expectation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A goal with inputs. budget, on_exceeded: the project's, with what the scenario overrides.  path: of its file."""

    name: str
    goal: str
    budget: Budget
    on_exceeded: OnExceeded = "stop"
    description: str = ""
    tags: tuple[str, ...] = ()
    inputs: Mapping[str, Input] = field(default_factory=dict[str, Input])
    tenant: str = "default"
    principal: str = "local"
    purpose: str = ""
    cases: tuple[Case, ...] = ()
    path: Path | None = None

    def task(self, inputs: Mapping[str, JSON] | None = None) -> Task:
        """Return the task of a run with these inputs; texts are converted to the declared types.

        Raises ConfigError with every unknown or missing input and every value of a wrong type.
        """
        values, problems = self.values(inputs or {})
        if problems:
            raise ConfigError(
                [f"scenario `{self.name}`: {problem}" for problem in problems],
                hint="inputs: " + (", ".join(f"{each.name} ({each.type})" for each in self.inputs.values()) or "none"),
            )
        schemas = {name: each.schema for name, each in self.inputs.items()}
        return Task(
            goal=render(self.goal, schemas, values),
            inputs=values,
            tenant=self.tenant,
            principal=self.principal,
            purpose=self.purpose,
        )

    def values(self, given: Mapping[str, JSON]) -> tuple[dict[str, JSON], list[str]]:
        """Return the value of every input, and what is wrong with those that are given."""
        problems = [unknown("input", name, self.inputs) for name in given if name not in self.inputs]
        values: dict[str, JSON] = {}
        for name, each in self.inputs.items():
            if name not in given and each.default is None:
                problems.append(f"input `{name}` is missing")
                continue
            try:
                values[name] = each.read(given.get(name, each.default))
            except ValueError as error:
                problems.append(str(error))
        return values, problems


def scenario(keys: ScenarioKeys, path: Path, budget: Budget, on_exceeded: OnExceeded) -> Scenario:
    """Return the value. budget, on_exceeded: the project's."""
    own = keys.budget
    return Scenario(
        name=keys.name or path.stem,
        goal=keys.goal.strip(),
        budget=budget if own is None else own.over(budget),
        on_exceeded=own.on_exceeded if own is not None and "on_exceeded" in own.model_fields_set else on_exceeded,
        description=keys.description,
        tags=keys.tags,
        inputs={
            name: Input(name=name, type=each.type, description=each.description, default=each.default)
            for name, each in keys.inputs.items()
        },
        tenant=keys.tenant,
        principal=keys.principal,
        purpose=keys.purpose,
        cases=tuple(
            Case(name=case.name, inputs=case.inputs, expect=Expectation(**dict(case.expect))) for case in keys.cases
        ),
        path=path,
    )


def judge(found: Scenario, source: Source, problems: Problems) -> None:
    """Add to `problems` what is wrong with a scenario whose keys and types are right."""
    for message in template_problems(found.goal, {name: each.schema for name, each in found.inputs.items()}):
        problems.error(source.place(("goal",)), message)
    for name, each in found.inputs.items():
        if name == RESERVED:
            problems.error(source.key_place(("inputs", name)), "no input can be called `goal`: that is the task's own")
        if each.default is not None and not has_type(each.default, each.schema):
            place = source.place(("inputs", name, "default"))
            problems.error(place, f"`default` must be {_A[each.type]}, not {canonical(each.default)[:60]}")
    names: set[str] = set()
    for index, case in enumerate(found.cases):
        for name in case.inputs:
            if name not in found.inputs:
                place = source.key_place(("cases", index, "inputs", name))
                problems.error(place, unknown("input", name, found.inputs))
        known = {name: value for name, value in case.inputs.items() if name in found.inputs}
        for message in found.values(known)[1]:
            problems.error(source.place(("cases", index, "inputs")), message)
        if case.name in names:
            problems.error(source.place(("cases", index, "name")), f"another case is called `{case.name}`")
        names.add(case.name)


_A = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
    "string": "text",
}
assert set(_A) == set(get_args(TypeName))  # noqa: S101  # holds when the module loads, or never


def _from_text(text: str, type_name: str) -> JSON:
    """Return what a text says as JSON; the text itself when it is none, or of another type's spelling."""
    if type_name == "boolean":
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text


def _no_constant(name: str) -> JSON:
    raise ValueError(f"{name} is not JSON")

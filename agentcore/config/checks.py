"""Checks in `verify.checks`: `name`, or `name: {option: …}`. They are the runtime's, or functions of the project."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag, WithJsonSchema

from agentcore.domain.agent import Check
from agentcore.domain.json import JSON, JSONObject
from agentcore.verification import checks as registry
from agentcore.verification.checks import CHECKS, CheckDefinition
from agentcore.verification.options import Option, option_problems

PYTHON = "python"
"""The check that is a function of the project's own."""

PYTHON_OPTIONS = (
    Option(name="file", kind="text", meaning="a Python file, from the project's folder", required=True),
    Option(name="function", kind="text", meaning="the function in it that judges an output", required=True),
)


def _form(value: Any) -> str | None:
    if isinstance(value, dict):
        return "<options>"
    return "<name>" if isinstance(value, str) else None


def _options_schema(definition: CheckDefinition | None) -> JSONObject:
    if definition is not None:
        return definition.options_schema()
    return {
        "type": "object",
        "description": "a function of the project judges the output",
        "properties": {option.name: option.schema() for option in PYTHON_OPTIONS},
        "required": [option.name for option in PYTHON_OPTIONS],
        "additionalProperties": False,
    }


def _check_schema() -> dict[str, Any]:
    """Return the JSON Schema of an entry in `verify.checks`, for editors."""
    bare: list[JSON] = [
        {"const": name, "description": definition.meaning}
        for name, definition in CHECKS.items()
        if not any(option.required for option in definition.options)
    ]
    properties: dict[str, JSON] = {name: _options_schema(definition) for name, definition in CHECKS.items()}
    properties[PYTHON] = _options_schema(None)
    optioned: JSON = {
        "type": "object",
        "properties": properties,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
    return {"anyOf": [{"oneOf": bare}, optioned]}


CheckKeys: TypeAlias = Annotated[
    Annotated[str, Tag("<name>")]
    | Annotated[dict[str, dict[str, Any]], Field(min_length=1, max_length=1), Tag("<options>")],
    Discriminator(
        _form,
        custom_error_type="check_form",
        custom_error_message="takes names of checks, or `name: {option: …}`",
    ),
    WithJsonSchema(_check_schema()),
]


def as_check(keys: str | dict[str, dict[str, Any]]) -> Check:
    """Return the value."""
    if isinstance(keys, str):
        return Check(name=keys)
    name, options = next(iter(keys.items()))
    return Check(name=name, options=options)


def check_problems(check: Check) -> tuple[str, ...]:
    """Return what is wrong with a check as a project names it; empty when it can run."""
    if check.name == PYTHON:
        return tuple(f"check {PYTHON}: {problem}" for problem in option_problems(check.options, PYTHON_OPTIONS))
    if check.name not in CHECKS and difflib.get_close_matches(check.name, [PYTHON]):
        return (f"there is no check {check.name}; did you mean {PYTHON}?",)
    return registry.check_problems(check)

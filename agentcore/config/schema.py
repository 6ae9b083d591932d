"""JSON Schemas of the project's files, for editors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import orjson
from pydantic import BaseModel

from agentcore.config.agents import AgentKeys
from agentcore.config.assertions import AssertionsKeys
from agentcore.config.policy_tests import PolicyTestKeys
from agentcore.config.project_file import ProjectKeys
from agentcore.config.scenarios import ScenarioKeys
from agentcore.domain.json import JSONObject
from agentcore.ports.plugin import Plugins

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = {"type": "string", "pattern": r"\$\{", "description": "An environment variable."}


def schemas(plugins: Plugins) -> dict[str, JSONObject]:
    """Return the JSON Schemas (draft 2020-12) of a project's files, by their kinds.

    Options are those of the plug-ins that are installed, by provider.
    """
    project = _schema(ProjectKeys)
    definitions = cast("dict[str, Any]", project["$defs"])
    for key, group, plugin in (
        ("ModelKeys", "agentcore.models", plugins.model),
        ("ToolKeys", "agentcore.tools", plugins.tool),
        ("TriggerKeys", "agentcore.triggers", plugins.trigger),
        ("GuardKeys", "agentcore.detectors", plugins.detector),
    ):
        _by_provider(definitions, key, plugins.names(group), lambda name, get=plugin: get(name).options)
    return {
        "project": project,
        "agent": _schema(AgentKeys),
        "scenario": _schema(ScenarioKeys),
        "policy-test": _schema(PolicyTestKeys),
        "policy-assertions": _schema(AssertionsKeys),
    }


def write_schemas(folder: Path, plugins: Plugins) -> list[Path]:
    """Write `project.schema.json` and the others into a folder, which is made if need be, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, schema in schemas(plugins).items():
        path = folder / f"{name}.schema.json"
        path.write_bytes(as_file(schema))
        written.append(path)
    return written


def as_file(schema: JSONObject) -> bytes:
    """Return a schema as it stands in a file."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2) + b"\n"


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": DRAFT, **_tidy(model.model_json_schema())}


def _by_provider(definitions: dict[str, Any], key: str, names: Any, options: Callable[[str], type[BaseModel]]) -> None:
    """Let the `options` of an entry be those of its provider."""
    cases: list[Any] = []
    for name in names:
        schema = _tidy(options(name).model_json_schema(ref_template=f"#/$defs/{name}.{{model}}"))
        for inner, definition in cast("dict[str, Any]", schema.pop("$defs", {})).items():
            definitions[f"{name}.{inner}"] = definition
        cases.append(
            {
                "if": {"properties": {"provider": {"const": name}}, "required": ["provider"]},
                "then": {
                    "properties": {"options": _with_variables(schema)},
                    **({"required": ["options"]} if schema.get("required") else {}),
                },
            }
        )
    definitions[key]["properties"]["provider"]["enum"] = list(names)
    definitions[key]["allOf"] = cases


def _tidy(schema: Any) -> Any:
    """Return a schema without the titles that pydantic derives from names."""
    if isinstance(schema, dict):
        items = cast("dict[str, Any]", schema).items()
        return {key: _tidy(value) for key, value in items if key != "title" or not isinstance(value, str)}
    if isinstance(schema, list):
        return [_tidy(item) for item in cast("list[Any]", schema)]
    return schema


def _with_variables(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of options in which a number or a truth value may also be written as `${NAME}`."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    return {
        **schema,
        "properties": {
            name: {"anyOf": [part, _VARIABLE]} if part.get("type") in {"boolean", "integer", "number"} else part
            for name, part in properties.items()
        },
    }

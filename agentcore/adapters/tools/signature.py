"""A Python function's signature, read into JSON Schemas and a strict check of arguments."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticUserError

from agentcore.domain.errors import ConfigError, ToolInputInvalid
from agentcore.domain.json import JSON, JSONObject

_SECTION = re.compile(r"(?:Args|Arguments|Parameters|Returns|Raises|Yields|Examples?|Notes?):\s*")
_ARGUMENT = re.compile(r"(?P<indent>\s*)\*{0,2}(?P<name>\w+)\s*(?:\([^)]*\))?:\s*(?P<text>.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a function declares.

    summary: the docstring's first paragraph.  parameters: a JSON Schema of type object.
    returns: a JSON Schema, None for text, nothing or no annotation.  injected: parameters that the runtime fills in.
    """

    summary: str
    parameters: JSONObject
    returns: JSONObject | None
    injected: tuple[str, ...]
    model: type[BaseModel]

    def check(self, arguments: JSONObject) -> dict[str, Any]:
        """Return the arguments as the function's types, defaults left to the function.

        Strict as JSON is: "false" is not true, 1.5 and "1" are not whole numbers; unknown names are refused. What JSON
        has no type for comes as text: a date, a Decimal, an Enum's value. Raises ToolInputInvalid.
        """
        try:
            checked = self.model.model_validate_json(json.dumps(arguments))
        except ValidationError as problem:
            found = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}"
                for each in problem.errors(include_url=False, include_input=False)
            )
            raise ToolInputInvalid(found) from None
        fields = type(checked).model_fields
        return {fields[name].alias or name: getattr(checked, name) for name in checked.model_fields_set}


def read_signature(function: Callable[..., object], *, inject: type | None = None) -> Signature:
    """Return a function's signature; a parameter annotated `inject` is not part of its schema.

    Raises ConfigError, naming file and line: no type hint, a type without a JSON Schema, or *args and the like.
    """
    where = location(function)
    try:
        hints = get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError) as problem:
        raise ConfigError(
            [f"{where}: the type hints cannot be read: {problem}"],
            hint="types must be importable at the module's top level, not only while type checking",
        ) from problem
    described = _argument_texts(function)
    fields: dict[str, Any] = {}
    injected: list[str] = []
    for index, (name, parameter) in enumerate(inspect.signature(function).parameters.items()):
        if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
            raise ConfigError([f"{where}: {name}: only parameters that can be given by name may be used"])
        if name not in hints:
            raise ConfigError([f"{where}: {name} has no type hint"])
        if inject is not None and hints[name] is inject:
            injected.append(name)
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        field = Field(default, alias=name, description=described.get(name))
        fields[f"p{index}"] = (hints[name], field)  # under names that are nobody else's: `schema`, `_x` …
    try:
        model = create_model("arguments", __config__=ConfigDict(strict=True, extra="forbid"), **fields)
        parameters = without_titles(model.model_json_schema())
        returned = hints.get("return", str)
        text = returned in {str, type(None), Any}
        returns = None if text else without_titles(TypeAdapter(returned).json_schema(mode="serialization"))
    except (PydanticUserError, TypeError) as problem:
        raise ConfigError([f"{where}: no JSON Schema can be made of its types: {problem}"]) from problem
    return Signature(
        summary=summary(function), parameters=parameters, returns=returns, injected=tuple(injected), model=model
    )


def location(function: Callable[..., object]) -> str:
    """Return `file:line: name`."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    name = getattr(function, "__name__", str(function))
    return name if code is None else f"{code.co_filename}:{code.co_firstlineno}: {name}"


def summary(function: Callable[..., object]) -> str:
    """Return the first paragraph of the docstring on one line, empty when there is none."""
    lines: list[str] = []
    for line in (inspect.getdoc(function) or "").splitlines():
        if not line.strip() or _SECTION.fullmatch(line):
            break
        lines.append(line.strip())
    return " ".join(lines)


def without_titles(schema: Mapping[str, JSON]) -> JSONObject:
    """Return the schema without the titles that pydantic makes of names: a model pays for each token."""
    out: dict[str, JSON] = {}
    for key, value in schema.items():
        if key == "title" and isinstance(value, str):
            continue
        if key in {"properties", "$defs"} and isinstance(value, Mapping):
            out[key] = {
                name: without_titles(item) if isinstance(item, Mapping) else item for name, item in value.items()
            }
        elif key not in {"default", "const", "enum", "examples"} and isinstance(value, Mapping):
            out[key] = without_titles(value)
        elif key in {"anyOf", "allOf", "oneOf", "prefixItems"} and isinstance(value, list | tuple):
            out[key] = [without_titles(item) if isinstance(item, Mapping) else item for item in value]
        else:
            out[key] = value
    return out


def _argument_texts(function: Callable[..., object]) -> dict[str, str]:
    """Return what the docstring's section Args says about each parameter."""
    texts: dict[str, str] = {}
    inside = False
    indent: int | None = None
    name = ""
    for line in (inspect.getdoc(function) or "").splitlines():
        if _SECTION.fullmatch(line):
            inside = line.startswith(("Args", "Arguments", "Parameters"))
            continue
        if not inside or not line.strip():
            continue
        match = _ARGUMENT.fullmatch(line)
        if match and (indent is None or len(match["indent"]) == indent):
            indent = len(match["indent"])
            name = match["name"]
            texts[name] = match["text"].strip()
        elif name:
            texts[name] = f"{texts[name]} {line.strip()}".strip()
    return texts

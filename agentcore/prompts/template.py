"""Templates: instructions and goals with `{{name}}` placeholders.

Only a declared name can stand in a placeholder. There are no expressions, filters or includes, and what is put in is
never read as a template again, so that neither the author nor an attacker can make a template do anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import cast

from agentcore.domain.errors import ConfigError
from agentcore.domain.json import JSON, JSONObject, canonical

_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def placeholders(text: str) -> tuple[str, ...]:
    """Return the names in a template, each once, in order of appearance. Whatever is no name is returned as it is."""
    return tuple(dict.fromkeys(match.group(1).strip() for match in _PLACEHOLDER.finditer(text)))


def template_problems(text: str, declared: Mapping[str, JSONObject]) -> tuple[str, ...]:
    """Return what is wrong with a template whose inputs are `declared`: one sentence for each bad placeholder."""
    return tuple(_problem(name, declared) for name in placeholders(text) if name not in declared)


def render(text: str, declared: Mapping[str, JSONObject], values: Mapping[str, JSON]) -> str:
    """Return the template with its placeholders replaced: text as it is, all else as compact JSON.

    declared: name → JSON Schema, of which `type` is enforced here.  values: for the declared names; those that the
    template does not mention are not used.

    Raises ConfigError, with every undeclared name, missing value and value of a wrong type.
    """
    if "{{" not in text:  # most instructions: spares the search for placeholders at every call
        return text
    problems = list(template_problems(text, declared))
    wanted = [name for name in placeholders(text) if name in declared]
    problems += [f"the template needs a value for `{name}`" for name in wanted if name not in values]
    for name in wanted:
        if name in values and not has_type(values[name], declared[name]):
            problems.append(f"`{name}` must be {_types(declared[name])}, not {canonical(values[name])[:60]}")
    if problems:
        raise ConfigError(problems)
    return _PLACEHOLDER.sub(lambda match: as_text(values[match.group(1).strip()]), text)


def as_text(value: JSON) -> str:
    """Return how a value reads in a prompt: text as it is, all else as compact JSON."""
    return value if isinstance(value, str) else canonical(value)


def has_type(value: JSON, schema: JSONObject) -> bool:
    """Return whether a value is of the `type` (one or several) that a JSON Schema names; without one, all are."""
    wanted = schema.get("type")
    if wanted is None:
        return True
    names = [wanted] if isinstance(wanted, str) else cast("Sequence[str]", wanted)
    return any(_is(value, name) for name in names)


def _is(value: JSON, type_name: str) -> bool:
    match type_name:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return not isinstance(value, bool) and (
                isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            )
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "object":
            return isinstance(value, Mapping)
        case "array":
            return isinstance(value, Sequence) and not isinstance(value, str)
        case "null":
            return value is None
        case _:
            return False


def _types(schema: JSONObject) -> str:
    wanted = schema["type"]
    return wanted if isinstance(wanted, str) else " or ".join(cast("Sequence[str]", wanted))


def _problem(name: str, declared: Mapping[str, JSONObject]) -> str:
    if not _NAME.fullmatch(name):
        return f"`{{{{{name}}}}}` is no placeholder: between the braces stands the name of one input"
    near = get_close_matches(name, declared, n=1)
    if near:
        return f"`{{{{{name}}}}}` is not a declared input; did you mean `{{{{{near[0]}}}}}`?"
    known = f"the inputs are: {', '.join(declared)}" if declared else "no inputs are declared"
    return f"`{{{{{name}}}}}` is not a declared input; {known}"

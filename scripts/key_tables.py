"""Write the tables of keys in docs from the schemas and the checks; with --check, only say whether they are right.

A page marks where a table goes: `<!-- keys: project -->` … `<!-- /keys -->`, also `agent`, `scenario`,
`policy-test`, `policy-assertions`, `options of models`, `options of tools`, `options of triggers` and `checks`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agentcore.app import schemas
from agentcore.config.checks import PYTHON_OPTIONS
from agentcore.config.schema import as_file
from agentcore.verification.checks import CHECKS

ROOT = Path(__file__).resolve().parent.parent
PAGES = tuple(ROOT / "docs" / name for name in ("configuration.md", "policies.md", "verification.md"))
BLOCK = re.compile(r"(<!-- keys: ([a-z -]+) -->\n).*?(<!-- /keys -->\n)", re.DOTALL)

HEAD = "| key | value | default | what it is |\n| --- | --- | --- | --- |\n"

Schema = Mapping[str, Any]


def rows(schema: Schema, top: Schema, path: str = "") -> Iterator[str]:
    """Yield a row for each key of an object, those inside it after it."""
    told = " ".join(str(schema.get("description", "")).split())
    properties: Schema = schema.get("properties", {})
    for key, written in properties.items():
        part = resolved(written, top)
        name = f"{path}{key}"
        inner, ending = nested(part, top)
        required = key in schema.get("required", ())
        default = "required" if required else shown(written.get("default", part.get("default")))
        meaning = written.get("description") or part.get("description") or in_docstring(told, key, properties)
        yield f"| `{name}` | {cell(form(part, top))} | {cell(default)} | {cell(meaning[:1].upper() + meaning[1:])} |\n"
        if inner is not None:
            yield from rows(inner, top, f"{name}{ending}.")


def resolved(schema: Schema, top: Schema) -> Schema:
    """Follow a reference, and take what a value is when it is not null."""
    if "$ref" in schema:
        return resolved(top["$defs"][schema["$ref"].removeprefix("#/$defs/")], top)
    options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null" and not is_variable(each)]
    return resolved(options[0], top) if len(options) == 1 else schema


def nested(schema: Schema, top: Schema) -> tuple[Schema | None, str]:
    """Return the object inside a value, whose keys are told too, and how its path goes on."""
    patterns: Schema = schema.get("patternProperties", {})
    for part, ending in (
        (schema, ""),
        *((each, "") for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))),
        (schema.get("items"), "[]"),
        (schema.get("additionalProperties"), ".NAME"),
        (next(iter(patterns.values()), None), ".NAME"),
    ):
        if isinstance(part, Mapping):
            found = resolved(part, top)
            if found.get("properties"):
                return found, ending
    return None, ""


def is_variable(schema: Schema) -> bool:
    """Whether this stands for `${NAME}`."""
    return schema.get("pattern") == r"\$\{"


def form(schema: Schema, top: Schema) -> str:
    """Return what a value looks like, in a few words."""
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema or "oneOf" in schema:
        several = schema.get("anyOf", schema.get("oneOf"))
        forms = [form(resolved(each, top), top) for each in several or () if not is_variable(each)]
        return " or ".join(dict.fromkeys(each for each in forms if each != "null"))
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {form(resolved(schema.get('items', {}), top), top)}"
    names = {"object": "mapping", "string": "text", "integer": "whole number", "boolean": "true or false"}
    word = names.get(str(kind), str(kind))
    bounds = [
        f"{sign} {schema[key]:g}"
        for key, sign in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
        if key in schema
    ]
    return " ".join((word, *bounds))


def shown(default: Any) -> str:
    """Return a default, empty for none and for a mapping of further keys."""
    return "" if default in (None, "", [], {}) or isinstance(default, dict) else f"`{json.dumps(default)}`"


def in_docstring(told: str, key: str, keys: Schema) -> str:
    """Return what a class says about one of its keys, as in `key: what it is.`."""
    others = "|".join(map(re.escape, keys))
    found = re.search(rf"(?:^|\s){re.escape(key)}: (.+?)(?=\s+(?:{others}): |$)", told)
    return found[1] if found else ""


def cell(text: str) -> str:
    """Return text as it can stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")


def options(top: Schema, definition: str) -> str:
    """Return a section for each provider with its options."""
    parts: list[str] = []
    for case in top["$defs"][definition]["allOf"]:
        provider = case["if"]["properties"]["provider"]["const"]
        schema = case["then"]["properties"]["options"]
        parts.append(f"\n### `provider: {provider}`\n\n{HEAD}{''.join(rows(schema, top))}")
    return "".join(parts) + "\n"


def checks() -> str:
    """Return the table of the deterministic checks with their options."""
    lines = ["| check | accepts when | options | not checked |\n| --- | --- | --- | --- |\n"]
    for name, check in CHECKS.items():
        told = "<br>".join(f"`{option.name}`: {option.meaning}" for option in check.options)
        lines.append(f"| `{name}` | {cell(check.meaning)} | {cell(told)} | {cell(check.leaves)} |\n")
    told = "<br>".join(f"`{option.name}`: {option.meaning}" for option in PYTHON_OPTIONS)
    lines.append(f"| `python` | a function of the project accepts the output | {told} | |\n")
    return "".join(lines)


def tables() -> dict[str, str]:
    """Return each table by its name."""
    found = schemas()
    project: Any = found["project"]
    listed = {kind: list(rows(schema, schema)) for kind, schema in found.items()}
    # in a scenario, what is not written is as in the project: the defaults of the schema do not hold
    listed["scenario"] = [row for row in listed["scenario"] if not row.startswith("| `budget.")]
    return {
        **{kind: HEAD + "".join(each) for kind, each in listed.items()},
        "options of models": options(project, "ModelKeys"),
        "options of tools": options(project, "ToolKeys"),
        "options of triggers": options(project, "TriggerKeys"),
        "checks": checks(),
    }


def main() -> None:
    """Rewrite the pages and the published schemas, or check the pages."""
    known = tables()
    checking = "--check" in sys.argv[1:]
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        right = BLOCK.sub(lambda match: match[1] + known[match[2]] + match[3], text)
        if right != text and checking:
            sys.exit(f"{page.relative_to(ROOT)} does not list the keys as they are; run: make docs")
        if not checking:
            page.write_text(right, encoding="utf-8")
    if not checking:
        for kind, schema in schemas().items():
            (ROOT / "schemas" / f"{kind}.schema.json").write_bytes(as_file(schema))


if __name__ == "__main__":
    main()

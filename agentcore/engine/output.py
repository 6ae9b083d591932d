"""From a model's text to the output of a step."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import orjson

from agentcore.domain.agent import Agent
from agentcore.domain.errors import ModelOutputInvalid
from agentcore.domain.json import JSON, JSONObject

CANNOT_ANSWER = "cannot_answer"
"""The field by which an agent that may decline says why."""

_FENCE = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*$", re.DOTALL)
_SHOWN = 200


def output_schema(agent: Agent) -> JSONObject | None:
    """Return the schema to ask a model for: the agent's, with the field to decline by when it may."""
    schema = agent.output
    if schema is None or not agent.may_decline:
        return schema
    properties = schema.get("properties")
    required = schema.get("required")
    field: JSON = {"type": "string", "description": "Empty, unless the facts do not hold the answer: then why not."}
    return {
        **schema,
        "properties": {CANNOT_ANSWER: field, **(properties if isinstance(properties, Mapping) else {})},
        "required": [CANNOT_ANSWER, *(required if isinstance(required, list) else ())],
    }


def parse_output(text: str, agent: Agent) -> tuple[JSON, str]:
    """Return the output and, when the agent declined, why.

    Raises ModelOutputInvalid when JSON was asked for and the text is none.
    """
    if agent.output is None:
        return text.strip(), ""
    value = parse_json(text)
    if agent.may_decline and isinstance(value, Mapping):
        declined = value.get(CANNOT_ANSWER)
        rest = {key: part for key, part in value.items() if key != CANNOT_ANSWER}
        return rest, declined.strip() if isinstance(declined, str) else ""
    return value, ""


def parse_json(text: str) -> JSON:
    """Return the JSON value in a model's text, which may stand in a code fence. Raises ModelOutputInvalid."""
    fenced = _FENCE.match(text)
    try:
        return orjson.loads(fenced.group(1) if fenced else text)
    except orjson.JSONDecodeError as error:
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        raise ModelOutputInvalid(f"the output must be JSON, but is {shown!r} ({error})") from None


def json_text(value: JSON) -> str:
    """Return a value as compact JSON text.

    Tools return integers of any size and half surrogate pairs, too. Raises TypeError, ValueError or RecursionError
    when it is not JSON.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, separators=(",", ":"))

"""The `schema` check: the output satisfies the agent's JSON Schema; errors become sentences that help to mend it."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from agentcore.domain.json import JSON, JSONObject, canonical
from agentcore.domain.verdict import Vote
from agentcore.verification.subject import Subject

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

MOST_ERRORS = 8
"""A model does not mend more at once."""

MOST_CHARACTERS = 240
"""Of one sentence: an error repeats the value that is wrong, which may be long."""


def check(subject: Subject, options: JSONObject) -> Vote:
    """Reject an output that does not satisfy its schema. Abstains when it is free text. No options."""
    del options
    if subject.output_schema is None:
        return Vote(verifier="check:schema", accepts=None, reasons=("the output is free text, without a schema",))
    errors = schema_errors(subject.output_schema, subject.output)
    return Vote(
        verifier="check:schema", accepts=not errors, reasons=errors, checked="the form of the output, by its schema"
    )


def schema_errors(schema: JSONObject, value: JSON) -> tuple[str, ...]:
    """Return a sentence with a JSON path for each error, at most MOST_ERRORS; empty when the value is valid.

    Raises ValueError when the schema itself is not valid; see schema_problems.
    """
    validator = _compiled(canonical(schema))
    if validator.is_valid(value):
        return ()
    errors = list(validator.iter_errors(value))
    sentences = [_sentence(error) for error in errors[:MOST_ERRORS]]
    if len(errors) > MOST_ERRORS:
        sentences.append(f"and {len(errors) - MOST_ERRORS} more errors")
    return tuple(sentences)


def schema_problems(schema: JSONObject) -> tuple[str, ...]:
    """Return what is wrong with a schema itself; empty when it can be used. References are not fetched."""
    try:
        _compiled(canonical(schema))
    except ValueError as error:
        return (str(error),)
    return ()


@lru_cache(maxsize=256)  # a memo of a pure function: compiling takes a hundred times as long as validating
def _compiled(schema: str) -> Validator:
    from jsonschema_rs import ReferencingError, ValidationError, validator_for  # noqa: PLC0415  # .1 s, when needed

    try:
        # offline: a `$ref` to somewhere else is an error, never a request
        return validator_for(cast("dict[str, Any]", json.loads(schema)), offline=True)
    except ValidationError as error:
        raise ValueError(f"the schema is not valid at {_path(error.instance_path)}: {error.message}") from None
    except ReferencingError as error:
        raise ValueError(f"the schema refers to what it does not contain: {error}") from None


def _sentence(error: ValidationError) -> str:
    message = error.message
    if len(message) > MOST_CHARACTERS:
        message = f"{message[: MOST_CHARACTERS // 2]} … {message[-MOST_CHARACTERS // 2 :]}"
    return f"at {_path(error.instance_path)}: {message}"


def _path(keys: list[str | int]) -> str:
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)

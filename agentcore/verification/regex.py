"""The `regex` check: a pattern matches, or must not.

Patterns run in an engine whose time is linear in the text (Rust's `regex`): no pattern can be made to take for ever.
The price is that look-around and back-references do not exist; a pattern that uses them is refused with the
configuration, not at run time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from agentcore.domain.json import JSONObject, canonical
from agentcore.domain.verdict import Vote
from agentcore.verification.options import Option, flag_of, text_of, texts_of
from agentcore.verification.subject import Subject
from agentcore.verification.walk import Located, at_field

if TYPE_CHECKING:
    from jsonschema_rs import Validator

OPTIONS = (
    Option(
        name="pattern", kind="text", meaning="matches anywhere in the text unless anchored with ^ and $", required=True
    ),
    Option(
        name="field", kind="texts", meaning="fields to look at (default: the whole output, as JSON unless it is text)"
    ),
    Option(name="not", kind="flag", meaning="the pattern must not match (default: false)"),
    Option(name="reason", kind="text", meaning="the sentence for a rejection, to help the next attempt"),
)


def check(subject: Subject, options: JSONObject) -> Vote:
    """Reject texts that do not match the pattern; with `not`, those that do. A missing field does not match."""
    pattern, forbidden = text_of(options, "pattern"), flag_of(options, "not", default=False)
    validator = _compiled(pattern)
    fields = texts_of(options, "field")
    found: list[Located] = [located for field in fields for located in at_field(subject.output, field)]
    if not fields:
        found = [("the output", subject.output)]
    wrong = [path for path, value in found if validator.is_valid(_text(value)) == forbidden]
    missing = [] if forbidden else [field for field in fields if not at_field(subject.output, field)]
    verb = "must not match" if forbidden else "must match"
    reasons = [f"{path} {verb} the pattern {pattern}" for path in wrong]
    reasons += [f"the field {field} is missing" for field in missing]
    if reasons and text_of(options, "reason"):
        reasons = [text_of(options, "reason")]
    return Vote(
        verifier="check:regex",
        accepts=not reasons,
        reasons=tuple(reasons),
        checked=f"{', '.join(fields) or 'the output'} against the pattern {pattern}",
    )


def problems(options: JSONObject) -> tuple[str, ...]:
    """Return what is wrong with the pattern."""
    try:
        _compiled(text_of(options, "pattern"))
    except ValueError as error:
        return (str(error),)
    return ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else canonical(value)  # pyright: ignore[reportArgumentType]


@lru_cache(maxsize=256)  # a memo of a pure function
def _compiled(pattern: str) -> Validator:
    from jsonschema_rs import RegexOptions, ValidationError, validator_for  # noqa: PLC0415  # .1 s, when needed

    try:
        return validator_for({"pattern": pattern}, pattern_options=RegexOptions(), offline=True)
    except ValidationError:
        raise ValueError(
            f"the pattern {pattern!r} cannot be used: it is not a regular expression, or it uses look-around or "
            "back-references, which do not run in linear time"
        ) from None

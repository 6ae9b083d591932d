"""The `non_empty` check: something was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.verdict import Vote
from agentcore.verification.options import Option, texts_of
from agentcore.verification.subject import Subject
from agentcore.verification.walk import at_field

OPTIONS = (Option(name="field", kind="texts", meaning="fields that must hold something (default: the whole output)"),)


def check(subject: Subject, options: JSONObject) -> Vote:
    """Reject null, blank text, empty arrays and objects, and fields that are missing. Zero and false are something."""
    fields = texts_of(options, "field")
    reasons: list[str] = []
    if not fields and is_empty(subject.output):
        reasons.append("the output is empty")
    for field in fields:
        found = at_field(subject.output, field)
        if not found:
            reasons.append(f"the field {field} is missing")
        reasons.extend(f"{path} is empty" for path, value in found if is_empty(value))
    return Vote(
        verifier="check:non_empty",
        accepts=not reasons,
        reasons=tuple(reasons),
        checked=f"that {', '.join(fields) or 'the output'} is not empty",
    )


def is_empty(value: JSON) -> bool:
    """Return whether the value says nothing: null, blank, or made of such values only."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Mapping):
        return all(is_empty(child) for child in value.values())
    return isinstance(value, Sequence) and all(is_empty(child) for child in value)

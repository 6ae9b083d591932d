"""The `rows` check: a query found something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.verdict import Vote
from agentcore.verification.non_empty import is_empty
from agentcore.verification.options import Option, count_of, flag_of, text_of
from agentcore.verification.subject import Subject
from agentcore.verification.walk import at_field

OPTIONS = (
    Option(name="field", kind="text", meaning="where the rows are, if the value is an object (default: rows)"),
    Option(
        name="final",
        kind="flag",
        meaning="no rows are an answer too: when nothing else is wrong, do not try again (default: false)",
    ),
    Option(name="min", kind="count", meaning="how many rows there must be (default: 1)"),
    Option(
        name="of",
        kind="text",
        meaning="whose rows: the output's, or those of the last tool result (default: output)",
        choices=("output", "tool"),
    ),
)

NOTHING_FOUND = (
    "the query found nothing; check names, spelling and conditions against what the data holds, and relax them"
)


def check(subject: Subject, options: JSONObject) -> Vote:
    """Reject a result with too few rows. A row of nulls only, such as the sum over no rows, does not count."""
    at_least = count_of(options, "min", 1)
    of = text_of(options, "of", "output")
    value = subject.output
    if of == "tool":
        results = subject.of_kinds(("tool",))
        if not results:
            return _vote(f"no tool has returned anything, {at_least} rows are needed")
        value = results[-1].content
    rows = _rows(value, text_of(options, "field", "rows"))
    if rows is None:
        return _vote(f"the {of} holds no rows: an array, or an object with one, is expected")
    count = sum(1 for row in rows if not is_empty(row))
    if count >= at_least:
        return _vote()
    if count == 0:
        if not flag_of(options, "final", default=False):
            return _vote(NOTHING_FOUND)
        query = value.get("query") if isinstance(value, Mapping) else None
        return _vote(f"no row of the data matches: {query}" if query else "no row of the data matches", final=True)
    return _vote(f"the query found {count} rows where at least {at_least} are needed")


def _rows(value: JSON, field: str) -> Sequence[JSON] | None:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    for _, found in at_field(value, field):
        if isinstance(found, Sequence) and not isinstance(found, str):
            return found
    return None


def _vote(*reasons: str, final: bool = False) -> Vote:
    checked = "how many rows were found"
    return Vote(verifier="check:rows", accepts=not reasons, reasons=reasons, checked=checked, final=final)

"""The `query` check: an SQL query asks for what was asked, no more and no less.

Every text and number that the query compares with stands in the question, and every value of the data that the
question names is compared with. Small models invent conditions (`status = 'open'`) and forget some; both change the
result without a trace in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.verdict import Vote
from agentcore.verification.options import Option, text_of
from agentcore.verification.subject import Subject
from agentcore.verification.walk import texts_in

OPTIONS = (
    Option(name="field", kind="text", meaning="where the query stands in the output (default: query)"),
    Option(
        name="mentioned",
        kind="text",
        meaning="where the output lists the values that the question names, by column (default: mentioned)",
    ),
)

_TEXT = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_DATE = re.compile(r"\d{4}(?:-\d{2}){0,2}%?")
_HARMLESS = frozenset({"0", "1", "2", "100"})
"""Numbers that need no source: LIMIT 1, round(x, 2), percent."""


def check(subject: Subject, options: JSONObject) -> Vote:
    """Reject a query with conditions from nowhere, or without those that were asked for. Dates are not judged."""
    output: JSONObject = subject.output if isinstance(subject.output, Mapping) else {}
    query = output.get(text_of(options, "field", "query"))
    if not isinstance(query, str):
        return Vote(verifier="check:query", accepts=None, reasons=("the output shows no query",))
    mentioned = _mentioned(output.get(text_of(options, "mentioned", "mentioned")))
    reasons = tuple(_problems(query, mentioned, _asked(subject)))
    return Vote(
        verifier="check:query",
        accepts=not reasons,
        reasons=reasons,
        checked="that the query's conditions are those of the question",
    )


def _problems(query: str, mentioned: Mapping[str, str], asked: str) -> Iterator[str]:
    literals = [text.replace("''", "'").strip("%").strip() for text in _TEXT.findall(query)]
    for column, value in mentioned.items():
        if not any(text and text.casefold() in value.casefold() for text in literals):
            yield f"{column} must be '{value}'"
    for text in dict.fromkeys(literals):
        if not text or _DATE.fullmatch(text):
            continue
        known = any(text.casefold() in value.casefold() for value in mentioned.values())
        if not known and not re.search(rf"\b{re.escape(text)}", asked, re.IGNORECASE):
            yield f"nobody asked for '{text}'"
    numbers = dict.fromkeys(_NUMBER.findall(_TEXT.sub("''", query)))
    for number in numbers:
        if number not in _HARMLESS and not re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", asked):
            yield f"the number {number} comes from nowhere"


def _asked(subject: Subject) -> str:
    texts = [text for piece in subject.of_kinds(("task", "input", "step")) for _, text in texts_in(piece.content)]
    return "\n".join([subject.instruction, *texts])


def _mentioned(value: JSON) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {column: named for column, named in value.items() if isinstance(named, str)}

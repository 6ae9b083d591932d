"""The `sources` check: what the output cites exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.verdict import Vote
from agentcore.verification.evidence import Evidence, numbered
from agentcore.verification.options import KINDS, Option, count_of, flag_of, texts_of
from agentcore.verification.subject import Subject
from agentcore.verification.walk import Located, at_field, at_key, nodes, texts_in

OPTIONS = (
    Option(name="field", kind="texts", meaning="fields that cite (default: every key `sources` or `citations`)"),
    Option(name="min", kind="count", meaning="how many different sources must be cited (default: 1)"),
    Option(
        name="marks", kind="flag", meaning="marks in the text, such as [1] or [pricing.md], cite too (default: true)"
    ),
    KINDS,
)

CITATION_KEYS = frozenset({"sources", "citations"})
NAMING_KEYS = ("id", "source")

_MARK = re.compile(r"\[([^\[\]\n]{1,80})\](?!\()")
_INDEXES = re.compile(r"\d{1,3}(?:\s*[,;]\s*\d{1,3})*")


def check(subject: Subject, options: JSONObject) -> Vote:
    """Reject citations of what is not in the evidence, and too few citations.

    A source is cited by its id, or by its number from 1: among the objects with an id inside the evidence if there are
    any, otherwise among the pieces of evidence.
    """
    evidence = subject.of_kinds(texts_of(options, "kinds"))
    inner = [passage.id for piece in evidence for passage in numbered(piece)]
    order = inner or [piece.id for piece in evidence]
    names = {*inner, *(piece.id for piece in evidence)}
    cited: set[str] = set()
    unknown: list[str] = []
    for name in _cited(subject, options, names):
        resolved = _resolve(name, names, order)
        if resolved is None:
            unknown.append(name)
        else:
            cited.add(resolved)
    at_least = count_of(options, "min", 1)
    reasons: list[str] = []
    if unknown:
        listed = ", ".join(dict.fromkeys(unknown))
        reasons.append(f"cited but not in the evidence: {listed}; there {_what_exists(evidence, inner)}")
    if len(cited) < at_least:
        reasons.append(
            f"{len(cited)} sources are cited where at least {at_least} must be; there {_what_exists(evidence, inner)}"
        )
    if not reasons and not cited:
        return Vote(verifier="check:sources", accepts=None, reasons=("the output cites nothing",))
    return Vote(
        verifier="check:sources",
        accepts=not reasons,
        reasons=tuple(reasons),
        checked=f"that {len(cited) + len(set(unknown))} cited sources exist",
    )


def _cited(subject: Subject, options: JSONObject, names: set[str]) -> Iterator[str]:
    fields = texts_of(options, "field")
    if fields:
        found: Sequence[Located] = [located for field in fields for located in at_field(subject.output, field)]
    else:
        found = at_key(subject.output, CITATION_KEYS)
    for _, value in found:
        yield from _names(value)
    if flag_of(options, "marks", default=True):
        for _, text in texts_in(subject.output):
            for match in _MARK.finditer(text):
                if match[1] in names:
                    yield match[1]
                elif _INDEXES.fullmatch(match[1]):
                    yield from re.split(r"\s*[,;]\s*", match[1])


def _names(value: JSON) -> Iterator[str]:
    """Yield the ids in a citing value: itself, the items of an array, `id` or `source` of an object."""
    match value:
        case bool() | None:
            return
        case str() | int():
            yield str(value).strip().removeprefix("[").removesuffix("]")
        case dict():
            name = next((value[key] for key in NAMING_KEYS if key in value), None)
            yield from _names(name)
        case list() | tuple():
            for item in value:
                yield from _names(item)
        case _:
            yield from (str(node) for _, node in nodes(value) if isinstance(node, str | int))


def _resolve(name: str, names: set[str], order: Sequence[str]) -> str | None:
    """Return the id that is meant, or None."""
    if name in names:
        return name
    if name.isdecimal() and 1 <= int(name) <= len(order):
        return order[int(name) - 1]
    return None


def _what_exists(evidence: Sequence[Evidence], inner: Sequence[str]) -> str:
    names = list(dict.fromkeys(inner or [piece.id for piece in evidence]))
    if not names:
        return "is no evidence to cite"
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"is {', '.join(names[:12])}{more}"

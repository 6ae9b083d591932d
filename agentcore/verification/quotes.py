"""The `quotes` check: what the output presents as a quotation stands in the evidence, word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.verdict import Vote
from agentcore.verification.evidence import Passage, passages
from agentcore.verification.options import KINDS, Option, count_of, flag_of, text_of, texts_of
from agentcore.verification.subject import Subject
from agentcore.verification.walk import at_field, at_key, nodes, texts_in

OPTIONS = (
    Option(name="field", kind="texts", meaning="fields that hold quotes (default: every key `quote` or `quotes`)"),
    Option(
        name="source_field",
        kind="text",
        meaning="key beside each quote that names the passage it must stand in (default: any passage will do)",
    ),
    Option(
        name="free_text",
        kind="flag",
        meaning="text in double quotation marks counts as a quote, from three words on (default: false)",
    ),
    Option(name="min", kind="count", meaning="how many quotes there must be (default: 0)"),
    KINDS,
)

QUOTE_KEYS = frozenset({"quote", "quotes"})

_SAME = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032`\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        "\u00ad": None,
        "\u200b": None,
    }
)
_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:\.{3}|\u2026)\s*\]|\.{3,}|\u2026)\s*")
_QUOTED = re.compile(r'"([^"\n]{8,2000})"|\u201c([^\u201d\n]{8,2000})\u201d')
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_SENTENCES = 2_000
"""How many sentences are compared when the nearest one is looked for."""


def check(subject: Subject, options: JSONObject) -> Vote:
    """Reject quotes that the evidence does not contain. Abstains when there are none and none is asked for.

    Differences in white space, typographic quotation marks and dashes do not count; `…` stands for left-out words.
    """
    source_field = text_of(options, "source_field")
    citable = passages(subject.of_kinds(texts_of(options, "kinds")))
    quotes = list(_quotes(subject.output, texts_of(options, "field"), source_field))
    if flag_of(options, "free_text", default=False):
        quotes += [(text, None) for text in _in_free_text(subject.output)]
    at_least = count_of(options, "min", 0)
    if len(quotes) < at_least:
        return Vote(
            verifier="check:quotes",
            accepts=False,
            reasons=(f"{len(quotes)} quotes where at least {at_least} must be given, word for word",),
            checked="that there are quotes",
        )
    if not quotes:
        return Vote(verifier="check:quotes", accepts=None, reasons=("the output quotes nothing",))
    reasons = [reason for quote, source in quotes if (reason := _wrong(quote, source, source_field, citable))]
    return Vote(
        verifier="check:quotes",
        accepts=not reasons,
        reasons=tuple(reasons),
        checked=f"{len(quotes)} quote{'s' if len(quotes) > 1 else ''}, word for word",
    )


def normal(text: str) -> str:
    """Return the text with single spaces, plain quotation marks and plain dashes."""
    return " ".join(text.translate(_SAME).split())


def _quotes(output: JSON, fields: Sequence[str], source_field: str) -> Iterator[tuple[str, JSON]]:
    """Yield every quote with the value beside it that names its source."""
    if fields:
        found = [located for field in fields for located in at_field(output, field)]
    else:
        found = list(at_key(output, QUOTE_KEYS))
    beside = dict(nodes(output)) if source_field else {}
    for path, value in found:
        for here, node in nodes(value, path):
            if isinstance(node, str):
                holder = beside.get(here.rsplit(".", 1)[0])
                yield node, holder.get(source_field) if isinstance(holder, Mapping) else None


def _in_free_text(output: JSON) -> Iterator[str]:
    for _, text in texts_in(output):
        for match in _QUOTED.finditer(text):
            quoted = match[1] or match[2]
            if len(quoted.split()) >= 3:
                yield quoted


def _wrong(quote: str, source: JSON, source_field: str, citable: Sequence[Passage]) -> str | None:
    """Return why the quote is not accepted, or None."""
    parts = [part for part in _ELLIPSIS.split(normal(quote).strip("\"' ")) if part]
    if not parts:
        return "a quote is empty"
    where = citable
    if source_field:
        if not isinstance(source, str | int):
            return f"the quote {_shown(quote)} does not name its passage in {source_field}"
        where = [passage for passage in citable if passage.id == str(source)]
        if not where:
            return f"the quote {_shown(quote)} names the passage {source}, which does not exist"
    if any(_stands_in(parts, normal(text)) for passage in where for text in passage.texts):
        return None
    place = f"in the passage {source}" if source_field else "in the evidence"
    near = _nearest(quote, where)
    hint = f"; the nearest sentence there is: {_shown(near)}" if near else ""
    return f"the quote {_shown(quote)} does not stand {place} word for word{hint}"


def _stands_in(parts: Sequence[str], text: str) -> bool:
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _nearest(quote: str, where: Sequence[Passage]) -> str:
    """Return the sentence that shares the largest part of its words with the quote; empty when none shares a third."""
    wanted = _words(quote)
    best, most = "", 1 / 3
    sentences = (part for passage in where for text in passage.texts for part in _SENTENCE_END.split(text))
    for _, sentence in zip(range(_SENTENCES), sentences, strict=False):
        words = _words(sentence)
        share = len(wanted & words) / len(wanted | words) if wanted | words else 0.0
        if share > most:
            best, most = sentence.strip(), share
    return best


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", normal(text).casefold()))


def _shown(text: str) -> str:
    one_line = " ".join(text.split())
    return f"“{one_line}”" if len(one_line) <= 200 else f"“{one_line[:160]} … {one_line[-30:]}”"

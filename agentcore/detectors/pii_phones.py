"""Telephone numbers: PHONE_NUMBER.

With a country's prefix, in the North American form, with an area in brackets or after a zero they are found by their
shape. Other groups of digits, such as `9469 9966`, are only found beside a word that says so: prices and identifiers
look the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from agentcore.detectors.pii_context import Context, Topic
from agentcore.detectors.pii_find import DOUBT, LIKELY, POSSIBLE, VALID, WEAK, Find

_BY: Final = "[ .\\-/\u00a0\u2010-\u2013\u202f]"
_EXTENSION: Final = r"(?:,? ?(?:x|ext\.?|extension|#) ?\d{1,6})?+"
_END: Final = r"(?![^\W_]|[.,-]\d|:\d)"
_GROUPS: Final = rf"(?:(?:{_BY}| - )\d{{1,12}}+|(?:{_BY})?\(\d{{1,5}}\)(?:{_BY})?\d{{1,12}}+)"

_FORMS: Final = (
    # +41 (0)38 549 02 90, (+44) 7700 900123, +447700677662, 0046 8 123 456, 011 44 …
    (
        VALID,
        re.compile(rf"(?:\(?\+ ?\d{{1,15}}+\)?|(?:00|011[ -])[1-9]\d{{0,13}}+){_GROUPS}{{0,7}}+{_EXTENSION}{_END}"),
    ),
    # (579)888-3058, 1-800-555-0199, 001-518-640-0854, 463-612-6138x036, 930.167.3943
    (
        LIKELY,
        re.compile(
            rf"(?:\+?(?:00)?1{_BY}?)?+(?:\([2-9]\d\d\) ?-? ?|[2-9]\d\d(?P<by>{_BY}))\d{{3}}(?(by)(?P=by)|{_BY})\d{{4}}"
            rf"{_EXTENSION}{_END}"
        ),
    ),
    # (03) 9123 4567, (0341) 8387176, 8 (920) 346-67-82
    (LIKELY, re.compile(rf"(?:[18] )?+\(0?\d{{1,4}}\){_BY}?\d{{2,10}}+(?:{_BY}\d{{2,8}}+){{0,4}}+{_EXTENSION}{_END}")),
    # 0699 868 88 55, 0961-7596216, 01 23 45 67 89
    (POSSIBLE, re.compile(rf"0\d{{1,4}}+(?:{_BY}\d{{2,8}}+){{1,5}}+{_EXTENSION}{_END}")),
    # 9469 9966, 451 5986, 5403926876: with a word beside it
    (WEAK, re.compile(rf"\d{{1,12}}+(?:{_BY}\d{{1,8}}+){{0,5}}+{_EXTENSION}{_END}")),
)
_START: Final = re.compile(r"(?<![\w+])(?<!\d[.,:-])(?:\(?\+ ?\(?|\()?+\d")
_OTHER: Final = re.compile(
    r"(?:1[5-9]|20)\d\d[-\u2013](?:1[5-9]|20)\d\d$|\d{4}[-./]\d{1,2}[-./]\d{1,2}(?!\d)|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d(?!\d)|\d{3}-\d\d-\d{4}$"
)
_ZIP_PLUS_4: Final = re.compile(r"\d{5}-\d{4}")
# Years, days and US social security numbers; decimals and thousands, binary and round numbers
_PLAIN: Final = re.compile(r"[01]+$|[1-9]\d*0{5,}$|(?!\d{4}\.\d{4}$)\d+\.\d+$|\d{1,3}(?:\.\d{3})+$")
_MONEY_BEFORE: Final = re.compile(r"[$€£¥₹]\s?$|(?:USD|EUR|GBP|CHF|Rs\.?)\s?$")
_MONEY_AFTER: Final = re.compile(r"\s?(?:[$€£¥₹%°]|(?i:usd|eur|euros?|dollars?|pounds|kr|kg|km|ms|mb|gb|kb|px)\b)")
_FEWEST: Final = {VALID: 7, LIKELY: 8, POSSIBLE: 9, WEAK: 7}
"""The digits that a number of each form has at least."""
_TOPICS: Final = (Topic.PHONE, Topic.CALL)
_CALL: Final = re.compile(
    r"(?i:\b(?:call|dial|ring|text|reach|contact|answering|messages)\b)"
    r"(?:[\s:,]{1,2}(?i:me|us|him|her|them|back|now|at|on|to|number|under)\b){0,4}[\s:#]{0,3}$"
)
_DIGITS: Final = re.compile(r"\d")


def phones(text: str, context: Context) -> Iterator[Find]:
    """Yield the telephone numbers in a text."""
    end = 0
    for begun in _START.finditer(text):
        start = begun.start()
        if start < end:
            continue
        for score, pattern in _FORMS:
            found = pattern.match(text, start)
            if found is not None and (sure := _score(text, found, score, context)) > 0:
                end = found.end()
                yield Find(sure, start, end, "PHONE_NUMBER")
                break


def _score(text: str, found: re.Match[str], form: float, context: Context) -> float:
    """Return how sure a number of some form is; 0 when it is none."""
    written = found.group()
    count = len(_DIGITS.findall(re.split(r"[x#e]", written, maxsplit=1)[0]))
    if not (_FEWEST[form] <= count <= 15) or _OTHER.match(written):
        return 0.0
    if form < VALID and (_MONEY_BEFORE.search(text[max(0, found.start() - 5) : found.start()])):
        return 0.0
    if form < LIKELY and (_MONEY_AFTER.match(text, found.end()) or _PLAIN.match(written)):
        return 0.0
    if form == POSSIBLE and _ZIP_PLUS_4.fullmatch(written):
        form = WEAK
    near = context.near(found.start(), found.end())
    if near.has(Topic.PHONE) or near.has(Topic.CALL):
        if form > WEAK:
            return VALID
        if count < 9 and written.isdecimal() and not near.has(Topic.PHONE) and not _directly(text, found.start()):
            return 0.0
        return LIKELY if near.before in _TOPICS else POSSIBLE
    return form if near.before is None else max(form - DOUBT, 0.0)


def _directly(text: str, start: int) -> bool:
    """Tell whether a number is what one calls: a few digits near `call` may be anything."""
    return _CALL.search(text, max(0, start - 40), start) is not None

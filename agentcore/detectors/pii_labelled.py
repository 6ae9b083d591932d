"""What only a word beside it makes personal data: licences, passports, accounts, postal codes, dates of birth.

| type | what follows its word |
| --- | --- |
| US_DRIVER_LICENSE | digits, with letters or not, in the forms of the states; the word needs `driver` or `DL` |
| US_PASSPORT, PASSPORT | 9 digits, or a letter and 8; what other countries have |
| US_BANK_NUMBER | 8 to 17 digits |
| US_ROUTING_NUMBER | 9 digits with the check digit of the American Bankers Association |
| ZIP_CODE | the postal codes of most countries |
| DATE_TIME | a day, in digits or with the month's name |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from agentcore.detectors.pii_context import Context, Topic
from agentcore.detectors.pii_find import CERTAIN, LIKELY, VALID, Find
from agentcore.detectors.pii_persons import us_routing

_LINK: Final = (
    r"(?:['\u2019]s)?+(?:[\s_-]{1,2}(?:code|codes|number|numbers|num|no|nr|id|card|is|was|be|are|the|it|my|our|your|his"
    r"|her|for|of|to|from|with|now|still|here|license|licence|permit|ending|in|nummer|número|numéro|est|ist|es|è|é|new|old"
    r"|valid|bank|checking|savings|account|us|u\.s\.|state|[A-Z]{2})\b\.?+){0,5}"
    r"(?:[\s:=#\"'*_(),.-]|->){1,5}"
)
"""What may stand between a word and its number."""

_MONTH: Final = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR: Final = r"(?:1[89]|20)\d\d"
_DATE: Final = re.compile(
    rf"(?<!\d)(?:{_YEAR}[-./]\d\d?[-./]\d\d?|\d\d?[-./ ]\d\d?[-./ ](?:{_YEAR}|\d\d)"
    rf"|\d\d?(?:st|nd|rd|th|\.)? (?:of )?{_MONTH}\.?,? {_YEAR}|{_MONTH}\.? \d\d?(?:st|nd|rd|th)?,? {_YEAR}"
    rf"|\d\d?-{_MONTH}-(?:{_YEAR}|\d\d))(?!\d)",
    re.IGNORECASE,
)

_LICENCE: Final = re.compile(
    _LINK
    + r"(?P<value>[A-Z]{0,6}[ -]?\d[A-Z\d]*+(?:[ -][A-Z\d]*\d[A-Z\d]*+){0,4}|[A-Z]{1,7}[*\d][A-Z\d*]{4,11})(?!\w)",
    re.IGNORECASE,
)
_PASSPORT: Final = re.compile(
    _LINK + r"(?P<value>[A-Z]{0,2}\d{6,9}[A-Z]?|[A-Z]{1,3}\d[A-Z\d]{5,8})(?!\w)", re.IGNORECASE
)
_ACCOUNT: Final = re.compile(_LINK + r"(?P<value>\d{8,17}|\d{3,6}(?:[ -]\d{3,6}){1,3})(?![\w-]|\.\d)", re.IGNORECASE)
_ROUTING: Final = re.compile(_LINK + r"(?P<value>\d{9})(?!\w)", re.IGNORECASE)
_ZIP: Final = re.compile(
    _LINK + r"(?P<value>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z][ -]?\d[A-Z]\d|\d{5}[- ]\d{3,4}"
    r"|\d{4} ?[A-Z]{2}|\d{3} \d{2}|\d\d-\d{3}|[A-Z]{1,2}-\d{4,5}|\d{3,7})(?![\w-])",
    re.IGNORECASE,
)
_DRIVER: Final = re.compile(r"driv\w*[\u2019']?s?[\s_-]{0,2}$|dl\s?$", re.IGNORECASE)
_US_PASSPORT: Final = re.compile(r"[A-Za-z]?\d{8}|\d{9}")
_SHORT_LICENCE: Final = frozenset(("dl", "dln", "driverlicense", "driverslicense", "führerscheinnummer", "rijbewijs"))
_REACH: Final = 60


def labelled(text: str, context: Context) -> Iterator[Find]:
    """Yield what follows a word that says what it is."""
    for topic, start, end in context.words():
        match topic:
            case Topic.LICENCE:
                yield from _licence(text, start, end)
            case Topic.PASSPORT:
                for found in _value(_PASSPORT, text, end):
                    type = "US_PASSPORT" if _US_PASSPORT.fullmatch(found["value"]) else "PASSPORT"
                    yield _find(VALID, found, type)
            case Topic.BANK:
                for found in _value(_ACCOUNT, text, end):
                    if 8 <= sum(character.isdecimal() for character in found["value"]) <= 17:
                        yield _find(LIKELY, found, "US_BANK_NUMBER")
            case Topic.ROUTING:
                for found in _value(_ROUTING, text, end):
                    if us_routing(found["value"]):
                        yield _find(CERTAIN, found, "US_ROUTING_NUMBER")
            case Topic.ZIP:
                for found in _value(_ZIP, text, end):
                    yield _find(VALID, found, "ZIP_CODE")
            case Topic.BIRTH:
                for date in _DATE.finditer(text, end, end + _REACH):
                    yield Find(VALID, date.start(), date.end(), "DATE_TIME")
                    break
            case _:
                pass


def _licence(text: str, start: int, end: int) -> Iterator[Find]:
    sure = text[start:end].lower() in _SHORT_LICENCE or _DRIVER.search(text, max(0, start - 12), start)
    for found in _value(_LICENCE, text, end) if sure else ():
        digits = sum(character.isdecimal() for character in found["value"])
        if digits > 3 or (digits == 3 and len(found["value"]) == 12):  # 12 in Washington, with few digits
            yield _find(VALID, found, "US_DRIVER_LICENSE")


def _value(pattern: re.Pattern[str], text: str, place: int) -> Iterator[re.Match[str]]:
    found = pattern.match(text, place, place + 100)
    if found is not None:
        yield found


def _find(score: float, found: re.Match[str], type: str) -> Find:
    return Find(score, found.start("value"), found.end("value"), type)

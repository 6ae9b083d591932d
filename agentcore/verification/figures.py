"""Figures: the numbers, dates and times of day that a text states, read as people write them.

Read: `1,234.50`, `1.234,50`, `1'234`, `12 345`, `12,5`, `1.5e6`, `15 %`, `$3.2 million`, `10k`, `3rd`, `2026-08-03`,
`3 August 2026`, `8/3/2026`, `14:30`. A figure with more than one possible reading keeps them all. Not figures:
identifiers (`A-1001`, `v2.3.1`, `#12`), citation marks (`[1]`), numbered lists, addresses of pages and mail.
Signs are dropped: a sentence carries them in words as often ("fell by 5").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

CURRENCIES = "USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|BRL|MXN|ZAR|KRW|SGD|HKD|TRY"

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

Day = tuple[int | None, int | None, int | None]
"""Year, month and day, as far as they are stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number. readings: each a tuple of magnitudes that are stated together, mostly one."""

    text: str
    readings: tuple[tuple[Decimal, ...], ...]
    percent: bool = False
    ordinal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFigure:
    """A date. readings: more than one when day and month could be either way round."""

    text: str
    readings: tuple[Day, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFigure:
    """A time of day, 0 to 24 hours."""

    text: str
    hour: int
    minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that one text states. words: numbers written out, one to twelve."""

    numbers: tuple[Figure, ...]
    dates: tuple[DateFigure, ...]
    times: tuple[TimeFigure, ...]
    words: tuple[Figure, ...]


_LETTER = "A-Za-zÀ-ɏͰ-ϿЀ-ӿ"  # scripts with cases; a number may stand right after a Chinese character
_MONTH = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))

_NOT_FIGURES = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # UUIDs
    r"|\b\w+://\S+|\bwww\.\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"
    r"|\[\d{1,3}(?:\s*[,;-]\s*\d{1,3})*\]"
    r"|[#№]\s?\d+"
)
_SIGNS_OF_NO_FIGURE = ("[", "#", "№", "@", "://", "www.", "-")
_NUMBERING = re.compile(r"^[ \t]*\(?\d{1,2}[.)][ \t]+(?=\S)", re.MULTILINE)
_DIGIT = re.compile(r"\d")
_YEAR = re.compile(r"\d{4}")
_MONTHS = re.compile("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec")
_ISO = re.compile(
    r"(?<![\w-])(\d{4})-(\d{2})(?:-(\d{2}))?(?![\d-])"
    r"(?:[T ](\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_DAY_MONTH = re.compile(
    rf"(?<![\w.])(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH}(?:,?\s+(?P<year>\d{{4}}))?"
)
_MONTH_DAY = re.compile(
    rf"\b{_MONTH}\s+(?:the\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|[.,]\d)(?:,?\s+(?P<year>\d{{4}})(?!\d))?"
)
_MONTH_YEAR = re.compile(rf"\b{_MONTH},?\s+(?P<year>\d{{4}})(?!\d)")
_NUMERIC_DATE = re.compile(r"(?<![\w./-])(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?![\w/-])")
_YEAR_FIRST = re.compile(r"(?<![\w./-])(\d{4})/(\d{1,2})/(\d{1,2})(?![\w/-])")
_TIME = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?![\d:])(?:\s?([AaPp])\.?[Mm]\b)?")
_IDENTIFIER = re.compile(rf"(?<!\w)(?!(?:{CURRENCIES})-?\d)[{_LETTER}_]\w*(?:(?:[-/]|(?<=\d)\.)\w+)*")
_LEADING_DIGITS_IDENTIFIER = re.compile(
    rf"(?=\d)(?<![\w.,])\d+(?:(?![eE][+-]?\d+\b)[{_LETTER}_]+\d\w*|(?:\.\d+){{2,}}\b)"
)
_EUROPEAN_MILLIONS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}(?!\.?\d)")
_NUMBER = re.compile(
    r"(?=[.\d])(?<!\d)(?P<digits>"
    r"\d{1,3}(?: \d{3}){1,6}(?!\d)(?:[.,]\d+(?![.,]?\d))?"
    r"|\d{1,3}(?:['\u2019\u00a0\u202f\u2009]\d{3})+(?!\d)(?:[.,]\d+)?"
    r"|\d{1,3}(?:\.\d{3})+,\d+(?![.,]?\d)"
    r"|\d{1,3}(?:\.\d{3}){2,}(?![.,]?\d)"
    r"|(?!0,)\d{1,3}(?:,\d{2,3}){0,8},\d{3}(?!,?\d)(?:\.\d+)?"
    r"|\d+(?:,\d+)+(?:\.\d+)?"
    r"|(?<!\w)\.\d+|\d+(?:\.\d+)?"
    r")(?P<exponent>[eE][+-]?\d{1,3}(?!\w))?"
    r"(?P<ordinal>(?:st|nd|rd|th)\b)?"
    r"(?P<after>\s?(?:%|\uff05|percent\b|per\s?cent\b|pct\b|percentage\b)"
    r"|\s?(?:thousand|million|billion|trillion|mio|mn|bn|tn|k|K|M|B|m)\b)?"
)
_WORD = re.compile(rf"\b(?:{'|'.join(WORDS)})\b", re.IGNORECASE)

_SCALES = {
    "thousand": 3, "k": 3, "K": 3, "million": 6, "mio": 6, "mn": 6, "M": 6, "m": 6,
    "billion": 9, "bn": 9, "B": 9, "trillion": 12, "tn": 12,
}  # fmt: skip


def figures_in(text: str) -> Figures:
    """Return what the text states, in the order of the kinds, not of the places."""
    reading = _Reading(text.translate(_DASHES))
    if not _DIGIT.search(reading.rest):
        return Figures(numbers=(), dates=(), times=(), words=_words(reading.rest))
    reading.take_all()
    return Figures(
        numbers=tuple(_figure(match) for match in _NUMBER.finditer(reading.rest)),
        dates=tuple(reading.dates),
        times=tuple(reading.times),
        words=_words(reading.rest),
    )


class _Reading:
    """A text from which one form after the other is taken. rest: what is left, the rest blotted out."""

    def __init__(self, text: str) -> None:
        self.rest = text
        self.dates: list[DateFigure] = []
        self.times: list[TimeFigure] = []

    def take_all(self) -> None:
        """Take everything but plain numbers. Most texts hold few of these forms.

        Asking for a sign of one is cheaper than looking for it everywhere.
        """
        if any(sign in self.rest for sign in _SIGNS_OF_NO_FIGURE):
            self._take(_NOT_FIGURES, lambda _: True)
        self._take(_NUMBERING, lambda _: True)
        has_year = _YEAR.search(self.rest) is not None
        if has_year:
            self._take(_ISO, self._iso)
        if _MONTHS.search(self.rest):
            for pattern in (_DAY_MONTH, _MONTH_DAY, _MONTH_YEAR):
                self._take(pattern, self._named)
        if has_year:
            self._take(_NUMERIC_DATE, self._numeric)
            self._take(_YEAR_FIRST, lambda match: self._date([(int(match[1]), int(match[2]), int(match[3]))], match))
        if ":" in self.rest:
            self._take(_TIME, self._time)
        self._take(_IDENTIFIER, lambda match: any(char.isdigit() for char in match[0]))
        self._take(_LEADING_DIGITS_IDENTIFIER, lambda match: not _EUROPEAN_MILLIONS.fullmatch(match[0]))

    def _take(self, pattern: re.Pattern[str], read: Callable[[re.Match[str]], bool]) -> None:
        """Blot out each match that `read` says it has understood."""
        self.rest = pattern.sub(lambda match: "\0" * len(match[0]) if read(match) else match[0], self.rest)

    def _date(self, readings: list[Day], match: re.Match[str]) -> bool:
        valid = tuple(dict.fromkeys(day for day in readings if _is_day(day)))
        if valid:
            self.dates.append(DateFigure(text=match[0].strip(), readings=valid))
        return bool(valid)

    def _iso(self, match: re.Match[str]) -> bool:
        year, month, day, hour, minute = match.groups()
        found = self._date([(int(year), int(month), int(day) if day else None)], match)
        if found and hour and int(hour) <= 24 and int(minute) < 60:
            self.times.append(TimeFigure(text=f"{hour}:{minute}", hour=int(hour), minute=int(minute)))
        return found

    def _named(self, match: re.Match[str]) -> bool:
        parts = match.groupdict()
        month = MONTHS.index(match["month"][:3].lower()) + 1
        return self._date([(_int(parts.get("year")), month, _int(parts.get("day")))], match)

    def _numeric(self, match: re.Match[str]) -> bool:
        first, _, second, year = match.groups()
        return self._date([(int(year), int(second), int(first)), (int(year), int(first), int(second))], match)

    def _time(self, match: re.Match[str]) -> bool:
        hour, minute, half = int(match[1]), int(match[2]), (match[3] or "").lower()
        if hour > 24 or minute > 59:
            return False
        hour = hour % 12 + (12 if half == "p" else 0) if half else hour
        self.times.append(TimeFigure(text=match[0].strip(), hour=hour, minute=minute))
        return True


def _words(text: str) -> tuple[Figure, ...]:
    lower = text.lower()
    if not any(word in lower for word in WORDS):
        return ()
    return tuple(
        Figure(text=match[0], readings=((Decimal(WORDS.index(match[0].lower()) + 1),),))
        for match in _WORD.finditer(text)
    )


def _figure(match: re.Match[str]) -> Figure:
    digits, exponent = match["digits"], match["exponent"] or ""
    after = (match["after"] or "").strip()
    readings = _readings(digits)
    if exponent:
        readings = tuple(tuple(Decimal(f"{value:f}{exponent}") for value in values) for values in readings)
    scale = _SCALES.get(after)
    if scale is not None:
        scaled = tuple(tuple(value.scaleb(scale) for value in values) for values in readings)
        # "5 m" may be metres; a word is never a unit
        readings = scaled if len(after) > 2 else scaled + readings
    return Figure(
        text=match[0].strip(),
        readings=readings,
        percent=bool(after) and scale is None,
        ordinal=match["ordinal"] is not None,
    )


def _readings(digits: str) -> tuple[tuple[Decimal, ...], ...]:
    plain = re.sub(r"['\u2019\u00a0\u202f\u2009]", "", digits)
    if " " in plain:
        parts = plain.split(" ")
        together = (_decimal("".join(parts)),)
        return together, tuple(_decimal(part) for part in parts)
    if plain.count(",") == 1 and not re.fullmatch(r"[1-9]\d{0,2},\d{3}(?:\.\d+)?", plain) and plain.count(".") == 0:
        first, second = plain.split(",")
        return (Decimal(f"{first}.{second}"),), (Decimal(first), Decimal(second))
    if plain.count(",") > 1 and not re.fullmatch(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?", plain):
        return (tuple(Decimal(part) for part in plain.split(",")),)
    return ((_decimal(plain),),)


def _decimal(text: str) -> Decimal:
    comma, point = text.rfind(","), text.rfind(".")
    if comma > point:
        thousands = re.fullmatch(r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}", text)
        return Decimal(text.replace(",", "") if thousands else text.replace(".", "").replace(",", "."))
    if text.count(".") > 1:
        return Decimal(text.replace(".", ""))
    return Decimal(text.replace(",", ""))


def _int(digits: str | None) -> int | None:
    return int(digits) if digits else None


def _is_day(day: Day) -> bool:
    year, month, of_month = day
    return (
        (year is None or 1000 <= year <= 2999)
        and (month is None or 1 <= month <= 12)
        and (of_month is None or 1 <= of_month <= 31)
    )

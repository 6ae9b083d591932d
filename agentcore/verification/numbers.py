"""The `numbers` check: every figure in the output is in the evidence, or follows from it by a calculation shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.verdict import Vote
from agentcore.verification.arithmetic import Number
from agentcore.verification.equations import equations_in
from agentcore.verification.evidence import Evidence
from agentcore.verification.figures import DateFigure, Day, Figure, TimeFigure, figures_in
from agentcore.verification.options import KINDS, Option, flag_of, texts_of
from agentcore.verification.subject import Subject
from agentcore.verification.walk import Located, at_field, nodes

OPTIONS = (
    Option(name="field", kind="texts", meaning="look at these fields only (default: the whole output)"),
    Option(name="allow", kind="texts", meaning='numbers that need no evidence, e.g. ["1", "100"]'),
    Option(name="rounded", kind="flag", meaning="a figure may be one of the evidence, rounded (default: false)"),
    Option(name="words", kind="flag", meaning="numbers written as words, one to twelve, count too (default: false)"),
    Option(
        name="derived",
        kind="flag",
        meaning="a result may stand at the end of a correct calculation, shown, with known numbers (default: true)",
    ),
    KINDS,
)

CITING_KEYS = frozenset({"sources", "citations", "id"})
"""Values under these keys are names, not claims; the `sources` check looks at them."""

NEUTRAL = (Decimal(0), Decimal(1), Decimal(100))
"""May stand in a shown calculation without evidence: `1 - 15%`, `/ 100`."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the evidence states.

    values: numbers in JSON, with their sign.  stated: magnitudes in texts.  dates, times: in texts.
    """

    values: frozenset[Decimal]
    stated: frozenset[Decimal]
    dates: tuple[Day, ...]
    times: frozenset[tuple[int, int]]

    def has(self, magnitude: Decimal) -> bool:
        """Return whether a text may state this magnitude."""
        return magnitude in self.stated or magnitude in self.values or -magnitude in self.values

    def has_value(self, value: Decimal) -> bool:
        """Return whether a JSON number may have this value: its sign counts against other JSON numbers."""
        return value in self.values or abs(value) in self.stated

    def magnitudes(self) -> frozenset[Decimal]:
        """Return all of them, without signs."""
        return self.stated | {abs(value) for value in self.values}


def known_from(evidence: Iterable[Evidence]) -> Known:
    """Return every figure of the evidence; `15 %` is known as 15 and as 0.15."""
    values: set[Decimal] = set()
    stated: set[Decimal] = set()
    dates: list[Day] = []
    times: set[tuple[int, int]] = set()
    for piece in evidence:
        for _, node in nodes(piece.content):
            if isinstance(node, str):
                found = figures_in(node)
                for figure in (*found.numbers, *found.words):
                    for magnitude in (each for reading in figure.readings for each in reading):
                        stated.add(magnitude)
                        if figure.percent:
                            stated.add(magnitude.scaleb(-2))
                for each_date in found.dates:
                    dates.extend(each_date.readings)
                    stated.update(Decimal(year) for year, _, _ in each_date.readings if year is not None)
                times.update((each_time.hour, each_time.minute) for each_time in found.times)
            else:
                values.update(_numbers_of(node))
    return Known(frozenset(values), frozenset(stated), tuple(dates), frozenset(times))


def check(subject: Subject, options: JSONObject) -> Vote:
    """Reject figures that the evidence does not state. Abstains when the output states none."""
    known = known_from(subject.of_kinds(texts_of(options, "kinds")))
    judge = _Judge(
        known=known,
        allowed=frozenset(Decimal(text.rstrip("%")) for text in texts_of(options, "allow")),
        rounded=flag_of(options, "rounded", default=False),
        words=flag_of(options, "words", default=False),
        derived=flag_of(options, "derived", default=True),
    )
    looked_at = 0
    missing: list[str] = []
    for path, node in _claims(subject.output, texts_of(options, "field")):
        count, unknown = judge.judge(path, node)
        looked_at += count
        missing.extend(unknown)
    if not looked_at:
        return Vote(verifier="check:numbers", accepts=None, reasons=("the output states no numbers",))
    checked = f"{looked_at} figure{'s' if looked_at > 1 else ''} of the output against the evidence"
    if missing:
        return Vote(verifier="check:numbers", accepts=False, reasons=_sentences(missing, known=known), checked=checked)
    return Vote(verifier="check:numbers", accepts=True, checked=checked)


def problems(options: JSONObject) -> tuple[str, ...]:
    """Return what is wrong with the values of the options, beyond their form."""
    return tuple(
        f"option allow holds {text!r}, which is not a number"
        for text in texts_of(options, "allow")
        if not _is_number(text.rstrip("%"))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    known: Known
    allowed: frozenset[Decimal]
    rounded: bool
    words: bool
    derived: bool

    def judge(self, path: str, node: JSON) -> tuple[int, list[str]]:
        """Return how many figures there are, and those without evidence, as text."""
        if isinstance(node, str):
            return self._text(node)
        numbers = _numbers_of(node)
        if not numbers:
            return 0, []
        percent = any(word in path.rsplit(".", 1)[-1].lower() for word in ("percent", "pct"))
        if any(self._value(number, percent=percent) for number in numbers):
            return 1, []
        return 1, [f"{node} (at {path})"]

    def _text(self, text: str) -> tuple[int, list[str]]:
        found = figures_in(text)
        results = self._shown_results(text) if self.derived else frozenset[Decimal]()
        numbers = (*found.numbers, *found.words) if self.words else found.numbers
        missing = [
            figure.text
            for figure in numbers
            if not any(all(self._magnitude(each, figure, results) for each in reading) for reading in figure.readings)
        ]
        missing += [date.text for date in found.dates if not self._date(date)]
        missing += [time.text for time in found.times if not self._time(time)]
        return len(numbers) + len(found.dates) + len(found.times), missing

    def _magnitude(self, magnitude: Decimal, figure: Figure, results: frozenset[Decimal]) -> bool:
        if magnitude in self.allowed or magnitude in results or self.known.has(magnitude):
            return True
        if figure.percent and (self.known.has(magnitude.scaleb(-2)) or magnitude.scaleb(-2) in results):
            return True
        if figure.ordinal and any(day == magnitude for _, _, day in self.known.dates):
            return True
        return self.rounded and self._is_rounded(magnitude, percent=figure.percent)

    def _value(self, value: Decimal, *, percent: bool) -> bool:
        if abs(value) in self.allowed or self.known.has_value(value):
            return True
        if percent and self.known.has_value(value.scaleb(-2)):
            return True
        return self.rounded and self._is_rounded(abs(value), percent=percent)

    def _is_rounded(self, magnitude: Decimal, *, percent: bool) -> bool:
        half = Decimal(5).scaleb(_exponent(magnitude) - 1)
        candidates = self.known.magnitudes()
        return any(abs(known - magnitude) <= half for known in candidates) or (
            percent and any(abs(known.scaleb(2) - magnitude) <= half for known in candidates)
        )

    def _date(self, claim: DateFigure) -> bool:
        return any(
            any(_agrees(reading, day) for day in self.known.dates)
            or all(self.known.has(Decimal(part)) for part in reading if part is not None)
            for reading in claim.readings
        )

    def _time(self, claim: TimeFigure) -> bool:
        return (claim.hour, claim.minute) in self.known.times or (
            self.known.has(Decimal(claim.hour)) and self.known.has(Decimal(claim.minute))
        )

    def _shown_results(self, text: str) -> frozenset[Decimal]:
        """Return what stands in correct calculations whose operands are known, neutral, or such results themselves."""
        results: set[Decimal] = set()
        for equation in equations_in(text):
            if equation.holds and all(self._operand(number, results) for number in equation.operands):
                results.add(abs(equation.claimed))
                results.update(number.value for number in equation.operands)
        return frozenset(results)

    def _operand(self, number: Number, results: set[Decimal]) -> bool:
        forms = (number.value, number.value.scaleb(2)) if number.percent else (number.value,)
        return any(
            form in NEUTRAL or form in results or form in self.allowed or self.known.has(form) for form in forms
        )


def _claims(output: JSON, fields: Sequence[str]) -> Iterable[Located]:
    roots = [found for field in fields for found in at_field(output, field)] if fields else [("$", output)]
    for path, root in roots:
        for here, node in nodes(root, path):
            inside = here[len(path) :].replace("[", ".").split(".")
            if not CITING_KEYS.intersection(inside):
                yield here, node


def _numbers_of(node: JSON) -> tuple[Decimal, ...]:
    """Return a JSON number as it is written, and without the noise of binary floating point."""
    if isinstance(node, bool) or not isinstance(node, int | float):
        return ()
    exact = Decimal(str(node))
    if not exact.is_finite():
        return ()
    return (exact, Decimal(f"{node:.12g}")) if isinstance(node, float) else (exact,)


def _agrees(claim: Day, evidence: Day) -> bool:
    return all(part is None or part == known for part, known in zip(claim, evidence, strict=True))


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _sentences(missing: Sequence[str], *, known: Known) -> tuple[str, ...]:
    names = list(dict.fromkeys(missing))
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    what = f"not in the evidence: {', '.join(names[:10])}{more}"
    if not known.magnitudes() and not known.dates:
        return (f"{what}; the evidence states no numbers at all, so the output must not state any",)
    return (f"{what}; use only numbers that the evidence states",)

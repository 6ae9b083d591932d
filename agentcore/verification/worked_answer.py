"""What can be checked for free about a worked answer to a question with figures: evidence, no verdict.

A worked answer calculates in steps and ends with a number. Its calculations are computed again, its operands are
looked for in the question and in earlier results, and the question's figures in the calculations.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agentcore.verification.arithmetic import evaluate
from agentcore.verification.equations import equations_in

_NUMBER: Final = re.compile(r"(?<![\w.])-?\$?\d[\d,]*(?:\.\d+)?")
_ANNOTATED: Final = re.compile(r"<<([^<>=]*)=([^<>]*)>>")
_MARKED: Final = re.compile(r"####\s*(.*)")
_UNIT: Final = re.compile(r"(?<=\d)\s+[a-zA-Z][a-zA-Z/ \-]*?(?=\s*[-+*/=)])")
_TIMES: Final = re.compile(r"(?<=[\d)%])\s*x\s*(?=[$\d(])")
_UNKNOWN: Final = re.compile(r"\b[a-z]\b(?=\s*[-+=*/])|\blet\b|\bequation\b")
_HEDGE: Final = re.compile(
    r"however|but |not possible|cannot|assum|unknown|not (?:given|provided|enough)|approx|\u2248|mistake|sorry|round"
)
_QUESTION_WORDS: Final[Mapping[str, re.Pattern[str]]] = {
    "fractions": re.compile(r"\d/\d|%|percent|half|third|quarter"),
    "comparisons": re.compile(r"more than|less than|fewer|times as|older|younger|twice|half as"),
    "rates": re.compile(r"\beach\b|\bevery\b|\bper\b"),
    "changes": re.compile(r"left|remain|rest|after|before|another|other"),
    "totals": re.compile(r"total|altogether|combined|in all"),
    "conditions": re.compile(r"\bif\b"),
    "sentences": re.compile(r"[.?!]"),
}
_WORDS: Final[Mapping[str, float]] = {
    "one": 1.0,
    "two": 2.0,
    "three": 3.0,
    "four": 4.0,
    "five": 5.0,
    "six": 6.0,
    "seven": 7.0,
    "eight": 8.0,
    "nine": 9.0,
    "ten": 10.0,
    "eleven": 11.0,
    "twelve": 12.0,
    "twenty": 20.0,
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "hundred": 100.0,
    "thousand": 1000.0,
    "half": 0.5,
    "twice": 2.0,
    "double": 2.0,
    "couple": 2.0,
    "pair": 2.0,
    "third": 3.0,
    "triple": 3.0,
    "thrice": 3.0,
    "quarter": 4.0,
    "dozen": 12.0,
}
_COMMON: Final = frozenset({1.0, 2.0, 7.0, 12.0, 24.0, 30.0, 52.0, 60.0, 100.0, 365.0})
"""Operands that need no source: days, hours, months, per cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculation:
    """A calculation as written. operands: in order, without sign.  actual: what it gives.  claimed: as written."""

    operands: tuple[float, ...]
    actual: float
    claimed: float

    @property
    def holds(self) -> bool:
        """Whether the claim is right, but for rounding."""
        return nearly(self.actual, self.claimed)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedAnswer:
    """What could be read in an answer.

    final: the number that it ends with; None when it has no number.  marked: it is marked as the result.  annotated:
    calculations that the answer marks as such.  written: those in its prose.  numbers: all that it has.
    """

    text: str
    final: float | None
    marked: bool
    annotated: tuple[Calculation, ...]
    unreadable: int
    written: tuple[Calculation, ...]
    numbers: tuple[float, ...]


def read_worked_answer(text: str) -> WorkedAnswer:
    """Return what an answer has: calculations as `a * b = c` or `<<a*b=c>>`, and its result, marked by `####`."""
    annotated: list[Calculation] = []
    unreadable = 0
    for expression, claim in _ANNOTATED.findall(text):
        claimed = _numbers(claim)
        actual = _computed(expression)
        if actual is None or not claimed:
            unreadable += 1
            continue
        annotated.append(Calculation(operands=_operands(expression), actual=actual, claimed=claimed[-1]))
    prose = _ANNOTATED.sub("", text)
    marks = _MARKED.findall(text)
    ends = _numbers(marks[-1]) if marks else _numbers(prose)
    return WorkedAnswer(
        text=text,
        final=ends[-1] if ends else None,
        marked=bool(marks),
        annotated=tuple(annotated),
        unreadable=unreadable,
        written=_written(prose),
        numbers=tuple(_numbers(text)),
    )


def worked_evidence(question: str, answer: WorkedAnswer) -> dict[str, float]:
    """Return the evidence about one answer by name, all finite: of its calculations, its figures and its form."""
    asked = set(_numbers(question))
    lowered = question.lower()
    spoken = {_WORDS[word] for word in re.findall("[a-z]+", lowered) if word in _WORDS}
    calculations = (*answer.annotated, *answer.written)
    results = [each.claimed for each in calculations]
    operands = {operand for each in calculations for operand in each.operands}
    seen = operands | {abs(number) for number in answer.numbers}
    final = answer.final
    wrong = sum(not each.holds for each in answer.annotated)
    wrong_written = sum(not each.holds for each in answer.written)
    text = answer.text.strip()
    missing = _missing(asked, seen)
    return {
        "final_found": float(final is not None),
        "final_marked": float(answer.marked),
        "final_whole": float(final is not None and final == int(final)),
        "final_negative": float(final is not None and final < 0),
        "final_size": math.log1p(abs(final)) if final is not None else -1.0,
        "final_decimals": _decimals(final),
        "final_is_last_result": float(final is not None and bool(results) and nearly(results[-1], final)),
        "final_is_a_result": float(final is not None and any(nearly(result, final) for result in results)),
        "final_is_in_question": float(final is not None and any(nearly(final, number) for number in asked)),
        "annotated": _log(len(answer.annotated)),
        "written": _log(len(answer.written)),
        "unreadable": _log(answer.unreadable),
        "wrong_annotated": float(wrong),
        "wrong_written": float(wrong_written),
        "any_wrong": float(wrong + wrong_written > 0),
        "figures_missing": float(missing),
        "figures_missing_share": missing / max(1, len(asked)),
        "figures_not_calculated_with": float(_missing(asked, operands)),
        "words_missing": float(len(spoken - seen)),
        "operands_without_source": float(_without_source(answer.annotated, asked | spoken)),
        "results_not_used": float(_not_used(answer.annotated)),
        "steps_per_figure": len(answer.annotated) / max(1, len(asked) + len(spoken)),
        "results_not_whole": float(sum(each.claimed != int(each.claimed) for each in answer.annotated)),
        "results_negative": float(sum(each.claimed < 0 for each in answer.annotated)),
        "length": _log(len(text)),
        "length_ratio": len(text) / max(1, len(question)),
        "lines": _log(text.count("\n")),
        "cut": float(not answer.marked and not re.search(r"[.!]\s*$", text)),
        "unknowns": _log(len(_UNKNOWN.findall(text.lower()))),
        "hedges": _log(len(_HEDGE.findall(text.lower()))),
        "slashes": _log(text.count("/")),
        **question_evidence(question),
    }


def question_evidence(question: str) -> dict[str, float]:
    """Return the evidence about a question with figures, by name, before any answer."""
    lowered = question.lower()
    figures = _numbers(question)
    words = {f"question_{name}": _log(len(form.findall(lowered))) for name, form in _QUESTION_WORDS.items()}
    return {
        "question_length": _log(len(question)),
        "question_figures": _log(len(figures)),
        "question_figures_unlike": _log(len(set(figures))),
        "question_figures_in_words": _log(sum(word in _WORDS for word in re.findall("[a-z]+", lowered))),
        **words,
    }


_OF_EACH: Final = (
    "final_marked",
    "final_whole",
    "final_negative",
    "final_size",
    "final_decimals",
    "final_is_last_result",
    "final_is_a_result",
    "final_is_in_question",
    "annotated",
    "written",
    "wrong_written",
    "any_wrong",
    "figures_missing",
    "figures_not_calculated_with",
    "words_missing",
    "operands_without_source",
    "results_not_used",
    "length",
    "cut",
    "hedges",
)


def pair_evidence(question: str, one: WorkedAnswer, other: WorkedAnswer) -> dict[str, float]:
    """Return the evidence for choosing between two answers: of each, whether they agree, and who has whose result."""
    found = [worked_evidence(question, each) for each in (one, other)]
    return {
        **{f"one_{name}": found[0][name] for name in _OF_EACH},
        **{f"other_{name}": found[1][name] for name in _OF_EACH},
        "one_final_in_other": _times(one.final, other.numbers),
        "other_final_in_one": _times(other.final, one.numbers),
        "agree": float(agree(one, other)),
    }


def agree(one: WorkedAnswer, other: WorkedAnswer) -> bool:
    """Return whether two answers end with the same number."""
    return one.final is not None and other.final is not None and nearly(one.final, other.final)


def nearly(one: float, other: float) -> bool:
    """Return whether two numbers are the same but for rounding: within 0.6 %."""
    off = abs(one - other)
    return off <= 1e-6 or off <= 0.006 * abs(one) or off <= 0.006 * abs(other)


def _written(prose: str) -> tuple[Calculation, ...]:
    plain = _UNIT.sub("", _TIMES.sub(" * ", prose.replace("\\*", "*")))
    return tuple(
        Calculation(
            operands=tuple(abs(float(number.value)) * (100 if number.percent else 1) for number in each.operands),
            actual=float(each.actual),
            claimed=float(each.claimed),
        )
        for each in equations_in(plain)
    )


def _numbers(text: str) -> list[float]:
    return [float(found.replace(",", "").replace("$", "")) for found in _NUMBER.findall(text)]


def _operands(expression: str) -> tuple[float, ...]:
    return tuple(abs(number) for number in _numbers(re.sub(r"([-+*/()])", r" \1 ", expression)))


def _computed(expression: str) -> float | None:
    plain = expression.replace("$", "").replace(",", "").replace("\\", "").replace("x", "*").replace("\u00d7", "*")
    try:
        return float(evaluate(plain, {}))
    except ValueError:
        return None


def _missing(asked: Iterable[float], seen: set[float]) -> int:
    near = [scaled for number in seen for scaled in (number, number * 100, number / 100)]
    return sum(not any(nearly(figure, number) for number in near) for figure in asked)


def _without_source(calculations: Sequence[Calculation], asked: set[float]) -> int:
    known = asked | _COMMON
    count = 0
    for each in calculations:
        count += sum(
            not any(nearly(operand, number) or nearly(operand, number / 100) for number in known)
            for operand in each.operands
        )
        known = known | {each.claimed, each.actual}
    return count


def _not_used(calculations: Sequence[Calculation]) -> int:
    return sum(
        not any(nearly(each.claimed, operand) for later in calculations[at + 1 :] for operand in later.operands)
        for at, each in enumerate(calculations[:-1])
    )


def _times(number: float | None, among: Sequence[float]) -> float:
    return 0.0 if number is None else _log(sum(nearly(number, each) for each in among))


def _decimals(number: float | None) -> float:
    return 0.0 if number is None or number == int(number) else float(len(str(number).partition(".")[2]))


def _log(count: float) -> float:
    return math.log1p(count)

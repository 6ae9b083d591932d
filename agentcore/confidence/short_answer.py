"""Short final answers to reasoning tasks: a form in which equal answers are equal, and what their look says.

Three kinds: a number (`gsm`), a literal of Python (`crux`), and a result in LaTeX (`math-l5`). An answer of another
kind is compared as text.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from typing import Final

NUMBERS: Final = frozenset({"gsm"})
LITERALS: Final = frozenset({"crux"})
LATEX: Final = frozenset({"math-l5"})
MOST_CHARACTERS: Final = 2_000
"""Of an answer that is parsed as a literal; a longer one is compared as text."""

_NUMBER: Final = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_DROPPED: Final = re.compile(r"\\left|\\right|\\!|\\,|\\;|\\ |\^\\circ|\\circ|\\%|%|\\\$|\$|\s+")
_NAMED: Final = re.compile(r"\\(?:text|mathrm|mbox|textbf)\{([^{}]*)\}")
_BOXED: Final = re.compile(r"\\boxed\{(.*)\}")
_SHORT_FRACTION: Final = re.compile(r"\\frac(\d)(\d)")
_FRACTION: Final = re.compile(r"(-?)\\frac\{(-?\d+(?:\.\d+)?)\}\{(\d+(?:\.\d+)?)\}")
_SLASHED: Final = re.compile(r"(-?\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)")
_VARIABLE: Final = re.compile(r"^[a-zA-Z]=")


def canonical_short_answer(kind: str, text: str) -> str:
    """Return a form that is equal for answers that say the same; "" for no answer."""
    if kind in NUMBERS:
        found = _NUMBER.findall(text.replace("$", ""))
        return _written(float(found[-1].replace(",", ""))) if found else ""
    if kind in LITERALS:
        return _literal(text.strip())
    if kind in LATEX:
        return _latex(text)
    return " ".join(text.casefold().split())


def answer_evidence(kind: str, question: str, text: str, form: str) -> dict[str, float]:
    """Return what an answer looks like, by name, all finite. form: its canonical form."""
    number = _as_number(form)
    return {
        "answer_length": math.log1p(len(text)),
        "answer_is_number": float(number is not None),
        "answer_size": 0.0 if number is None else math.copysign(math.log1p(abs(number)), number),
        "answer_is_whole": float(number is not None and number == math.floor(number)),
        "answer_is_empty": float(not form),
        "answer_is_in_question": float(bool(text) and text in question),
        "answer_commands": float(text.count("\\")),
        "answer_commas": math.log1p(text.count(",")),
        "answer_is_unreadable": float(kind in LITERALS and form.startswith("text:")),
    }


def task_evidence(kind: str, question: str) -> dict[str, float]:
    """Return what a question looks like, by name, all finite."""
    lowered = question.lower()
    return {
        "task_number": float(kind in NUMBERS),
        "task_literal": float(kind in LITERALS),
        "task_latex": float(kind in LATEX),
        "question_length": math.log1p(len(question)),
        "question_numbers": math.log1p(len(_NUMBER.findall(question))),
        "question_digits": math.log1p(sum(character.isdigit() for character in question)),
        "question_lines": math.log1p(question.count("\n")),
        "question_commands": math.log1p(question.count("\\")),
        "question_formulas": math.log1p(question.count("$")),
        "question_loops": float(len(re.findall(r"\b(?:for|while)\b", lowered))),
        "question_conditions": float(len(re.findall(r"\bif\b", lowered))),
        "question_methods": math.log1p(len(re.findall(r"\.\w+\(", question))),
        "question_indexing": math.log1p(question.count("[")),
        "question_quotes": math.log1p(question.count("'")),
        "question_words": math.log1p(len(re.findall("[a-z]+", lowered))),
    }


def _literal(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        return f"text:{text}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what merely looks like a literal
            return repr(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return f"text:{text}" if text[:1] in {"[", "{", "("} else repr(text.strip("'\""))


def _latex(text: str) -> str:
    plain = _DROPPED.sub("", _NAMED.sub(r"\1", text).replace("dfrac", "frac").replace("tfrac", "frac")).rstrip(".")
    boxed = _BOXED.fullmatch(plain)
    plain = _VARIABLE.sub("", _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", boxed[1] if boxed else plain))
    fraction = _FRACTION.fullmatch(plain)
    if fraction is not None and float(fraction[3]):
        value = float(fraction[2]) / float(fraction[3])
        return _written(-value if fraction[1] else value)
    slashed = _SLASHED.fullmatch(plain)
    if slashed is not None and float(slashed[2]):
        return _written(float(slashed[1]) / float(slashed[2]))
    number = _as_number(plain)
    return plain if number is None else _written(number)


def _as_number(text: str) -> float | None:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _written(number: float) -> str:
    return f"{number:.10g}" if number == math.floor(number) else f"{number:.6g}"

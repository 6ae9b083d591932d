"""The `arithmetic` check: calculations that the output shows are computed again, exactly.

A calculation is text such as `40 * 189.00 * (1 - 15%) = 6426.00`, or an object with an expression and its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from agentcore.domain.json import JSON, JSONObject
from agentcore.domain.verdict import Vote
from agentcore.verification.arithmetic import Number, evaluate, numbers_in, parse, plain
from agentcore.verification.evidence import Evidence
from agentcore.verification.figures import CURRENCIES
from agentcore.verification.options import Option, text_of
from agentcore.verification.subject import Subject
from agentcore.verification.walk import nodes, texts_in

OPTIONS = (
    Option(name="expression", kind="text", meaning="key of a calculation in an object (default: expression)"),
    Option(name="value", kind="text", meaning="key of its result in the same object (default: value)"),
)


TERMS = "terms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """A calculation as written.

    operands: its literals.  actual: what it really gives.  holds: `claimed` is that, or that rounded
    to the decimals that `claimed` has.
    """

    text: str
    operands: frozenset[Number]
    claimed: Decimal
    actual: Decimal
    holds: bool


_MULTIPLIED = re.compile(r"(?<=[\d)%])\s*[x\u00d7\u00b7]\s*(?=[\d(])")
_MONEY = re.compile(rf"[$\u20ac\u00a3\u00a5\u20b9]\s*|\s*\b(?:{CURRENCIES})\b\s*")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_RELATION = re.compile(r"(?<![<>!=:])(?:=|\u2248|~=)(?![=>])")
_LEFT = re.compile(r"[\d.%+\-*/() ]+$")
_NUMBER = re.compile(r"\s*(-?\d+(?:\.\d+)?)(?!\d|,\d)\s*(%?)")
_OPERATOR = re.compile(r"[\d)%]\s*(?:\*\*|[-+*/])\s*-?[\d(]")
_AFTER_WORD = re.compile(r"\s+(?:-?\d|-?\()|\(")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BULLET = re.compile(r"^\s*(?:[-*+\u2022]|\d{1,2}[.)])\s+")
_PERCENT_OFF = re.compile(r"^(?P<base>.+?)\s*(?P<sign>[-+])\s*(?P<rate>\d+(?:\.\d+)?%)$")
_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00f7": "/", "\u2217": "*", "\u00a0": " ", "\u202f": " "})


def equations_in(text: str) -> tuple[Equation, ...]:
    """Return the calculations that can be read, in order."""
    return tuple(equation for line in text.splitlines() for equation in _of_line(line))


def check(subject: Subject, options: JSONObject) -> Vote:
    """Reject calculations whose result is wrong. Abstains when none can be read."""
    shown = [equation for _, text in texts_in(subject.output) for equation in equations_in(text)]
    wrong = [_correction(equation) for equation in shown if not equation.holds]
    names = names_from(subject.evidence)
    count = len(shown)
    expression_key, value_key = text_of(options, "expression", "expression"), text_of(options, "value", "value")
    for path, node in nodes(subject.output):
        if isinstance(node, Mapping) and isinstance(node.get(expression_key), str) and value_key in node:
            count += 1
            terms = node.get(TERMS)  # the same with numbers for names, as the calculator shows it
            shown_as = terms if isinstance(terms, str) else str(node[expression_key])
            problem = _wrong_object(shown_as, node[value_key], names)
            if problem:
                wrong.append(f"{path}: {problem}")
    if not count:
        return Vote(verifier="check:arithmetic", accepts=None, reasons=("the output shows no calculation",))
    checked = f"{count} calculation{'s' if count > 1 else ''} computed again"
    return Vote(verifier="check:arithmetic", accepts=not wrong, reasons=tuple(wrong), checked=checked)


def names_from(evidence: Sequence[Evidence]) -> Mapping[str, Decimal]:
    """Return the numbers of the evidence by name: a piece's id, with the keys and indexes inside it after dots."""
    names: dict[str, Decimal] = {}
    for piece in evidence:
        for path, node in nodes(piece.content, piece.id):
            value = _number(node)
            if value is not None:
                names[path.replace("[", ".").replace("]", "")] = value
    return names


def _of_line(line: str) -> Iterator[Equation]:
    text = _MONEY.sub("", _BULLET.sub("", line.translate(_SIGNS)).replace("^", "**"))
    text = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), _MULTIPLIED.sub(" * ", text))
    relations = list(_RELATION.finditer(text))
    edges = [0, *(relation.end() for relation in relations)]
    parts = [text[edge : after.start()] for edge, after in zip(edges, relations, strict=False)]
    parts.append(text[edges[-1] :])
    for index, relation in enumerate(relations):
        left, last = _expression_before(parts[index]), index + 1
        # `2 * 3 = 1 * 6 = 6` claims 6 twice
        while last < len(relations) and _LEFT.fullmatch(parts[last]) and _OPERATOR.search(parts[last]):
            last += 1
        claim = _NUMBER.match(parts[last])
        if left is not None and claim is not None:
            equation = _equation(left, claim, approximate=relation[0] != "=")
            if equation is not None:
                yield equation


def _expression_before(text: str) -> str | None:
    """Return the expression that the text ends with; None when a word or a dash of prose is part of it."""
    tail = _LEFT.search(text[-500:])
    if tail is None:
        return None
    sentence = re.split(r"\.\s", tail[0])[-1]
    expression = sentence.strip()
    while expression.count("(") > expression.count(")") and expression.startswith("("):
        expression = expression[1:].strip()
    follows_word = tail.start() > 0 and sentence == tail[0]
    if not _OPERATOR.search(expression) or _DATE.search(expression):
        return None
    if follows_word and not _AFTER_WORD.match(sentence):
        return None
    return expression


def _equation(left: str, claim: re.Match[str], *, approximate: bool) -> Equation | None:
    claimed = Decimal(claim[1]).scaleb(-2) if claim[2] else Decimal(claim[1])
    decimals = max(0, -_exponent(claimed))
    readings = [left]
    discount = _PERCENT_OFF.match(left)
    if discount is not None:  # people write "200 - 15%" for 15 % off
        readings.append(f"({discount['base']}) * (1 {discount['sign']} {discount['rate']})")
    try:
        parsed = [parse(reading) for reading in readings]
        actual = [evaluate(expression, {}) for expression in parsed]
    except ValueError:
        return None
    held = [value for value in actual if _is_result(claimed, value, decimals, approximate=approximate)]
    return Equation(
        text=f"{left} = {claim[0].strip()}",
        operands=numbers_in(parsed[0]),
        claimed=claimed,
        actual=held[0] if held else actual[0],
        holds=bool(held),
    )


def _is_result(claimed: Decimal, actual: Decimal, decimals: int, *, approximate: bool) -> bool:
    """Return whether the claim is the result: exactly, or rounded to the decimals that it shows, if it shows any."""
    if claimed == actual:
        return True
    if approximate:
        last = _exponent(claimed.normalize())
        return abs(claimed - actual) <= Decimal(5).scaleb(last - 1)
    return decimals > 0 and abs(claimed - actual) <= Decimal(5).scaleb(-decimals - 1)


def _wrong_object(expression: str, value: JSON, names: Mapping[str, Decimal]) -> str | None:
    claimed = _number(value)
    if claimed is None:
        return f"the result of {expression} must be a number, not {value!r}"
    try:
        actual = evaluate(expression, names)
    except ValueError as error:
        return f"{expression} cannot be computed: {error}"
    if _is_result(claimed, actual, max(0, -_exponent(claimed)), approximate=False):
        return None
    return f"{expression} is {_short(actual)}, not {plain(claimed)}"


def _correction(equation: Equation) -> str:
    return f"{equation.text} is wrong: it is {_short(equation.actual)}"


def _short(value: Decimal) -> str:
    return plain(value.normalize()) if abs(_exponent(value)) <= 12 else f"about {value:.12g}"


def _number(node: JSON) -> Decimal | None:
    if isinstance(node, str):
        text = node.strip().replace(",", "")
        return Decimal(text) if re.fullmatch(r"-?\d+(?:\.\d+)?", text) else None
    if isinstance(node, bool) or not isinstance(node, int | float):
        return None
    value = Decimal(str(node))
    return value if value.is_finite() else None


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0

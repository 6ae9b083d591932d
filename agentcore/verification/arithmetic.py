"""Exact decimal arithmetic over named values: parse, evaluate, show. Pure, and bounded in time and memory.

    sum      = product (("+" | "-") product)*
    product  = unary (("*" | "/") unary)*
    unary    = "-" unary | power
    power    = atom ("**" unary)?
    atom     = number "%"? | name | function "(" sum ("," sum)* ")" | "(" sum ")"

`12%` is 0.12. Functions: min, max, sum, abs, and round(value, decimals), half to even. Numbers are written with the
digits 0 to 9 and a point; names may have dots.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    Subnormal,
    localcontext,
)
from typing import Literal, TypeAlias, assert_never

MAX_LENGTH = 500
"""Characters of an expression."""

MAX_DEPTH = 32
"""Parentheses, functions, signs and powers inside one another."""

MAX_DIGITS = 60
"""Before the point: larger results are errors. Names may not be larger either."""

MAX_EXPONENT = 1000

FUNCTIONS = ("abs", "max", "min", "round", "sum")

Operator: TypeAlias = Literal["+", "-", "*", "/"]

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?![\w.]))"
    r"|(?P<name>[^\W\d]\w*(?:\.\w+)*)"
    r"|(?P<sign>\*\*|[-+*/%(),])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A literal; `value` is 0.12 for `12%`."""

    value: Decimal
    percent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A named value."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative:
    """Minus the operand."""

    operand: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Operations of one precedence, from left to right: depth does not grow with length."""

    first: Expression
    rest: tuple[tuple[Operator, Expression], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Base to the exponent; to the right first, and before a sign: -2 ** 2 is -4."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One of FUNCTIONS with at least one argument."""

    function: str
    arguments: tuple[Expression, ...]


Expression: TypeAlias = Number | Name | Negative | Chain | Power | Call


def parse(text: str) -> Expression:
    """Return the expression.

    Raises ValueError: too long, too deep, or not of the grammar; the message names the place in words.
    """
    parser = _Parser(_tokens(text))
    expression = parser.sum()
    parser.end()
    return expression


def evaluate(expression: Expression | str, names: Mapping[str, Decimal]) -> Decimal:
    """Return the value, exact unless a division or a root does not end: then 50 significant digits.

    Raises ValueError: an unknown name, a division by zero, a root of a negative number, or a result that is too
    large or too small; for a text also what `parse` raises.
    """
    parsed = parse(expression) if isinstance(expression, str) else expression
    context = Context(
        prec=50,
        rounding=ROUND_HALF_EVEN,
        Emax=MAX_DIGITS,
        Emin=-MAX_DIGITS,
        traps=[DivisionByZero, InvalidOperation, Overflow, Subnormal],
    )
    try:
        with localcontext(context):
            return _value(parsed, names)
    except DivisionByZero:
        raise ValueError("division by zero") from None
    except Overflow:
        raise ValueError(f"the result has more than {MAX_DIGITS} digits") from None
    except Subnormal:
        raise ValueError("the result is too close to zero") from None
    except InvalidOperation:
        raise ValueError("the result is not a number: a root of a negative number, or zero by zero") from None


def names_in(expression: Expression) -> frozenset[str]:
    """Return the names of values that it uses."""
    return frozenset(part.name for part in _parts(expression) if isinstance(part, Name))


def numbers_in(expression: Expression) -> frozenset[Number]:
    """Return the literals that it uses."""
    return frozenset(part for part in _parts(expression) if isinstance(part, Number))


def substitute(text: str, names: Mapping[str, Decimal]) -> str:
    """Return a valid expression with values in the place of names, else as it was written.

    Raises ValueError as `evaluate` does for an unknown name.
    """
    out: list[str] = []
    tokens = _tokens(text, spaces=True)
    for index, (kind, token) in enumerate(tokens):
        following = next((next_token for next_kind, next_token in tokens[index + 1 :] if next_kind != "space"), "")
        if kind != "name" or (token in FUNCTIONS and following == "("):
            out.append(token)
            continue
        value = _named(token, names)
        out.append(f"({plain(value)})" if value < 0 else plain(value))
    return "".join(out)


def plain(value: Decimal) -> str:
    """Return digits without an exponent, trailing zeros kept; zero has no sign."""
    return format(value.copy_abs() if value.is_zero() else value, "f")


def rounded(value: Decimal, *, decimals: int, written: int = 0) -> Decimal:
    """Return a value for people: at most `decimals` places, half to even, without trailing zeros past `written`.

    A value that would round to nothing keeps `decimals` significant digits instead.
    """
    with localcontext(Context(prec=MAX_DIGITS * 2 + decimals, rounding=ROUND_HALF_EVEN)):
        places = decimals
        if value and value.adjusted() < -decimals:
            places = decimals - 1 - value.adjusted()
        out = value.quantize(Decimal(1).scaleb(-places))
        exponent = out.normalize().as_tuple().exponent
        needed = max(0, -exponent) if isinstance(exponent, int) else 0
        return out.quantize(Decimal(1).scaleb(-max(needed, min(written, places))))


def _tokens(text: str, *, spaces: bool = False) -> list[tuple[str, str]]:
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the expression is {len(text)} characters long, {MAX_LENGTH} are allowed")
    out: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"cannot read {text[at : at + 12]!r} after {text[:at][-12:]!r}")
        if spaces or match.lastgroup != "space":
            out.append((match.lastgroup, match[0]))
        at = match.end()
    return out


class _Parser:
    """Recursive descent over tokens."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def sum(self) -> Expression:
        first = self._product()
        rest: list[tuple[Operator, Expression]] = []
        while (operator := self._peek()) in {"+", "-"}:
            self._at += 1
            rest.append(("+" if operator == "+" else "-", self._product()))
        return Chain(first=first, rest=tuple(rest)) if rest else first

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise ValueError(f"expected an operator or the end, found {self._found()}")

    def _product(self) -> Expression:
        first = self._unary()
        rest: list[tuple[Operator, Expression]] = []
        while (operator := self._peek()) in {"*", "/"}:
            self._at += 1
            rest.append(("*" if operator == "*" else "/", self._unary()))
        return Chain(first=first, rest=tuple(rest)) if rest else first

    def _unary(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"more than {MAX_DEPTH} parentheses, signs or powers are inside one another")
        try:
            if self._peek() == "-":
                self._at += 1
                return Negative(operand=self._unary())
            base = self._atom()
            if self._peek() == "**":
                self._at += 1
                return Power(base=base, exponent=self._unary())
            return base
        finally:
            self._depth -= 1

    def _atom(self) -> Expression:
        kind, token = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
        self._at += 1
        if kind == "number":
            percent = self._peek() == "%"
            self._at += percent
            return Number(value=Decimal(token).scaleb(-2) if percent else Decimal(token), percent=percent)
        if kind == "name":
            return self._call(token) if self._peek() == "(" else Name(name=token)
        if token == "(":  # noqa: S105  # a piece of the expression
            inner = self.sum()
            self._close()
            return inner
        self._at -= 1
        raise ValueError(f"expected a number, a name or '(', found {self._found()}")

    def _call(self, function: str) -> Expression:
        if function not in FUNCTIONS:
            raise ValueError(f"there is no function {function}; there are {', '.join(FUNCTIONS)}")
        self._at += 1
        arguments = [self.sum()]
        while self._peek() == ",":
            self._at += 1
            arguments.append(self.sum())
        self._close()
        most = {"abs": 1, "round": 2}.get(function)
        if most is not None and len(arguments) > most:
            raise ValueError(f"{function} takes at most {most} arguments, not {len(arguments)}")
        return Call(function=function, arguments=tuple(arguments))

    def _close(self) -> None:
        if self._peek() != ")":
            raise ValueError(f"expected ')', found {self._found()}")
        self._at += 1

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _found(self) -> str:
        return repr(self._peek()) if self._peek() else "the end"


def _parts(expression: Expression) -> list[Expression]:
    match expression:
        case Number() | Name():
            inner: tuple[Expression, ...] = ()
        case Negative(operand=operand):
            inner = (operand,)
        case Chain(first=first, rest=rest):
            inner = (first, *(operand for _, operand in rest))
        case Power(base=base, exponent=exponent):
            inner = (base, exponent)
        case Call(arguments=arguments):
            inner = arguments
        case _:
            assert_never(expression)
    return [expression, *(part for each in inner for part in _parts(each))]


def _value(expression: Expression, names: Mapping[str, Decimal]) -> Decimal:
    match expression:
        case Number(value=value):
            return +value
        case Name(name=name):
            return +_named(name, names)
        case Negative(operand=operand):
            return -_value(operand, names)
        case Chain(first=first, rest=rest):
            total = _value(first, names)
            for operator, operand in rest:
                total = _apply(operator, total, _value(operand, names))
            return total
        case Power(base=base, exponent=exponent):
            power = _value(exponent, names)
            if abs(power) > MAX_EXPONENT:
                raise ValueError(f"the exponent {plain(power)} is larger than {MAX_EXPONENT}")
            return _value(base, names) ** power
        case Call(function=function, arguments=arguments):
            return _called(function, [_value(argument, names) for argument in arguments])
        case _:
            assert_never(expression)


def _apply(operator: Operator, left: Decimal, right: Decimal) -> Decimal:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case _:
            assert_never(operator)


def _called(function: str, values: Sequence[Decimal]) -> Decimal:
    match function:
        case "abs":
            return abs(values[0])
        case "max":
            return max(values)
        case "min":
            return min(values)
        case "sum":
            return sum(values, Decimal(0))
        case "round":
            places = values[1] if len(values) > 1 else Decimal(0)
            if places != places.to_integral_value() or not 0 <= places <= 12:
                raise ValueError(f"round takes 0 to 12 decimals, not {plain(places)}")
            return values[0].quantize(Decimal(1).scaleb(-int(places)))
        case _:
            raise ValueError(f"there is no function {function}")


def _named(name: str, names: Mapping[str, Decimal]) -> Decimal:
    value = names.get(name)
    if value is None:
        known = ", ".join(sorted(names)[:40]) or "none"
        raise ValueError(f"there is no value named {name}; known: {known}")
    if not value.is_finite() or abs(value.adjusted()) >= MAX_DIGITS:
        raise ValueError(f"the value of {name} is not a number of at most {MAX_DIGITS} digits")
    return value

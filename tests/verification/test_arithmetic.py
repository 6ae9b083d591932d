from __future__ import annotations

import time
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.verification.arithmetic import (
    MAX_LENGTH,
    Number,
    evaluate,
    names_in,
    numbers_in,
    parse,
    plain,
    rounded,
    substitute,
)

NAMES = {"quantity": Decimal(40), "unit_price": Decimal("189.00"), "loss": Decimal(-5), "orders.quantity": Decimal(7)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("quantity * unit_price * (1 - 12%)", "6652.80"),
        ("orders.quantity+1", "8"),
        ("0.1 + 0.2", "0.3"),
        ("2 + 3 * 4 - 5", "9"),
        ("100 / 8 / 2", "6.25"),
        ("-2 ** 2", "-4"),
        ("2 ** 3 ** 2", "512"),
        ("2 ** -1", "0.5"),
        ("9 ** 0.5", "3"),
        ("--3", "3"),
        ("12 %", "0.12"),
        ("min(3, 1, 2) + max(1, 5) + sum(1, 2, 3) + abs(-4)", "16"),
        ("round(2.675, 2)", "2.68"),
        ("round(2.5)", "2"),
        ("12% ** 2", "0.0144"),
        ("-loss", "5"),
    ],
)
def test_values(text: str, value: str) -> None:
    assert evaluate(text, NAMES) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"expected a number, a name or '\(', found the end"),
        ("1 +", "found the end"),
        ("1 2", "expected an operator or the end, found '2'"),
        ("1,000 * 2", "expected an operator or the end, found ','"),
        ("(1", r"expected '\)', found the end"),
        ("10 % 3", "expected an operator or the end, found '3'"),
        ("1 / 0", "division by zero"),
        ("0 / 0", "not a number"),
        ("0 ** 0", "not a number"),
        ("(0 - 4) ** 0.5", "not a number"),
        ("price", "no value named price; known: loss, orders.quantity, quantity, unit_price"),
        ("__import__('os')", "no function __import__|cannot read"),
        ("quantity.real.__class__", "no value named"),
        ("pow(2, 3)", "no function pow; there are abs, max, min, round, sum"),
        ("abs(1, 2)", "at most 1 arguments"),
        ("round(1, 99)", "0 to 12 decimals"),
        ("round(1, 0.5)", "0 to 12 decimals"),
        ("sum()", r"found '\)'"),
        ("2 ^ 3", "cannot read"),
        ("1e5", "cannot read"),
        ("0x10", "cannot read"),
        ("1_000", "cannot read"),
        ("1.2.3", "cannot read"),
        (".5", "cannot read"),
        ("\u0663 + 1", "cannot read"),
        ("\uff11 + 1", "cannot read"),
        ("1 \u2212 1", "cannot read"),
        ("9 ** 9 ** 9", "exponent"),
        ("(9 ** 99) ** 99", "more than 60 digits"),
        ("10 ** -100", "too close to zero"),
        ("(" * 40 + "1" + ")" * 40, "more than 32"),
        ("-" * 40 + "1", "more than 32"),
        ("2" + " ** 1" * 40, "more than 32"),
        ("1" * (MAX_LENGTH + 1), "501 characters long"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(text, NAMES)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999999"])
def test_named_values_must_be_numbers_of_a_sensible_size(value: str) -> None:
    with pytest.raises(ValueError, match="value of x"):
        evaluate("x + 1", {"x": Decimal(value)})
    with pytest.raises(ValueError, match="value of x"):
        substitute("x + 1", {"x": Decimal(value)})


@pytest.mark.parametrize(
    "text", ["1" + "+1" * 249, "9" * 500, "9" * 60 + "**" + "1.5**" * 10 + "2", "(" * 250 + ")" * 250]
)
def test_the_worst_expressions_end_at_once(text: str) -> None:
    started = time.process_time()
    with suppress(ValueError):
        evaluate(text, {})
    assert time.process_time() - started < 2.0


def test_what_an_expression_uses() -> None:
    parsed = parse("sum(quantity, -unit_price ** 2) * (1 - 12%) + quantity + sum")
    assert names_in(parsed) == {"quantity", "unit_price", "sum"}
    assert numbers_in(parsed) == {
        Number(value=Decimal(1)),
        Number(value=Decimal(2)),
        Number(value=Decimal("0.12"), percent=True),
    }


def test_substitution_keeps_the_writing_and_the_decimals() -> None:
    assert substitute("quantity * unit_price*(1 - 12%) - loss", NAMES) == "40 * 189.00*(1 - 12%) - (-5)"
    assert substitute("sum (quantity, 1) + sum", {**NAMES, "sum": Decimal(3)}) == "sum (40, 1) + 3"
    with pytest.raises(ValueError, match="no value named nothing"):
        substitute("nothing", NAMES)


@pytest.mark.parametrize(
    ("value", "decimals", "written", "shown"),
    [
        ("6652.8000", 6, 2, "6652.80"),
        ("6426.0000", 6, 0, "6426"),
        ("33.333333333333333333", 6, 2, "33.333333"),
        ("0.00000012345678", 6, 0, "0.000000123457"),
        ("2.675", 2, 0, "2.68"),
        ("2.665", 2, 0, "2.66"),
        ("-0.000", 6, 2, "0.00"),
        ("1000", 6, 0, "1000"),
        ("5", 2, 9, "5.00"),
        ("1E+20", 6, 0, "1" + "0" * 20),
    ],
)
def test_rounding_for_people(value: str, decimals: int, written: int, shown: str) -> None:
    assert plain(rounded(Decimal(value), decimals=decimals, written=written)) == shown


numbers = st.decimals(min_value=0, max_value=10**6, places=2, allow_nan=False, allow_infinity=False)
expressions = st.recursive(
    numbers.map(lambda number: (plain(number), Fraction(number))),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(
            lambda it: (
                f"({it[0][0]} {it[1]} {it[2][0]})",
                {"+": it[0][1] + it[2][1], "-": it[0][1] - it[2][1], "*": it[0][1] * it[2][1]}[it[1]],
            )
        ),
        inner.map(lambda it: (f"-{it[0]}", -it[1])),
    ),
    max_leaves=4,
)


@given(expressions)
def test_agrees_with_exact_fractions(expression: tuple[str, Fraction]) -> None:
    text, value = expression
    assert Fraction(evaluate(text, {})) == value


@given(st.text(max_size=60) | st.text(alphabet="0123456789.+-*/%(), abcminsuroud_", max_size=60))
def test_any_text_is_a_number_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert evaluate(text, {"a": Decimal(1)}).is_finite()


@given(expressions)
def test_a_substituted_expression_has_the_same_value(expression: tuple[str, Fraction]) -> None:
    text, _ = expression
    assert evaluate(substitute(f"a - {text}", {"a": Decimal("1.5")}), {}) == evaluate(
        f"a - {text}", {"a": Decimal("1.5")}
    )

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.verification.equations import check, equations_in
from agentcore.verification.evidence import Evidence
from agentcore.verification.subject import Subject


def vote(output, *evidence: Evidence, **options):
    return check(Subject(output=output, evidence=evidence), options)


@pytest.mark.parametrize(
    "text",
    [
        "40 * 189.00 * (1 - 15%) = 6426.00",
        "So we get (40 \u00d7 $189.00 = $7,560).",
        "- 40 x 189 = 7560",
        "1. 40 * 189 = 7560",
        "Total 40 * 189 = 7560, less 15%",
        "10 / 3 = 3.33",
        "10 / 3 ≈ 3",
        "1234 + 0 ≈ 1200",
        "3 / 4 = 75%",
        "200 - 15% = 170",
        "2 * 3 = 1 * 6 = 6",
        "total = 40 * 189 = 7560",
        "-5 + 3 = -2",
        "It costs 40 * 189 USD = 7560 USD.",
        "2 ^ 3 = 8",
    ],
)
def test_right_calculations_are_accepted(text):
    found = equations_in(text)
    assert found
    assert all(equation.holds for equation in found)


@pytest.mark.parametrize(
    "text",
    [
        "40 * 189.00 * (1 - 15%) = 6462.00",
        "10 / 3 = 3",
        "2 * 3 = 1 * 7 = 7",
        "7560 * 0.85 = 6,462",
        "200 - 15% = 185",
    ],
)
def test_wrong_calculations_are_rejected(text):
    assert vote(text).accepts is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 5",
        "see page 3-5 = low",
        "2026-08-03 = 5",
        "price - 40 * 189 = 7",
        "units* 2 = 7",
        "a >= 3 + 4",
        "A-1001 = 5",
        "1 / 0 = 3",
        "if 3 + 4 == 8",
    ],
)
def test_what_cannot_be_read_as_a_calculation_is_left_alone(text):
    assert vote(text).accepts is None


def test_the_correction_is_named():
    assert vote({"text": "40 * 189 = 7650 and 10 / 3 = 4"}).reasons == snapshot(
        ("40 * 189 = 7650 is wrong: it is 7560", "10 / 3 = 4 is wrong: it is about 3.33333333333")
    )


def test_objects_with_an_expression_are_computed_with_the_names_of_the_evidence():
    evidence = (
        Evidence(id="price", kind="step", content=189.0),
        Evidence(id="order", kind="step", content={"rows": [{"quantity": "40"}]}),
    )
    right = {"expression": "price * order.rows.0.quantity", "value": 7560}
    assert vote(right, *evidence).accepts is True
    assert vote({"steps": [right | {"value": 1}]}, *evidence).reasons == snapshot(
        ("$.steps[0]: price * order.rows.0.quantity is 7560, not 1",)
    )
    assert vote({"expression": "cost * 2", "value": 1}, *evidence).reasons == snapshot(
        ("$: cost * 2 cannot be computed: there is no value named cost; known: order.rows.0.quantity, price",)
    )
    assert vote({"expression": "1 + 1", "value": "two"}).accepts is False
    assert vote({"formula": "1 + 1", "result": "2"}, expression="formula", value="result").accepts is True


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(-3, 3))
def test_a_product_is_accepted_exactly_when_it_is_right(left, right, error):
    text = f"That makes {left:,} * {right:,} = {left * right + error:,} in all."
    assert vote(text).accepts is (error == 0)


@given(st.text(alphabet="0123456789.,+-*/()=%x $≈ a\n"))
def test_any_text_gets_a_vote(text):
    judged = vote(text)
    assert judged.verifier == "check:arithmetic"
    assert bool(judged.reasons) == (judged.accepts is not True), "all but an acceptance says why"


@pytest.mark.parametrize("piece", ["1+", "= ", "1=", "(", "1 x ", "$ ", "1,111", "a ", "- "])
def test_the_time_is_about_linear_in_the_text(piece):
    started = time.process_time()
    equations_in(piece * 10_000)
    assert time.process_time() - started < 3.0

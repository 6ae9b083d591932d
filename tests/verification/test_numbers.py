from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.verification.evidence import Evidence
from agentcore.verification.numbers import check, problems
from agentcore.verification.subject import Subject

PRICES = Evidence(
    id="documents.1",
    kind="tool",
    content=[{"id": "pricing.md", "text": "From 25 routers on, the discount is 15 %. The list price is $189.00."}],
)
ORDERS = Evidence(
    id="analyst",
    kind="step",
    content={"rows": [{"order": "A-1001", "quantity": 40, "ordered": "2026-08-03", "margin": -12.5, "rate": 0.07}]},
)


def vote(output, *evidence: Evidence, **options):
    return check(Subject(output=output, evidence=evidence or (PRICES, ORDERS)), options)


@pytest.mark.parametrize(
    "output",
    [
        "40 routers at 189.00 with 15% off",
        "40 routers at $189 with a discount of 0.15",
        "The order A-1001 of 3 August 2026 [1]",
        "Ordered on 8/3/2026, the 3rd of the month, in 2026",
        "The margin fell by 12.5",
        "7 % interest",
        {"quantity": 40.0, "margin": -12.5, "discount_percent": 15, "rate_percent": 7},
        {"sources": [99], "text": "40"},
        "40 * 189.00 * (1 - 15%) = 6426.00, so pay $6,426.00",
        "1. We sell 40\n2. at 189",
    ],
)
def test_what_the_evidence_states_is_accepted(output):
    assert vote(output).accepts is True


@pytest.mark.parametrize(
    ("output", "named"),
    [
        ("41 routers", "41"),
        ("pay 6426.00", "6426.00"),
        ("40 * 189.00 * (1 - 15%) = 6420.00", "6420.00"),  # wrong, so it proves nothing
        ("41 * 189.00 = 7749", "41"),  # right, but not with known numbers
        ("ordered on 4 August 2026", "4 August 2026"),
        ("at 14:30", "14:30"),
        ({"margin": 12.5}, "12.5 (at $.margin)"),
        ({"items": [{"quantity": 7}]}, "7 (at $.items[0].quantity)"),
        ("1890.0", "1890.0"),
    ],
)
def test_what_it_does_not_state_is_rejected_and_named(output, named):
    rejected = vote(output)
    assert rejected.accepts is False
    assert named in rejected.reasons[0]


def test_the_reason_says_what_to_do():
    assert vote("pay 6462.00 by 2030").reasons == snapshot(
        ("not in the evidence: 6462.00, 2030; use only numbers that the evidence states",)
    )
    assert vote("42", Evidence(id="goal", kind="task", content="How many?")).reasons == snapshot(
        ("not in the evidence: 42; the evidence states no numbers at all, so the output must not state any",)
    )


def test_without_numbers_there_is_nothing_to_judge():
    assert vote("Nothing to pay.").accepts is None
    assert vote({"ok": True, "note": None}).accepts is None


def test_options():
    third = Evidence(id="tool.1", kind="tool", content={"average": 12.3456})
    assert vote("12.35 on average", third).accepts is False
    assert vote("12.35 on average", third, rounded=True).accepts is True
    assert vote("12.40 on average", third, rounded=True).accepts is False
    assert vote("three routers").accepts is None
    assert vote("three routers", words=True).accepts is False
    assert vote("7 out of 10", ORDERS, allow=["7", "10"]).accepts is True
    assert vote({"text": "99", "total": 40}, field="total").accepts is True
    assert vote("40 * 189 = 7560", derived=False).accepts is False
    assert vote("40", kinds=["tool"]).accepts is False
    assert problems({"allow": ["ten"]}) == ("option allow holds 'ten', which is not a number",)


def test_binary_floating_point_makes_no_noise():
    noisy = Evidence(id="tool.1", kind="tool", content=0.1 + 0.2)
    assert vote("the sum is 0.3", noisy).accepts is True


numbers = st.integers(2, 10**9)


@given(st.lists(numbers, min_size=1, max_size=8), st.data())
def test_a_number_is_accepted_exactly_when_it_was_given(given_numbers, data):
    evidence = Evidence(id="tool.1", kind="tool", content={"values": given_numbers})
    present = data.draw(st.sampled_from(given_numbers))
    absent = data.draw(numbers.filter(lambda number: number not in given_numbers))
    assert vote(f"It is {present:,}.", evidence).accepts is True
    assert vote(f"It is {absent:,}.", evidence).accepts is False
    assert vote({"it": present}, evidence).accepts is True
    assert vote({"it": absent}, evidence).accepts is False


@given(st.text(), st.text())
def test_any_output_gets_a_vote(output, content):
    judged = vote({"text": output}, Evidence(id="x", kind="input", content=content))
    assert judged.verifier == "check:numbers"
    assert bool(judged.reasons) == (judged.accepts is not True), "all but an acceptance says why"

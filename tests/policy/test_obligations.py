"""What policies ask for: all that apply are heeded, and a mistake is found when they are loaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.agent import Role
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError
from agentcore.domain.label import Label
from agentcore.domain.obligation import Obligation, approval_asked
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.request import PolicyRequest

PERMIT = '@id("all") permit (principal, action, resource);\n'
SCOPE = '(principal, action == Action::"call_tool", resource)'
OVERFLOWS = "context has budget_micro_usd && context.budget_micro_usd * 4611686018427387904 > 1"


def asking(name, over, annotations=""):
    number = f'context.numbers.hasTag("amount") && context.numbers.getTag("amount") > {over}000000'
    return f'@id("{name}") @obligation("approve") {annotations} permit {SCOPE} when {{ {number} }};\n'


def request(amount, **changes):
    facts = {
        "action": "call_tool",
        "agent": "clerk",
        "role": Role.WORKER,
        "resource": "refund",
        "tenant": "acme",
        "principal": "ann",
        "label": Label(),
        "declared": True,
        "safety": Safety.UNSAFE,
        "arguments": {"amount": amount},
    }
    return PolicyRequest(**facts | changes)


def test_a_policy_that_asks_permits_nothing():
    decision = PolicyEngine.load({"p.cedar": asking("a", 0)}).decide(request(5))
    assert (decision.permitted, decision.obligations) == (False, ())


def test_what_is_asked_for_comes_with_the_decision():
    text = PERMIT + asking("large", 100, '@approvers("lead, cfo") @due_seconds("60") @on_due("escalate")')
    engine = PolicyEngine.load({"p.cedar": text})
    small, large = engine.decide(request(100)), engine.decide(request(101))
    assert (small.permitted, small.obligations) == (True, ())
    rule = ApprovalRule(approvers=("lead", "cfo"), due_seconds=60.0, on_due="escalate")
    assert large.permitted
    assert large.obligations == (Obligation(policy="large", kind="approve", rule=rule),)
    assert large.policies == ("all",)
    assert large.explain() == "clerk may call_tool refund: all; large asks to approve it"
    assert engine.policies == ("all", "large")


@given(st.lists(st.integers(0, 20), max_size=6), st.integers(0, 20), st.booleans())
def test_all_that_apply_are_heeded(limits, amount, remembered):
    text = PERMIT + "".join(asking(f"p{number}", over) for number, over in enumerate(limits))
    engine = PolicyEngine.load({"p.cedar": text})
    for _ in range(1 + remembered):
        decision = engine.decide(request(amount))
        expected = sorted(f"p{number}" for number, over in enumerate(limits) if amount > over)
        assert [each.policy for each in decision.obligations] == expected
        assert decision.permitted


def test_a_forbid_leaves_nothing_to_ask_for():
    text = PERMIT + asking("a", 0) + f'@id("no") forbid {SCOPE};'
    decision = PolicyEngine.load({"p.cedar": text}).decide(request(5))
    assert (decision.permitted, decision.obligations) == (False, ())


def test_a_fault_in_what_asks_denies():
    text = PERMIT + f'@id("a") @obligation("approve") permit {SCOPE} when {{ {OVERFLOWS} }};'
    engine = PolicyEngine.load({"p.cedar": text})
    decision = engine.decide(request(5, budget_micro_usd=3))
    assert not decision.permitted
    assert "overflow" in decision.errors[0]
    assert engine.decide(request(5)).permitted, "without a budget there is no fault"


RULES = st.builds(
    ApprovalRule,
    approvers=st.lists(st.sampled_from("abc"), unique=True, max_size=3).map(tuple),
    due_seconds=st.none() | st.floats(1, 100),
    on_due=st.sampled_from(["reject", "escalate"]),
)


@given(st.none() | RULES, st.lists(RULES, max_size=4))
def test_one_question_asks_all_who_are_asked_for_and_gives_no_more_time(own, rules):
    asked = approval_asked([Obligation(policy="p", kind="approve", rule=rule) for rule in rules], own)
    every = [*([own] if own else []), *rules]
    if not every:
        assert asked is None
        return
    assert set(asked.approvers) == {name for rule in every for name in rule.approvers}
    assert all(rule.due_seconds is None or asked.due_seconds <= rule.due_seconds for rule in every)
    assert asked.on_due == ("escalate" if all(rule.on_due == "escalate" for rule in every) else "reject")


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (f'@id("a") @obligation("aprove") permit {SCOPE};', "@obligation must be one of approve, not 'aprove'"),
        (f'@id("a") @obligation("approve") forbid {SCOPE};', "must be a permit"),
        ('@id("a") @obligation("approve") permit (principal, action, resource);', 'must say `action == Action::"call'),
        (f'@id("a") @obligation("approve") @aprovers("x") permit {SCOPE};', "@aprovers is not known; there are @app"),
        (f'@id("a") @obligation("approve") @due_seconds("soon") permit {SCOPE};', "@due_seconds must be a number"),
        (f'@id("a") @obligation("approve") @due_seconds("-1") permit {SCOPE};', "@due_seconds must be a number above"),
        (f'@id("a") @obligation("approve") @on_due("approve") permit {SCOPE};', "@on_due must be one of reject, esc"),
        (f'@id("a") @obligation("approve") @on_due("reject") permit {SCOPE};', "@on_due needs @due_seconds"),
    ],
)
def test_mistakes_are_told_with_their_place(policy, problem):
    with pytest.raises(ConfigError) as caught:
        PolicyEngine.load({"p.cedar": PERMIT + policy})
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith("p.cedar:2:1: policy 'a': ")
    assert problem in caught.value.problems[0]

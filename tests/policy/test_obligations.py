"""What policies ask for: all that apply are heeded, and a mistake is found when they are loaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.agent import Role
from agentcore.domain.approval_rule import ApprovalRule
from agentcore.domain.dues import approval_asked
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError
from agentcore.domain.label import Label
from agentcore.domain.obligation import Approve
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
    assert large.obligations == (Approve(policy="large", rule=rule),)
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


EVERY = {
    "approve": "",
    "redact": '@types("pii")',
    "limit": '@rate("1") @per("1")',
    "mask": "",
    "notify": "",
}


@given(
    st.lists(st.tuples(st.sampled_from(sorted(EVERY)), st.sampled_from(["acme", "other", ""])), max_size=6),
    st.sampled_from(["acme", "other"]),
    st.lists(st.sampled_from(["permit", "forbid"]), max_size=3),
    st.randoms(),
)
def test_obligations_are_the_union_over_all_that_apply(asked, tenant, others, random):
    policies = [
        f'@id("p{number}") @obligation("{kind}") {EVERY[kind]} permit {SCOPE}'
        + (f' when {{ context.tenant == "{wanted}" }};' if wanted else ";")
        for number, (kind, wanted) in enumerate(asked)
    ]
    policies += [
        f'@id("o{number}") {effect} {SCOPE} when {{ context.tenant == "acme" }};'
        for number, effect in enumerate(others)
    ]
    random.shuffle(policies)
    decision = PolicyEngine.load({"p.cedar": "\n".join(policies)}).decide(request(5, tenant=tenant))
    permitted = tenant == "acme" and "permit" in others and "forbid" not in others
    due = [(f"p{number}", kind) for number, (kind, wanted) in enumerate(asked) if wanted in {tenant, ""}]
    assert decision.permitted is permitted
    assert [(each.policy, each.kind) for each in decision.obligations] == (due if permitted else [])


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
    asked = approval_asked([Approve(policy=f"p{number}", rule=rule) for number, rule in enumerate(rules)], own)
    every = [*([own] if own else []), *rules]
    if not every:
        assert asked is None
        return
    assert set(asked.approvers) == {name for rule in every for name in rule.approvers}
    assert all(rule.due_seconds is None or asked.due_seconds <= rule.due_seconds for rule in every)
    assert asked.on_due == ("escalate" if all(rule.on_due == "escalate" for rule in every) else "reject")


RELEASE = '(principal, action == Action::"release", resource)'
MODELS = '(principal, action == Action::"call_model", resource)'


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (
            f'@id("a") @obligation("aprove") permit {SCOPE};',
            "2:11: unknown obligation `aprove`; did you mean `approve`?",
        ),
        (f'@id("a") @obligation("approve") forbid {SCOPE};', "2:33: a policy with @obligation must be a permit"),
        (f'@id("a") @obligation permit {SCOPE};', "2:11: unknown obligation ``; known: approve, downgrade, limit"),
        (
            '@id("a") @obligation("approve") permit (principal, action, resource);',
            '2:1: a policy with @obligation("approve") must say `action == …` with Action::"call_tool"',
        ),
        (
            f'@id("a") @obligation("approve") permit {MODELS};',
            'must say `action == …` with Action::"call_tool", not "call_model"',
        ),
        (
            f'@id("a") @obligation("redact") @types("pii") permit {RELEASE.replace("release", "plan")};',
            ':2:83: a policy with @obligation("redact") must say `action == …` with Action::"call_model" or ',
        ),
        (
            f'@id("a") @obligation("approve") @aprovers("x") permit {SCOPE};',
            '2:34: unknown annotation `aprovers`; did you mean `approvers`? (of @obligation("approve"))',
        ),
        (
            f'@id("a") @obligation("approve") @due_seconds("soon") permit {SCOPE};',
            "2:34: @due_seconds must be a number",
        ),
        (f'@id("a") @obligation("approve") @due_seconds("-1") permit {SCOPE};', "@due_seconds must be a number above"),
        (f'@id("a") @obligation("approve") @on_due("reject") permit {SCOPE};', "2:34: @on_due needs @due_seconds"),
        (
            f'@id("a") @obligation("approve") @due_seconds("1") @on_due("approve") permit {SCOPE};',
            "2:52: @on_due must be one of reject, escalate, not 'approve'",
        ),
        (f'@id("a") @obligation("redact") permit {MODELS};', '2:11: @obligation("redact") needs @types("…")'),
        (f'@id("a") @obligation("redact") @types(" , ") permit {MODELS};', "2:33: @types must name something, not"),
        (f'@id("a") @obligation("downgrade") @to("m") permit {SCOPE};', 'with Action::"call_model", not "call_tool"'),
        (f'@id("a") @obligation("downgrade") permit {MODELS};', '@obligation("downgrade") needs @to("…")'),
        (f'@id("a") @obligation("verify") @verifiers("2") permit {SCOPE};', 'Action::"delegate" or Action::"release"'),
        (
            f'@id("a") @obligation("verify") @verifiers("0") permit {RELEASE};',
            "2:33: @verifiers must be a whole number from 1 to 100000, not '0'",
        ),
        (
            f'@id("a") @obligation("limit") @rate("1.5") @per("60") permit {SCOPE};',
            "2:32: @rate must be a whole number",
        ),
        (
            f'@id("a") @obligation("limit") @rate("1") @per("0") permit {SCOPE};',
            "@per must be a number of seconds above 0",
        ),
        (f'@id("a") @obligation("limit") @rate("1") permit {SCOPE};', '@obligation("limit") needs @per("…")'),
        (
            f'@id("a") @obligation("limit") @rate("1") @per("1") @by("tennant") permit {SCOPE};',
            "2:53: @by must be one of tenant, user, run, agent, not 'tennant'",
        ),
        (
            f'@id("a") @obligation("mask") @fields("argument.iban") permit {SCOPE};',
            "2:31: unknown field `argument`; did you mean `arguments`?",
        ),
        (
            f'@id("a") @obligation("mask") @fields("prompt") permit {SCOPE};',
            "unknown field `prompt`; known: arguments, result",
        ),
        (f'@id("a") @obligation("mask") @fields("reply.text") permit {MODELS};', "`reply` is masked as a whole"),
        (f'@id("a") @obligation("notify") @types("pii") permit {SCOPE};', "unknown annotation `types`; known: to"),
    ],
)
def test_mistakes_are_told_with_their_place(policy, problem):
    with pytest.raises(ConfigError) as caught:
        PolicyEngine.load({"p.cedar": PERMIT + policy})
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith("p.cedar:2:")
    assert ": policy 'a': " in caught.value.problems[0]
    assert problem in caught.value.problems[0].replace(": policy 'a'", "")

# ruff: noqa: E501  # messages stand as people read them
"""Policy templates: each says what it promises, and no value of a parameter can say more."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.config.policy_templates import policy_template, policy_templates
from agentcore.domain.agent import Role
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ConfigError
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.steering import Steering
from agentcore.policy.bundle import parse_policies
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.policy_template import PolicyTemplate
from agentcore.policy.request import PolicyRequest

PERMIT_ALL = '@id("all") permit (principal, action, resource);'
NAMES = [each.name for each in policy_templates()]


def label(*sources, level=Confidentiality.INTERNAL, findings=()):
    return Label(sources=frozenset({"user", *sources}), confidentiality=level, findings=frozenset(findings))


def tool(name="refund", safety=Safety.UNSAFE, **facts):
    return {"action": "call_tool", "resource": name, "safety": safety, **facts}


def model(name="far", **facts):
    return {"action": "call_model", "resource": name, "provider": "openai", **facts}


def near(**facts):
    return model("near", provider="llama", local=True, **facts)


RELEASE = {"action": "release", "resource": "answer"}
PERSONAL = label(level=Confidentiality.PERSONAL)
SECRET = label(level=Confidentiality.SECRET)
WEB = label("tool:browse")

STRANGE = Steering(untrusted=frozenset({"to"}), foreign_links=frozenset({"www.evil.example"}))
POINTED_AT = Steering(untrusted=frozenset({"email"}), delegated=frozenset({"email"}))

CASES = {
    "data-flow": (  # it asks, and forbids nothing: see below
        {},
        {"permit": [tool(), tool(steering=STRANGE), tool(in_scope=False)], "deny": []},
    ),
    "data-flow-strict": (
        {},
        {
            "permit": [tool(), tool(steering=POINTED_AT), tool("orders", Safety.READ), model(), RELEASE],
            "deny": [
                tool(in_scope=False),
                tool(steering=STRANGE),
                tool(steering=replace(STRANGE, untrusted=frozenset())),
                tool("fetch", Safety.READ, steering=replace(STRANGE, foreign_links=frozenset())),
            ],
        },
    ),
    "read-only-agent": (
        {"agent": "clerk"},
        {
            "permit": [tool("orders", Safety.READ), tool(agent="other")],
            "deny": [tool(), tool(safety=Safety.IDEMPOTENT)],
        },
    ),
    "spending-limit": (
        {"run_usd": "2", "models": "far, farther", "keep_usd": "0.5"},
        {
            "permit": [
                model(budget_micro_usd=2_000_000),
                model(budget_micro_usd=500_000),
                model("other", budget_micro_usd=1),
                near(),
            ],
            "deny": [
                model(budget_micro_usd=2_000_001),
                model("other"),
                model(budget_micro_usd=499_999),
                model("farther", budget_micro_usd=0),
            ],
        },
    ),
    "approval-above-amount": (
        {"tool": "refund", "amount": "100", "approvers": "lead, cfo"},
        {"permit": [tool(arguments={"amount": 100}), tool(arguments={"amount": 100.01})], "deny": []},
    ),
    "no-pii-to-outside-models": (
        {"detectors": "pii,pii-presidio", "providers": "azure"},
        {
            "permit": [
                model(),
                near(label=PERSONAL),
                model(provider="azure", label=label(findings=["pii"])),
                model(label=label(findings=["secrets"])),
            ],
            "deny": [
                model(label=label(findings=["pii", "pii:IBAN"])),
                model(label=label(findings=["pii-presidio"])),
                model(label=PERSONAL),
                model(label=SECRET),
            ],
        },
    ),
    "no-secrets-released": (
        {},
        {
            "permit": [RELEASE, near(label=SECRET), tool("orders", Safety.READ, label=SECRET), tool()],
            "deny": [
                {**RELEASE, "label": label(findings=["secrets"])},
                {**RELEASE, "label": SECRET},
                model(label=label(findings=["secrets"])),
                tool(label=label(findings=["secrets"])),
            ],
        },
    ),
    "region": (
        {"regions": "eu, ch", "detectors": "pii"},
        {
            "permit": [model(), model(region="ch", label=PERSONAL), near(label=PERSONAL)],
            "deny": [
                model(region="us", label=PERSONAL),
                model(region="", label=PERSONAL),
                model(region="us", label=SECRET),
                model(region="us", label=label(findings=["pii"])),
            ],
        },
    ),
    "purpose": (
        {"tool": "crm", "purposes": "support,billing"},
        {
            "permit": [
                tool("crm", purpose="billing"),
                model(purpose="support", label=label("tool:crm")),
                tool("orders"),
                model(),
            ],
            "deny": [
                tool("crm"),
                tool("crm", purpose="research"),
                model(purpose="research", label=label("tool:crm")),
                {**RELEASE, "label": label("tool:crm")},
            ],
        },
    ),
    "tenant-isolation": (
        {"tool": "ledger", "tenant": "acme"},
        {
            "permit": [
                tool("ledger", tenant="acme"),
                model(tenant="acme", label=label("tool:ledger")),
                tool("orders"),
            ],
            "deny": [tool("ledger"), tool("ledger", tenant="Acme"), {**RELEASE, "label": label("tool:ledger")}],
        },
    ),
    "untrusted-sources-do-not-act": (
        {"source": "tool:browse"},
        {
            "permit": [tool(), tool("orders", Safety.READ, label=WEB), {**RELEASE, "label": WEB}],
            "deny": [tool(label=WEB), tool(safety=Safety.COMPENSABLE, label=WEB), tool(agent="other", label=WEB)],
        },
    ),
    "values-from-named-sources": (
        {"tool": "pay", "argument": "to", "sources": "user, tool:accounts:rows[].iban"},
        {
            "permit": [
                tool("pay", arguments={"to": "X"}, origins={"to": frozenset({"user", "tool:web"})}),
                tool("pay", arguments={"to": "X"}, origins={"to": frozenset({"tool:accounts:rows[].iban"})}),
                tool(arguments={"to": "X"}),
            ],
            "deny": [
                tool("pay", arguments={"to": "X"}, origins={"to": frozenset({"tool:web"})}),
                tool("pay", arguments={"to": "X"}, origins={"to": frozenset()}),
                tool("pay"),
            ],
        },
    ),
    "model-allow-list-for-agent": (
        {"agent": "clerk", "models": "near,small"},
        {"permit": [near(), model("small"), model(agent="other")], "deny": [model()]},
    ),
}


def decide(text, facts, permits=PERMIT_ALL):
    asked = {"agent": "clerk", "role": Role.WORKER, "tenant": "default", "principal": "ann", "label": label()}
    return PolicyEngine.load({"t.cedar": text, "p.cedar": permits}).decide(
        PolicyRequest(**asked | {"declared": True} | facts)
    )


@pytest.mark.parametrize(
    ("facts", "asking"),
    [
        ({}, []),
        ({"steering": POINTED_AT}, []),
        ({"in_scope": False}, ["calls-are-what-the-task-asks-for"]),
        ({"steering": STRANGE}, ["calls-are-steered-by-those-who-may", "links-are-known"]),
    ],
)
def test_data_flow_asks(facts, asking):
    decision = decide(policy_template("data-flow").fill({}), tool(**facts))
    assert [each.policy for each in decision.obligations] == asking


def test_every_template_has_cases():
    assert sorted(CASES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_template_permits_and_denies_what_it_says(name):
    values, cases = CASES[name]
    text = policy_template(name).fill(values)
    for facts in cases["permit"]:
        assert decide(text, facts).permitted, facts
    for facts in cases["deny"]:
        decision = decide(text, facts)
        assert not decision.permitted, facts
        assert decision.errors == ()
        assert "all" not in decision.policies


def test_a_reading_agent_needs_no_other_permit():
    text = policy_template("read-only-agent").fill({"agent": "clerk"})
    assert decide(text, tool("orders", Safety.READ), permits="").policies == ("clerk-reads",)
    assert not decide(text, tool("orders", Safety.READ, declared=False), permits="").permitted
    assert not decide(text, tool("orders", Safety.READ, agent="other"), permits="").permitted


@pytest.mark.parametrize(
    ("arguments", "asks"),
    [
        ({"amount": 100}, False),
        ({"amount": 0}, False),
        ({"amount": 100.0000001}, True),
        ({"amount": -1}, True),
        ({"amount": "100"}, True),
        ({}, True),
    ],
)
def test_above_an_amount_a_person_is_asked(arguments, asks):
    values = {"tool": "refund", "amount": "100", "approvers": "lead, cfo", "due": "2h", "agent": "clerk"}
    text = policy_template("approval-above-amount").fill(values)
    decision = decide(text, tool(arguments=arguments), permits="")
    assert decision.permitted
    assert [(each.rule.approvers, each.rule.due_seconds, each.rule.on_due) for each in decision.obligations] == (
        [(("lead", "cfo"), 7200.0, "reject")] if asks else []
    )
    assert not decide(text, tool(arguments=arguments, agent="other"), permits="").permitted


def test_what_is_optional_takes_its_policies_with_it():
    ids = {}
    for name, values in (("region", {"regions": "eu"}), ("region", {"regions": "eu", "detectors": "pii"})):
        policies, _ = parse_policies({"t.cedar": policy_template(name).fill(values)})
        ids[len(values)] = [each.id for each in policies]
    assert ids == {
        1: ["personal-data-stays-in-its-regions"],
        2: ["personal-data-stays-in-its-regions", "found-personal-data-stays-in-its-regions"],
    }


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (
            "read-only-agent",
            {"agnet": "clerk"},
            snapshot("""\
template `read-only-agent`: unknown parameter `agnet`; did you mean `agent`?
template `read-only-agent`: parameter `agent` is missing: who only reads\
"""),
        ),
        (
            "approval-above-amount",
            {"tool": " ", "amount": "many", "approvers": "a,,b", "due": "soon"},
            snapshot("""\
template `approval-above-amount`: parameter `tool` (tool): is empty
template `approval-above-amount`: parameter `amount` (amount): is not a number
template `approval-above-amount`: parameter `approvers` (people): is empty
template `approval-above-amount`: parameter `due` (duration): 'soon' is no duration; write a number and a unit: 90s, 15m, 12h, 30d or 4w\
"""),
        ),
        (
            "spending-limit",
            {"run_usd": "-1", "keep_usd": "0.0000001"},
            snapshot("""\
template `spending-limit`: parameter `run_usd` (usd): must be 0 or more
template `spending-limit`: parameter `keep_usd` (usd): must be a number with at most 6 decimals, and not larger than 64 bits hold in millionths\
"""),
        ),
        (
            "spending-limit",
            {"run_usd": "1e30", "keep_usd": "NaN", "models": "\ud83d"},
            snapshot("""\
template `spending-limit`: parameter `run_usd` (usd): must be a number with at most 6 decimals, and not larger than 64 bits hold in millionths
template `spending-limit`: parameter `models` (list of model): is not text
template `spending-limit`: parameter `keep_usd` (usd): must be a number with at most 6 decimals, and not larger than 64 bits hold in millionths\
"""),
        ),
    ],
)
def test_every_parameter_that_is_wrong_is_told(name, values, message):
    with pytest.raises(ConfigError) as caught:
        policy_template(name).fill(values)
    assert str(caught.value) == message
    for parameter in policy_template(name).parameters:
        assert parameter in caught.value.hint


def replaced(value, old, new):
    match value:
        case dict():
            return {replaced(name, old, new): replaced(each, old, new) for name, each in value.items()}
        case list():
            return [replaced(each, old, new) for each in value]
        case str():
            return value.replace(old, new)
        case _:
            return value


HOSTILE = st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and "," not in text) | st.sampled_from(
    [
        '"); permit (principal); //',
        "\\",
        '\\"',
        'x\n@id("y") permit (principal);\n//',
        "x\rpermit (principal);",
        "${agent}",
        "\u2028permit",
        "*",
        "\\u{22}",
        "'",
        "\x00",
    ]
)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_value_stays_inside_its_literal(name, data):
    template = policy_template(name)
    free = [each for each in template.parameters.values() if each.kind.name not in {"usd", "amount", "duration"}]
    text = data.draw(HOSTILE)
    others = {name: value for name, value in CASES[name][0].items() if template.parameters[name] not in free}
    found = []
    for value in ("STANDS-FOR-IT", text):
        filled = template.fill({**others, **{each.name: value for each in free}})
        policies, problems = parse_policies({"t.cedar": filled})
        assert problems == []
        assert all(line.startswith("// ") or line == "//" for line in filled.split("\n\n")[0].split("\n"))
        found.append([(each.id, each.form) for each in policies])
    harmless, hostile = (json.loads(json.dumps(each)) for each in found)
    assert hostile == replaced(harmless, "STANDS-FOR-IT", text.strip())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('@id("x") permit (principal, action, resource);', "not part of a header"),
        ("// Title\n// @param x text - y\n\npermit (…);", "not part of a header: // @param x text"),
        ("// Title\n// @param x: txt - y\n\npermit (…);", "'txt' is no kind of parameter"),
        ("// Title", "no policies"),
        ('// Title\n\n@id("${x}") permit (principal, action, resource);', "not declared: x"),
    ],
)
def test_a_template_that_cannot_be_read_is_told(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        PolicyTemplate.parse("mine", text)

# ruff: noqa: E501  # messages stand as people read them
"""Policies are held against what a project has: what is a mistake, and what can have no effect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentcore.domain.agent import Role
from agentcore.domain.effect import Safety
from agentcore.policy.bundle import parse_policies
from agentcore.policy.check import check
from agentcore.policy.vocabulary import KnownAgent, KnownModel, KnownTool, Vocabulary

REFUND = {
    "type": "object",
    "properties": {
        "order": {"type": "string"},
        "amount": {"type": "number"},
        "to": {"type": "object", "properties": {"account": {"type": "string"}}, "additionalProperties": False},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
    },
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {"url": {"type": "string"}}}
DESK = Vocabulary(
    agents={
        "planner": KnownAgent(name="planner", role=Role.SUPERVISOR, models=("near", "far")),
        "clerk": KnownAgent(name="clerk", role=Role.WORKER, tools=("refund", "browse"), models=("near", "far")),
        "writer": KnownAgent(name="writer", role=Role.WORKER, models=("near",)),
        "critic": KnownAgent(name="critic", role=Role.VERIFIER, models=("near",)),
        "retired": KnownAgent(name="retired", role=Role.WORKER, tools=("refund",), models=("near",), used=False),
    },
    tools={
        "refund": KnownTool(name="refund", safety=Safety.UNSAFE, parameters=REFUND),
        "browse": KnownTool(name="browse", safety=Safety.READ, parameters=OPEN, labels=frozenset({"payroll"})),
        "idle": KnownTool(name="idle", safety=Safety.READ, parameters=OPEN),
    },
    models={
        "near": KnownModel(name="near", family="qwen", provider="llama", local=True),
        "far": KnownModel(name="far", family="gpt", provider="openai", region="eu"),
    },
    supervisor="planner",
    workers=("clerk", "writer"),
    groups=frozenset({"shop"}),
    triggers=frozenset({"mail"}),
    detectors=frozenset({"pii", "secrets"}),
)
ALL = '@id("all") permit (principal, action, resource);\n'


def found(text, vocabulary=DESK):
    policies, problems = parse_policies({"p.cedar": text})
    assert problems == []
    return [(each.error, str(each)) for each in check(policies, vocabulary, "policies")]


def policy(scope="principal, action, resource", when="true", effect="forbid"):
    return f'{ALL}@id("a")\n{effect} ({scope})\nwhen {{ {when} }};'


def obliged(kind, parameters, scope):
    return f'{ALL}@id("a")\n@obligation("{kind}")\n{parameters}\npermit (principal, {scope});'


CALL = 'action == Action::"call_tool", resource == Tool::"refund"'
MODEL = 'action == Action::"call_model", resource'


@pytest.mark.parametrize(
    ("text", "error", "expected"),
    [
        (
            obliged("redact", '@types("pii, secrts:KEY")', MODEL),
            True,
            "p.cedar:4:2: policy 'a': unknown detector `secrts`; did you mean `secrets`? (see `guards` in agentcore.yaml)",
        ),
        (
            obliged("downgrade", '@to("near, fra")', MODEL),
            True,
            "p.cedar:4:2: policy 'a': unknown model `fra`; did you mean `far`?",
        ),
        (
            obliged("mask", '@fields("arguments.to.acount")', CALL),
            True,
            "p.cedar:4:2: policy 'a': unknown argument `to.acount`; did you mean `to.account`?",
        ),
        (
            obliged("verify", '@verifiers("2")', 'action == Action::"delegate", resource == Agent::"clerk"'),
            False,
            "p.cedar:4:2: policy 'a': agent `clerk` has a panel of 1, so no output that this applies to is accepted",
        ),
        (
            obliged("verify", '@verifiers("1")', 'action == Action::"release", resource == Output::"answer"'),
            False,
            "p.cedar:4:2: policy 'a': agent `writer` has a panel of 0, so no output that this applies to is accepted",
        ),
        (
            obliged("notify", '@to("x")', CALL),
            False,
            "p.cedar:2:1: policy 'a': nobody is told: there is no `webhook` in agentcore.yaml",
        ),
    ],
)
def test_what_a_project_cannot_do_is_told(text, error, expected):
    clerk = replace(DESK.agents["clerk"], panel=1)
    assert found(text, replace(DESK, agents={**DESK.agents, "clerk": clerk}, notifies=False)) == [(error, expected)]


@pytest.mark.parametrize(
    "text",
    [
        obliged("redact", '@types("pii, secrets:KEY")', MODEL),
        obliged("downgrade", '@to("near, far")', MODEL),
        obliged("mask", '@fields("arguments.to.account, arguments.lines.sku, arguments.to, result.x")', CALL),
        obliged("mask", "", CALL),
        obliged("limit", '@rate("1") @per("1")', CALL),
        obliged("verify", '@verifiers("1")', 'action == Action::"delegate", resource == Agent::"clerk"'),
        obliged("notify", '@to("x")', CALL),
    ],
)
def test_what_it_can_do_is_no_finding(text):
    clerk = replace(DESK.agents["clerk"], panel=1)
    assert found(text, replace(DESK, agents={**DESK.agents, "clerk": clerk})) == []


def call(when, tool="refund"):
    return policy(f'principal, action == Action::"call_tool", resource == Tool::"{tool}"', when)


def test_a_project_that_is_permitted_everything_has_no_findings():
    assert found(ALL) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            policy('principal == Agent::"clerc", action, resource'),
            "p.cedar:3:29: policy 'a': unknown agent `clerc`; did you mean `clerk`?",
        ),
        (
            policy('principal, action == Action::"delegate", resource == Agent::"writr"'),
            "p.cedar:3:69: policy 'a': unknown agent `writr`; did you mean `writer`?",
        ),
        (
            policy('principal, action == Action::"call_tool", resource == Tool :: "refnd"'),
            "p.cedar:3:71: policy 'a': unknown tool `refnd`; did you mean `refund`?",
        ),
        (
            policy('principal, action == Action::"call_model", resource', 'resource == Model::"nera"'),
            "p.cedar:4:27: policy 'a': unknown model `nera`; did you mean `near`?",
        ),
        (
            policy('principal, action == Action::"release", resource == Output::"anwser"'),
            "p.cedar:3:69: policy 'a': unknown output `anwser`; did you mean `answer`?",
        ),
        (
            call('context.arguments.hasTag("ordr")'),
            "p.cedar:4:33: policy 'a': tool `refund`: unknown argument `ordr`; did you mean `order`?",
        ),
        (
            call('context.numbers.hasTag("order") && context.numbers.getTag("order") < 1'),
            (
                "p.cedar:4:31: policy 'a': tool `refund`: the argument `order` is text, not a number: "
                "ask `context.arguments`"
            ),
        ),
        (
            call('context.lists.hasTag("amount")'),
            (
                "p.cedar:4:29: policy 'a': tool `refund`: the argument `amount` is a number, not a list: "
                "ask `context.numbers`"
            ),
        ),
        (
            call('context.arguments.hasTag("lines")'),
            "p.cedar:4:33: policy 'a': tool `refund`: the argument `lines` is a list, not text: ask `context.lists`",
        ),
        (
            call('context.arguments.hasTag("to")'),
            (
                "p.cedar:4:33: policy 'a': tool `refund`: the argument `to` has parts, of which each is asked for by its "
                "path: to.account"
            ),
        ),
        (
            call('context.arguments.hasTag("to.acount")'),
            "p.cedar:4:33: policy 'a': tool `refund`: unknown argument `to.acount`; did you mean `to.account`?",
        ),
        (
            call('["order", "amuont"].containsAll(context.argument_names)'),
            "p.cedar:4:18: policy 'a': tool `refund`: unknown argument `amuont`; did you mean `amount`?",
        ),
        (
            policy(
                'principal, action == Action::"call_tool", resource',
                '(resource == Tool::"refund" || resource == Tool::"idle") && context.numbers.hasTag("order")',
            ),
            (
                "p.cedar:4:91: policy 'a': tool `refund`: the argument `order` is text, not a number: "
                "ask `context.arguments`"
            ),
        ),
    ],
)
def test_a_name_that_the_project_does_not_have_is_an_error(text, expected):
    assert (True, expected) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        policy('principal == Agent::"clerk", action, resource', 'context.tenant == "whoever"'),
        policy('principal, action, resource == Tool::"shop-order"'),
        policy('principal, action, resource == Tool::"shop"'),
        policy('principal, action == Action::"plan", resource == Run::"nightly"'),
        policy('principal, action == Action::"release", resource == Output::"reason"', "context.declared == false"),
        call('context.arguments.hasTag("amount") && context.arguments.getTag("amount") == "1"'),
        call('context.lists.hasTag("lines[].sku") || context.arguments.hasTag("to.account")'),
        call('context.argument_names.contains("to") || context.argument_names == ["order"]'),
        call('context.arguments.hasTag("anything")', "shop-order"),
        policy(
            'principal, action == Action::"call_tool", resource',
            '[Tool::"refund", Tool::"browse"].contains(resource) && '
            '(context.arguments.hasTag("url") || context.numbers.hasTag("amount"))',
        ),
    ],
)
def test_what_the_project_has_is_no_error(text):
    assert [message for error, message in found(text) if error] == []


def test_an_argument_that_the_parameters_do_not_forbid_is_a_warning():
    assert found(call('context.arguments.hasTag("ulr")', "browse")) == [
        (False, "p.cedar:4:33: policy 'a': tool `browse`: unknown argument `ulr`; did you mean `url`?")
    ]


def test_an_argument_that_no_tool_has_is_a_warning_in_a_policy_for_all_tools():
    text = policy('principal, action == Action::"call_tool", resource', 'context.arguments.hasTag("emial")')
    assert found(text) == [
        (
            False,
            (
                "p.cedar:4:33: policy 'a': its tools (browse, refund): unknown argument `emial`; known: amount, order, "
                "to.account, url"
            ),
        )
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("tool:brwose", "unknown tool `brwose`; did you mean `browse`?"),
        ("model:nere", "unknown model `nere`; did you mean `near`?"),
        ("trigger:male", "unknown trigger `male`; did you mean `mail`?"),
        ("agent:clerk", "what an agent writes carries the sources of all that it was given, and `model:NAME`"),
        ("usr", "unknown kind of source `usr`; did you mean `user`?"),
    ],
)
def test_a_source_that_nothing_can_have_is_a_warning(source, expected):
    for when in (f'context.sources.contains("{source}")', f'context.sources.containsAny(["user", "{source}"])'):
        ((error, message),) = found(policy(when=when))
        assert not error
        assert message.endswith(f": policy 'a': no source is called `{source}`: {expected}")
        assert message.startswith("p.cedar:4:")


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        ("secret", "unknown detector `secret`; did you mean `secrets`?"),
        ("piii:EMAIL_ADDRESS", "unknown detector `piii`; did you mean `pii`?"),
        ("injection", "unknown detector `injection`; known: pii, secrets"),
    ],
)
def test_a_finding_of_a_detector_that_guards_nothing_is_a_warning(finding, expected):
    ((error, message),) = found(policy(when=f'context.findings.contains("{finding}")'))
    assert not error
    assert f": policy 'a': nothing is ever found as `{finding}`: {expected} (see `guards`" in message


def test_a_label_that_no_tools_results_have_is_a_warning():
    ((error, message),) = found(policy(when='context.findings.contains("label:pairoll")'))
    assert not error
    assert "no tool has results with this label: unknown label `pairoll`; did you mean `payroll`?" in message


@pytest.mark.parametrize("finding", ["pii", "pii:EMAIL_ADDRESS", "secrets:failed", "label:payroll"])
def test_a_finding_of_a_guard_is_none(finding):
    assert found(policy(when=f'context.findings.contains("{finding}")')) == []


@pytest.mark.parametrize(
    "source", ["user", "tool:browse", "tool:shop-x", "model:far", "trigger:mail", "document:a.md#b", "person:ann"]
)
def test_a_source_that_something_may_have_is_none(source):
    assert found(policy(when=f'context.sources.contains("{source}")')) == []


@pytest.mark.parametrize(
    ("scope", "when", "expected"),
    [
        (
            'principal == Agent::"writer", action == Action::"call_tool", resource == Tool::"refund"',
            "true",
            "agent `writer` does not have the tool `refund`",
        ),
        (
            'principal == Agent::"retired", action, resource',
            "true",
            "agent `retired` is neither in the team nor on a panel",
        ),
        (
            'principal == Agent::"writer", action == Action::"call_model", resource == Model::"far"',
            "true",
            "agent `writer` does not use the model `far`",
        ),
        ('principal, action == Action::"call_tool", resource == Tool::"idle"', "true", "no agent has the tool `idle`"),
        (
            'principal, action == Action::"call_tool", resource == Tool::"refund"',
            'resource.safety == Safety::"read"',
            "no agent of the project can ask for anything that it fits",
        ),
        (
            'principal is Agent, action == Action::"call_tool", resource is Tool in Tool::"refund"',
            'principal.role != Role::"worker"',
            "no agent of the project can ask for anything that it fits",
        ),
    ],
)
def test_a_policy_that_names_something_and_can_never_apply_is_a_warning(scope, when, expected):
    for effect in ("permit", "forbid"):
        assert found(policy(scope, when, effect)) == [
            (False, f"p.cedar:2:1: policy 'a': it can never apply: {expected}")
        ]


def test_a_policy_for_any_project_may_wait_for_what_the_project_does_not_have_yet():
    text = policy('principal, action == Action::"call_tool", resource', 'resource.safety == Safety::"compensable"')
    assert found(text) == []


def test_a_permit_that_is_always_forbidden_is_a_warning():
    text = (
        f'{ALL}@id("a")\n'
        'permit (principal == Agent::"clerk", action == Action::"call_tool", resource == Tool::"refund")\n'
        'when { context.tenant == "acme" };\n'
        '@id("b") forbid (principal, action == Action::"call_tool", resource)\n'
        'when { principal.role == Role::"worker" } unless { resource.safety == Safety::"read" };'
    )
    assert found(text) == [
        (False, "p.cedar:2:1: policy 'a': it can never permit anything: all of it is forbidden by `b`"),
        (False, "policies: tool `refund` can never be called, though it is a tool of `clerk`: forbidden by `b`"),
    ]
    assert (
        found(text.replace('resource.safety == Safety::"read"', 'context.declared == (context.tenant == "x")')) == []
    )


@pytest.mark.parametrize(
    ("removed", "expected"),
    [
        ("plan", ["the supervisor `planner` can never plan: no policy can permit it"]),
        (
            "delegate",
            [f"agent `{name}` can never be given a step: no policy can permit it" for name in ("clerk", "writer")],
        ),
        (
            "call_model",
            [
                f"agent `{name}` can never call a model: no policy can permit it"
                for name in ("planner", "clerk", "writer", "critic")
            ],
        ),
        (
            "call_tool",
            [
                "tool `refund` can never be called, though it is a tool of `clerk`: no policy can permit it; the tool counts as `unsafe`: permit it by name in policies/, or declare `safety: read` if it changes nothing",
                "tool `browse` can never be called, though it is a tool of `clerk`: no policy can permit it",
            ],
        ),
        ("release", [f"the {name} can never be released: no policy can permit it" for name in ("answer", "reason")]),
    ],
)
def test_what_is_always_denied_is_a_warning(removed, expected):
    actions = {"plan", "delegate", "call_model", "call_tool", "release"} - {removed}
    listed = ", ".join(f'Action::"{action}"' for action in sorted(actions))
    text = f'@id("some") permit (principal, action in [{listed}], resource);'
    assert found(text) == [(False, f"policies: {message}") for message in expected]


def test_a_single_agent_that_may_not_call_its_tool_and_a_model_that_nobody_may_call():
    agents = {**DESK.agents, "buyer": KnownAgent(name="buyer", role=Role.WORKER, tools=("refund",), models=("near",))}
    two = Vocabulary(
        agents=agents, tools=DESK.tools, models=DESK.models, supervisor="planner", workers=("clerk", "buyer")
    )
    text = (
        f'{ALL}@id("a") forbid (principal == Agent::"buyer", action, resource is Tool);\n'
        '@id("b") forbid (principal, action == Action::"call_model", resource) unless { resource.local };'
    )
    assert found(text, two) == [
        (False, "policies: model `far` can never be called: forbidden by `b`"),
        (False, "policies: agent `buyer` can never call its tool `refund`: forbidden by `a`"),
    ]


def test_what_cannot_be_told_before_a_run_is_not_told():
    conditions = [
        "context has budget_micro_usd && context.budget_micro_usd > 5",
        'context.user like "a*"',
        'if context.tenant == "a" then resource.local else true',
        "context == context",
        'context.user == "ann" || context.confidentiality == Confidentiality::"secret"',
    ]
    for when in conditions:
        assert found(policy('principal, action == Action::"call_model", resource', when)) == []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('["eu", "ue"].contains(resource.region)', ["ue"]),
        ('resource.region == "us" || "eu" == resource.region', ["us"]),
        ('resource.region != "" && context.purpose == "us"', []),
    ],
)
def test_a_region_that_no_model_is_in_is_a_warning(condition, expected):
    told = [
        (error, message)
        for error, message in found(policy('principal, action == Action::"call_model", resource', condition))
        if "no model is there" in message
    ]
    assert [error for error, _ in told] == [False] * len(expected)
    assert [each.partition("unknown region `")[2].partition("`")[0] for _, each in told] == expected

"""What is said of a policy before a run holds in every run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.agent import Role
from agentcore.domain.effect import Safety
from agentcore.domain.label import Confidentiality, Label
from agentcore.policy.asks import asks
from agentcore.policy.bundle import parse_policies
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.partial import applies
from agentcore.policy.request import PolicyRequest
from agentcore.policy.vocabulary import KnownAgent, KnownModel, KnownTool, Vocabulary

DESK = Vocabulary(
    agents={
        "planner": KnownAgent(name="planner", role=Role.SUPERVISOR, models=("near",)),
        "clerk": KnownAgent(name="clerk", role=Role.WORKER, tools=("refund", "browse"), models=("near", "far")),
    },
    tools={
        "refund": KnownTool(name="refund", safety=Safety.UNSAFE),
        "browse": KnownTool(name="browse", safety=Safety.READ),
    },
    models={
        "near": KnownModel(name="near", family="qwen", provider="llama", local=True),
        "far": KnownModel(name="far", family="gpt", provider="openai", region="eu"),
    },
    supervisor="planner",
    workers=("clerk",),
)
SCOPES = [
    "principal, action, resource",
    'principal == Agent::"clerk", action, resource',
    'principal is Agent in Agent::"planner", action, resource',
    "principal is Agent, action, resource is Agent",
    'principal, action in [Action::"call_tool", Action::"plan"], resource',
    'principal, action, resource in Tool::"refund"',
    'principal, action, resource == Run::"nightly"',
]
ANYWHERE = [
    "context.declared",
    'context.tenant == "acme"',
    'principal.role == Role::"worker"',
    'principal == Agent::"clerk"',
    'principal in [Agent::"planner", Agent::"clerk"]',
    '[Agent::"planner"].contains(principal)',
    "principal is Agent",
    'resource is Tool in Tool::"browse"',
    "resource is Run",
    'action == Action::"call_tool"',
    'context.sources.contains("user")',
    'context.user like "a*"',
    'resource is Model && resource.region == "eu"',
    'context.purpose == "billing"',
    '["x", "y"] == ["y", "x"]',
    "1 != 2",
]
CONDITIONS = st.recursive(
    st.sampled_from(ANYWHERE),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda one: f"!({one})"),
        st.tuples(inner, inner, inner).map(lambda parts: "(if {} then {} else {})".format(*parts)),
    ),
    max_leaves=5,
)


def request(ask, run):
    tenant, user, sources = run
    model, tool = DESK.models.get(ask.resource.id), DESK.tools.get(ask.resource.id)
    return PolicyRequest(
        action=ask.action,
        agent=ask.agent,
        role=ask.role,
        resource=ask.resource.id or "nightly",
        tenant=tenant,
        principal=user,
        label=Label(sources=sources, confidentiality=Confidentiality.INTERNAL),
        declared=True,
        resource_role=Role.WORKER if ask.action == "delegate" else None,
        family=model.family if model else "",
        provider=model.provider if model else "",
        local=model.local if model else False,
        region=model.region if model else "",
        safety=tool.safety if tool else None,
    )


@given(
    st.sampled_from(SCOPES),
    CONDITIONS,
    st.sampled_from(["when", "unless"]),
    st.tuples(
        st.sampled_from(["acme", "other"]),
        st.sampled_from(["ann", "eve"]),
        st.frozensets(st.sampled_from(["user", "tool:browse"])),
    ),
)
def test_what_is_certain_before_a_run_is_decided_so_in_it(scope, condition, kind, run):
    text = f'@id("a") permit ({scope}) {kind} {{ {condition} }};'
    (policy,), problems = parse_policies({"p": text})
    if problems:  # Cedar refuses what is false for every type of resource
        return
    engine = PolicyEngine.load({"p": text})
    for ask in asks(DESK):
        said = applies(policy, ask)
        assert said in {None, engine.decide(request(ask, run)).permitted}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('resource.safety == Safety::"read"', {"refund": False, "browse": True}),
        ('resource.safety != Safety::"read" || context.tenant == "a"', {"refund": True, "browse": None}),
        ('context.arguments.hasTag("x")', {"refund": None, "browse": None}),
        ('resource == Tool::"refund" && context.tenant == "a"', {"refund": None, "browse": False}),
        ("context.declared && principal == principal", {"refund": True, "browse": True}),
    ],
)
def test_what_is_known_of_tools_counts(condition, expected):
    text = f'@id("a") permit (principal, action == Action::"call_tool", resource) when {{ {condition} }};'
    (policy,), _ = parse_policies({"p": text})
    calls = [ask for ask in asks(DESK) if ask.action == "call_tool"]
    assert {ask.resource.id: applies(policy, ask) for ask in calls} == expected

"""Recorded decisions under other policies: what is known decides, and what is not is named."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.agent import Role
from agentcore.domain.decision import Decision
from agentcore.domain.effect import Safety
from agentcore.domain.label import Confidentiality, Label
from agentcore.policy.abstract import SomeSet
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.past_decision import PastDecision
from agentcore.policy.rejudge import Known, ModelFacts, opinion, rejudge
from agentcore.policy.request import PolicyRequest

NEAR = ModelFacts(family="f", provider="p", local=True, region="eu")
KNOWN = Known(
    roles={"ann": Role.WORKER, "boss": Role.SUPERVISOR}, tools={"ann": frozenset({"sql"})}, models={"near": NEAR}
)
PERMIT = '@id("all") permit (principal, action, resource);'
USER = SomeSet(must=frozenset({"user"}), may=frozenset({"user"}))


def engine(*texts):
    return PolicyEngine.load({"p.cedar": "\n".join(texts)})


def forbid(condition, action="call_model"):
    return f'@id("no") forbid (principal, action == Action::"{action}", resource) when {{ {condition} }};'


def recorded(action="call_model", resource="near", **changes):
    facts = {
        "run": "r",
        "step": "s",
        "call": "c",
        "decision": Decision(permitted=True, action=action, resource=resource, principal="ann", policies=("old",)),
        "tenant": "acme",
        "user": "eve",
        "confidentiality": Confidentiality.INTERNAL,
        "sources": USER,
        "limited": False,
    }
    return PastDecision(**facts | changes)


@pytest.mark.parametrize(
    ("found", "condition", "ruling", "unknown"),
    [
        (recorded(), "resource.local", "denied", ()),
        (recorded(resource="far"), "resource.local", "cannot tell", ("local",)),
        (recorded(), 'resource.region == "eu"', "denied", ()),
        (recorded(resource="far"), 'resource.region == "eu"', "cannot tell", ("region",)),
        (recorded(purpose="billing"), 'context.purpose == "billing"', "denied", ()),
        (recorded(), 'context.purpose == "billing"', "permitted", ()),
        (recorded(resource="far"), 'resource.local && context.tenant == "other"', "permitted", ()),
        (recorded(), 'principal.role == Role::"worker"', "denied", ()),
        (recorded(limited=True), "context has budget_micro_usd", "denied", ()),
        (
            recorded(limited=True),
            "context has budget_micro_usd && context.budget_micro_usd < 5",
            "cannot tell",
            ("budget_micro_usd",),
        ),
        (recorded(), "context has budget_micro_usd", "permitted", ()),
        (
            recorded(sources=SomeSet(may=frozenset({"user", "tool:web"})), confidentiality=None),
            'context.sources.contains("tool:web")',
            "cannot tell",
            ("sources",),
        ),
        (
            recorded(sources=SomeSet(may=frozenset({"user", "tool:web"})), confidentiality=None),
            'context.sources.contains("tool:other")',
            "permitted",
            (),
        ),
        (
            recorded(confidentiality=None),
            'context.confidentiality == Confidentiality::"secret"',
            "cannot tell",
            ("confidentiality",),
        ),
    ],
)
def test_what_is_not_known_is_named_where_it_matters(found, condition, ruling, unknown):
    got = opinion(found, KNOWN, engine(PERMIT, forbid(condition)))
    assert (got.ruling, got.unknown) == (ruling, unknown)
    if unknown:
        assert got.policies == ("no",)


def test_a_tool_s_arguments_are_judged_as_they_were():
    small = forbid('context.numbers.hasTag("a") && context.numbers.getTag("a") > 5000000', "call_tool")
    call = recorded("call_tool", "sql", safety=Safety.READ, arguments={"a": 7})
    assert opinion(call, KNOWN, engine(PERMIT, small)).policies == ("no",)
    assert opinion(replace(call, arguments={"a": 3}), KNOWN, engine(PERMIT, small)).policies == ("all",)
    # who nobody knows: the arguments decide all the same
    stranger = '@id("w") permit (principal, action, resource) when { principal.role == Role::"worker" };'
    assert opinion(call, Known(), engine(PERMIT, small, stranger)).ruling == "denied"
    nested = {"a": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}
    too_large = opinion(replace(call, arguments=nested), Known(), engine(PERMIT, small, stranger))
    assert (too_large.ruling, "too large" in too_large.errors[0]) == ("denied", True)


def test_the_policies_by_which_it_was_decided_say_what_is_recorded():
    policies = engine(PERMIT, forbid("resource.local"))
    decision = Decision(
        permitted=True, action="call_model", resource="x", principal="ann", policies=("all",), bundle=policies.bundle
    )
    found = rejudge(recorded(decision=decision), Known(), current=policies, new=engine(PERMIT, "// same"))
    assert (found.before.ruling, found.after.ruling, found.outcome) == ("permitted", "permitted", "same")
    found = rejudge(recorded(decision=decision), Known(), current=policies, new=engine("// nothing"))
    assert (found.after.ruling, found.after.policies, found.outcome) == ("denied", (), "changed")


def asks(kind, parameters, condition="true"):
    scope = '(principal, action == Action::"call_model", resource)'
    return f'@id("ask") @obligation("{kind}") {parameters} permit {scope} when {{ {condition} }};'


def test_other_obligations_are_a_change():
    plain, redacting = engine(PERMIT), engine(PERMIT, asks("redact", '@types("pii")'))
    found = rejudge(recorded(), KNOWN, current=plain, new=redacting)
    assert (found.before.ruling, found.after.ruling, found.outcome) == ("permitted", "permitted", "changed")
    assert [each.kind for each in found.after.obligations] == ["redact"]
    renamed = engine(PERMIT, asks("redact", '@types("pii")').replace('"ask"', '"other"'))
    assert rejudge(recorded(), KNOWN, current=redacting, new=renamed).outcome == "same"
    local = engine(PERMIT, asks("redact", '@types("pii")', "!resource.local"))
    assert rejudge(recorded(), KNOWN, current=plain, new=local).outcome == "same"
    far = rejudge(recorded(resource="far"), KNOWN, current=plain, new=local)
    assert (far.after.ruling, far.after.policies, far.after.unknown) == ("cannot tell", ("ask",), ("local",))


def test_what_could_not_be_done_was_permitted_by_policies():
    policies = engine(PERMIT, asks("redact", '@types("pii")'))
    decision = policies.decide(
        PolicyRequest(
            action="call_model",
            agent="ann",
            role=Role.WORKER,
            resource="near",
            tenant="acme",
            principal="eve",
            label=Label(),
            declared=True,
        )
    ).failed("redact", "the detector pii failed")
    assert not decision.permitted
    found = rejudge(recorded(decision=decision), KNOWN, current=policies, new=policies)
    assert (found.before.ruling, found.outcome) == ("permitted", "same")


def test_what_was_redacted_is_not_known():
    found = recorded("call_tool", "sql", safety=Safety.READ, arguments={"a": "[CARD]"}, redacted=True)
    small = forbid('context.arguments.hasTag("a") && context.arguments.getTag("a") == "x"', "call_tool")
    assert opinion(found, KNOWN, engine(PERMIT, small)).unknown == ("arguments",)


CONDITIONS = [
    "true",
    "resource.local",
    'resource.provider == "p"',
    'resource.region == "eu"',
    'context.purpose == "billing"',
    'principal.role == Role::"worker"',
    'context.tenant == "acme"',
    "context.declared",
    'context.sources.contains("tool:web")',
    '["user"].containsAll(context.sources)',
    'context.confidentiality == Confidentiality::"secret"',
    "context has budget_micro_usd && context.budget_micro_usd < 5",
    "context == context",
]


@given(
    chosen=st.lists(
        st.tuples(st.sampled_from(["permit", "forbid"]), st.sampled_from(CONDITIONS)), min_size=1, max_size=4
    ),
    sources=st.frozensets(st.sampled_from(["user", "tool:web"])),
    level=st.sampled_from(Confidentiality),
    purpose=st.sampled_from(["", "billing"]),
    budget=st.none() | st.integers(0, 9),
    known=st.sampled_from([KNOWN, Known(), Known(roles=KNOWN.roles), Known(models=KNOWN.models)]),
    label_known=st.booleans(),
)
def test_what_is_told_is_what_cedar_says_of_all_the_facts(
    *, chosen, sources, level, purpose, budget, known, label_known
):
    policies = engine(
        *(
            f'@id("p{number}") {effect} (principal, action == Action::"call_model", resource) when {{ {condition} }};'
            for number, (effect, condition) in enumerate(chosen)
        )
    )
    request = PolicyRequest(
        action="call_model",
        agent="ann",
        role=Role.WORKER,
        resource="near",
        tenant="acme",
        principal="eve",
        label=Label(sources=sources, confidentiality=level),
        declared=True,
        budget_micro_usd=budget,
        family=NEAR.family,
        provider=NEAR.provider,
        local=NEAR.local,
        region=NEAR.region,
        purpose=purpose,
    )
    exact = SomeSet(must=sources, may=sources)
    found = recorded(
        confidentiality=level if label_known else None,
        sources=exact if label_known else SomeSet(may=sources | {"tool:web"}),
        limited=budget is not None,
        purpose=purpose,
    )
    truth = "permitted" if policies.decide(request).permitted else "denied"
    assert opinion(found, known, policies).ruling in {truth, "cannot tell"}
    whole = any("context == context" in condition for _, condition in chosen)  # of which the findings are a part
    if label_known and known is KNOWN and budget is None and not whole:
        assert opinion(found, known, policies).ruling == truth

"""The interpreter of policies over unknown facts, held against Cedar itself."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentcore.domain.agent import Role
from agentcore.domain.effect import Safety
from agentcore.domain.label import Confidentiality, Label
from agentcore.policy.abstract import ANYTHING, EITHER, ERROR, FALSE, TRUE, Outcome, SomeSet
from agentcore.policy.abstract_cedar import applies, judge
from agentcore.policy.abstract_request import AbstractRequest
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.facts import Uid, resource_of
from agentcore.policy.matrix import TRUSTED, UNTRUSTED, Matrix, Resource, Space
from agentcore.policy.request import PolicyRequest
from agentcore.policy.schema import RESOURCE_TYPES

ACTIONS = tuple(RESOURCE_TYPES)
SAFE = [
    "true",
    "false",
    "context.declared",
    'principal == Agent::"ann"',
    'principal in [Agent::"ann", Agent::"bob"]',
    "principal is Agent",
    'principal.role == Role::"worker"',
    '[Role::"worker", Role::"verifier"].contains(principal.role)',
    'context.tenant == "acme"',
    'context.purpose == "billing"',
    "context.tenant == context.user",
    'context.user like "a*n"',
    '"abc" like "a*c"',
    '"ac" like "a*c*c"',
    'context.sources.contains("tool:web")',
    'context.sources.contains("model:m")',
    'context.sources.containsAny(["tool:web", "document:a"])',
    'context.sources.containsAll(["user", "tool:web"])',
    '["user"].containsAll(context.sources)',
    '["user", "model:m", "tool:web"].containsAll(context.sources)',
    'context.sources == ["user"]',
    "context.sources == context.sources",
    "context.sources.isEmpty()",
    '[context.tenant, "acme"].contains("acme")',
    '["acme", "other"].contains(context.tenant)',
    "[{a: context.tenant}] == [{a: context.user}]",
    'context.confidentiality == Confidentiality::"secret"',
    'context.confidentiality != Confidentiality::"public"',
    "context has budget_micro_usd",
    "context has budget_micro_usd && context.budget_micro_usd > 5",
    "(if context.declared then 3 else 4) < 4",
    '(if context.tenant == "acme" then 3 else 4) + 1 <= 4',
    "{a: context.tenant, b: 1}.b == 1",
    '{a: context.tenant}.a == "acme"',
    'Role::"worker" == Role::"worker"',
    "-1 * 2 - 3 == -5",
    'decimal("1.0").lessThan(decimal("2.0"))',
]
FAULTY = [
    "context has budget_micro_usd && context.budget_micro_usd * 4611686018427387904 > 1",
    'Agent::"nobody".role == Role::"worker"',
    'Agent::"ann".role == Role::"worker"',
    "9223372036854775807 + (if context.declared then 1 else 0) > 0",
    'if context.declared then Agent::"nobody".role == Role::"worker" else true',
]
OF_ACTION = {
    "call_model": ['resource.region == "eu"', "resource.local", 'resource.provider == "p"', 'resource == Model::"m"'],
    "delegate": ['resource.role == Role::"worker"', "resource.role == principal.role", "resource == principal"],
    "call_tool": [
        'resource.safety == Safety::"read"',
        'resource == Tool::"sql"',
        'context.arguments.hasTag("a") && context.arguments.getTag("a") == "x"',
        'context.arguments.hasTag("a") && context.arguments.getTag("a") like "x*"',
        'context.numbers.hasTag("a") && context.numbers.getTag("a") > 1500000',
        'context.lists.hasTag("a") && context.lists.getTag("a").contains("x")',
        '["a"].containsAll(context.argument_names)',
        'context.argument_names.contains("b")',
        "context == context",
    ],
}
MODEL = "m"
SOURCES = ("user", "model:m", "tool:web", "document:a", "agent:bob")


def conditions(action):
    atoms = st.sampled_from([*SAFE, *FAULTY, *OF_ACTION.get(action, [])])
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.builds("({}) && ({})".format, inner, inner),
            st.builds("({}) || ({})".format, inner, inner),
            st.builds("!({})".format, inner),
            st.builds("if ({}) then ({}) else ({})".format, inner, inner, inner),
        ),
        max_leaves=4,
    )


@st.composite
def policies(draw):
    texts = []
    for number in range(draw(st.integers(1, 4))):
        action = draw(st.sampled_from([None, *ACTIONS]))
        effect = draw(st.sampled_from(["permit", "permit", "forbid"]))
        scope = "action" if action is None else f'action == Action::"{action}"'
        who = draw(st.sampled_from(["principal", 'principal == Agent::"ann"', "principal is Agent"]))
        word = draw(st.sampled_from(["when", "unless"]))
        condition = draw(conditions(action))
        texts.append(f'@id("p{number}") {effect} ({who}, {scope}, resource) {word} {{ {condition} }};')
    return {"p.cedar": "\n".join(texts)}


REQUESTS = st.builds(
    PolicyRequest,
    action=st.sampled_from(ACTIONS),
    agent=st.sampled_from(["ann", "bob"]),
    role=st.just(Role.WORKER),
    resource=st.sampled_from(["sql", MODEL, "ann"]),
    tenant=st.sampled_from(["acme", "other"]),
    principal=st.sampled_from(["ann", "acme", "eve"]),
    label=st.builds(
        Label,
        sources=st.frozensets(st.sampled_from(SOURCES)),
        confidentiality=st.sampled_from(Confidentiality),
    ),
    declared=st.booleans(),
    budget_micro_usd=st.none() | st.integers(0, 10),
    resource_role=st.just(Role.WORKER),
    family=st.just("f"),
    provider=st.sampled_from(["p", "q"]),
    local=st.booleans(),
    region=st.sampled_from(["", "eu"]),
    purpose=st.sampled_from(["", "billing"]),
    safety=st.sampled_from(Safety),
    arguments=st.dictionaries(
        st.sampled_from(["a", "b"]), st.sampled_from(["x", "y", 1, 2.5, None, True, ["x", 3], [{"a": "x"}]])
    ),
)


def provenance_names(sources):
    """Return every column in which a call with these sources belongs."""
    yield from sources - {"user", f"model:{MODEL}"}
    if any(source.startswith("document:") for source in sources):
        yield "document:*"
    if sources - {"user", f"model:{MODEL}"}:
        yield UNTRUSTED
    elif "user" in sources:
        yield TRUSTED


def agrees(judgement, decision):
    return judgement.verdict != ("never" if decision.permitted else "always")


@settings(max_examples=200)
@given(policies(), st.lists(REQUESTS, min_size=1, max_size=8))
def test_a_cell_says_nothing_that_cedar_contradicts(files, requests):
    engine = PolicyEngine.load(files)
    for drawn in requests:
        declared = drawn.declared or drawn.action not in {"delegate", "call_tool"}
        asked = replace(drawn, declared=declared)
        resource = Resource(action=asked.action, name=asked.resource, attributes=resource_of(asked)[1])
        matrix = Matrix(
            engine.parsed,
            Space(
                agents={asked.agent: asked.role}, resources=[resource], given=frozenset(), models=frozenset({MODEL})
            ),
        )
        (row,) = [row for row in matrix.rows() if row.declared == declared]
        decision = engine.decide(asked)
        for name in provenance_names(asked.label.sources):
            cell = matrix.cell(row, asked.label.confidentiality, name)
            assert agrees(cell.judgement, decision), (name, asked, decision, cell)


UNKNOWN_FACTS = ("tenant", "user", "purpose", "declared", "confidentiality", "sources")


@settings(max_examples=200)
@given(policies(), REQUESTS, st.frozensets(st.sampled_from(UNKNOWN_FACTS)), st.booleans())
def test_whatever_is_left_open_what_is_certain_is_so(files, asked, hidden, hide_resource):
    engine = PolicyEngine.load(files)
    principal, resource = Uid("Agent", asked.agent), resource_of(asked)[0]
    context = {
        "tenant": asked.tenant,
        "user": asked.principal,
        "purpose": asked.purpose,
        "declared": asked.declared,
        "confidentiality": Uid("Confidentiality", asked.label.confidentiality.name.lower()),
        "sources": asked.label.sources,
    }
    attributes = dict(resource_of(asked)[1])
    request = AbstractRequest(
        principal=principal,
        action=asked.action,
        resource=resource,
        entities={
            resource: {
                name: ANYTHING if hide_resource else Outcome.known(value) for name, value in attributes.items()
            },
            principal: {"role": Outcome.known(Uid("Role", asked.role.value))},
        },
        context={
            **{name: ANYTHING if name in hidden else Outcome.known(value) for name, value in context.items()},
            "budget_micro_usd": ANYTHING,
            **dict.fromkeys(["argument_names", "arguments", "numbers", "lists"], ANYTHING),
        },
        optional=frozenset({"budget_micro_usd"}),
    )
    assert agrees(judge(engine.parsed, request), engine.decide(asked))


def outcome(condition, **context):
    known = {"tenant": ANYTHING, "user": ANYTHING, "sources": ANYTHING, "declared": Outcome.known(value=True)}
    ann = Uid("Agent", "ann")
    request = AbstractRequest(
        principal=ann,
        action="release",
        resource=Uid("Output", "answer"),
        entities={ann: {"role": Outcome.known(Uid("Role", "worker"))}, Uid("Output", "answer"): {}},
        context={**known, **context},
    )
    text = f'@id("p") permit (principal, action == Action::"release", resource) when {{ {condition} }};'
    return applies(PolicyEngine.load({"p": text}).parsed["p"], request)


@pytest.mark.parametrize(
    ("condition", "truths", "fails"),
    [
        ("context.declared", TRUE, False),
        ('context.tenant == "a"', EITHER, False),
        ('context.tenant == "a" && false', FALSE, False),
        ('context.tenant == "a" || true', TRUE, False),
        ('context.declared || Agent::"x".role == principal.role', TRUE, False),
        ('Agent::"x".role == principal.role', frozenset(), True),
        ('context.tenant == "a" && Agent::"x".role == principal.role', FALSE, True),
        ("9223372036854775807 + 1 > 0", frozenset(), True),
        ('if context.tenant == "a" then 1 == 1 else 2 == 2', TRUE, False),
        ('(if context.tenant == "a" then 1 else 2) < 3', TRUE, False),
        ('["a", context.tenant].contains("a")', TRUE, False),
        ('["a", context.tenant].contains("b")', EITHER, False),
        ('"a*b" like "a\\*b"', TRUE, False),
        ('"axb" like "a\\*b"', FALSE, False),
        ('"ab" like "ab*b"', FALSE, False),
    ],
)
def test_what_a_condition_comes_to(condition, truths, fails):
    found = outcome(condition)
    assert (found.truths, found.fails) == (truths, fails)


def test_what_is_not_known_of_cedar_may_be_anything():
    policy = {
        "effect": "permit",
        "principal": {"op": "All"},
        "action": {"op": "All"},
        "resource": {"op": "All"},
        "conditions": [{"kind": "when", "body": {"newOperator": {"arg": {"Value": True}}}}],
    }
    ann = Uid("Agent", "ann")
    request = AbstractRequest(principal=ann, action="plan", resource=Uid("Run", "r"), entities={}, context={})
    found = applies(policy, request)
    assert (found.truths, found.fails) == (EITHER, True)


SETS = st.frozensets(st.sampled_from(["user", "tool:a", "tool:b", "document:x"]))


@st.composite
def some_sets(draw):
    """A set, and something that is known of it."""
    real = draw(SETS)
    must = frozenset(draw(st.lists(st.sampled_from(sorted(real))))) if real else frozenset()
    may = draw(st.none() | SETS.map(lambda more: real | more))
    prefixes = [prefix for prefix in ("", "tool:", "document:") if any(each.startswith(prefix) for each in real)]
    if not prefixes or draw(st.booleans()):
        return real, SomeSet(must=must, may=may)
    prefix = draw(st.sampled_from(prefixes))
    witness = draw(st.sampled_from(sorted(each for each in real if each.startswith(prefix))))
    return real, SomeSet(must=must, may=may, beside=draw(SETS) - {witness}, prefix=prefix)


@given(some_sets(), some_sets(), st.sampled_from(["user", "tool:a", "else"]))
def test_what_is_said_of_a_set_is_so_of_each_that_it_can_be(one, other, value):
    (real, known), (other_real, other_known) = one, other
    assert (value in real) in known.has(value)
    assert (real <= other_real) in known.within(other_known)
    assert bool(real & other_real) in known.meets(other_known)
    assert (real == other_real) in known.equals(other_known)
    assert (not real) in known.empty


def test_an_outcome_of_nothing_is_an_error():
    assert Outcome.any_of([]) == ERROR
    assert Outcome.any_of([Outcome.known(number) for number in range(100)]).values is None

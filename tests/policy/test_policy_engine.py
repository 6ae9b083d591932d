"""The laws of decisions, and what the default policies say."""

import json
from importlib import resources
from pathlib import Path

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.agent import Role
from agentcore.domain.effect import Safety
from agentcore.domain.label import Confidentiality, Label
from agentcore.policy.arguments import ToolArguments
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.facts import (
    CONTEXT,
    Uid,
    argument_context,
    argument_rows,
    context_json,
    entity_rows,
    resource_of,
)
from agentcore.policy.request import PolicyRequest
from agentcore.policy.schema import RESOURCE_TYPES, cedar_schema, context_attributes

ACTIONS = tuple(RESOURCE_TYPES)
MAY_OVERFLOW = "context has budget_micro_usd && context.budget_micro_usd * 4611686018427387904 > 1"
READS_NOBODY = 'Agent::"nobody".role == Role::"worker"'
CONDITIONS = [
    "true",
    "context.declared",
    'principal.role == Role::"worker"',
    'context.tenant == "acme"',
    'context.user == "ann"',
    'context.purpose == "billing"',
    'context.sources.contains("tool:web")',
    'context.confidentiality == Confidentiality::"secret"',
    "context has budget_micro_usd && context.budget_micro_usd > 5",
    "!(context has budget_micro_usd)",
    'context.findings.contains("pii")',
]
ON_TOOLS = [
    'context.arguments.hasTag("a") && context.arguments.getTag("a") == "x"',
    'context.numbers.hasTag("a") && context.numbers.getTag("a") > 1500000',
    'context.lists.hasTag("a") && context.lists.getTag("a").contains("x")',
    '["a"].containsAll(context.argument_names)',
    "context == context",
    'resource.safety == Safety::"read"',
]


def request(**changes):
    facts = {
        "action": "call_model",
        "agent": "ann",
        "role": Role.WORKER,
        "resource": "m",
        "tenant": "acme",
        "principal": "eve",
        "label": Label(),
        "declared": True,
        "resource_role": Role.WORKER,
        "safety": Safety.READ,
    }
    return PolicyRequest(**facts | changes)


def policy(name, effect, action, condition, scopes=(None, None)):
    agent, resource = scopes
    who = "principal" if agent is None else f"principal {agent}"
    scope = "action" if action is None else f'action == Action::"{action}"'
    what = "resource" if resource is None or action is None else f"resource {resource}"
    what = what.replace("TYPE", RESOURCE_TYPES.get(action, ""))
    return f'@id("{name}")\n{effect} ({who}, {scope}, {what})\nwhen {{ {condition} }};\n'


@st.composite
def policies(draw, effects=("permit", "forbid"), faulty=False):
    """Policies as [(effect, action, condition, scopes)]."""
    chosen = []
    for _ in range(draw(st.integers(1, 5))):
        action = draw(st.sampled_from([None, *ACTIONS]))
        conditions = CONDITIONS + (ON_TOOLS if action == "call_tool" else [])
        if faulty:
            conditions = [*conditions, MAY_OVERFLOW, READS_NOBODY]
        agents = [None, '== Agent::"ann"', '== Agent::"bob"', 'in Agent::"ann"', "is Agent"]
        resources = [None, '== TYPE::"sql"', '== TYPE::""', 'in TYPE::"sql"', "is TYPE"]
        scopes = draw(st.sampled_from(agents)), draw(st.sampled_from(resources))
        chosen.append((draw(st.sampled_from(effects)), action, draw(st.sampled_from(conditions)), scopes))
    return chosen


def files(chosen):
    return {"p.cedar": "".join(policy(f"p{number}", *parts) for number, parts in enumerate(chosen))}


NAMES = st.sampled_from(["ann", "bob", 'o"dd\n', "m"])
ARGUMENTS = st.dictionaries(
    st.sampled_from(["a", "b", "a.b"]),
    st.sampled_from(["x", "y", 1, 2.5, None, True, ["x", 3], {"b": "x"}, [{"a": "x"}]]),
)
REQUESTS = st.builds(
    PolicyRequest,
    action=st.sampled_from(ACTIONS),
    agent=NAMES,
    role=st.sampled_from(Role),
    resource=st.sampled_from(["sql", 'o"dd\r', ""]),
    tenant=st.sampled_from(["acme", "other"]),
    principal=NAMES,
    label=st.builds(
        Label,
        sources=st.frozensets(st.sampled_from(["user", "tool:web"])),
        confidentiality=st.sampled_from(Confidentiality),
        findings=st.frozensets(st.sampled_from(["pii", "secrets"])),
    ),
    declared=st.booleans(),
    budget_micro_usd=st.none() | st.integers(0, 10),
    resource_role=st.sampled_from(Role),
    family=st.just("f"),
    provider=st.just("p"),
    local=st.booleans(),
    region=st.sampled_from(["", "eu"]),
    purpose=st.sampled_from(["", "billing"]),
    safety=st.sampled_from(Safety),
    arguments=ARGUMENTS,
)


@given(REQUESTS)
def test_without_policies_all_is_denied(asked):
    decision = PolicyEngine.load({}).decide(asked)
    assert not decision.permitted
    assert decision.policies == ()
    assert decision.errors == ()
    assert "no policy permits it" in decision.explain()


@given(policies(), REQUESTS)
def test_forbid_overrides_permit(chosen, asked):
    decision = PolicyEngine.load(files([*chosen, ("forbid", None, "true")])).decide(asked)
    assert not decision.permitted
    assert f"p{len(chosen)}" in decision.policies


@given(policies(), policies(effects=("permit",)), REQUESTS)
def test_one_more_permit_takes_nothing_away(chosen, more, asked):
    if PolicyEngine.load(files(chosen)).decide(asked).permitted:
        assert PolicyEngine.load(files([*chosen, *more])).decide(asked).permitted


@given(policies(), st.sampled_from(["permit", "forbid"]), REQUESTS)
def test_a_fault_denies_whatever_else_permits(chosen, effect, asked):
    decision = PolicyEngine.load(
        files([*chosen, ("permit", None, "true"), (effect, None, READS_NOBODY)]),
    ).decide(asked)
    assert not decision.permitted
    assert decision.policies == ()
    assert f"p{len(chosen) + 1}" in decision.errors[0]
    assert "a fault denies" in decision.explain()


def test_an_overflow_in_a_forbid_denies():
    engine = PolicyEngine.load(files([("permit", None, "true"), ("forbid", None, MAY_OVERFLOW)]))
    assert engine.decide(request()).permitted
    decision = engine.decide(request(budget_micro_usd=8))
    assert not decision.permitted
    assert "overflow" in decision.errors[0]


@given(policies(faulty=True), st.lists(REQUESTS, min_size=1, max_size=4))
def test_what_is_remembered_or_left_out_changes_no_answer(chosen, asked):
    """Against Cedar itself: all policies, the whole context, and a schema that checks every request."""
    engine = PolicyEngine.load(files(chosen))
    for one in [*asked, *asked]:
        decision, expected = engine.decide(one), cedars_own_answer(files(chosen), one)
        assert decision.permitted == (expected.allowed and not expected.diagnostics.errors)
        assert bool(decision.errors) == bool(expected.diagnostics.errors)
        if not decision.errors:
            assert set(decision.policies) == set(expected.diagnostics.id_annotations_by_reason.values())


def cedars_own_answer(texts, asked):
    resource, attributes = resource_of(asked)
    agent = Uid("Agent", asked.agent)
    rows = [*entity_rows(agent, Uid("Role", asked.role), resource, attributes)]
    known = context_attributes(asked.action)
    context = context_json(tuple((name, fact(asked)) for name, fact in CONTEXT.items() if name in known))
    if asked.action == "call_tool":
        arguments = ToolArguments.of(asked.arguments)
        context |= argument_context(arguments)
        rows += argument_rows(arguments)
    query = {
        "principal": agent.json(),
        "action": Uid("Action", asked.action).json(),
        "resource": resource.json(),
        "context": context,
    }
    result = cedarpy.is_authorized(query, "".join(texts.values()), rows, schema=cedar_schema())
    assert result.decision is not cedarpy.Decision.NoDecision, result.diagnostics.errors
    return result


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"action": "call_tool", "safety": None}, "safety of tool 'm'"),
        ({"action": "delegate", "resource_role": None}, "role of agent 'm'"),
        ({"action": "delegate", "resource": "ann", "resource_role": Role.SUPERVISOR}, "two roles"),
        ({"action": "fly"}, "fly"),
        ({"action": "call_tool", "arguments": {"a": float("inf")}}, "inf"),
        ({"action": "call_tool", "arguments": {"a": "\ud800"}}, "ValueError"),
    ],
)
def test_facts_that_are_missing_or_impossible_deny(changes, reason):
    engine = PolicyEngine.load(files([("permit", None, "true"), ("permit", "call_tool", ON_TOOLS[0])]))
    decision = engine.decide(request(**changes))
    assert not decision.permitted
    assert reason in decision.errors[0]


def test_a_panic_in_cedar_denies(monkeypatch):
    class PanicException(BaseException):
        pass

    def panic(*_arguments):
        raise PanicException("index out of bounds")

    engine = PolicyEngine.load(files([("permit", None, "true")]))
    monkeypatch.setattr(cedarpy, "is_authorized", panic)
    assert engine.decide(request()).errors == ("PanicException: index out of bounds",)


def test_an_agent_may_delegate_to_itself_when_policies_say_so():
    engine = PolicyEngine.load(files([("permit", "delegate", "principal == resource")]))
    assert engine.decide(request(action="delegate", resource="ann")).permitted
    assert not engine.decide(request(action="delegate", resource="bob")).permitted


def test_facts_that_no_policy_looks_at_need_no_second_evaluation():
    engine = PolicyEngine.load(files([("permit", "call_model", "context.declared")]))
    for budget in range(50):
        engine.decide(request(budget_micro_usd=budget, label=Label(sources=frozenset({str(budget)}))))
    assert engine._remembered.cache_info().misses == 1


def test_the_hash_is_of_the_texts_alone():
    one, other = policy("a", "permit", None, "true"), policy("b", "permit", None, "true")
    hashes = {
        PolicyEngine.load({"x": one, "y": other}).bundle,
        PolicyEngine.load({"y": one, "x": other}).bundle,
        PolicyEngine.load({"x": one, "y": other.replace("true", "false")}).bundle,
    }
    assert len(hashes) == 2
    engine = PolicyEngine.load({"x": one})
    assert engine.decide(request()).bundle == engine.bundle
    assert len(engine.bundle) == 64


# What the default policies say.


@pytest.fixture(scope="module")
def default_files():
    folder = resources.files("agentcore.policy") / "default"
    return {file.name: file.read_text() for file in folder.iterdir() if file.name.endswith(".cedar")}


@pytest.fixture(scope="module")
def engine(default_files):
    return PolicyEngine.load(default_files)


SECRET = Label(confidentiality=Confidentiality.SECRET)


@pytest.mark.parametrize(
    ("changes", "determined_by"),
    [
        ({"action": "plan", "role": Role.SUPERVISOR}, "supervisor-plans"),
        ({"action": "delegate", "role": Role.SUPERVISOR}, "supervisor-delegates-to-its-team"),
        ({"action": "call_model"}, "agents-call-configured-models"),
        ({"action": "call_model", "role": Role.VERIFIER}, "agents-call-configured-models"),
        ({"action": "call_model", "label": SECRET, "local": True}, "agents-call-configured-models"),
        ({"action": "call_tool"}, "workers-call-their-reading-tools"),
        ({"action": "release", "role": Role.SUPERVISOR}, "answers-are-released"),
    ],
)
def test_the_default_permits(engine, changes, determined_by):
    decision = engine.decide(request(**changes))
    assert decision.permitted
    assert decision.policies == (determined_by,)


@pytest.mark.parametrize(
    ("changes", "determined_by"),
    [
        ({"action": "plan"}, ()),
        ({"action": "delegate"}, ()),
        ({"action": "delegate", "role": Role.SUPERVISOR, "declared": False}, ()),
        ({"action": "delegate", "role": Role.SUPERVISOR, "resource_role": Role.SUPERVISOR}, ()),
        ({"action": "call_model", "declared": False}, ()),
        ({"action": "call_model", "label": SECRET}, ("secrets-stay-on-this-machine",)),
        ({"action": "call_tool", "declared": False}, ()),
        ({"action": "call_tool", "role": Role.SUPERVISOR}, ()),
        ({"action": "call_tool", "safety": Safety.IDEMPOTENT}, ()),
        ({"action": "call_tool", "safety": Safety.COMPENSABLE}, ()),
        ({"action": "call_tool", "safety": Safety.UNSAFE}, ()),
        ({"action": "release", "label": SECRET}, ("secrets-are-not-released",)),
    ],
)
def test_the_default_denies(engine, changes, determined_by):
    decision = engine.decide(request(**changes))
    assert not decision.permitted
    assert decision.errors == ()
    assert decision.policies == determined_by


def test_the_commented_examples_are_valid_and_do_what_they_say(default_files):
    lines = "\n".join(default_files.values()).splitlines()
    examples, inside = [], False
    for line in lines:
        inside = (inside or line.startswith("// @id")) and line.startswith("//")
        if inside:
            examples.append(line.removeprefix("// "))
            inside = not line.endswith("};")
    engine = PolicyEngine.load({**default_files, "examples": "\n".join(examples)})
    assert {"clerk-refunds-small-amounts", "acme-ledger-is-for-acme", "web-pages-do-not-pay"} <= set(engine.policies)

    def refund(arguments, **changes):
        tool = {"action": "call_tool", "agent": "clerk", "resource": "refund", "safety": Safety.UNSAFE}
        return engine.decide(request(**tool, arguments=arguments, **changes)).permitted

    assert refund({"order": "7", "amount": 100})
    assert not refund({"order": "7", "amount": 100.0000001})
    assert not refund({"order": "7", "amount": "100"})
    assert not refund({"order": "7", "amount": 100, "account": "mine"})
    assert not refund({"order": "7", "amount": 100}, label=Label(sources=frozenset({"tool:browse"})))
    assert not engine.decide(request(action="call_tool", resource="acme_ledger", tenant="other")).permitted
    assert engine.decide(request(action="call_tool", resource="acme_ledger", tenant="acme")).permitted


def test_the_quickstart_runs_under_the_default_policies(default_files):
    folder = Path(__file__).parents[2] / "policies"
    assert {file.name: file.read_text() for file in folder.glob("*.cedar")} == default_files


def test_the_schema_is_valid_cedar():
    assert json.dumps(str(cedarpy.Schema.from_str(cedar_schema())))

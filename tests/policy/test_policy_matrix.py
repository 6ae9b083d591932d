"""The matrix of a project, and assertions about it."""

import pytest
from inline_snapshot import snapshot

from agentcore.domain.agent import Role
from agentcore.domain.effect import Safety
from agentcore.domain.label import Confidentiality
from agentcore.policy.engine import PolicyEngine
from agentcore.policy.facts import Uid
from agentcore.policy.matrix import TRUSTED, UNTRUSTED, Matrix, Resource, Space
from agentcore.policy.matrix_assertions import Assertion, Selector, causes, violation

PUBLIC, SECRET = Confidentiality.PUBLIC, Confidentiality.SECRET


def tool(name, safety=Safety.READ):
    return Resource(action="call_tool", name=name, attributes=(("safety", Uid("Safety", safety.value)),))


def model(name, *, local):
    attributes = (("family", "f"), ("provider", "p"), ("local", local))
    return Resource(action="call_model", name=name, attributes=attributes)


SPACE = Space(
    agents={"boss": Role.SUPERVISOR, "clerk": Role.WORKER},
    resources=(
        Resource(action="plan", name="desk"),
        Resource(action="delegate", name="clerk", attributes=(("role", Uid("Role", "worker")),)),
        model("near", local=True),
        model("far", local=False),
        tool("orders"),
        tool("refund", Safety.UNSAFE),
        Resource(action="release", name="answer"),
    ),
    given=frozenset({("boss", "delegate", "clerk"), ("clerk", "call_tool", "orders")}),
    models=frozenset({"near", "far"}),
    sources=("tool:orders", "tool:web", "document:*"),
)


def matrix(*policies):
    return Matrix(PolicyEngine.load({"p.cedar": "\n".join(policies)}).parsed, SPACE)


def verdict(found, agent, action, resource, *, level=PUBLIC, provenance=TRUSTED, declared=True):
    (row,) = [
        row
        for row in found.rows(action)
        if (row.agent, row.resource.name, row.declared) == (agent, resource, declared)
    ]
    return found.cell(row, level, provenance).judgement


PERMIT_ALL = '@id("all") permit (principal, action, resource);'


@pytest.mark.parametrize("action", ["plan", "delegate", "call_model", "call_tool", "release"])
def test_without_policies_nothing_is_ever_permitted(action):
    found = matrix()
    assert {cell.judgement.verdict for row in found.rows(action) for cell in found.cells(row)} == {"never"}


def test_rows_are_all_that_can_be_asked():
    rows = [(row.agent, row.action, row.resource.name, row.declared, row.real) for row in matrix().rows()]
    assert len(rows) == 2 * (1 + 2 + 2 + 4 + 1)
    assert ("clerk", "call_tool", "orders", True, True) in rows
    assert ("clerk", "call_tool", "orders", False, False) in rows
    assert ("clerk", "call_tool", "refund", False, True) in rows
    assert ("clerk", "plan", "desk", True, True) in rows


def test_what_is_not_finite_is_left_open():
    small = (
        '@id("small") permit (principal, action == Action::"call_tool", resource == Tool::"refund") when '
        '{ context.numbers.hasTag("amount") && context.numbers.getTag("amount") <= 100 };'
    )
    found = verdict(matrix(small), "clerk", "call_tool", "refund")
    assert (found.verdict, found.reasons) == ("depends", ("small",))
    assert verdict(matrix(small), "clerk", "call_tool", "orders").verdict == "never"
    tenant = '@id("t") forbid (principal, action, resource) unless { context.tenant == "acme" };'
    assert verdict(matrix(PERMIT_ALL, tenant), "clerk", "plan", "desk").undecided == ("t",)
    budget = '@id("b") forbid (principal, action, resource) when { context has budget_micro_usd };'
    assert verdict(matrix(PERMIT_ALL, budget), "clerk", "plan", "desk").verdict == "depends"


def test_forbid_wins_and_an_error_denies():
    no = '@id("no") forbid (principal, action == Action::"plan", resource);'
    found = verdict(matrix(PERMIT_ALL, no), "boss", "plan", "desk")
    assert (found.verdict, found.permits, found.forbids, found.reasons) == ("never", ("all",), ("no",), ("no",))
    faulty = '@id("f") permit (principal, action, resource) when { Agent::"x".role == principal.role };'
    found = verdict(matrix(PERMIT_ALL, faulty), "boss", "plan", "desk")
    assert (found.verdict, found.faults, found.reasons) == ("never", ("f",), ("f",))


def test_confidentiality_and_where_a_model_is():
    stay = (
        '@id("stay") forbid (principal, action == Action::"call_model", resource) '
        'when { context.confidentiality == Confidentiality::"secret" } unless { resource.local };'
    )
    found = matrix(PERMIT_ALL, stay)
    assert verdict(found, "clerk", "call_model", "near", level=SECRET).verdict == "always"
    assert verdict(found, "clerk", "call_model", "far", level=SECRET).verdict == "never"
    assert verdict(found, "clerk", "call_model", "far").verdict == "always"


def test_what_is_declared_makes_a_difference():
    own = '@id("own") permit (principal, action == Action::"call_tool", resource) when { context.declared };'
    assert verdict(matrix(own), "clerk", "call_tool", "orders").verdict == "always"
    assert verdict(matrix(own), "clerk", "call_tool", "orders", declared=False).verdict == "never"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('context.sources.contains("tool:web")', {TRUSTED: "always", UNTRUSTED: "depends", "tool:web": "never"}),
        ('["user"].containsAll(context.sources)', {UNTRUSTED: "always", "document:*": "always"}),
        ('!["user", "model:near", "model:far"].containsAll(context.sources)', {TRUSTED: "always", UNTRUSTED: "never"}),
        ('context.sources.containsAny(["tool:web", "tool:orders"])', {"tool:*": "depends", "tool:orders": "never"}),
        ('context.sources.contains("document:a.md")', {"document:*": "depends", "document:a.md": "never"}),
        ("context.sources.isEmpty()", {TRUSTED: "always", UNTRUSTED: "always", "document:*": "always"}),
    ],
)
def test_where_data_came_from(condition, expected):
    found = matrix(PERMIT_ALL, f'@id("no") forbid (principal, action, resource) when {{ {condition} }};')
    got = {name: verdict(found, "boss", "plan", "desk", provenance=name).verdict for name in expected}
    assert got == expected


def assertion(must_be, **where):
    return Assertion(name="a", must_be=must_be, where=Selector(**where), place="a.yaml:1:1")


def test_assertions_hold_or_name_the_cells():
    own = '@id("own") permit (principal, action == Action::"call_tool", resource) when { context.declared };'
    web = '@id("web") forbid (principal, action, resource) when { context.sources.contains("tool:web") };'
    found = matrix(own, web)
    assert violation(assertion("never", action="call_tool", declared=False), found) is None
    assert violation(assertion("never", action="call_tool", sources=("tool:web",)), found) is None
    assert violation(assertion("never", role=Role.SUPERVISOR, action="plan"), found) is None
    assert violation(assertion("always", resource="orders", declared=True, sources=(TRUSTED,)), found) is None
    broken = violation(assertion("never", principal="clerk", resource="orders", confidentiality=SECRET), found)
    assert [
        (c.row.declared, c.provenance, c.judgement.verdict, causes(broken.assertion, c)) for c in broken.cells
    ] == (snapshot([(True, "trusted", "always", ("own",)), (True, "untrusted", "depends", ("own", "web"))]))
    broken = violation(assertion("always", principal="boss", resource="orders", declared=True), found)
    assert {causes(broken.assertion, cell) for cell in broken.cells} == {("web",)}
    broken = violation(assertion("always", principal="boss", action="plan", sources=(TRUSTED,)), found)
    assert {causes(broken.assertion, cell) for cell in broken.cells} == {()}


def test_an_assertion_about_nothing_does_not_hold():
    assert violation(assertion("never", role=Role.VERIFIER), matrix(PERMIT_ALL)).cells == ()

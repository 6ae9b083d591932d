"""Every mistake in a policy is found when it is loaded, and where it stands."""

import pytest

from agentcore.domain.errors import ConfigError
from agentcore.policy.engine import PolicyEngine

ANY = "(principal, action, resource)"
TOOL = '@id("a") permit (principal, action == Action::"call_tool", resource)\n'


def problems(text, file="policies/p.cedar"):
    with pytest.raises(ConfigError) as caught:
        PolicyEngine.load({file: text})
    assert caught.value.hint
    return [problem.removeprefix("policies/") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo", "p.cedar:1:1: unexpected end of input"),
        (f'@id("a") permit {ANY}', "p.cedar:1:45: unexpected end of input"),
        ('@id("a") permit (principal, acton, resource);', "p.cedar:1:29: found an invalid variable"),
        (f'@id("a")\npermit {ANY}\nwhen {{ context.tenant ==== "x" }};', "p.cedar:3:25: unexpected token `==`"),
        (f'// ;\n@id("a") permit {ANY} when {{ "a;b" = 1 }};', "p.cedar:2:60: '=' is not a valid operator"),
        (f'@id("a") permit {ANY} when {{ "abc }};', "p.cedar:1:54: invalid token"),
        (f'@id("a") permit {ANY} when {{ context.tenant == 1.5 }};', "p.cedar:1:74: unexpected token `5`"),
        (f'/* no */ @id("a") permit {ANY};', "p.cedar:1:1: unexpected token `/`"),
        (f'@id("a") permit {ANY};;', "p.cedar:1:47: unexpected token `;`"),
        (f'@id("a") permit {ANY} when {{ ip_range("x") }};', "p.cedar:1:54: `ip_range` is not a valid function"),
        (f"// who\npermit {ANY};", "p.cedar:2:1: the policy has no @id"),
        (f'@id("") permit {ANY};', "p.cedar:1:1: the policy has no @id"),
        (f"@id permit {ANY};", "p.cedar:1:1: the policy has no @id"),
        ('@id("a") permit (principal == ?principal, action, resource);', "p.cedar:1:1: a template"),
        (
            f'@id("a") permit {ANY};\n@id("a") forbid {ANY};',
            "p.cedar:2:1: @id 'a' is already used at policies/p.cedar:1:1",
        ),
        (
            '@id("a")\npermit (principal, action == Action::"call_tol", resource);',
            "p.cedar:2:30: policy 'a': unrecognized action `Action::\"call_tol\"`",
        ),
        (
            '@id("a") permit (principal is Agnt, action, resource);',
            "p.cedar:1:31: policy 'a': unrecognized entity type",
        ),
        (f'@id("a") permit {ANY}\nwhen {{ context.tenat == "x" }};', "p.cedar:2:16: policy 'a': attribute `tenat`"),
        (
            f'@id("a") permit {ANY}\nwhen {{ context.tenant > 1 }};',
            "p.cedar:1:1: policy 'a': unexpected type: expected Long but saw String",
        ),
        (
            TOOL + 'when { resource.safety == Safety::"raed" };',
            "p.cedar:2:27: policy 'a': entity `Safety::\"raed\"` is of an enumerated entity type",
        ),
        (
            TOOL + 'when { context.arguments.getTag("x") == "1" };',
            "p.cedar:2:33: policy 'a': unable to guarantee safety of access to tag",
        ),
        (
            f'@id("a") permit {ANY}\nwhen {{ context.budget_micro_usd > 1 }};',
            "p.cedar:2:16: policy 'a': unable to guarantee safety of access to optional attribute `budget_micro_usd`",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(text, expected):
    assert any(problem.startswith(expected) for problem in problems(text)), problems(text)


def test_all_mistakes_are_reported_at_once_in_file_order():
    texts = {"b.cedar": f"permit {ANY};\npermit {ANY};", "a.cedar": "foo"}
    with pytest.raises(ConfigError) as caught:
        PolicyEngine.load(texts)
    assert [problem.partition(": ")[0] for problem in caught.value.problems] == [
        "a.cedar:1:1",
        "b.cedar:1:1",
        "b.cedar:2:1",
    ]


def test_one_mistake_in_a_policy_for_all_actions_is_one_problem():
    assert len(problems(f'@id("a") permit {ANY} when {{ context.tenat == "x" }};')) == 1


def test_an_id_used_in_another_file_is_reported():
    text = f'@id("a") permit {ANY};'
    with pytest.raises(ConfigError, match=r"two\.cedar:1:1: @id 'a' is already used at one\.cedar:1:1"):
        PolicyEngine.load({"one.cedar": text, "two.cedar": text})


def test_comments_and_strings_do_not_end_a_policy():
    text = f'// it\'s; "quoted\n@id("a;b // c") permit {ANY} when {{ context.tenant == "\\";" }}; // end\n'
    assert PolicyEngine.load({"p": text}).policies == ("a;b // c",)


def test_ids_are_listed_in_file_order():
    texts = {"b": f'@id("z") permit {ANY};', "a": f'@id("y") permit {ANY}; @id("x") forbid {ANY};'}
    assert PolicyEngine.load(texts).policies == ("y", "x", "z")

"""Policies are judged with the rest of a project's files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agentcore.app import load_policies, load_project, validate_project
from agentcore.domain.errors import ConfigError

TEMPLATE = Path(__file__).resolve().parents[1] / "agentcore/config/template"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    shutil.copytree(TEMPLATE, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__", "policies"))
    monkeypatch.chdir(tmp_path / "shop")
    (tmp_path / "shop/policies").mkdir()
    return Path()


def test_each_mistake_in_a_policy_is_told_with_its_place(shop):
    (shop / "policies/a.cedar").write_text('@id("a")\npermit (principal, acton, resource);\n', encoding="utf-8")
    (shop / "policies/b.cedar").write_text(
        "permit (principal, action, resource);\n"
        '@id("c") permit (principal, action, resource)\nwhen { context.tenat };',
        encoding="utf-8",
    )
    report = validate_project(shop)
    assert [problem.partition(": ")[0] for problem in report.problems] == [
        "policies/a.cedar:2:20",
        "policies/b.cedar:1:1",
        "policies/b.cedar:3:16",
    ]
    assert report.counts["policies"] == 2


def test_a_policy_that_cannot_be_read_is_a_problem_not_a_crash(shop):
    (shop / "policies/a.cedar").write_bytes(b"// \xff\n")
    assert validate_project(shop).problems == (
        "policies/a.cedar:1:4: the file is not UTF-8; save it in that encoding",
    )
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_policies(load_project(shop))


def test_a_valid_project_has_no_problems_with_its_policies(shop):
    (shop / "policies/inner").mkdir()
    text = '@id("a") permit (principal, action, resource);'
    (shop / "policies/inner/a.cedar").write_text(text, encoding="utf-8")
    assert validate_project(shop).problems == ()
    assert load_policies(load_project(shop)).policies == ("a",)


def test_tests_beside_policies_are_no_policies(shop):
    text = '@id("a") permit (principal, action, resource);'
    (shop / "policies/a.cedar").write_text(text, encoding="utf-8")
    before = load_project(shop).snapshot
    (shop / "policies/tests").mkdir()
    case = "{ name: x, principal: clerc, action: plan, expect: deny }"
    (shop / "policies/tests/a.yaml").write_text(f"cases: [{case}]\n", encoding="utf-8")
    assert load_policies(load_project(shop)).policies == ("a",)
    assert load_project(shop).snapshot == before
    report = validate_project(shop)
    assert report.counts["policies"] == 1
    assert report.problems == ("policies/tests/a.yaml:1:31: unknown agent `clerc`; did you mean `clerk`?",)


def test_names_that_the_project_does_not_have_are_told_with_its_other_problems(shop):
    text = '@id("a") permit (principal, action, resource);\n@id("b") forbid (principal, action, resource == {});'
    path = shop / "policies/a.cedar"
    path.write_text(text.format('Tool::"price_lst"'), encoding="utf-8")
    assert validate_project(shop).problems == (
        "policies/a.cedar:2:55: policy 'b': unknown tool `price_lst`; did you mean `price_list`?",
    )
    path.write_text(text.format('Tool::"price_list"'), encoding="utf-8")
    report = validate_project(shop)
    assert report.problems == ()
    assert report.warnings == (
        "policies: tool `price_list` can never be called, though it is a tool of `clerk`: forbidden by `b`",
    )


def test_a_tool_that_cannot_be_built_is_known_by_its_name(shop):
    (shop / "shop.py").write_text("raise RuntimeError('no price list today')\n", encoding="utf-8")
    text = '@id("a") permit (principal, action, resource);\n'
    text += '@id("b") forbid (principal, action == Action::"call_tool", resource == Tool::"{}")\n'
    text += 'when {{ context.arguments.hasTag("anything") }};'
    (shop / "policies/a.cedar").write_text(text.format("price_list"), encoding="utf-8")
    report = validate_project(shop)
    assert report.problems == ()
    (warning,) = report.warnings
    assert "no price list today" in warning
    assert warning.endswith("; so neither its arguments nor the tests are checked")


async def test_a_project_can_be_validated_where_an_event_loop_runs(shop):
    (shop / "policies/a.cedar").write_text('@id("a") permit (principal, action, resource);', encoding="utf-8")
    assert validate_project(shop).problems == ()


def test_only_a_project_with_policies_pays_for_cedar(shop):
    program = "import sys; from pathlib import Path; from agentcore.app import validate_project; "
    program += "validate_project(Path()); print('cedarpy' in sys.modules)"
    (shop / "policies").rmdir()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

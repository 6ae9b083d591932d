# ruff: noqa: E501  # messages stand as people read them
from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.config.load import load_project, load_scenario
from agentcore.config.scenarios import Case, Expectation, Input, Scenario
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ConfigError
from agentcore.domain.task import Task

SCENARIO = Path("scenarios/scenario.yaml")

TEXT = """
    name: order price
    description: what an order costs
    tags: [quick]
    goal: |
      What do {{count}} units of {{product}} cost?
    inputs:
      product: {description: as in the handbook, default: router}
      count: {type: integer}
      rush: {type: boolean, default: false}
      factor: {type: number, default: 1}
      notes: {type: array, default: []}
    budget: {usd: "0.10", calls: null, on_exceeded: fail}
    tenant: acme
    principal: ann
    purpose: billing
    cases:
      - name: forty
        inputs: {count: 40}
        expect: {status: refused, contains: ["12"], not_contains: [x], max_seconds: 5, max_usd: "0.01"}
"""


def test_a_scenario_becomes_values(project, plugins):
    found = load_scenario(SCENARIO, load_project(project(scenario=TEXT), plugins, environment={}))
    assert (found.name, found.description, found.tags) == ("order price", "what an order costs", ("quick",))
    assert found.budget == Budget(tokens=200_000, usd=Decimal("0.10"), calls=None, seconds=900.0)
    assert found.on_exceeded == "fail"
    assert found.inputs["count"] == Input(name="count", type="integer")
    assert found.cases == (
        Case(
            name="forty",
            inputs={"count": 40},
            expect=Expectation(
                status="refused", contains=("12",), not_contains=("x",), max_seconds=5.0, max_usd=Decimal("0.01")
            ),
        ),
    )
    task = found.task({"count": "3", "rush": "true", "factor": "1.5", "notes": '["a"]'})
    assert task == Task(
        goal="What do 3 units of router cost?",
        inputs={"product": "router", "count": 3, "rush": True, "factor": 1.5, "notes": ["a"]},
        tenant="acme",
        principal="ann",
        purpose="billing",
    )


def test_inputs_that_do_not_fit(project, plugins):
    found = load_scenario(SCENARIO, load_project(project(scenario=TEXT), plugins, environment={}))
    with pytest.raises(ConfigError) as caught:
        found.task({"prodct": "x", "rush": "yes", "factor": "NaN", "notes": "a, b"})
    assert (str(caught.value), caught.value.hint) == snapshot(
        (
            """\
scenario `order price`: unknown input `prodct`; did you mean `product`?
scenario `order price`: input `count` is missing
scenario `order price`: input `rush` must be true or false, not "yes"
scenario `order price`: input `factor` must be a number, not "NaN"
scenario `order price`: input `notes` must be a list, not "a, b"\
""",
            "inputs: product (string), count (integer), rush (boolean), factor (number), notes (array)",
        )
    )


def test_what_is_wrong_in_a_file(project, plugins):
    root = project(
        scenario="""
            goals: x
            goal: "{{cnt}} of {{count}}"
            inputs:
              goal: {type: string}
              count: {type: integer, default: many}
              size: {typ: number}
              a-b: {}
            budget: {eur: 1}
            cases:
              - {name: one, inputs: {cont: 1}}
              - {name: one, inputs: {count: x, goal: y, size: z}, expect: {status: success}}
        """
    )
    with pytest.raises(ConfigError) as caught:
        load_scenario(root / SCENARIO, load_project(root, plugins, environment={}))
    assert str(caught.value) == snapshot("""\
scenarios/scenario.yaml:1:1: unknown key `goals`; did you mean `goal`?
scenarios/scenario.yaml:2:7: `{{cnt}}` is not a declared input; did you mean `{{count}}`?
scenarios/scenario.yaml:4:3: no input can be called `goal`: that is the task's own
scenarios/scenario.yaml:5:35: `default` must be a whole number, not "many"
scenarios/scenario.yaml:6:10: unknown key `typ`; did you mean `type`?
scenarios/scenario.yaml:7:3: `a-b` cannot be a name: a name has letters, digits, `_`, at most 48, and begins with a letter
scenarios/scenario.yaml:8:10: unknown key `eur`; known: tokens, usd, seconds, calls, on_exceeded
scenarios/scenario.yaml:10:25: input `goal` is missing
scenarios/scenario.yaml:10:25: input `count` must be a whole number, not "many"
scenarios/scenario.yaml:10:25: input `size` is missing
scenarios/scenario.yaml:10:26: unknown input `cont`; did you mean `count`?
scenarios/scenario.yaml:11:12: another case is called `one`
scenarios/scenario.yaml:11:25: input `count` must be a whole number, not "x"
scenarios/scenario.yaml:11:72: `status` must be one of succeeded, refused, failed, cancelled, over_budget, denied, not "success"; did you mean succeeded?\
""")


def scenario(**inputs: str) -> Scenario:
    return Scenario(
        name="s",
        goal=" ".join(f"{{{{{name}}}}}" for name in inputs),
        budget=Budget(),
        inputs={name: Input(name=name, type=type_) for name, type_ in inputs.items()},
    )


@given(st.text())
def test_a_text_is_taken_as_it_is(text):
    assert scenario(q="string").task({"q": text}).inputs == {"q": text}


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("integer", "12", 12),
        ("integer", "12.0", 12),
        ("number", "12", 12),
        ("number", "-1e3", -1000.0),
        ("boolean", "False", False),
        ("object", '{"a": [1]}', {"a": [1]}),
        ("array", " [] ", []),
        ("string", "12", "12"),
    ],
)
def test_texts_are_converted(type_name, text, value):
    found = scenario(x=type_name).task({"x": text}).inputs["x"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("integer", "1.5"),
        ("integer", "true"),
        ("integer", ""),
        ("integer", "1" * 5000),
        ("number", "Infinity"),
        ("boolean", "1"),
        ("object", "[]"),
        ("array", "{}"),
        ("object", "[" * 100_000),
        ("string", 5),
    ],
)
def test_texts_that_cannot_be_converted(type_name, text):
    with pytest.raises(ConfigError, match=r"^scenario `s`: input `x` must be "):
        scenario(x=type_name).task({"x": text})


def test_a_value_cannot_add_placeholders():
    task = scenario(a="string", b="string").task({"a": "{{b}}", "b": "secret"})
    assert task.goal == "{{b}} secret"

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.adapters.tools.calculator import PLUGIN, Calculator, CalculatorOptions
from agentcore.adapters.tools.facts import read_facts
from agentcore.domain.effect import Safety
from agentcore.domain.errors import ToolError
from agentcore.ports.tool import ToolContext
from agentcore.testing.contracts.tool import ToolContract
from agentcore.verification.arithmetic import evaluate

FACTS = {
    "rule": {
        "passage": "pricing.md#volume-discounts",
        "quote": "An order of 25 or more units earns a volume discount of 12 % on the whole order.",
    },
    "orders": {
        "columns": ["quantity", "unit_price"],
        "rows": [{"quantity": 40, "unit_price": "189.00"}],
        "row_count": 1,
        "truncated": False,
    },
}


def context(facts=FACTS) -> ToolContext:
    return ToolContext(key="k", tenant="t", principal="p", facts=facts)


async def calculate(expression: str, facts=FACTS, **options):
    return (
        await Calculator("calculator", CalculatorOptions(**options)).call({"expression": expression}, context(facts))
    ).value


class TestCalculator(ToolContract):
    arguments = {"expression": "quantity * unit_price * (1 - 12%)"}
    wrong = ({}, {"expression": ""}, {"expression": 1}, {"expression": "1" * 501}, {"expression": None})
    failing = {"expression": "quantity * 7"}
    facts = FACTS

    @pytest.fixture
    async def tool(self):
        tool = Calculator("calculator", CalculatorOptions())
        yield tool
        await tool.aclose()


async def test_the_result_shows_the_way_and_keeps_cents() -> None:
    assert await calculate("quantity * unit_price * (1 - 12%)") == {
        "expression": "quantity * unit_price * (1 - 12%)",
        "value": "6652.80",
        "terms": "40 * 189.00 * (1 - 12%)",
    }


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("orders.quantity / 25", "1.6"),
        ("orders.rows.quantity * 2", "80"),
        ("40 * 189.00 * (1 - 0.12)", "6652.80"),
        ("quantity * 100% - quantity", "0"),
        ("unit_price / 100", "1.89"),
        ("1 / quantity / unit_price", "0.000132"),
    ],
)
async def test_names_and_stated_numbers(expression: str, value: str) -> None:
    assert (await calculate(expression))["value"] == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("40 * 189 * 0.88", r"no fact states the number 0.88; use quantity, unit_price, 12%, 25"),
        ("quantity * 13%", r"no fact states the number 13%"),
        ("quantity * 10%", r"no fact states the number 10%"),
        ("quantty * 2", r"no fact is named quantty; did you mean quantity\?"),
        ("row_count * 2", r"no fact is named row_count; names: quantity, unit_price"),
        ("quantity / (25 - 25)", r"division by zero"),
        ("quantity *", r"expected a number"),
    ],
)
async def test_what_a_model_is_told(expression: str, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        await calculate(expression)


async def test_numbers_from_nowhere_can_be_allowed() -> None:
    assert (await calculate("7 * 6", {}, free_numbers=True))["value"] == "42"


async def test_results_are_rounded_to_the_decimals_of_the_options() -> None:
    assert (await calculate("100 / a", {"a": 3}, decimals=2))["value"] == "33.33"
    assert (await calculate("a / 2", {"a": 1}, decimals=0))["value"] == "0"


def test_a_model_is_told_the_names_and_can_say_no_others() -> None:
    spec = Calculator("calculator", CalculatorOptions()).describe(FACTS)
    assert spec.note.splitlines() == [
        "Names: quantity = 40, unit_price = 189.00",
        "Percentages: 12%",
        "Numbers: 25",
    ]
    pattern = re.compile(spec.parameters["properties"]["expression"]["pattern"])
    for good in (
        "quantity",
        "quantity * unit_price * (1 - 12%)",
        "(quantity - 25) * unit_price",
        "unit_price * (1 + 12%)",
    ):
        assert pattern.fullmatch(good), good
    for bad in ("price", "quantity * 13%", "quantity*unit_price", "0.88 * quantity", "quantity * ", "quantity * 1"):
        assert not pattern.fullmatch(bad), bad


def test_with_nothing_or_too_much_known_there_is_no_pattern() -> None:
    tool = Calculator("calculator", CalculatorOptions())
    assert tool.describe({}).parameters == tool.definition.parameters
    assert tool.describe({f"n{i}": i + 1000 for i in range(41)}).parameters == tool.definition.parameters


def test_facts_are_named_as_briefly_as_is_clear() -> None:
    facts = {
        "before": {"Unit Price": "10.50", "count": 3, "note": "up by 5 percent on 2026-08-03, id A7, 1,250 units"},
        "after": {"count": 4, "ok": True, "nothing": None, "2026": 9, "values": [7, 8]},
        "total": 100.25,
        "found": {"passages": [{"id": "a.md#b", "title": "B", "text": "It costs 19.99.", "score": 0.713}]},
        "earlier": {"expression": "a * 3", "terms": "2 * 3", "value": "6"},
    }
    known = read_facts(facts)
    assert {name: str(value) for name, value in known.names.items()} == {
        "unit_price": "10.50",
        "before.count": "3",
        "after.count": "4",
        "_2026": "9",
        "values_1": "7",
        "values_2": "8",
        "total": "100.25",
        "value": "6",
    }
    assert known.percentages == ("5",)
    assert known.literals == ("1250", "19.99")
    assert Decimal("0.713") not in known.numbers


def test_rows_are_numbered_and_equal_values_need_no_longer_name() -> None:
    rows = [{"quantity": 40, "price": "189.00"}, {"quantity": 8, "price": "189.00"}]
    table = {"columns": [], "rows": rows, "row_count": 2, "truncated": False}
    known = read_facts({"a": table, "b": {"quantity_1": 40}})
    assert known.names == {
        "quantity_1": Decimal(40),
        "price_1": Decimal("189.00"),
        "quantity_2": Decimal(8),
        "price_2": Decimal("189.00"),
    }


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.from_regex(r"-?[0-9]{1,9}(\.[0-9]+)? ?%?"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
def test_whatever_the_facts_are_each_name_can_be_used(facts) -> None:
    known = read_facts(facts)
    for name, value in known.names.items():
        if abs(value.adjusted()) < 50:
            assert evaluate(name, known.aliases) == value
    parameters = Calculator("calculator", CalculatorOptions()).describe(facts).parameters
    json.dumps(parameters)
    if pattern := parameters["properties"]["expression"].get("pattern"):
        assert all(re.fullmatch(pattern, name) for name in known.names)


def test_deep_facts_end() -> None:
    deep: object = 1
    for _ in range(500):
        deep = {"a": deep}
    assert not read_facts({"x": deep}).names


def test_the_plug_in_builds_it() -> None:
    (tool,) = PLUGIN.build("sums", PLUGIN.options.model_validate({"decimals": 2}), None)
    assert (tool.definition.name, tool.definition.safety) == ("sums", Safety.READ)

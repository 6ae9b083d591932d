"""Tools that a project brings by YAML: semantic-kernel's plug-ins, its own functions, tables and documents."""

from __future__ import annotations

import json

import pytest

from agentcore.testing.loopback import Answer

# semantic-kernel's own deprecations, which Python shows to nobody by default
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")

PLUGIN = """\
from typing import Annotated

from semantic_kernel.functions import kernel_function


class Prices:
    def __init__(self, factor: int = 1):
        self.factor = factor

    @kernel_function(name="price_of", description="Return the price of a product.")
    def price_of(self, product: Annotated[str, "such as assam"], urgent: Annotated[bool, "pay more"] = False) -> str:
        return f"{product}: {640 * self.factor} {urgent}"
"""


@pytest.fixture
def prices(shop, edit, script):
    """Let the clerk look up prices by a class of semantic-kernel's kind."""
    (shop / "prices.py").write_text(PLUGIN, encoding="utf-8")
    edit(
        "agentcore.yaml",
        "price_list: { provider: python, options: { file: shop.py, functions: [look_up] } }",
        "price_list: { provider: semantic-kernel, options: { file: prices.py, class: Prices, "
        "arguments: { factor: 2 }, safety: read } }",
    )
    script.answers["clerk"] = Answer(tool_calls=(("price_list", '{"product": "assam", "urgent": true}'),))
    script.answers["planner"] = Answer(text='{"steps": [{"agent": "clerk", "task": "price"}]}')
    script.answers["writer"] = Answer(text='{"answer": "It is 1280."}')


def test_a_class_of_semantic_kernels_kind_is_a_tool(prices, agentcore, script):
    done = agentcore("run", "stock_value", "--json")
    assert done.exit_code == 0, done.output
    tool = next(one.body["tools"][0]["function"] for one in script.received if one.body.get("tools"))
    assert tool["name"] == "price_list"
    assert tool["description"] == "Return the price of a product."
    assert set(tool["parameters"]["properties"]) == {"product", "urgent"}
    step = json.loads(agentcore("trace", "latest", "--step", "clerk", "--json").stdout)
    assert "assam: 1280 True" in json.dumps(step["attempts"][-1])


def test_its_arguments_are_not_coerced(prices, agentcore, script):
    script.answers["clerk"] = Answer(tool_calls=(("price_list", '{"product": "assam", "urgent": "false"}'),))
    assert agentcore("run", "stock_value").exit_code == 1
    shown = agentcore("trace", "latest", "--step", "clerk").stdout
    assert "urgent" in shown
    assert "1280" not in shown


def test_a_tool_that_is_not_read_only_needs_a_policy(prices, edit, agentcore):
    edit("agentcore.yaml", ", safety: read", "")
    done = agentcore("run", "stock_value", "--json")
    assert json.loads(done.stdout)["status"] == "failed"
    shown = agentcore("trace", "latest", "--step", "clerk").stdout
    assert "denied" in shown or "forbidden" in shown or "not permit" in shown
    assert "1280" not in shown


def test_a_tool_that_does_not_say_what_it_does_is_not_called_and_the_person_is_told_what_to_do(
    shop, edit, agentcore, script
):
    edit("shop.py", '@tool(safety="read")', "@tool")
    done = agentcore("run", "stock_value", "--json")
    assert json.loads(done.stdout)["status"] == "failed"
    reason = "may not call_tool price_list: no policy permits it; the tool counts as `unsafe`: permit it by name in "
    assert reason in json.loads(done.stdout)["reason"]
    assert reason.partition(": ")[2] in agentcore("policy", "explain", "latest", "clerk").stdout
    warned = agentcore("policy", "check").output
    assert "tool `price_list` can never be called" in warned
    assert "declare `safety: read` if it changes nothing" in warned
    edit("agentcore.yaml", "price_list: {", "price_list: { safety: read,")
    assert agentcore("run", "stock_value").exit_code == 0


def test_an_exception_of_a_tool_is_a_recorded_failure_without_a_traceback(shop, agentcore, latest):
    (shop / "shop.py").write_text(
        "from agentcore import tool\n\n\n@tool(safety='read')\ndef look_up(product: str) -> str:\n"
        '    """Look."""\n    return 1 / 0\n'
    )
    done = agentcore("run", "stock_value", "--json")
    assert done.exit_code == 1
    assert "ZeroDivisionError" in json.loads(done.stdout)["reason"] + agentcore("trace", "latest").stdout
    assert latest()["answer"] is None


def test_a_tool_that_hangs_is_left_alone_after_its_time_out(shop, edit, agentcore, latest):
    (shop / "shop.py").write_text(
        "import asyncio\n\nfrom agentcore import tool\n\n\n"
        "@tool(safety='read')\nasync def look_up(product: str) -> str:\n"
        '    """Look."""\n    await asyncio.sleep(3600)\n    return product\n'
    )
    edit("agentcore.yaml", "price_list: {", "price_list: { seconds: 0.2,")
    done = agentcore("run", "stock_value", "--json")
    assert done.exit_code == 1
    assert "0.2 s" in agentcore("trace", "latest", "--step", "clerk").stdout
    assert latest()["status"] == "failed"


def test_calls_of_a_tool_are_limited(shop, edit, agentcore, script, latest):
    edit("agentcore.yaml", "price_list: {", "price_list: { max_calls: 1,")
    steps = [{"agent": "clerk", "task": "one"}, {"agent": "clerk", "task": "two"}]
    script.answers["planner"] = Answer(text=json.dumps({"steps": steps}))
    done = agentcore("run", "stock_value", "--json")
    assert done.exit_code == 1
    assert "as often as a run may call it (1)" in done.stdout + agentcore("trace", "latest", "--json").stdout
    latest()


def test_a_table_a_folder_and_sums_of_the_projects_own(shop, edit, agentcore, script):
    (shop / "stock.csv").write_text("tea,boxes,usd\nassam,120,6.40\n", encoding="utf-8")
    (shop / "notes").mkdir()
    (shop / "notes" / "tea.md").write_text("# Tea\n\n## Assam\nAssam is sold by the box.\n", encoding="utf-8")
    edit(
        "agentcore.yaml",
        "price_list: { provider: python, options: { file: shop.py, functions: [look_up] } }",
        "price_list: { provider: sql, options: { tables: { stock: stock.csv } } }\n"
        "  notes: { provider: documents, options: { path: notes } }",
    )
    query = "SELECT boxes, usd FROM stock WHERE tea = 'assam'"
    script.answers["clerk"] = Answer(tool_calls=(("price_list", json.dumps({"query": query})),))
    script.answers["calculator"] = Answer(tool_calls=(("calculator", '{"expression": "boxes * usd"}'),))
    done = agentcore("run", "stock_value", "--json")
    assert done.exit_code == 0, done.output
    step = agentcore("trace", "latest", "--step", "calculator").stdout
    assert "768.00" in step


@pytest.mark.parametrize(
    "query", ["DROP TABLE stock", "SELECT 1; DELETE FROM stock", "ATTACH 'x' AS y", "SELECT load_extension('x')"]
)
def test_a_query_that_does_more_than_read_is_refused(shop, edit, agentcore, script, query):
    (shop / "stock.csv").write_text("tea,boxes\nassam,120\n", encoding="utf-8")
    edit(
        "agentcore.yaml",
        "price_list: { provider: python, options: { file: shop.py, functions: [look_up] } }",
        "price_list: { provider: sql, options: { tables: { stock: stock.csv } } }",
    )
    script.answers["clerk"] = Answer(tool_calls=(("price_list", json.dumps({"query": query})),))
    assert agentcore("run", "stock_value").exit_code == 1
    assert (shop / "stock.csv").read_text(encoding="utf-8") == "tea,boxes\nassam,120\n"

"""ASI05: what a model writes is data for tools, and is run by none of ours."""

from __future__ import annotations

import pytest

from agentcore.adapters.tools.calculator import Calculator, CalculatorOptions
from agentcore.adapters.tools.sql import PLUGIN
from agentcore.domain.errors import ToolError
from agentcore.ports.plugin import BuildContext
from agentcore.ports.tool import ToolContext

CONTEXT = ToolContext(key="run/1", tenant="t", principal="p", facts={"a": 3})


@pytest.mark.parametrize(
    "expression",
    ['__import__("os").system("true")', "a.__class__", "(lambda: a)()", "[a for _ in a]", "a; a", "a ** 9"],
)
async def test_an_expression_is_parsed_and_never_run(expression):
    calculator = Calculator("calculator", CalculatorOptions())
    with pytest.raises(ToolError):
        await calculator.call({"expression": expression}, CONTEXT)
    assert (await calculator.call({"expression": "a * a"}, CONTEXT)).value["value"] == "9"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT load_extension('evil.so')",
        "ATTACH DATABASE 'stolen.db' AS s",
        "DROP TABLE t",
        "PRAGMA writable_schema = 1",
        "SELECT 1; DELETE FROM t",
        "SELECT writefile('x', 'y')",
    ],
)
async def test_a_query_that_does_more_than_read_is_refused(query, tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n", encoding="utf-8")
    options = PLUGIN.options.model_validate({"tables": {"t": "t.csv"}})
    (tool,) = PLUGIN.build("t", options, BuildContext(root=tmp_path, environment={}))
    try:
        with pytest.raises(ToolError):
            await tool.call({"query": query}, CONTEXT)
        assert (await tool.call({"query": "SELECT a FROM t"}, CONTEXT)).value["rows"]
    finally:
        await tool.aclose()

"""What every Tool must do. Inherit, and give a `tool` fixture and an example of a call:

    class TestMine(ToolContract):
        arguments = {"query": "price"}

        @pytest.fixture
        async def tool(self):
            tool = Mine()
            yield tool
            await tool.aclose()

`wrong` are arguments that the schema must refuse; `facts` is what the step was given. A test may set `failing` to
arguments that the schema admits and the tool cannot serve.
"""  # noqa: D415  an example explains more than a summary

# ruff: noqa: S101  pytest's way

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, ClassVar

import jsonschema_rs
import pytest

from agentcore.domain.errors import ToolError
from agentcore.domain.json import JSON, JSONObject
from agentcore.ports.tool import Tool, ToolContext

MAX_BLOCKED_SECONDS = 0.25


def _validator(parameters: JSONObject) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_plain(parameters))


def _plain(value: JSON) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


class ToolContract:
    """Tests of the Tool port."""

    arguments: ClassVar[JSONObject] = {}
    wrong: ClassVar[Sequence[JSONObject]] = ()
    failing: ClassVar[JSONObject | None] = None
    facts: ClassVar[JSONObject] = {}

    @pytest.fixture
    def context(self) -> ToolContext:
        """What the runtime tells a tool about a call."""
        return ToolContext(key="run/step/1/tool.1", tenant="acme", principal="ann", facts=self.facts)

    def test_the_definition_is_constant(self, tool: Tool) -> None:
        """A model, a policy and a record all speak of the same tool."""
        assert tool.definition == tool.definition
        assert tool.definition.seconds > 0
        assert tool.definition.description

    def test_its_parameters_are_a_schema_of_an_object(self, tool: Tool) -> None:
        """The schema is valid, closed, and told to a model as JSON."""
        for parameters in (tool.definition.parameters, tool.describe(self.facts).parameters):
            jsonschema_rs.meta.validate(_plain(parameters))
            assert parameters["type"] == "object"
            assert parameters["additionalProperties"] is False

    def test_its_schema_admits_the_example_and_nothing_wrong(self, tool: Tool) -> None:
        """The engine checks arguments against the definition before every call."""
        validator = _validator(tool.definition.parameters)
        validator.validate(_plain(self.arguments))
        for wrong in (*self.wrong, {**self.arguments, "no such parameter": 1}):
            assert not validator.is_valid(_plain(wrong)), wrong

    def test_a_description_narrows_and_never_widens(self, tool: Tool) -> None:
        """What a model may say by the description, the definition admits; the example fits both."""
        spec = tool.describe(self.facts)
        assert spec.name == tool.definition.name
        assert set(_keys(spec.parameters)) <= set(_keys(tool.definition.parameters))
        _validator(spec.parameters).validate(_plain(self.arguments))
        tool.describe({})

    def test_an_instruction_goes_into_a_text_parameter(self, tool: Tool) -> None:
        """A tool that can be called without asking a model says with which parameter."""
        name = tool.definition.instruction_parameter
        if name is not None:
            assert _validator(tool.definition.parameters).is_valid({name: "find the price"})

    async def test_a_call_gives_labelled_json(self, tool: Tool, context: ToolContext) -> None:
        """The value can be recorded as it is, and says where it came from."""
        result = await tool.call(self.arguments, context)
        assert _plain(result.value) == _plain(_plain(result.value))
        assert result.label.sources

    async def test_a_failure_is_a_tool_error_and_not_the_end(self, tool: Tool, context: ToolContext) -> None:
        """A model reads the message: it has one, and no traceback. The next call works."""
        if self.failing is None:  # whatever its schema admits succeeds, and again
            for _ in range(2):
                assert (await tool.call(self.arguments, context)).label.sources
            return
        with pytest.raises(ToolError) as raised:
            await tool.call(self.failing, context)
        assert raised.value.message
        assert "Traceback" not in raised.value.message
        await tool.call(self.arguments, context)

    async def test_the_event_loop_stays_free(self, tool: Tool, context: ToolContext) -> None:
        """While calls are at work, everything else goes on."""
        loop = asyncio.get_running_loop()
        await tool.call(self.arguments, context)
        longest = 0.0
        last = loop.time()
        calls = asyncio.gather(*(tool.call(self.arguments, context) for _ in range(4)))
        while not calls.done():
            await asyncio.sleep(0)
            longest, last = max(longest, loop.time() - last), loop.time()
        await calls
        assert longest < MAX_BLOCKED_SECONDS

    async def test_calls_at_the_same_time_give_their_own_results(self, tool: Tool, context: ToolContext) -> None:
        """Calls share nothing that shows."""
        alone = await tool.call(self.arguments, context)
        together = await asyncio.gather(*(tool.call(self.arguments, context) for _ in range(8)))
        assert all(_plain(each.value) == _plain(alone.value) for each in together)

    async def test_a_cancelled_call_ends_at_once_and_harms_nothing(self, tool: Tool, context: ToolContext) -> None:
        """Cancelling is passed on as it is; the next call works."""
        call = asyncio.ensure_future(tool.call(self.arguments, context))
        await asyncio.sleep(0)
        if call.cancel():
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(call, timeout=MAX_BLOCKED_SECONDS * 4)
        await tool.call(self.arguments, context)

    async def test_it_can_be_closed_twice(self, tool: Tool) -> None:
        """Closing again is harmless."""
        await tool.aclose()
        await tool.aclose()


def _keys(parameters: JSONObject) -> Sequence[str]:
    properties = parameters.get("properties", {})
    return list(properties) if isinstance(properties, dict) else []

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcore.domain.agent import Capability
from agentcore.domain.errors import ModelRequestRejected, ModelTimeout, ModelUnavailable
from agentcore.domain.message import Message, ToolSpec
from agentcore.ports.model import ModelReply, ModelRequest
from agentcore.testing.contracts.model import ModelContract
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.instance import instance
from agentcore.testing.scripted import Call, Calls, Delayed, Json, ScriptedModel, obliging

HELLO = ModelRequest(messages=(Message(role="user", content="Hello out there"),))


class RealTime(FakeClock):
    """A second of the script is a tenth of a real one, so that a cancel finds a call that is under way."""

    async def sleep(self, seconds):
        import asyncio

        await asyncio.sleep(seconds / 10)


def slowly(request):
    reply = obliging(request)
    return Delayed(1, reply) if "slowly" in request.messages[-1].content else reply


class TestScriptedModel(ModelContract):
    @pytest.fixture
    async def model(self):
        return ScriptedModel(slowly, clock=RealTime())


def test_declares_what_it_can():
    assert TestScriptedModel.capabilities == {Capability.TOOLS, Capability.JSON_SCHEMA}


async def test_says_its_script_in_order_and_remembers_what_it_was_asked():
    model = ScriptedModel(["one", {"a": 1}, [1], Json("text"), ModelReply(text="whole", output_tokens=9)])
    texts = [(await model.complete(HELLO)).text for _ in range(5)]
    assert texts == ["one", '{"a": 1}', "[1]", '"text"', "whole"]
    assert model.requests == [HELLO] * 5


async def test_calls_tools_with_new_ids():
    model = ScriptedModel([Calls((Call("a", {}), Call("b", {"x": 1}))), Call("c", {})])
    first = await model.complete(HELLO)
    assert [(call.id, call.name, call.arguments) for call in first.tool_calls] == [
        ("call_1", "a", "{}"),
        ("call_2", "b", '{"x": 1}'),
    ]
    turn = Message(role="assistant", tool_calls=first.tool_calls)
    second = await model.complete(ModelRequest(messages=(*HELLO.messages, turn)))
    assert second.tool_calls[0].id == "call_3"
    assert second.finish == "tool_calls"


async def test_raises_the_errors_of_its_script():
    error = ModelUnavailable("down")
    with pytest.raises(ModelUnavailable) as caught:
        await ScriptedModel([error]).complete(HELLO)
    assert caught.value is error


async def test_takes_its_time_on_the_clock():
    clock = FakeClock(auto=True)
    model = ScriptedModel([Delayed(30, "late"), Delayed(300, "too late")], clock=clock)
    assert (await model.complete(HELLO)).text == "late"
    assert clock.monotonic() == 30
    with pytest.raises(ModelTimeout, match="120 s"):
        await model.complete(HELLO)
    assert clock.monotonic() == 150


async def test_a_script_that_runs_out_says_what_was_asked():
    model = ScriptedModel(["one"], name="writer")
    await model.complete(HELLO)
    with pytest.raises(ModelRequestRejected, match=r"script of writer ran out after 1 replies.*Hello out there"):
        await model.complete(HELLO)


async def test_a_function_may_decide():
    model = ScriptedModel(lambda request: request.messages[-1].content.upper())
    assert (await model.complete(HELLO)).text == "HELLO OUT THERE"


async def test_counts_words():
    reply = await ScriptedModel(["four words of text"]).complete(HELLO)
    assert (reply.input_tokens, reply.output_tokens) == (3, 4)


SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "string", "minLength": 3},
            {"type": "integer", "minimum": 5},
            {"type": "number", "maximum": 0},
            {"type": "integer", "exclusiveMinimum": 3},
            {"type": "boolean"},
            {"type": "null"},
            {"type": ["string", "null"]},
            {"const": 4},
            {"enum": ["a", "b"]},
            {"$ref": "#/$defs/named"},
        ]
    ),
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1).map(
            lambda properties: {"type": "object", "properties": properties, "required": list(properties)}
        ),
        inner.map(lambda items: {"type": "array", "items": items, "minItems": 2}),
        inner.map(lambda first: {"anyOf": [first, {"type": "null"}]}),
    ),
    max_leaves=8,
)


@given(SCHEMAS)
def test_instances_satisfy_their_schema(schema):
    import jsonschema_rs

    root = {**schema, "$defs": {"named": {"type": "object", "properties": {}}}}
    assert jsonschema_rs.validator_for(root).is_valid(instance(root))


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"not": {}}])
def test_schemas_without_a_known_instance_are_named(schema):
    with pytest.raises(ValueError, match="schema"):
        instance(schema)


async def test_obliges():
    tool = ToolSpec(name="t", description="", parameters={"type": "object", "properties": {}})
    model = ScriptedModel(obliging)
    structured = await model.complete(ModelRequest(messages=HELLO.messages, schema={"type": "integer"}))
    assert json.loads(structured.text) == 1
    called = await model.complete(ModelRequest(messages=HELLO.messages, tools=(tool,)))
    assert called.tool_calls[0].name == "t"

import json

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from agentcore.adapters.models.tools_by_schema import ToolsBySchema, answer_schema
from agentcore.domain.errors import ModelOutputInvalid
from agentcore.domain.message import Message, ToolCall, ToolSpec
from agentcore.ports.model import ModelReply, ModelRequest
from agentcore.testing.scripted import ScriptedModel

SQL = ToolSpec(
    name="sql",
    description="Asks a database.",
    parameters={
        "type": "object",
        "properties": {"query": {"type": "string"}},
        "required": ["query"],
    },
)
TREE = ToolSpec(
    name="tree",
    description="Takes a tree.",
    parameters={
        "type": "object",
        "properties": {"root": {"$ref": "#/$defs/node"}},
        "required": ["root"],
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                "required": ["name"],
            }
        },
    },
)
SYSTEM = Message(role="system", content="You are an analyst.")
QUESTION = Message(role="user", content="How many?")


def request(*tools, **fields):
    return ModelRequest(messages=(SYSTEM, QUESTION), tools=tools, **fields)


async def test_a_call_comes_back_as_a_call():
    model = ToolsBySchema(ScriptedModel([{"tool": "sql", "arguments": {"query": "SELECT 1"}}]))
    reply = await model.complete(request(SQL, TREE))
    assert reply.tool_calls == (ToolCall(id="call_1", name="sql", arguments='{"query": "SELECT 1"}'),)
    assert reply.text == ""
    assert reply.finish == "tool_calls"


async def test_the_final_answer_comes_back_as_text():
    heard = []
    model = ToolsBySchema(ScriptedModel([{"final": "Eight."}, {"final": {"count": 8}}, {"final": "8"}]))
    assert (await model.complete(request(SQL), heard.append)).text == "Eight."
    assert heard == ["Eight."]
    structured = await model.complete(request(SQL, schema={"type": "object"}))
    assert json.loads(structured.text) == {"count": 8}
    assert (await model.complete(request(SQL, schema={"type": "string"}))).text == '"8"'


async def test_the_only_tool_that_must_be_called_is_just_its_arguments():
    inner = ScriptedModel([{"query": "SELECT 1"}])
    reply = await ToolsBySchema(inner).complete(request(SQL, tool_required=True))
    assert reply.tool_calls[0].arguments == '{"query": "SELECT 1"}'
    assert inner.requests[0].schema is SQL.parameters
    assert inner.requests[0].tools == ()
    assert not inner.requests[0].tool_required


async def test_the_tools_are_described_to_the_model():
    inner = ScriptedModel([{"final": "x"}])
    await ToolsBySchema(inner).complete(request(SQL))
    assert inner.requests[0].messages[0].content == snapshot("""\
You are an analyst.

Tools:
- sql: Asks a database.
  arguments: {"properties":{"query":{"type":"string"}},"required":["query"],"type":"object"}
To call a tool, answer {"tool": NAME, "arguments": {…}}. When you know the answer, answer {"final": ANSWER}.\
""")
    assert inner.requests[0].messages[1] == QUESTION


async def test_earlier_calls_become_text_and_ids_go_on():
    call = ToolCall(id="call_1", name="sql", arguments='{"query":"SELECT 1"}')
    history = (
        QUESTION,
        Message(role="assistant", content="Let me look.", tool_calls=(call,)),
        Message(role="tool", content="[1]", tool_call_id="call_1"),
    )
    inner = ScriptedModel([{"tool": "sql", "arguments": {"query": "SELECT 2"}}])
    reply = await ToolsBySchema(inner).complete(ModelRequest(messages=history, tools=(SQL,)))
    sent = [f"{message.role}: {message.content}" for message in inner.requests[0].messages[1:]]
    assert "\n".join(sent) == snapshot("""\
user: How many?
assistant: Let me look.
{"tool": "sql", "arguments": {"query":"SELECT 1"}}
user: Result of the tool:
[1]\
""")
    assert reply.tool_calls[0].id == "call_2"


async def test_without_tools_the_text_streams_through():
    heard = []
    model = ToolsBySchema(ScriptedModel(["one\ntwo"]))
    assert (await model.complete(request(), heard.append)).text == "one\ntwo"
    assert heard == ["one\n", "two"]


async def test_requests_that_do_not_need_it_pass_untouched():
    inner = ScriptedModel(["native", {"final": {"count": 1}}])
    model = ToolsBySchema(inner, when=lambda asked: asked.schema is not None)
    plain = request(SQL)
    assert (await model.complete(plain)).text == "native"
    assert inner.requests[0] is plain
    assert (await model.complete(request(SQL, schema={"type": "object"}))).text == '{"count": 1}'
    assert inner.requests[1].tools == ()


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("I would call sql.", {}),
        ('{"tool": "rm", "arguments": {}}', {}),
        ('{"tool": "sql", "arguments": 1}', {}),
        ('{"final": "x"}', {"tool_required": True}),
        ("[]", {"tool_required": True}),
    ],
)
async def test_answers_outside_the_schema_are_invalid(text, fields):
    with pytest.raises(ModelOutputInvalid):
        await ToolsBySchema(ScriptedModel([text])).complete(request(SQL, TREE, **fields))


async def test_an_answer_that_was_cut_off_says_what_to_raise():
    cut = ModelReply(text='{"tool": "sql", "argu', finish="length")
    with pytest.raises(ModelOutputInvalid) as caught:
        await ToolsBySchema(ScriptedModel([cut])).complete(request(SQL))
    assert "output_tokens" in caught.value.hint


def test_references_still_work_inside_the_alternatives():
    schema = answer_schema(request(SQL, TREE, schema=TREE.parameters))
    validator = jsonschema_rs.validator_for(schema)
    leaf = {"name": "leaf"}
    assert validator.is_valid({"tool": "tree", "arguments": {"root": {"name": "x", "children": [leaf]}}})
    assert not validator.is_valid({"tool": "tree", "arguments": {"root": {"name": "x", "children": [{}]}}})
    assert validator.is_valid({"final": {"root": leaf}})
    assert not validator.is_valid({"final": {"root": {}}})


@given(
    name=st.sampled_from(["sql", "tree", "rm"]),
    arguments=st.sampled_from([{"query": "q"}, {"root": {"name": "n"}}, {}]),
)
def test_only_calls_that_fit_their_tool_satisfy_the_schema(name, arguments):
    validator = jsonschema_rs.validator_for(answer_schema(request(SQL, TREE)))
    fits = (name, *arguments) in {("sql", "query"), ("tree", "root")}
    assert validator.is_valid({"tool": name, "arguments": arguments}) == fits


def test_a_required_call_leaves_no_final_answer():
    schema = answer_schema(request(SQL, TREE, tool_required=True))
    assert not jsonschema_rs.validator_for(schema).is_valid({"final": "x"})


async def test_counts_and_closes_with_the_model():
    inner = ScriptedModel([])
    model = ToolsBySchema(inner)
    assert model.count_tokens((QUESTION,)) == inner.count_tokens((QUESTION,))
    await model.aclose()
    assert inner.closed

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentcore.adapters.models.prompt_tokens import prompt_tokens
from agentcore.adapters.tokens.counter import token_counter
from agentcore.domain.message import Message, ToolCall, ToolSpec
from agentcore.engine.request_size import counted_tokens, likely_tokens, most_tokens
from agentcore.ports.model import ModelRequest

calls = st.builds(ToolCall, id=st.just("1"), name=st.text(max_size=20), arguments=st.text(max_size=200))
messages = st.builds(
    Message,
    role=st.just("assistant"),
    content=st.text(max_size=400),
    tool_calls=st.lists(calls, max_size=2).map(tuple),
)
LOOK_UP = ToolSpec(name="look_up", description="Looks a value up.", parameters={"type": "object", "properties": {}})
COUNT = token_counter("gpt-4o")


class Counting:
    """The part of a model that counts."""

    def count_tokens(self, messages):
        return prompt_tokens(messages, COUNT)


@given(st.lists(messages, max_size=4).map(tuple), st.booleans(), st.booleans())
def test_the_bound_is_never_below_the_count(conversation, with_tools, with_schema):
    request = ModelRequest(
        messages=conversation,
        tools=(LOOK_UP,) if with_tools else (),
        schema={"type": "object", "title": "ä"} if with_schema else None,
    )
    assert counted_tokens(request, Counting()) <= most_tokens(request)


def test_tools_and_schema_take_tokens_too():
    plain = ModelRequest(messages=(Message(role="user", content="What is it?"),))
    offered = ModelRequest(messages=plain.messages, tools=(LOOK_UP,), schema={"type": "object", "required": ["value"]})
    for size in (likely_tokens, most_tokens, lambda request: counted_tokens(request, Counting())):
        assert size(offered) > size(plain) + 20

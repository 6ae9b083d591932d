"""What every Model must do. Inherit, and give a `model` fixture:

    class TestMine(ModelContract):
        @pytest.fixture
        async def model(self):
            model = Mine()
            yield model
            await model.aclose()

`capabilities` says what the model can do; a prompt with the word "slowly" must take it longer than 50 ms.
"""  # noqa: D415  an example explains more than a summary

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import ClassVar, cast

import pytest

from agentcore.domain.agent import Capability
from agentcore.domain.errors import ModelTimeout
from agentcore.domain.json import JSONObject
from agentcore.domain.message import Message, ToolSpec
from agentcore.ports.model import Model, ModelReply, ModelRequest

_PERSON: JSONObject = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}

_WEATHER = ToolSpec(
    name="weather",
    description="The weather of a city.",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Oslo", "Rome"]}},
        "required": ["city"],
        "additionalProperties": False,
    },
)


def asking(text: str) -> ModelRequest:
    """Return a short question."""
    system = Message(role="system", content="You are brief.")
    return ModelRequest(messages=(system, Message(role="user", content=text)), max_output_tokens=48, slot="contract")


def _object(text: str) -> JSONObject:
    value = json.loads(text)
    assert isinstance(value, dict), text  # noqa: S101  pytest's way
    return cast("JSONObject", value)


class ModelContract:
    """Tests of the Model port."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.TOOLS, Capability.JSON_SCHEMA})
    counts_usage: ClassVar[bool] = True

    def _needs(self, capability: Capability) -> None:
        if capability not in self.capabilities:
            pytest.skip(f"declares no {capability.value}")

    async def test_answers_with_text(self, model: Model) -> None:
        """A question gets a text, and its tokens are counted."""
        reply = await model.complete(asking("Say that all is well."))
        assert reply.text.strip()  # noqa: S101
        assert reply.tool_calls == ()  # noqa: S101
        assert reply.finish in {"stop", "length"}  # noqa: S101
        if self.counts_usage:
            assert reply.input_tokens > 0  # noqa: S101
            assert reply.output_tokens > 0  # noqa: S101

    async def test_streams_exactly_its_text(self, model: Model) -> None:
        """What is handed over piece by piece is the answer."""
        pieces: list[str] = []
        reply = await model.complete(asking("Say that all is well."), pieces.append)
        assert reply.text  # noqa: S101
        assert "".join(pieces) == reply.text  # noqa: S101
        if self.counts_usage:
            assert reply.output_tokens > 0  # noqa: S101

    @pytest.mark.parametrize("streamed", [False, True])
    async def test_keeps_to_a_schema(self, model: Model, *, streamed: bool) -> None:
        """With a schema the text is JSON that satisfies it."""
        self._needs(Capability.JSON_SCHEMA)
        pieces: list[str] = []
        request = replace(asking("Invent a person."), schema=_PERSON)
        reply = await model.complete(request, pieces.append if streamed else None)
        person = _object(reply.text)
        assert set(person) == {"name", "age"}  # noqa: S101
        assert isinstance(person["age"], int)  # noqa: S101

    @pytest.mark.parametrize("streamed", [False, True])
    async def test_calls_a_tool_when_it_must(self, model: Model, *, streamed: bool) -> None:
        """tool_required gives at least one call, with a name that was offered and the text of a JSON object."""
        self._needs(Capability.TOOLS)
        pieces: list[str] = []
        reply = await self._call(model, pieces if streamed else None)
        call = reply.tool_calls[0]
        assert call.id  # noqa: S101
        assert call.name == "weather"  # noqa: S101
        assert _object(call.arguments)["city"] in {"Oslo", "Rome"}  # noqa: S101
        assert reply.finish == "tool_calls"  # noqa: S101

    async def test_goes_on_after_a_tool_result(self, model: Model) -> None:
        """A conversation with a call and its result gets an answer."""
        self._needs(Capability.TOOLS)
        reply = await self._call(model, None)
        question = asking("What is the weather in Oslo?")
        call = reply.tool_calls[0]
        result = Message(role="tool", content='{"sky": "clear"}', tool_call_id=call.id)
        turn = Message(role="assistant", content=reply.text, tool_calls=(call,))
        final = await model.complete(replace(question, messages=(*question.messages, turn, result), tools=(_WEATHER,)))
        assert final.text or final.tool_calls  # noqa: S101

    async def test_gives_logprobs(self, model: Model) -> None:
        """Logarithms of probabilities are not positive."""
        reply = await model.complete(replace(asking("Say yes."), logprobs=True))
        declared = Capability.LOGPROBS in self.capabilities
        assert bool(reply.logprobs) == declared, "none are made up where none are declared"  # noqa: S101
        assert all(value <= 0 for value in reply.logprobs)  # noqa: S101

    async def test_stops_when_the_time_is_up(self, model: Model) -> None:
        """A call that takes longer than allowed raises ModelTimeout, and the next one works."""
        with pytest.raises(ModelTimeout):
            await model.complete(replace(asking("Count slowly to a hundred."), seconds=0.02))
        assert (await model.complete(asking("Say that all is well."))).text  # noqa: S101

    async def test_can_be_cancelled(self, model: Model) -> None:
        """A cancelled call ends as cancelled, soon, and the next one works."""
        task = asyncio.create_task(model.complete(asking("Count slowly to a hundred.")))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)
        assert (await model.complete(asking("Say that all is well."))).text  # noqa: S101

    async def test_answers_several_at_once(self, model: Model) -> None:
        """Calls may overlap."""
        replies = await asyncio.gather(*(model.complete(asking("Say that all is well.")) for _ in range(3)))
        assert all(reply.text for reply in replies)  # noqa: S101

    def test_counts_more_tokens_for_more_text(self, model: Model) -> None:
        """The count grows with the conversation."""
        short = model.count_tokens((Message(role="user", content="One word"),))
        long = model.count_tokens((Message(role="user", content="One word " * 50),))
        assert 0 < short < long  # noqa: S101

    async def test_can_be_closed_twice(self, model: Model) -> None:
        """Closing is final and harmless."""
        await model.complete(asking("Say that all is well."))
        await model.aclose()
        await model.aclose()

    async def _call(self, model: Model, pieces: list[str] | None) -> ModelReply:
        request = replace(asking("What is the weather in Oslo?"), tools=(_WEATHER,), tool_required=True)
        return await model.complete(request, None if pieces is None else pieces.append)

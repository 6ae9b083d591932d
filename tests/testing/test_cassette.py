import json
from dataclasses import replace

import pytest

from agentcore.domain.errors import ModelRequestRejected, ModelUnavailable
from agentcore.domain.message import Message, ToolSpec
from agentcore.ports.model import ModelReply, ModelRequest
from agentcore.testing.cassette import CassetteModel
from agentcore.testing.scripted import Call, ScriptedModel

TOOL = ToolSpec(name="sql", description="Asks.", parameters={"type": "object"})
HELLO = ModelRequest(
    messages=(Message(role="system", content="Be brief."), Message(role="user", content="Hello")), tools=(TOOL,)
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cassettes" / "chat.json"


async def record(path, *replies, **options):
    model = CassetteModel(path, mode="record", model=ScriptedModel(replies), **options)
    for _ in replies:
        await model.complete(HELLO)
    await model.aclose()


async def test_replays_what_was_recorded(path):
    reply = ModelReply(text="Hi", input_tokens=5, output_tokens=1, cached_tokens=2, logprobs=(-0.5,))
    await record(path, reply, Call("sql", {"q": 1}))
    replayed = CassetteModel(path)
    heard = []
    assert await replayed.complete(HELLO, heard.append) == reply
    assert heard == ["Hi"]
    assert (await replayed.complete(HELLO)).tool_calls[0].arguments == '{"q": 1}'


async def test_the_time_that_is_left_does_not_matter(path):
    await record(path, "Hi")
    assert (await CassetteModel(path).complete(replace(HELLO, seconds=1.5, slot="other"))).text == "Hi"


async def test_a_request_that_was_not_recorded_names_the_first_difference(path):
    await record(path, "Hi")
    other = replace(HELLO, messages=(HELLO.messages[0], Message(role="user", content="Good bye")))
    with pytest.raises(ModelRequestRejected) as caught:
        await CassetteModel(path).complete(other)
    assert str(caught.value) == (
        f"{path}: no recording of this request; the nearest differs in "
        'messages[1].content: recorded "Hello", asked "Good bye"'
    )
    assert "record" in caught.value.hint


async def test_the_nearest_recording_is_compared(path):
    far = replace(HELLO, messages=(Message(role="user", content="Quite another matter"),), temperature=1.0)
    model = CassetteModel(path, mode="record", model=ScriptedModel(["far", "near"]))
    await model.complete(far)
    await model.complete(HELLO)
    with pytest.raises(ModelRequestRejected, match="differs in max_output_tokens: recorded 512, asked 9"):
        await CassetteModel(path).complete(replace(HELLO, max_output_tokens=9))


async def test_one_call_too_many_is_an_error(path):
    await record(path, "Hi")
    model = CassetteModel(path)
    await model.complete(HELLO)
    with pytest.raises(ModelRequestRejected, match="recorded 1 times, and asked once more"):
        await model.complete(HELLO)


async def test_auto_asks_only_for_what_is_missing(path):
    await record(path, "Hi")
    inner = ScriptedModel(["new"])
    model = CassetteModel(path, mode="auto", model=inner)
    other = replace(HELLO, seed=1)
    assert (await model.complete(HELLO)).text == "Hi"
    assert (await model.complete(other)).text == "new"
    assert inner.requests == [other]
    assert (await CassetteModel(path).complete(other)).text == "new"


async def test_recording_begins_anew(path):
    await record(path, "old")
    await record(path, "new")
    assert (await CassetteModel(path).complete(HELLO)).text == "new"


async def test_errors_are_not_recorded(path):
    model = CassetteModel(path, mode="auto", model=ScriptedModel([ModelUnavailable("down"), "up"]))
    with pytest.raises(ModelUnavailable):
        await model.complete(HELLO)
    assert not path.exists()


async def test_secrets_are_not_written(path):
    secret = 'sk-"quoted"-secret'
    request = replace(HELLO, messages=(Message(role="user", content=f"My key is {secret}"),))
    model = CassetteModel(path, mode="record", model=ScriptedModel([f"So it is {secret}"]), secrets=[secret])
    await model.complete(request)
    text = json.dumps(json.loads(path.read_text()))
    assert "[secret]" in text
    assert "quoted" not in text
    assert (await CassetteModel(path, secrets=[secret]).complete(request)).text == "So it is [secret]"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 9, "recordings": []}'])
def test_a_file_that_is_no_cassette_is_named(tmp_path, text):
    path = tmp_path / "broken.json"
    path.write_text(text)
    with pytest.raises(ModelRequestRejected, match=r"broken\.json"):
        CassetteModel(path)


async def test_nothing_recorded(path):
    with pytest.raises(ModelRequestRejected, match="nothing is recorded"):
        await CassetteModel(path).complete(HELLO)


def test_recording_needs_a_model(path):
    with pytest.raises(ValueError, match="needs a model"):
        CassetteModel(path, mode="record")

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError
from yarl import URL

from agentcore.adapters.models.openai import PLUGIN, OpenAIModel, OpenAIOptions
from agentcore.adapters.models.rejection import Server
from agentcore.adapters.models.retry import Backoff
from agentcore.adapters.models.tools_by_schema import ToolsBySchema
from agentcore.adapters.models.wire import Dialect
from agentcore.domain.errors import (
    ConfigError,
    ModelOutputInvalid,
    ModelRequestRejected,
    ModelTimeout,
    ModelUnavailable,
)
from agentcore.domain.message import Message, ToolCall, ToolSpec
from agentcore.ports.model import ModelRequest
from agentcore.ports.plugin import BuildContext
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.loopback import Answer, ChatServer, half_tool_call, not_json, refusing

KEY = "sk-very-secret-0123456789"
HELLO = ModelRequest(messages=(Message(role="user", content="Hello"),))
TOOL = ToolSpec(name="sql", description="Asks.", parameters={"type": "object", "properties": {}})


def model_at(url, clock=None, **options):
    return OpenAIModel(
        url=URL(url) / "chat" / "completions",
        dialect=Dialect(model="gpt", **options),
        server=Server(url=url.replace(str(URL(url).port), "PORT"), model="gpt", key_variable="MY_KEY", secrets=(KEY,)),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"},
        backoff=Backoff(max_retries=2),
        clock=clock or FakeClock(auto=True),
        count=lambda text: len(text.split()),
    )


async def ask(answers, request=HELLO, on_text=None, clock=None):
    """Return the outcome of one call, the number of requests that it made, and the clock."""
    clock = clock or FakeClock(auto=True)
    async with ChatServer(answers) as server:
        model = model_at(server.url, clock)
        try:
            outcome = await model.complete(request, on_text)
        except Exception as error:  # noqa: BLE001  the outcome is what the tests look at
            outcome = error
        finally:
            await model.aclose()
        return outcome, len(server.received), clock


async def test_sends_what_the_request_says():
    request = ModelRequest(
        messages=(
            Message(role="system", content="Be brief."),
            Message(role="user", content="How many?"),
            Message(role="assistant", tool_calls=(ToolCall(id="c1", name="sql", arguments='{"q":1}'),)),
            Message(role="tool", content="8", tool_call_id="c1"),
        ),
        tools=(TOOL,),
        tool_required=True,
        schema={"type": "object"},
        max_output_tokens=9,
        temperature=0.5,
        seed=7,
        logprobs=True,
    )
    async with ChatServer() as server:
        model = model_at(server.url, extra={"top_p": 0.9, "seed": None})
        await model.complete(request)
        await model.aclose()
    assert server.received[0].body == snapshot(
        {
            "model": "gpt",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "How many?"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c1", "type": "function", "function": {"name": "sql", "arguments": '{"q":1}'}}
                    ],
                },
                {"role": "tool", "content": "8", "tool_call_id": "c1"},
            ],
            "temperature": 0.5,
            "max_tokens": 9,
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "sql",
                        "description": "Asks.",
                        "parameters": {"type": "object", "properties": {}},
                    },
                }
            ],
            "tool_choice": "required",
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "output", "schema": {"type": "object"}, "strict": False},
            },
            "logprobs": True,
            "top_p": 0.9,
        }
    )
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"


async def test_reads_usage_cached_tokens_and_logprobs():
    answer = Answer(text="yes", input_tokens=100, output_tokens=1, cached_tokens=64, logprobs=(-0.25,))
    for on_text in (None, lambda text: None):
        reply, _, _ = await ask([answer], replace(HELLO, logprobs=True), on_text)
        assert (reply.input_tokens, reply.output_tokens, reply.cached_tokens) == (100, 1, 64)
        assert reply.logprobs == (-0.25,)


async def test_reuses_its_connection():
    async with ChatServer() as server:
        model = model_at(server.url)
        for _ in range(5):
            await model.complete(HELLO)
        await model.aclose()
    assert server.connections == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
async def test_tries_again_after_a_failure_that_may_pass(status):
    reply, calls, _ = await ask([refusing(status, "busy"), refusing(status, "busy"), Answer(text="well")])
    assert reply.text == "well"
    assert calls == 3


async def test_gives_up_after_the_last_retry_with_the_providers_words():
    error, calls, _ = await ask([refusing(503, "overloaded")] * 5)
    assert isinstance(error, ModelUnavailable)
    assert calls == 3
    assert str(error) == snapshot("gpt at http://127.0.0.1:PORT/v1 answered 503: overloaded")


@pytest.mark.parametrize(("status", "kind"), [(400, "bad"), (401, "key"), (403, "no"), (404, "gone"), (422, "form")])
async def test_does_not_repeat_a_request_that_is_wrong(status, kind):
    error, calls, _ = await ask([refusing(status, kind)] * 3)
    assert isinstance(error, ModelRequestRejected)
    assert kind in error.message
    assert calls == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_names_the_variable_of_a_key_that_was_refused_and_never_the_key(status):
    error, _, _ = await ask([refusing(status, f"Incorrect API key provided: {KEY}")])
    assert "MY_KEY" in error.hint
    assert KEY not in str(error) + error.hint + repr(error)
    assert "[key]" in error.message


async def test_a_used_up_account_is_not_retried():
    error, calls, _ = await ask([refusing(429, "You exceeded your quota", code="insufficient_quota")] * 3)
    assert isinstance(error, ModelRequestRejected)
    assert calls == 1
    assert error.hint == snapshot("the account has no credit left; check its plan and billing")


async def test_waits_as_long_as_the_server_asks():
    reply, _, clock = await ask([refusing(429, "slow down", retry_after="7"), Answer(text="well")])
    assert reply.text == "well"
    assert clock.slept == [7.0]


async def test_understands_a_date_in_retry_after():
    clock = FakeClock(start=1_800_000_000.0, auto=True)
    date = "Fri, 15 Jan 2027 08:00:30 GMT"  # 30 seconds later
    _, _, clock = await ask([refusing(503, "soon", retry_after=date), Answer(text="well")], clock=clock)
    assert clock.slept == [30.0]


async def test_does_not_wait_longer_than_the_call_may_take():
    error, calls, clock = await ask([refusing(429, "later", retry_after="60")], replace(HELLO, seconds=30))
    assert isinstance(error, ModelUnavailable)
    assert error.retry_after_seconds == 60
    assert calls == 1
    assert clock.slept == []


async def test_a_server_that_is_not_there_is_unavailable():
    async with ChatServer() as server:
        url = server.url
    model = model_at(url)
    with pytest.raises(ModelUnavailable, match="cannot be reached") as caught:
        await model.complete(HELLO)
    await model.aclose()
    assert "server is running" in caught.value.hint


async def test_a_slow_answer_times_out_and_its_connection_is_closed():
    async with ChatServer([Answer(text="late", delay_seconds=5)]) as server:
        model = model_at(server.url)
        with pytest.raises(ModelTimeout, match=r"did not answer within 0\.05 s"):
            await model.complete(replace(HELLO, seconds=0.05))
        async with asyncio.timeout(2):
            await server.disconnected.wait()
        await model.aclose()


async def test_cancelling_closes_the_connection():
    arrived = asyncio.Event()

    def late(_):
        arrived.set()
        return Answer(text="late", delay_seconds=5)

    async with ChatServer(late) as server:
        model = model_at(server.url)
        task = asyncio.create_task(model.complete(HELLO))
        async with asyncio.timeout(2):
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.disconnected.wait()
        await model.aclose()


async def test_a_body_that_is_cut_off_is_fetched_again():
    reply, calls, _ = await ask([Answer(text="well", cut_after=20), Answer(text="well")])
    assert reply.text == "well"
    assert calls == 2


@pytest.mark.parametrize("cut_after", [0, 1])
async def test_a_stream_that_is_cut_before_any_text_is_fetched_again(cut_after):
    heard = []
    reply, calls, _ = await ask([Answer(text="a b", cut_after=cut_after), Answer(text="a b")], on_text=heard.append)
    assert reply.text == "a b"
    assert heard == ["a", " b"]
    assert calls == 2


async def test_a_stream_that_is_cut_in_the_middle_is_not_repeated():
    heard = []
    error, calls, _ = await ask([Answer(text="a b c", cut_after=3)] * 3, on_text=heard.append)
    assert isinstance(error, ModelUnavailable)
    assert heard == ["a", " b"]
    assert calls == 1


async def test_a_stream_that_just_ends_is_a_cut_off():
    body = b'data: {"choices":[{"delta":{"content":"half"}}]}\n\n'
    error, _, _ = await ask(
        [Answer(body=body, headers={"Content-Type": "text/event-stream"})], on_text=lambda text: None
    )
    assert isinstance(error, ModelUnavailable)
    assert "cut the stream off" in error.message


async def test_an_error_inside_a_stream_is_raised():
    body = b'data: {"error":{"message":"the engine died","code":500}}\n\n'
    answers = [Answer(body=body, headers={"Content-Type": "text/event-stream"})] * 3
    error, _, _ = await ask(answers, on_text=lambda text: None)
    assert isinstance(error, ModelUnavailable)
    assert "the engine died" in error.message


async def test_a_server_that_cannot_stream_still_answers():
    body = b'{"choices":[{"message":{"role":"assistant","content":"whole"},"finish_reason":"stop"}]}'
    heard = []
    reply, _, _ = await ask([Answer(body=body)], on_text=heard.append)
    assert reply.text == "whole"
    assert heard == ["whole"]


async def test_a_web_page_is_no_answer():
    error, _, _ = await ask([not_json()] * 3)
    assert isinstance(error, ModelUnavailable)
    assert "not JSON" in error.message
    assert "base_url" in error.hint


@pytest.mark.parametrize(
    "body", [b"{}", b'{"choices":[]}', b'{"choices":[{}]}', b"[]", b"null", b'{"choices":[null]}']
)
async def test_a_completion_without_a_choice_is_unavailable(body):
    error, _, _ = await ask([Answer(body=body)] * 3)
    assert isinstance(error, ModelUnavailable)


async def test_an_error_with_status_200_is_an_error():
    error, _, _ = await ask([Answer(body=b'{"error":{"message":"bad model","code":400}}')])
    assert isinstance(error, ModelRequestRejected)


@pytest.mark.parametrize("on_text", [None, lambda text: None])
async def test_half_a_tool_call_is_invalid_output(on_text):
    error, calls, _ = await ask([half_tool_call("sql")], replace(HELLO, tools=(TOOL,)), on_text)
    assert isinstance(error, ModelOutputInvalid)
    assert calls == 1
    assert "output_tokens" in error.hint


async def test_a_streamed_tool_call_is_put_together():
    answer = Answer(tool_calls=(("sql", '{"a": 1}'), ("sql", '{"b": 2}')))
    reply, _, _ = await ask([answer], replace(HELLO, tools=(TOOL,)), lambda text: None)
    assert reply.tool_calls == (
        ToolCall(id="call_1", name="sql", arguments='{"a": 1}'),
        ToolCall(id="call_2", name="sql", arguments='{"b": 2}'),
    )


async def test_a_redirect_is_not_followed_with_the_key():
    error, calls, _ = await ask([Answer(status=307, headers={"Location": "http://127.0.0.1:1/"}, body=b"")])
    assert isinstance(error, ModelRequestRejected)
    assert calls == 1
    assert "base_url" in error.hint


async def test_a_large_prompt_is_sent_whole():
    text = "x" * (3 << 20)
    async with ChatServer() as server:
        model = model_at(server.url)
        request = replace(HELLO, messages=(Message(role="user", content=text),))
        with pytest.raises(ModelRequestRejected, match="413"):  # the loopback server takes 2 MiB, as gateways do
            await model.complete(request)
        await model.aclose()


async def test_a_failure_of_the_listener_is_its_own():
    def broken(text):
        raise BrokenPipeError("terminal")

    error, _, _ = await ask([Answer(text="hi")], on_text=broken)
    assert isinstance(error, BrokenPipeError)


async def test_a_closed_model_says_so():
    async with ChatServer() as server:
        model = model_at(server.url)
        await model.aclose()
        with pytest.raises(ModelRequestRejected, match="closed"):
            await model.complete(HELLO)


def built(options, **environment):
    context = BuildContext(root=Path(), environment=environment)
    return PLUGIN.build("cloud", OpenAIOptions(**options), context)


def test_a_missing_key_is_named():
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        built({"model": "gpt"})
    assert "api_key_env" in caught.value.hint


def test_the_public_key_is_not_sent_to_other_servers():
    model = built({"model": "m", "base_url": "https://models.example/v1"}, OPENAI_API_KEY=KEY)
    assert "Authorization" not in model._headers


def test_a_key_of_another_server_must_exist_unless_it_is_this_machine():
    with pytest.raises(ConfigError, match="THEIR_KEY"):
        built({"model": "m", "base_url": "https://models.example/v1", "api_key_env": "THEIR_KEY"})
    model = built({"model": "m", "base_url": "http://localhost:8000/v1", "api_key_env": "THEIR_KEY"})
    assert "Authorization" not in model._headers


def test_headers_may_come_from_the_environment_and_keys_are_not_shown():
    model = built(
        {"model": "gpt", "headers": {"api-key": {"env": "AZURE_KEY"}}, "organization": "org"},
        OPENAI_API_KEY=KEY,
        AZURE_KEY="azure-secret-value",
    )
    assert model._headers["api-key"] == "azure-secret-value"
    assert model._headers["Authorization"] == f"Bearer {KEY}"
    assert repr(model) == snapshot("OpenAIModel(gpt at https://api.openai.com/v1/chat/completions)")
    assert KEY not in repr(model._server)


def test_the_public_api_gets_its_own_name_of_the_output_limit():
    assert built({"model": "gpt"}, OPENAI_API_KEY=KEY)._dialect.output_limit_key == "max_completion_tokens"
    assert built({"model": "m", "base_url": "http://127.0.0.1:1/v1"})._dialect.output_limit_key == "max_tokens"


def test_models_without_native_tools_get_them_by_schema():
    local = {"model": "m", "base_url": "http://127.0.0.1:1/v1"}
    assert isinstance(built({**local, "native_tools": False}), ToolsBySchema)
    assert isinstance(built({**local, "schema_with_tools": False}), ToolsBySchema)
    assert isinstance(built(local), OpenAIModel)


@pytest.mark.parametrize(
    "options",
    [
        {"model": "m", "modle": "x"},
        {"model": ""},
        {"model": "m", "base_url": "models.example"},
        {"model": "m", "base_url": "https://me:secret@models.example"},
        {"model": "m", "max_retries": -1},
    ],
)
def test_wrong_options_are_errors(options):
    with pytest.raises(ValidationError):
        OpenAIOptions(**options)


def test_proxies_come_from_the_environment():
    far = {"model": "m", "base_url": "https://models.example/v1"}
    assert built(far, HTTPS_PROXY="http://proxy:3128")._proxy == "http://proxy:3128"
    assert built(far, HTTPS_PROXY="http://proxy:3128", NO_PROXY="a.b, .example")._proxy is None
    assert built(far, HTTP_PROXY="http://proxy:3128")._proxy is None
    assert built(far, all_proxy="http://proxy:1")._proxy == "http://proxy:1"

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from agentcore.adapters.models.rejection import Server
from agentcore.adapters.models.schema_by_tool import SchemaByTool
from agentcore.adapters.models.sk_dialect import (
    SERVICES,
    Shared,
    anthropic_settings,
    bedrock_settings,
    google_settings,
    mistral_settings,
    ollama_settings,
)
from agentcore.adapters.models.sk_failure import failure
from agentcore.adapters.models.sk_service import PLUGIN, SKServiceModel, SKServiceOptions, _usage, finish_of
from agentcore.adapters.models.tools_by_schema import ToolsBySchema
from agentcore.domain.agent import Capability
from agentcore.domain.errors import (
    ConfigError,
    ModelOutputInvalid,
    ModelRequestRejected,
    ModelTimeout,
    ModelUnavailable,
)
from agentcore.domain.message import Message, ToolSpec
from agentcore.ports.model import ModelRequest
from agentcore.ports.plugin import BuildContext
from agentcore.testing.contracts.model import ModelContract
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.loopback import Answer, ChatServer, half_tool_call, not_json, refusing
from agentcore.testing.scripted import Call, Calls, ScriptedModel

# semantic-kernel 1.45 uses what pydantic has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

KEY = "sk-very-secret-0123456789"
HELLO = ModelRequest(messages=(Message(role="user", content="Hello"),))
TOOL = ToolSpec(name="sql", description="Asks.", parameters={"type": "object", "additionalProperties": False})


def model_at(url, **settings):
    from openai import AsyncOpenAI
    from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion

    client = AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0)
    return SKServiceModel(
        OpenAIChatCompletion(ai_model_id="gpt", async_client=client),
        dialect=SERVICES["OpenAIChatCompletion"],
        server=Server(url="OpenAIChatCompletion", model="gpt", secrets=(KEY,)),
        settings=settings,
        clock=FakeClock(),
        count=lambda text: len(text.split()),
    )


async def ask(answer, request=HELLO, on_text=None):
    async with ChatServer([answer]) as server:
        model = model_at(server.url)
        try:
            return await model.complete(request, on_text)
        finally:
            await model.aclose()


class TestSKOpenAIService(ModelContract):
    capabilities = frozenset({Capability.TOOLS, Capability.JSON_SCHEMA, Capability.LOGPROBS})

    @pytest.fixture
    async def model(self):
        async with ChatServer() as server:
            model = model_at(server.url)
            yield model
            await model.aclose()


async def test_tools_are_offered_and_never_invoked_by_semantic_kernel():
    async with ChatServer() as server:
        model = model_at(server.url)
        reply = await model.complete(replace(HELLO, tools=(TOOL,)))
        await model.aclose()
    assert reply.tool_calls[0].name == "sql"
    assert len(server.received) == 1
    assert server.received[0].body["tools"][0]["function"]["name"] == "sql"
    assert server.received[0].body["tool_choice"] == "auto"


async def test_settings_of_the_project_win_and_null_leaves_ours_out():
    async with ChatServer() as server:
        model = model_at(server.url, temperature=None, top_p=0.5)
        await model.complete(HELLO)
        await model.aclose()
    assert server.received[0].body["top_p"] == 0.5
    assert "temperature" not in server.received[0].body


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusing(429, "slow down", retry_after="3"), ModelUnavailable),
        (refusing(503, "busy"), ModelUnavailable),
        (refusing(400, "wrong"), ModelRequestRejected),
        (refusing(401, f"bad key {KEY}"), ModelRequestRejected),
        (refusing(404, "no model"), ModelRequestRejected),
        (half_tool_call("sql"), ModelOutputInvalid),
        (Answer(text="cut", cut_after=10), ModelUnavailable),
        (not_json(), (ModelUnavailable, ModelRequestRejected)),
    ],
)
async def test_failures_become_our_errors(answer, error):
    with pytest.raises(error) as caught:
        await ask(answer, replace(HELLO, tools=(TOOL,)))
    assert KEY not in str(caught.value)


async def test_keeps_what_the_server_asks_for():
    with pytest.raises(ModelUnavailable) as caught:
        await ask(refusing(429, "slow down", retry_after="3"))
    assert caught.value.retry_after_seconds == 3


async def test_a_cut_stream_is_unavailable():
    with pytest.raises(ModelUnavailable):
        await ask(Answer(text="a b c", cut_after=2), on_text=lambda text: None)


def plain(settings):
    """Return the settings with plain dicts, to compare."""
    if isinstance(settings, dict):
        return {key: plain(value) for key, value in settings.items()}
    return [plain(value) for value in settings] if isinstance(settings, list) else settings


def test_each_provider_gets_tools_in_its_own_form():
    request = replace(HELLO, tools=(TOOL,), tool_required=True, seed=1, max_output_tokens=5)
    parameters = {"type": "object", "additionalProperties": False}
    openai_form = [{"type": "function", "function": {"name": "sql", "description": "Asks.", "parameters": parameters}}]
    assert plain(anthropic_settings(request)) == {
        "temperature": 0.0,
        "max_tokens": 5,
        "tools": [{"name": "sql", "description": "Asks.", "input_schema": parameters}],
        "tool_choice": {"type": "any"},
    }
    assert plain(google_settings(request)) == {
        "temperature": 0.0,
        "max_output_tokens": 5,
        "tools": [
            {"function_declarations": [{"name": "sql", "description": "Asks.", "parameters": {"type": "object"}}]}
        ],
        "tool_config": {"function_calling_config": {"mode": "ANY"}},
    }
    assert plain(mistral_settings(request)) == {
        "temperature": 0.0,
        "max_tokens": 5,
        "random_seed": 1,
        "tools": openai_form,
        "tool_choice": "any",
    }
    assert plain(ollama_settings(request)) == {
        "options": {"temperature": 0.0, "num_predict": 5, "seed": 1},
        "tools": openai_form,
    }
    spec = {"name": "sql", "description": "Asks.", "inputSchema": {"json": parameters}}
    assert plain(bedrock_settings(request)) == {
        "temperature": 0.0,
        "max_tokens": 5,
        "tools": [{"toolSpec": spec}],
        "tool_choice": {"any": {}},
    }


def test_schemas_are_copied_as_themselves():
    import copy

    schema = Shared({"type": "object"})
    assert copy.deepcopy([schema])[0] is schema
    assert copy.copy(schema) is schema


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (None, (0, 0, 0)),
        ({"input_tokens": 5, "output_tokens": 2}, (5, 2, 0)),
        (SimpleNamespace(input_tokens=5, output_tokens=2, cache_read_input_tokens=10), (15, 2, 10)),
        (SimpleNamespace(prompt_tokens=5, completion_tokens=2, prompt_tokens_details=None), (5, 2, 0)),
    ],
)
def test_usage_of_each_provider(usage, counts):
    assert _usage(usage) == counts


@pytest.mark.parametrize(
    ("reason", "inner", "finish"),
    [
        (SimpleNamespace(value="length"), None, "length"),
        (None, SimpleNamespace(done_reason="stop"), "stop"),
        (None, SimpleNamespace(done_reason=None), ""),
        (None, None, ""),
    ],
)
def test_the_end_of_an_answer(reason, inner, finish):
    assert finish_of(SimpleNamespace(finish_reason=reason, inner_content=inner)) == finish


class _BotoError(Exception):
    response = {"ResponseMetadata": {"HTTPStatusCode": 429}}


class _GoogleError(Exception):
    code = 403


class _ReadTimeout(Exception):
    pass


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (_BotoError("throttled"), ModelUnavailable),
        (_GoogleError("denied"), ModelRequestRejected),
        (_ReadTimeout("late"), ModelTimeout),
        (ConnectionResetError("gone"), ModelUnavailable),
        (TypeError("unexpected keyword"), ModelRequestRejected),
        (KeyError("pause_turn"), ModelUnavailable),
    ],
)
def test_the_cause_decides(cause, kind):
    wrapped = RuntimeError("service failed to complete the prompt")
    wrapped.__cause__ = cause
    assert type(failure(Server(url="x", model="m"), wrapped, 0.0)) is kind


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


async def test_a_schema_by_a_tool():
    inner = ScriptedModel([Call("give_answer", {"a": 1})])
    heard = []
    reply = await SchemaByTool(inner).complete(replace(HELLO, schema=SCHEMA), heard.append)
    assert reply.text == '{"a": 1}'
    assert reply.finish == "stop"
    assert heard == [reply.text]
    assert inner.requests[0].schema is None
    assert inner.requests[0].tool_required


async def test_a_schema_that_is_no_object_is_boxed():
    inner = ScriptedModel([Call("give_answer", {"answer": [1, 2]}), Call("give_answer", {})])
    model = SchemaByTool(inner)
    request = replace(HELLO, schema={"type": "array", "items": {"type": "integer"}})
    assert (await model.complete(request)).text == "[1, 2]"
    with pytest.raises(ModelOutputInvalid):
        await model.complete(request)


async def test_other_tools_are_called_first():
    script = [Calls((Call("sql", {}), Call("give_answer", {"a": 0}))), "words"]
    model = SchemaByTool(ScriptedModel(script))
    request = replace(HELLO, schema=SCHEMA, tools=(TOOL,))
    assert [call.name for call in (await model.complete(request)).tool_calls] == ["sql"]
    with pytest.raises(ModelOutputInvalid, match="text instead of structured output"):
        await model.complete(request)


def build(**options):
    context = BuildContext(root=Path(), environment={"MY_KEY": KEY})
    return PLUGIN.build("cloud", SKServiceOptions(**options), context)


async def test_builds_a_service_with_a_key_from_the_environment():
    model = build(service="OpenAIChatCompletion", arguments={"ai_model_id": "gpt", "api_key": {"env": "MY_KEY"}})
    assert isinstance(model, SKServiceModel)
    assert model._service.client.api_key == KEY
    assert KEY not in repr(model)
    await model.aclose()


def test_a_missing_variable_is_named():
    with pytest.raises(ConfigError, match="NO_SUCH_KEY"):
        build(service="OpenAIChatCompletion", arguments={"ai_model_id": "m", "api_key": {"env": "NO_SUCH_KEY"}})


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "anthropic", None)
    monkeypatch.delitem(sys.modules, "semantic_kernel.connectors.ai.anthropic", raising=False)
    with pytest.raises(ConfigError, match="AnthropicChatCompletion") as caught:
        build(service="AnthropicChatCompletion", arguments={"ai_model_id": "m"})
    assert caught.value.hint == "pip install 'agentcore-runtime[anthropic]'"


def test_wrong_arguments_are_an_error_that_says_so():
    with pytest.raises(ConfigError, match="modle"):
        build(service="OpenAIChatCompletion", arguments={"modle": "m", "api_key": {"env": "MY_KEY"}})


def test_an_unknown_service_lists_those_that_exist():
    with pytest.raises(ValidationError, match="MistralAIChatCompletion"):
        SKServiceOptions(service="OpenAi")


def test_services_get_what_they_lack():
    from agentcore.adapters.models.sk_service import adapted

    scripted = ScriptedModel([])
    assert isinstance(adapted(scripted, SERVICES["AnthropicChatCompletion"]), SchemaByTool)
    assert isinstance(adapted(scripted, SERVICES["OllamaChatCompletion"]), ToolsBySchema)
    assert adapted(scripted, SERVICES["AzureChatCompletion"]) is scripted


def test_the_plug_in_loads_without_semantic_kernel():
    code = "import sys, agentcore.adapters.models.sk_service; print('semantic_kernel' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "False"


async def test_cancelling_reaches_the_server():
    arrived = asyncio.Event()

    def late(_):
        arrived.set()
        return Answer(text="late", delay_seconds=5)

    async with ChatServer(late) as server:
        model = model_at(server.url)
        task = asyncio.create_task(model.complete(HELLO))
        async with asyncio.timeout(10):
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.disconnected.wait()
        await model.aclose()

import copy
import json
from types import SimpleNamespace

import pytest

from agentcore.domain.errors import ModelOutputInvalid, ModelRequestRejected, ModelUnavailable
from agentcore.testing.scripted import Call, ScriptedModel

# semantic-kernel 1.45 uses what pydantic has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@pytest.fixture
def sk():
    """semantic-kernel takes seconds to import, so no test module does it while tests are collected."""
    import semantic_kernel.connectors.ai.function_choice_behavior as behavior
    from semantic_kernel import Kernel
    from semantic_kernel.contents import ChatHistory
    from semantic_kernel.exceptions import service_exceptions
    from semantic_kernel.functions import kernel_function

    from agentcore.adapters.models import sk_connector

    return SimpleNamespace(
        Kernel=Kernel,
        ChatHistory=ChatHistory,
        kernel_function=kernel_function,
        Behavior=behavior.FunctionChoiceBehavior,
        errors=service_exceptions,
        Service=sk_connector.AgentcoreChatCompletion,
        Settings=sk_connector.AgentcoreChatSettings,
    )


def asked(sk, text="How warm is Oslo?"):
    history = sk.ChatHistory(system_message="Be brief.")
    history.add_user_message(text)
    return history


async def test_answers_a_chat(sk):
    model = ScriptedModel(["All is well."])
    service = sk.Service(model, ai_model_id="scripted")
    settings = sk.Settings(temperature=0.5, max_output_tokens=9, seed=3)
    reply = await service.get_chat_message_content(asked(sk), settings)
    assert reply.content == "All is well."
    assert reply.finish_reason == "stop"
    assert reply.metadata["usage"].completion_tokens == 3
    request = model.requests[0]
    assert [message.role for message in request.messages] == ["system", "user"]
    assert (request.temperature, request.max_output_tokens, request.seed) == (0.5, 9, 3)


async def test_takes_generic_settings_of_semantic_kernel(sk):
    from semantic_kernel.connectors.ai import PromptExecutionSettings

    model = ScriptedModel(["ok"])
    service = sk.Service(model, ai_model_id="scripted")
    await service.get_chat_message_content(asked(sk), PromptExecutionSettings(extension_data={"temperature": 0.25}))
    assert model.requests[0].temperature == 0.25


async def test_the_schema_is_handed_on_without_a_copy(sk):
    model = ScriptedModel([{"a": 1}])
    settings = sk.Settings(output_schema=SCHEMA)
    assert copy.deepcopy(settings).output_schema is settings.output_schema
    reply = await sk.Service(model, ai_model_id="scripted").get_chat_message_content(asked(sk), settings)
    assert json.loads(reply.content) == {"a": 1}
    assert model.requests[0].schema is settings.output_schema


async def test_streams(sk):
    service = sk.Service(ScriptedModel(["one\ntwo\n"]), ai_model_id="scripted")
    pieces = [piece async for piece in service.get_streaming_chat_message_content(asked(sk), sk.Settings())]
    assert [piece.content for piece in pieces] == ["one\n", "two\n", ""]
    whole = pieces[0] + pieces[1] + pieces[2]
    assert whole.content == "one\ntwo\n"
    assert whole.finish_reason == "stop"


async def test_a_reader_that_leaves_early_cancels_the_call(sk):
    class Endless(ScriptedModel):
        cancelled = False

        async def complete(self, request, on_text=None):
            import asyncio

            on_text("first")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled = True
                raise

    model = Endless([])
    service = sk.Service(model, ai_model_id="scripted")
    stream = service._inner_get_streaming_chat_message_contents(asked(sk), sk.Settings())
    assert (await anext(stream))[0].content == "first"
    await stream.aclose()
    assert model.cancelled


async def test_works_in_a_kernel_with_functions(sk):
    class Weather:
        @sk.kernel_function(description="The temperature in a city.")
        async def temperature(self, city: str) -> str:
            return f"4 degrees in {city}"

    model = ScriptedModel([Call("weather-temperature", {"city": "Oslo"}), "It is 4 degrees."])
    kernel = sk.Kernel()
    kernel.add_service(sk.Service(model, ai_model_id="scripted"))
    kernel.add_plugin(Weather(), plugin_name="weather")
    settings = sk.Settings(function_choice_behavior=sk.Behavior.Auto())
    service = kernel.get_service("scripted")
    reply = await service.get_chat_message_content(asked(sk), settings, kernel=kernel)
    assert reply.content == "It is 4 degrees."
    first, second = model.requests
    assert first.tools[0].name == "weather-temperature"
    assert first.tools[0].parameters["required"] == ["city"]
    assert not first.tool_required
    assert second.messages[-2].tool_calls[0].name == "weather-temperature"
    assert second.messages[-1].content == "4 degrees in Oslo"
    assert second.messages[-1].tool_call_id == second.messages[-2].tool_calls[0].id


async def test_works_in_a_kernel_with_functions_streaming(sk):
    class Weather:
        @sk.kernel_function(description="The temperature in a city.")
        async def temperature(self, city: str) -> str:
            return f"4 degrees in {city}"

    model = ScriptedModel([Call("weather-temperature", {"city": "Oslo"}), "It is 4 degrees."])
    kernel = sk.Kernel()
    kernel.add_plugin(Weather(), plugin_name="weather")
    service = sk.Service(model, ai_model_id="scripted")
    settings = sk.Settings(function_choice_behavior=sk.Behavior.Auto())
    stream = service.get_streaming_chat_message_content(asked(sk), settings, kernel=kernel)
    texts = [piece.content async for piece in stream if piece.role == "assistant"]
    assert "".join(texts) == "It is 4 degrees."
    assert model.requests[1].messages[-1].content == "4 degrees in Oslo"


async def test_a_function_can_be_required(sk):
    class Weather:
        @sk.kernel_function(description="The temperature in a city.")
        async def temperature(self, city: str) -> str:
            return f"4 degrees in {city}"

    model = ScriptedModel([Call("weather-temperature", {"city": "Oslo"})])
    kernel = sk.Kernel()
    kernel.add_plugin(Weather(), plugin_name="weather")
    settings = sk.Settings(function_choice_behavior=sk.Behavior.Required(auto_invoke=False))
    reply = await sk.Service(model, ai_model_id="scripted").get_chat_message_content(
        asked(sk), settings, kernel=kernel
    )
    assert reply.items[0].name == "weather-temperature"
    assert reply.finish_reason == "tool_calls"
    assert model.requests[0].tool_required


async def test_answers_a_prompt_of_the_kernel(sk):
    kernel = sk.Kernel()
    model = ScriptedModel(["Hei!"])
    kernel.add_service(sk.Service(model, ai_model_id="scripted"))
    result = await kernel.invoke_prompt("Greet me in Norwegian.")
    assert str(result) == "Hei!"
    assert model.requests[0].messages[-1].content == "Greet me in Norwegian."


async def test_our_errors_become_theirs(sk):
    script = [
        ModelRequestRejected("wrong key", hint="export KEY"),
        ModelOutputInvalid("prose"),
        ModelUnavailable("down"),
    ]
    service = sk.Service(ScriptedModel(script), ai_model_id="scripted")
    with pytest.raises(sk.errors.ServiceInvalidRequestError, match="wrong key") as caught:
        await service.get_chat_message_content(asked(sk), sk.Settings())
    assert isinstance(caught.value.__cause__, ModelRequestRejected)
    with pytest.raises(sk.errors.ServiceInvalidResponseError, match="prose"):
        await service.get_chat_message_content(asked(sk), sk.Settings())
    with pytest.raises(sk.errors.ServiceResponseException, match="down"):
        async for _ in service.get_streaming_chat_message_content(asked(sk), sk.Settings()):
            pass


async def test_a_picture_cannot_be_sent(sk):
    from semantic_kernel.contents import ChatMessageContent, ImageContent

    history = asked(sk)
    history.add_message(ChatMessageContent(role="user", items=[ImageContent(uri="https://pictures.example/1.png")]))
    service = sk.Service(ScriptedModel(["ok"]), ai_model_id="scripted")
    with pytest.raises(sk.errors.ServiceInvalidRequestError, match="ImageContent"):
        await service.get_chat_message_content(history, sk.Settings())

"""Any of our models as a chat service of semantic-kernel, for those who have kernels and agents of their own.

Importing this module imports semantic-kernel, which takes seconds: import it only where it is used.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, SkipValidation
from semantic_kernel.connectors.ai.chat_completion_client_base import ChatCompletionClientBase
from semantic_kernel.connectors.ai.completion_usage import CompletionUsage
from semantic_kernel.connectors.ai.function_call_choice_configuration import FunctionCallChoiceConfiguration
from semantic_kernel.connectors.ai.function_calling_utils import kernel_function_metadata_to_function_call_format
from semantic_kernel.connectors.ai.function_choice_type import FunctionChoiceType
from semantic_kernel.connectors.ai.prompt_execution_settings import PromptExecutionSettings
from semantic_kernel.contents import (
    AuthorRole,
    ChatHistory,
    ChatMessageContent,
    FinishReason,
    FunctionCallContent,
    FunctionResultContent,
    StreamingChatMessageContent,
    StreamingTextContent,
    TextContent,
)
from semantic_kernel.exceptions.service_exceptions import (
    ServiceInvalidExecutionSettingsError,
    ServiceInvalidRequestError,
    ServiceInvalidResponseError,
    ServiceResponseException,
)

from agentcore.adapters.models.sk_dialect import Shared
from agentcore.domain.errors import ModelError, ModelOutputInvalid, ModelRequestRejected
from agentcore.domain.message import Message, Speaker, ToolCall, ToolSpec
from agentcore.ports.model import Model, ModelReply, ModelRequest


class AgentcoreChatSettings(PromptExecutionSettings):
    """Execution settings. Names and meanings are those of ModelRequest.

    output_schema: a JSON Schema that the text must satisfy; a plain dict is taken as immutable from then on, because
    semantic-kernel would otherwise copy it in every call.  tools: set by semantic-kernel from its functions.
    """

    temperature: float = 0.0
    max_output_tokens: int = Field(default=512, gt=0)
    seed: int | None = None
    logprobs: bool = False
    seconds: float = Field(default=120.0, gt=0)
    slot: str = ""
    output_schema: SkipValidation[Any] = None
    tools: SkipValidation[Any] = None
    tool_choice: Literal["auto", "required", "none"] | None = None

    def __init__(self, service_id: str | None = None, **settings: Any) -> None:
        for name in ("output_schema", "tools"):
            if isinstance(settings.get(name), dict):
                settings[name] = Shared(settings[name])
        super().__init__(service_id=service_id, **settings)


class AgentcoreChatCompletion(ChatCompletionClientBase):
    """A chat service of semantic-kernel that asks one of our models.

    model: stays the caller's to close. Raises semantic-kernel's ServiceInvalidRequestError for a rejected request,
    ServiceInvalidResponseError for malformed output, ServiceResponseException for all else; ours is the cause.
    """

    SUPPORTS_FUNCTION_CALLING: ClassVar[bool] = True

    model: SkipValidation[Any] = Field(exclude=True, repr=False)

    def __init__(self, model: Model, *, ai_model_id: str, service_id: str | None = None) -> None:
        super().__init__(model=model, ai_model_id=ai_model_id, service_id=service_id or ai_model_id)  # pyright: ignore[reportCallIssue]  semantic-kernel's bases are pydantic models, whose fields pyright cannot see through

    def get_prompt_execution_settings_class(self) -> type[PromptExecutionSettings]:
        """Return AgentcoreChatSettings."""
        return AgentcoreChatSettings

    async def _inner_get_chat_message_contents(
        self, chat_history: ChatHistory, settings: PromptExecutionSettings
    ) -> list[ChatMessageContent]:
        request = model_request(chat_history, self._own(settings))
        try:
            reply = await self._model.complete(request)
        except ModelError as error:
            raise _failure(error) from error
        return [self._content(reply)]

    async def _inner_get_streaming_chat_message_contents(
        self, chat_history: ChatHistory, settings: PromptExecutionSettings, function_invoke_attempt: int = 0
    ) -> AsyncGenerator[list[StreamingChatMessageContent], Any]:
        request = model_request(chat_history, self._own(settings))
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        answering = asyncio.create_task(self._answer(request, pieces))
        try:
            while (piece := await pieces.get()) is not None:
                yield [self._piece([StreamingTextContent(choice_index=0, text=piece)], function_invoke_attempt)]
            reply = await answering
        except ModelError as error:
            raise _failure(error) from error
        finally:
            # The reader may leave early; the call must not go on alone.
            answering.cancel()
            await asyncio.wait({answering})
        last = self._piece(_calls(reply), function_invoke_attempt)
        last.finish_reason = _finish(reply)
        last.metadata = _metadata(reply)
        yield [last]

    async def _answer(self, request: ModelRequest, pieces: asyncio.Queue[str | None]) -> ModelReply:
        try:
            return await self._model.complete(request, pieces.put_nowait)
        finally:
            pieces.put_nowait(None)

    @property
    def _model(self) -> Model:
        return self.model

    def _own(self, settings: PromptExecutionSettings) -> AgentcoreChatSettings:
        if isinstance(settings, AgentcoreChatSettings):
            return settings
        own = self.get_prompt_execution_settings_from_settings(settings)
        if not isinstance(own, AgentcoreChatSettings):
            raise ServiceInvalidExecutionSettingsError(f"{type(own).__name__} are not AgentcoreChatSettings")
        return own

    def _content(self, reply: ModelReply) -> ChatMessageContent:
        items: list[Any] = [TextContent(text=reply.text)] if reply.text else []
        return ChatMessageContent(
            role=AuthorRole.ASSISTANT,
            items=[*items, *_calls(reply)],
            ai_model_id=self.ai_model_id,
            finish_reason=_finish(reply),
            metadata=_metadata(reply),
        )

    def _piece(self, items: list[Any], attempt: int) -> StreamingChatMessageContent:
        return StreamingChatMessageContent(
            role=AuthorRole.ASSISTANT,
            choice_index=0,
            items=items,
            ai_model_id=self.ai_model_id,
            function_invoke_attempt=attempt,
        )

    def _update_function_choice_settings_callback(
        self,
    ) -> Callable[[FunctionCallChoiceConfiguration, PromptExecutionSettings, FunctionChoiceType], None]:
        return _offer_functions

    def _reset_function_choice_settings(self, settings: PromptExecutionSettings) -> None:
        if isinstance(settings, AgentcoreChatSettings):
            settings.tools = None
            settings.tool_choice = None


def model_request(history: ChatHistory, settings: AgentcoreChatSettings) -> ModelRequest:
    """Return the request for a history and settings. Raises ServiceInvalidRequestError for content we cannot send."""
    tools = () if settings.tool_choice == "none" else tuple(_tool(tool) for tool in settings.tools or ())
    return ModelRequest(
        messages=tuple(message for content in history.messages for message in _messages(content)),
        tools=tools,
        tool_required=bool(tools) and settings.tool_choice == "required",
        schema=settings.output_schema,
        max_output_tokens=settings.max_output_tokens,
        temperature=settings.temperature,
        seed=settings.seed,
        logprobs=settings.logprobs,
        seconds=settings.seconds,
        slot=settings.slot,
    )


def _offer_functions(
    configuration: FunctionCallChoiceConfiguration, settings: PromptExecutionSettings, choice: FunctionChoiceType
) -> None:
    if configuration.available_functions and isinstance(settings, AgentcoreChatSettings):
        settings.tools = [
            kernel_function_metadata_to_function_call_format(function)
            for function in configuration.available_functions
        ]
        settings.tool_choice = choice.value


def _tool(tool: Any) -> ToolSpec:
    if isinstance(tool, ToolSpec):
        return tool
    function = tool["function"]
    return ToolSpec(
        name=function["name"], description=function.get("description") or "", parameters=function["parameters"]
    )


def _messages(content: ChatMessageContent) -> list[Message]:
    """Return a content as messages: one for each tool result in it, which semantic-kernel may put together."""
    results: list[Message] = []
    texts: list[str] = []
    calls: list[ToolCall] = []
    for item in content.items:
        match item:
            case FunctionResultContent():
                results.append(Message(role="tool", content=str(item.result), tool_call_id=item.id))
            case FunctionCallContent():
                calls.append(ToolCall(id=item.id or "", name=item.name or "", arguments=_arguments(item.arguments)))
            case TextContent():
                texts.append(item.text)
            case _:
                raise ServiceInvalidRequestError(f"{type(item).__name__} cannot be sent to an agentcore model")
    if results:
        return results
    return [Message(role=_ROLES[content.role], content="".join(texts), tool_calls=tuple(calls))]


_ROLES: Mapping[AuthorRole, Speaker] = {
    AuthorRole.SYSTEM: "system",
    AuthorRole.DEVELOPER: "system",
    AuthorRole.USER: "user",
    AuthorRole.ASSISTANT: "assistant",
    AuthorRole.TOOL: "tool",
}


def _arguments(arguments: str | Mapping[str, Any] | None) -> str:
    if isinstance(arguments, str):
        return arguments or "{}"
    return json.dumps(dict(arguments or {}), ensure_ascii=False)


def _calls(reply: ModelReply) -> list[Any]:
    return [
        FunctionCallContent(id=call.id, index=index, name=call.name, arguments=call.arguments)
        for index, call in enumerate(reply.tool_calls)
    ]


def _finish(reply: ModelReply) -> FinishReason:
    try:
        return FinishReason(reply.finish)
    except ValueError:  # the provider's own word
        return FinishReason.STOP


def _metadata(reply: ModelReply) -> dict[str, Any]:
    usage = CompletionUsage(prompt_tokens=reply.input_tokens, completion_tokens=reply.output_tokens)
    return {"usage": usage, "finish": reply.finish, "logprobs": list(reply.logprobs)}


def _failure(error: ModelError) -> ServiceResponseException:
    message = f"{error.message} ({error.hint})" if error.hint else error.message
    match error:
        case ModelRequestRejected():
            return ServiceInvalidRequestError(message)
        case ModelOutputInvalid():
            return ServiceInvalidResponseError(message)
        case _:
            return ServiceResponseException(message)

"""Any stock chat service of semantic-kernel as a Model.

For providers that have no OpenAI-compatible API; where there is one, the provider `openai` is many times cheaper.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from agentcore.adapters.clock import SystemClock
from agentcore.adapters.models.from_environment import resolve
from agentcore.adapters.models.prompt_tokens import TokenCounter, prompt_tokens
from agentcore.adapters.models.rejection import Server
from agentcore.adapters.models.schema_by_tool import SchemaByTool
from agentcore.adapters.models.sk_dialect import SERVICES, SKDialect
from agentcore.adapters.models.sk_failure import failure
from agentcore.adapters.models.tools_by_schema import ToolsBySchema
from agentcore.adapters.models.wire import check_arguments
from agentcore.domain.errors import ConfigError, ModelError, ModelTimeout, ModelUnavailable
from agentcore.domain.message import Message, ToolCall
from agentcore.ports.clock import Clock
from agentcore.ports.model import Model, ModelReply, ModelRequest, OnText
from agentcore.ports.plugin import BuildContext, ModelPlugin

if TYPE_CHECKING:
    from semantic_kernel.connectors.ai.chat_completion_client_base import ChatCompletionClientBase
    from semantic_kernel.contents import ChatHistory, ChatMessageContent


class SKServiceOptions(BaseModel):
    """Options of the provider `semantic-kernel`.

    service: a class such as AnthropicChatCompletion.  arguments: of its constructor; a value may be `{env: NAME}`.
    settings: of its execution settings, for every call; null leaves one of ours out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    settings: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])

    @field_validator("service")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in SERVICES:
            raise ValueError(f"unknown service; there are {', '.join(SERVICES)}")
        return value


class SKServiceModel:
    """A Model behind a chat service of semantic-kernel.

    dialect: how the service wants its settings.  settings: for every call, null leaves one of ours out. Functions are
    never invoked by semantic-kernel: there is no kernel, and the calls come back to the engine.
    """

    def __init__(
        self,
        service: ChatCompletionClientBase,
        *,
        dialect: SKDialect,
        server: Server,
        settings: Mapping[str, Any],
        clock: Clock,
        count: TokenCounter,
    ) -> None:
        self._service = service
        self._settings_class: Any = service.get_prompt_execution_settings_class()
        self._dialect = dialect
        self._server = server
        self._settings = dict(settings)
        self._clock = clock
        self._count = count
        self._closed = False

    def __repr__(self) -> str:
        return f"SKServiceModel({self._server})"

    async def complete(self, request: ModelRequest, on_text: OnText | None = None) -> ModelReply:
        """Return the whole answer; see the port. Retries are the client library's."""
        settings = {
            key: value
            for key, value in (self._dialect.settings(request) | self._settings).items()
            if value is not None
        }
        try:
            async with asyncio.timeout(request.seconds):
                history = chat_history(request.messages)
                if on_text is None:
                    return await self._whole(history, self._settings_class(**settings))
                return await self._streamed(history, self._settings_class(**settings), on_text)
        except ModelError:
            raise
        except TimeoutError:
            raise ModelTimeout(f"{self._server} did not answer within {request.seconds:g} s") from None
        except Exception as error:
            # Each service raises its own client library's exceptions, some of them wrapped and some not.
            raise failure(self._server, error, self._clock.now()) from error

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return an estimate of the input tokens of the messages."""
        return prompt_tokens(messages, self._count)

    async def aclose(self) -> None:
        """Close the client library's connections."""
        if self._closed:
            return
        self._closed = True
        client: Any = getattr(self._service, "client", None) or getattr(self._service, "async_client", None)
        close: Any = getattr(client, "close", None)
        if callable(close):
            closing: Any = close()
            if inspect.isawaitable(closing):
                await closing

    async def _whole(self, history: ChatHistory, settings: Any) -> ModelReply:
        contents = await self._service.get_chat_message_contents(history, settings)
        if not contents:
            raise ModelUnavailable(f"{self._server} answered without a choice")
        return self._reply(contents[0], finish_of(contents[0]) or "stop")

    async def _streamed(self, history: ChatHistory, settings: Any, on_text: OnText) -> ModelReply:
        whole: Any = None
        usage: Any = None
        finish = ""
        async for contents in self._service.get_streaming_chat_message_contents(history, settings):
            if not contents:
                continue
            piece = contents[0]
            usage = piece.metadata.get("usage") or usage
            finish = finish_of(piece) or finish
            if piece.content:
                on_text(piece.content)
            whole = piece if whole is None else whole + piece
        if not finish:
            raise ModelUnavailable(f"{self._server} cut the stream off before the end of the answer")
        whole.metadata["usage"] = usage
        return self._reply(whole, finish)

    def _reply(self, content: ChatMessageContent, finish: str) -> ModelReply:
        from semantic_kernel.contents import FunctionCallContent  # noqa: PLC0415  takes seconds to import

        calls = tuple(
            self._call(item, number, finish)
            for number, item in enumerate(
                (item for item in content.items if isinstance(item, FunctionCallContent)), start=1
            )
        )
        input_tokens, output_tokens, cached_tokens = _usage(content.metadata.get("usage"))
        logprobs: Any = getattr(content.metadata.get("logprobs"), "content", None)
        return ModelReply(
            text=content.content,
            tool_calls=calls,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cached_tokens=cached_tokens,
            finish="tool_calls" if calls and finish == "stop" else finish,
            logprobs=tuple(token.logprob for token in logprobs) if logprobs else (),
        )

    def _call(self, item: Any, number: int, finish: str) -> ToolCall:
        arguments: Any = item.arguments or "{}"
        if not isinstance(arguments, str):
            arguments = json.dumps(dict(arguments), ensure_ascii=False)
        check_arguments(item.name, arguments, finish, str(self._server))
        return ToolCall(id=item.id or f"call_{number}", name=item.name, arguments=arguments)


def chat_history(messages: Sequence[Message]) -> ChatHistory:
    """Return messages as semantic-kernel's. Imports it, which takes seconds the first time."""
    from semantic_kernel.contents import (  # noqa: PLC0415
        AuthorRole,
        ChatHistory,
        ChatMessageContent,
        FunctionCallContent,
        FunctionResultContent,
        TextContent,
    )

    called: dict[str, str] = {}
    contents: list[ChatMessageContent] = []
    for message in messages:
        role = AuthorRole(message.role)
        if message.tool_calls:
            called.update((call.id, call.name) for call in message.tool_calls)
            items: list[Any] = [TextContent(text=message.content)] if message.content else []
            items += [
                FunctionCallContent(id=call.id, name=call.name, arguments=call.arguments)
                for call in message.tool_calls
            ]
            contents.append(ChatMessageContent(role=role, items=items))
        elif message.tool_call_id is not None:
            result = FunctionResultContent(
                id=message.tool_call_id, name=called.get(message.tool_call_id, "tool"), result=message.content
            )
            contents.append(ChatMessageContent(role=role, items=[result]))
        else:
            contents.append(ChatMessageContent(role=role, content=message.content))
    return ChatHistory(messages=contents)


def finish_of(content: Any) -> str:
    """Return why a content ended, "" for a piece of one that goes on."""
    if content.finish_reason is not None:
        return content.finish_reason.value
    # semantic-kernel does not pass Ollama's reason on.
    return getattr(content.inner_content, "done_reason", None) or ""


def _usage(usage: Any) -> tuple[int, int, int]:
    """Return input, output and cached tokens of what semantic-kernel or a client library noted."""
    fields: Any = SimpleNamespace(**usage) if isinstance(usage, dict) else usage  # pyright: ignore[reportUnknownArgumentType]  of any type

    def number(*names: str) -> int:
        for name in names:
            value: Any = getattr(fields, name, None)
            if isinstance(value, int):
                return value
        return 0

    cached = getattr(getattr(fields, "prompt_tokens_details", None), "cached_tokens", None) or 0
    # Anthropic counts what it read from or wrote to its cache apart from the rest of the input.
    apart = number("cache_read_input_tokens")
    written = number("cache_creation_input_tokens")
    read = number("prompt_tokens", "input_tokens") + apart + written
    return read, number("completion_tokens", "output_tokens"), cached + apart


def build(name: str, options: SKServiceOptions, context: BuildContext) -> Model:
    """Return the model. Raises ConfigError when the service's library is missing or its arguments are wrong."""
    from agentcore.adapters.tokens.counter import token_counter  # noqa: PLC0415  its encodings take a while to load

    dialect = SERVICES[options.service]
    arguments: dict[str, Any] = resolve(f"model {name}", options.arguments, context.environment)
    secrets = tuple(
        str(arguments[key]) for key, value in options.arguments.items() if isinstance(value, dict) and "env" in value
    )
    known = str(arguments.get("ai_model_id") or arguments.get("deployment_name") or arguments.get("model_id") or name)
    server = Server(url=options.service, model=known, secrets=secrets)
    model: Model = SKServiceModel(
        _service(name, options.service, dialect, arguments, server),
        dialect=dialect,
        server=server,
        settings=options.settings,
        clock=SystemClock(),
        count=token_counter(known),
    )
    return adapted(model, dialect)


def adapted(model: Model, dialect: SKDialect) -> Model:
    """Return a model that can do what its service cannot: schemas by a tool, tools by a schema."""
    if not dialect.has_schema:
        return SchemaByTool(model)
    if dialect.schema_with_tools and dialect.forces_tools:
        return model
    return ToolsBySchema(
        model,
        when=lambda request: request.schema is not None or (request.tool_required and not dialect.forces_tools),
    )


def _service(
    name: str, service: str, dialect: SKDialect, arguments: dict[str, Any], server: Server
) -> ChatCompletionClientBase:
    try:
        cls: Any = getattr(importlib.import_module(dialect.module), service)
    except ImportError as error:
        hint = f"pip install 'agentcore-runtime[{dialect.extra}]'" if dialect.extra else "reinstall agentcore-runtime"
        raise ConfigError([f"model {name}: {service} needs a library that is missing: {error}"], hint=hint) from error
    try:
        return cls(**arguments)
    except Exception as error:  # noqa: BLE001  a TypeError, semantic-kernel's own or any of the client library's
        reason = server.clean(str(error)) or type(error).__name__
        raise ConfigError(
            [f"model {name}: {service} does not accept its arguments: {reason}"],
            hint=f"the arguments are {', '.join(sorted(arguments)) or 'empty'}; see the constructor of {service}",
        ) from None


PLUGIN = ModelPlugin(options=SKServiceOptions, build=build)

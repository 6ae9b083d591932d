"""Any server that speaks OpenAI's chat completions. aiohttp and orjson alone: a call costs about what HTTP does."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import aiohttp
import orjson
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator
from yarl import URL

from agentcore.adapters.clock import SystemClock
from agentcore.adapters.models.from_environment import FromEnvironment, resolve
from agentcore.adapters.models.http_exchange import Answer, HttpExchange
from agentcore.adapters.models.prompt_tokens import TokenCounter, prompt_tokens
from agentcore.adapters.models.proxy import proxy_for
from agentcore.adapters.models.rejection import Server, rejection, stream_error
from agentcore.adapters.models.retry import Backoff
from agentcore.adapters.models.sse import EventStream
from agentcore.adapters.models.tools_by_schema import ToolsBySchema
from agentcore.adapters.models.wire import Dialect, StreamedReply, decode
from agentcore.domain.errors import ConfigError, ModelRequestRejected, ModelTimeout, ModelUnavailable
from agentcore.domain.message import Message
from agentcore.ports.clock import Clock
from agentcore.ports.model import Model, ModelReply, ModelRequest, OnText
from agentcore.ports.plugin import BuildContext, ModelPlugin
from agentcore.version import __version__

PUBLIC_API = "https://api.openai.com/v1"

_CONNECT_SECONDS = 15.0
"""A host that does not even accept a connection in this time is down, however long the answer may take."""

_LARGE_BODY_BYTES = 1 << 20
"""aiohttp asks for a file object above this, so that a slow upload does not block the loop."""


class OpenAIOptions(BaseModel):
    """Options of the provider `openai`.

    model: as the server names it.  base_url: up to where `/chat/completions` begins.
    api_key_env: the environment variable that holds the key; by default OPENAI_API_KEY for the public API and none
    for other servers, so that the key is never sent to another host by accident.
    headers: sent with every call; a value may be `{env: NAME}`.  organization: OpenAI's header of that name.
    strict_schema: ask for strict JSON Schema; every object must then be closed and all its properties required.
    native_tools: false offers tools through a JSON schema.  schema_with_tools: false does so when a call has both.
    output_limit_key: by default `max_completion_tokens` for the public API, `max_tokens` elsewhere.
    max_retries: further tries when the server is overloaded or cannot be reached.
    extra_body: added to every request; null leaves a key out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1)
    base_url: str = PUBLIC_API
    api_key_env: str | None = None
    headers: dict[str, str | FromEnvironment] = Field(default_factory=dict[str, str | FromEnvironment])
    organization: str | None = None
    strict_schema: bool = False
    native_tools: bool = True
    schema_with_tools: bool = True
    output_limit_key: Literal["max_tokens", "max_completion_tokens"] | None = None
    max_retries: int = Field(default=2, ge=0, le=10)
    extra_body: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        url = URL(value)
        if url.scheme not in {"http", "https"} or not url.host:
            raise ValueError("must be an http or https address")
        if url.user or url.password:
            raise ValueError("must not hold credentials; use api_key_env or headers")
        return value

    @property
    def is_public(self) -> bool:
        """Whether this is OpenAI's own API."""
        return URL(self.base_url).host == URL(PUBLIC_API).host


class OpenAIModel:
    """A Model behind an OpenAI-compatible server.

    url: of its `chat/completions`.  headers: sent with every call, credentials included.  proxy: None for none.
    count: tokens of a text.  One session, opened at the first call, keeps its connections for all later ones.
    """

    def __init__(
        self,
        *,
        url: URL,
        dialect: Dialect,
        server: Server,
        headers: Mapping[str, str],
        backoff: Backoff,
        clock: Clock,
        count: TokenCounter,
        proxy: str | None = None,
    ) -> None:
        self._url = url
        self._dialect = dialect
        self._server = server
        self._headers = dict(headers)
        self._backoff = backoff
        self._clock = clock
        self._count = count
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None
        self._exchange: HttpExchange | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"OpenAIModel({self._server})"

    async def complete(self, request: ModelRequest, on_text: OnText | None = None) -> ModelReply:
        """Return the whole answer; see the port. Errors that may pass are retried while no text was handed over."""
        body = self._dialect.encode(request, stream=on_text is not None)
        deadline = self._clock.monotonic() + request.seconds
        try:
            async with asyncio.timeout(request.seconds):
                if on_text is None:
                    return await self._retried(body, deadline, None)
                return await self._retried(body, deadline, _Heard(on_text))
        except TimeoutError:
            raise ModelTimeout(f"{self._server} did not answer within {request.seconds:g} s") from None

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the input tokens of the messages in OpenAI's chat format."""
        return prompt_tokens(messages, self._count)

    async def aclose(self) -> None:
        """Close the connections."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _retried(self, body: bytes, deadline: float, heard: _Heard | None) -> ModelReply:
        retry = 0
        while True:
            try:
                return await (self._whole(body) if heard is None else self._streamed(body, heard))
            except ModelUnavailable as error:
                if retry >= self._backoff.max_retries or (heard is not None and heard.anything):
                    raise
                delay = self._backoff.delay_seconds(
                    retry, chance=self._clock.random(), asked_seconds=error.retry_after_seconds
                )
                if self._clock.monotonic() + delay >= deadline:
                    raise
            await self._clock.sleep(delay)
            retry += 1

    async def _whole(self, body: bytes) -> ModelReply:
        session = self._opened()
        try:
            if self._exchange is not None and len(body) < _LARGE_BODY_BYTES:
                answer = await self._exchange.post(body)
            else:
                async with session.post(self._url, data=_data(body), allow_redirects=False) as response:
                    answer = Answer(response.status, response.headers, await response.read())
        except aiohttp.ClientError as error:
            raise self._unreachable(error) from error
        if answer.status != 200:
            raise rejection(self._server, answer.status, answer.headers, answer.body, self._clock.now())
        return self._decode(answer.body)

    async def _streamed(self, body: bytes, heard: _Heard) -> ModelReply:
        try:
            async with self._opened().post(self._url, data=_data(body), allow_redirects=False) as response:
                if response.status != 200:
                    answer = await response.read()
                    raise rejection(self._server, response.status, response.headers, answer, self._clock.now())
                if response.content_type == "application/json":  # the server does not stream
                    reply = self._decode(await response.read())
                    heard(reply.text)
                    return reply
                return await self._gather(response.content, heard)
        except aiohttp.ClientError as error:
            raise self._unreachable(error) from error

    async def _gather(self, content: aiohttp.StreamReader, heard: _Heard) -> ModelReply:
        stream = EventStream()
        streamed = StreamedReply(str(self._server))
        async for chunk in content.iter_any():
            for data in stream.feed(chunk):
                if data == b"[DONE]":
                    return streamed.reply()
                heard(streamed.add(self._event(data)))
        for data in stream.close():
            if data != b"[DONE]":
                heard(streamed.add(self._event(data)))
        return streamed.reply()

    def _event(self, data: bytes) -> Any:
        try:
            event: Any = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise ModelUnavailable(f"{self._server} sent a stream event that is not JSON") from None
        reported = _reported(event)
        if reported:
            raise stream_error(self._server, reported)
        return event

    def _decode(self, answer: bytes) -> ModelReply:
        try:
            completion: Any = orjson.loads(answer)
        except orjson.JSONDecodeError:
            raise ModelUnavailable(
                f"{self._server} answered 200 with something that is not JSON",
                hint="check that base_url is an API and not a web page",
            ) from None
        reported = _reported(completion)
        if reported:
            raise stream_error(self._server, reported)
        return decode(completion, str(self._server))

    def _unreachable(self, error: aiohttp.ClientError) -> ModelUnavailable:
        return ModelUnavailable(
            f"{self._server} cannot be reached: {self._server.clean(str(error)) or type(error).__name__}",
            hint="check base_url, and that the server is running and can be reached from here"
            if isinstance(error, aiohttp.ClientConnectorError)
            else "",
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            if self._closed:
                raise ModelRequestRejected(f"{self._server} was called after it was closed")
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
            # The runtime bounds how many calls are under way; a second bound here would only queue them unseen.
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60, ttl_dns_cache=60)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
                proxy=self._proxy,
                timeout=timeout,
            )
            if self._proxy is None:
                self._exchange = HttpExchange(self._url, self._headers, connector, timeout=timeout)
        return self._session


def _data(body: bytes) -> bytes | io.BytesIO:
    return body if len(body) < _LARGE_BODY_BYTES else io.BytesIO(body)


def _reported(answer: Any) -> Any:
    """Return the error that an answer with status 200 reports, None when there is none."""
    return answer.get("error") if isinstance(answer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  JSON of any shape


class _Heard:
    """Hands text over, and remembers whether there was any."""

    __slots__ = ("_on_text", "anything")

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self.anything = False

    def __call__(self, text: str) -> None:
        if text:
            self.anything = True
            self._on_text(text)


def build(name: str, options: OpenAIOptions, context: BuildContext) -> Model:
    """Return the model. Raises ConfigError when a key's environment variable is not set."""
    # Its encodings take a while to load, which `agentcore --help` must not pay.
    from agentcore.adapters.tokens.counter import token_counter  # noqa: PLC0415

    variable, key = _key(name, options, context.environment)
    own_headers: dict[str, str] = resolve(f"model {name}", dict(options.headers), context.environment)
    url = URL(options.base_url)
    endpoint = (url / "chat" / "completions").with_query(url.query)
    server = Server(
        url=str(endpoint.with_query(None)),
        model=options.model,
        key_variable=variable,
        # Short values (a version, a region) would blank out half of a message.
        secrets=tuple(secret for secret in (key, *own_headers.values()) if len(secret) >= 8),
    )
    default_key = "max_completion_tokens" if options.is_public else "max_tokens"
    model = OpenAIModel(
        url=endpoint,
        dialect=Dialect(
            model=options.model,
            output_limit_key=options.output_limit_key or default_key,
            strict_schema=options.strict_schema,
            extra=options.extra_body,
        ),
        server=server,
        headers=request_headers(name, options, context.environment),
        backoff=Backoff(max_retries=options.max_retries),
        clock=SystemClock(),
        count=token_counter(options.model),
        proxy=proxy_for(url, context.environment),
    )
    if not options.native_tools:
        return ToolsBySchema(model)
    return (
        model if options.schema_with_tools else ToolsBySchema(model, when=lambda request: request.schema is not None)
    )


def request_headers(name: str, options: OpenAIOptions, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of every call, credentials included. Raises ConfigError when a variable is not set."""
    _, key = _key(name, options, environment)
    headers = {"Content-Type": "application/json", "User-Agent": f"agentcore/{__version__}"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    if options.organization:
        headers["OpenAI-Organization"] = options.organization
    own: dict[str, str] = resolve(f"model {name}", dict(options.headers), environment)
    return headers | own


def _key(name: str, options: OpenAIOptions, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the environment variable that holds the key, and the key; both "" when the server needs none."""
    variable = options.api_key_env or ("OPENAI_API_KEY" if options.is_public else "")
    if not variable:
        return "", ""
    key = environment.get(variable, "").strip()
    host = URL(options.base_url).host or ""
    if not key and not (host in {"localhost", "::1"} or host.startswith("127.")):
        raise ConfigError(
            [f"model {name} needs an API key in the environment variable {variable}, which is not set"],
            hint=f"export {variable}=…, or name another variable with api_key_env",
        )
    return variable, key


PLUGIN = ModelPlugin(options=OpenAIOptions, build=build)

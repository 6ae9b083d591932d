"""A server on this machine that speaks chat completions, well or badly, as a test or a benchmark tells it to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeAlias, cast

import orjson
from aiohttp import web

from agentcore.domain.json import JSON, JSONObject
from agentcore.testing.instance import instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server does with one request.

    text; tool_calls: (name, arguments as JSON text).  pieces: how the text is cut when streamed, by default by words.
    delay_seconds: before the first byte.  cut_after: bytes of the body (or events of the stream) after which the
    connection is closed.  body: sent instead of a completion.  status, headers: of HTTP.
    """

    text: str = ""
    tool_calls: tuple[tuple[str, str], ...] = ()
    finish: str | None = None
    input_tokens: int = 7
    output_tokens: int = 3
    cached_tokens: int = 0
    logprobs: tuple[float, ...] = ()
    pieces: tuple[str, ...] | None = None
    delay_seconds: float = 0.0
    cut_after: int | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request that came in. headers: names in lower case."""

    body: dict[str, Any]
    headers: Mapping[str, str]


Answers: TypeAlias = Iterable[Answer] | Callable[[Received], Answer]
"""Answers in the order of the requests, or a function of the request."""


def refusing(status: int, message: str, *, code: str | None = None, retry_after: str | None = None) -> Answer:
    """Return an error in OpenAI's format."""
    return Answer(
        status=status,
        headers={} if retry_after is None else {"Retry-After": retry_after},
        body=_error(message, code),
    )


def not_json() -> Answer:
    """Return a page as a misconfigured gateway sends it: status 200, and HTML."""
    return Answer(body=b"<html><body>Welcome</body></html>", headers={"Content-Type": "text/html"})


def half_tool_call(tool: str) -> Answer:
    """Return a tool call whose arguments end in the middle, as at the limit of output tokens."""
    return Answer(tool_calls=((tool, '{"query": "SELECT na'),), finish="length")


def prose() -> Answer:
    """Return prose where JSON was asked for."""
    return Answer(text="Sure! Here is the JSON you asked for: it has two fields.")


def obliging(received: Received) -> Answer:
    """Answer any request with the simplest thing that it allows: a tool call, JSON of its schema, or words."""
    body = received.body
    last = body["messages"][-1]
    delay = 0.5 if "slowly" in str(last.get("content")) else 0.0
    logprobs = (-0.1, -0.2, -0.3) if body.get("logprobs") else ()
    tools = body.get("tools")
    if tools and (body.get("tool_choice") == "required" or last["role"] == "user"):
        function = tools[0]["function"]
        arguments = orjson.dumps(instance(function["parameters"])).decode()
        return Answer(tool_calls=((function["name"], arguments),), delay_seconds=delay)
    wanted = body.get("response_format")
    if wanted:
        schema = cast("JSONObject", wanted["json_schema"]["schema"])
        return Answer(text=orjson.dumps(instance(schema)).decode(), logprobs=logprobs, delay_seconds=delay)
    return Answer(text="All is well.", logprobs=logprobs, delay_seconds=delay)


class ChatServer:
    """An HTTP server on a free port of 127.0.0.1; use it with `async with`.

    url: what a client takes as its base URL, once the server runs.  received: requests for completions so far.
    keep: whether to remember them (a benchmark does not).  connections: how many were opened.  disconnected: a client
    has left while its answer was delayed.
    """

    def __init__(self, answers: Answers = obliging, *, keep: bool = True) -> None:
        self._answer = answers if callable(answers) else _in_order(answers)
        self._keep = keep
        self._runner: web.ServerRunner | None = None
        self._transports: set[int] = set()
        self.received: list[Received] = []
        self.disconnected = asyncio.Event()
        self.url = ""

    @property
    def connections(self) -> int:
        """How many connections clients have used."""
        return len(self._transports)

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._handle, handler_cancellation=True), shutdown_timeout=0.1)
        await self._runner.setup()
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        await web.SockSite(self._runner, listener).start()
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        # The client's port tells connections apart; objects may be collected and their addresses used again.
        peer = request.transport.get_extra_info("peername") if request.transport else None
        self._transports.add(peer[1] if peer else 0)
        refused = _elsewhere(request)
        if refused is not None:
            return refused
        body: dict[str, Any] = orjson.loads(await request.read())
        received = Received(body=body, headers={name.lower(): value for name, value in request.headers.items()})
        if self._keep:
            self.received.append(received)
        answer = self._answer(received)
        if answer.delay_seconds:
            try:
                await asyncio.sleep(answer.delay_seconds)
            except asyncio.CancelledError:
                self.disconnected.set()
                raise
        if answer.body is not None:
            return web.Response(
                status=answer.status,
                body=answer.body,
                headers={"Content-Type": "application/json", **answer.headers},
            )
        if body.get("stream"):
            return await _stream(request, answer, body)
        whole = orjson.dumps(_completion(answer, body))
        if answer.cut_after is not None:
            return await _cut(request, whole, answer.cut_after)
        return _json(answer.status, whole, answer.headers)


def _elsewhere(request: web.BaseRequest) -> web.Response | None:
    """Return the answer to what is no request for a completion; None for one that is."""
    listing = request.path.endswith("/models")
    if not listing and not request.path.endswith("/chat/completions"):
        return _json(404, _error(f"no such path: {request.path}"))
    allowed = "GET" if listing else "POST"
    if request.method != allowed:
        return _json(405, _error(f"{request.method} is not for {request.path}"), {"Allow": allowed})
    model = {"id": "tiny", "object": "model", "created": 1_800_000_000, "owned_by": "loopback"}
    return _json(200, orjson.dumps({"object": "list", "data": [model]})) if listing else None


def _error(message: str, code: str | None = None) -> bytes:
    return orjson.dumps({"error": {"message": message, "type": "error", "code": code}})


def _in_order(answers: Iterable[Answer]) -> Callable[[Received], Answer]:
    script = iter(answers)
    return lambda _: next(script, refusing(400, "the script of the server ran out"))


def _json(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=body, headers={"Content-Type": "application/json", **(headers or {})})


async def _cut(request: web.BaseRequest, body: bytes, after: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[:after])
    return _broken(request, response)


def _broken(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response


async def _stream(request: web.BaseRequest, answer: Answer, body: Mapping[str, Any]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **answer.headers})
    await response.prepare(request)
    for number, event in enumerate(_events(answer, body)):
        if number == answer.cut_after:
            return _broken(request, response)
        await response.write(b"data: " + event + b"\n\n")
    await response.write_eof()
    return response


def _events(answer: Answer, body: Mapping[str, Any]) -> list[bytes]:
    head: dict[str, JSON] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_800_000_000,
        "model": body["model"],
    }
    pieces = answer.pieces if answer.pieces is not None else _words(answer.text)
    deltas: list[JSONObject] = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces)]
    for index, (name, arguments) in enumerate(answer.tool_calls):
        call = {"index": index, "id": f"call_{index + 1}", "type": "function"}
        deltas.append({"tool_calls": [{**call, "function": {"name": name, "arguments": ""}}]})
        half = len(arguments) // 2
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": part}}]}
            for part in (arguments[:half], arguments[half:])
        ]
    choices: list[dict[str, JSON]] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    if answer.logprobs:
        choices[-1]["logprobs"] = _logprobs(answer)
    choices.append({"index": 0, "delta": {}, "finish_reason": _finish(answer)})
    chunks: list[JSONObject] = [{**head, "choices": [choice]} for choice in choices]
    if body.get("stream_options") and body["stream_options"].get("include_usage"):
        chunks.append({**head, "choices": [], "usage": _usage(answer)})
    return [*(orjson.dumps(chunk) for chunk in chunks), b"[DONE]"]


def _words(text: str) -> tuple[str, ...]:
    words = text.split(" ")
    return tuple(word if number == 0 else f" {word}" for number, word in enumerate(words)) if text else ()


def _completion(answer: Answer, body: Mapping[str, Any]) -> JSONObject:
    message: dict[str, JSON] = {"role": "assistant", "content": answer.text or None}
    if answer.tool_calls:
        message["tool_calls"] = [
            {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for number, (name, arguments) in enumerate(answer.tool_calls, start=1)
        ]
    choice: dict[str, JSON] = {"index": 0, "message": message, "finish_reason": _finish(answer)}
    if answer.logprobs:
        choice["logprobs"] = _logprobs(answer)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_800_000_000,
        "model": body["model"],
        "choices": [choice],
        "usage": _usage(answer),
    }


def _finish(answer: Answer) -> str:
    return answer.finish or ("tool_calls" if answer.tool_calls else "stop")


def _usage(answer: Answer) -> JSONObject:
    return {
        "prompt_tokens": answer.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": answer.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": answer.cached_tokens},
    }


def _logprobs(answer: Answer) -> JSONObject:
    return {
        "content": [{"token": "x", "logprob": value, "bytes": None, "top_logprobs": []} for value in answer.logprobs]
    }

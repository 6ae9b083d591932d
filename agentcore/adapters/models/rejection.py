"""What an HTTP answer that is not a completion means: which error, in the provider's words, with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from agentcore.adapters.models.retry import retry_after_seconds
from agentcore.domain.errors import ModelError, ModelRequestRejected, ModelUnavailable

_AGAIN = frozenset({408, 409, 425, 429})
"""Client errors that may pass by themselves; so may every status from 500 on."""

_SHOWN = 400
"""Characters of a provider's message that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Whom a model calls, for messages.

    url: without query and credentials.  model: as the server knows it.  key_variable: the environment variable that
    holds the key, "" for none.  secrets: never shown, even when the provider repeats them.
    """

    url: str
    model: str
    key_variable: str = ""
    secrets: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.model} at {self.url}"

    def __repr__(self) -> str:
        return f"Server({self})"

    def clean(self, text: str) -> str:
        """Return a text without secrets, not too long to be shown."""
        for secret in self.secrets:
            text = text.replace(secret, "[key]")
        text = " ".join(text.split())
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def rejection(server: Server, status: int, headers: Mapping[str, str], body: bytes, now: float) -> ModelError:
    """Return the error for an HTTP status that is not 200. now: seconds since the epoch."""
    message, code = _provider_message(body)
    return by_status(server, status, message, code=code, retry_after=retry_after_seconds(headers, now))


def by_status(
    server: Server, status: int, message: str, *, code: str = "", retry_after: float | None = None
) -> ModelError:
    """Return the error for an HTTP status, the provider's message and its code. retry_after: seconds."""
    said = f"{server} answered {status}: {server.clean(message) or 'no message'}"
    if code == "insufficient_quota":
        return ModelRequestRejected(said, hint="the account has no credit left; check its plan and billing")
    if status in _AGAIN or status >= 500:
        return ModelUnavailable(
            said,
            hint="the provider limits the rate; lower parallel_steps or route to another model"
            if status == 429
            else "",
            retry_after_seconds=retry_after,
        )
    return ModelRequestRejected(said, hint=_hint(server, status, f"{code} {message}".lower()))


def stream_error(server: Server, error: Any) -> ModelError:
    """Return the error that a provider reports in a body or a stream that began with status 200."""
    message, code = _error(error)
    said = f"{server} failed: {server.clean(message) or 'no message'}"
    number = int(code) if code.isdecimal() else 0
    if 400 <= number < 500 and number not in _AGAIN:
        return ModelRequestRejected(said, hint=_hint(server, number, message.lower()))
    return ModelUnavailable(said)


def _provider_message(body: bytes) -> tuple[str, str]:
    """Return a provider's message and its code."""
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace"), ""
    if isinstance(answer, list) and answer:
        answer = answer[0]  # pyright: ignore[reportUnknownVariableType]  JSON of any shape
    if not isinstance(answer, dict):
        return body.decode(errors="replace"), ""
    found: Any = answer  # pyright: ignore[reportUnknownVariableType]  as above
    error = found.get("error") or found.get("message") or found.get("detail")
    return _error(error if error is not None else body.decode(errors="replace"))


def _error(error: Any) -> tuple[str, str]:
    if isinstance(error, dict):
        fields: Any = error  # pyright: ignore[reportUnknownVariableType]  JSON of any shape
        code = fields.get("code") or fields.get("type") or ""
        return str(fields.get("message") or orjson.dumps(error).decode()), str(code)
    return (error, "") if isinstance(error, str) else (orjson.dumps(error).decode(), "")


def _hint(server: Server, status: int, message: str) -> str:
    if status in {401, 403}:
        if server.key_variable:
            return f"check the key in the environment variable {server.key_variable} and what it may use"
        return "name the environment variable that holds the key with api_key_env"
    if 300 <= status < 400:
        return "set base_url to the address that the server redirects to; keys are not sent after redirects"
    if "context_length" in message or "maximum context" in message or "context size" in message:
        return "the prompt is too long for this model; shorten it or route to a model with more context_tokens"
    if status == 404:
        return f"check that the server has the model {server.model!r}, and base_url: /chat/completions is added to it"
    if status == 413:
        return "the request is too large for this server; shorten the prompt"
    if "response_format" in message or "schema" in message:
        return "check strict_schema; a server without JSON Schema support cannot serve agents with an output schema"
    if "tool" in message:
        return "if the model has no native tool calls, set native_tools: false"
    if "temperature" in message or "max_tokens" in message or "seed" in message or "logprobs" in message:
        return "leave a parameter out with extra_body, e.g. {temperature: null}, or set output_limit_key"
    return ""

"""What an exception of a semantic-kernel service means: one of our errors, by its cause."""

from __future__ import annotations

from typing import Any

from agentcore.adapters.models.rejection import Server, by_status
from agentcore.adapters.models.retry import retry_after_seconds
from agentcore.domain.errors import ModelError, ModelRequestRejected, ModelTimeout, ModelUnavailable

_OURS_TO_MEND = (
    "ContentFilterAIException",
    "ServiceContentFilterException",
    "ServiceInitializationError",
    "ServiceInvalidAuthError",
    "ServiceInvalidExecutionSettingsError",
    "ServiceInvalidRequestError",
    "ServiceResourceNotFoundError",
)
"""By name, so that semantic-kernel need not be imported to read its exceptions."""


def failure(server: Server, error: Exception, now: float) -> ModelError:
    """Return the error for whatever a service raised. now: seconds since the epoch.

    semantic-kernel wraps the client library's exception; the first one down the chain that carries an HTTP status
    decides.
    """
    chain = _chain(error)
    for each in chain:
        status = _status(each)
        if status is not None:
            headers: Any = getattr(getattr(each, "response", None), "headers", None)
            return by_status(
                server,
                status,
                str(each),
                code=str(getattr(each, "code", "") or ""),
                retry_after=retry_after_seconds(headers, now) if hasattr(headers, "get") else None,
            )
    said = f"{server}: {server.clean(str(chain[-1])) or type(chain[-1]).__name__}"
    names = {kind.__name__ for each in chain for kind in type(each).__mro__}
    if any("Timeout" in name for name in names):
        return ModelTimeout(said)
    if not names.isdisjoint(_OURS_TO_MEND) or isinstance(chain[-1], TypeError | ValueError):
        return ModelRequestRejected(said, hint="check the service's arguments and settings in agentcore.yaml")
    return ModelUnavailable(said)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and its causes, outermost first."""
    chain = [error]
    while chain[-1].__cause__ is not None and len(chain) < 10:
        chain.append(chain[-1].__cause__)
    return chain


def _status(error: BaseException) -> int | None:
    """Return the HTTP status that a client library noted: openai, anthropic, mistral, ollama; google; boto."""
    noted: list[Any] = [getattr(error, "status_code", None), getattr(error, "code", None)]
    match getattr(error, "response", None):
        case {"ResponseMetadata": {"HTTPStatusCode": status}}:
            noted.append(status)
        case _:
            pass
    return next((status for status in noted if isinstance(status, int) and status >= 300), None)

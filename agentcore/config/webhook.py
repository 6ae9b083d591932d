"""`approvals.webhook` in `agentcore.yaml`: who is told what runs ask people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import Field

from agentcore.config.options import Expansion
from agentcore.config.problem import Problems
from agentcore.config.source import Source
from agentcore.config.strict import Strict

_AT = ("approvals", "webhook")


class WebhookKeys(Strict):
    """An address that is told when a question is asked, escalated, decided or closed."""

    url: str = Field(min_length=1, description="An http or https URL; `${NAME}` is an environment variable.")
    secret: str = Field(
        min_length=1, description="The key of the signature (HMAC-SHA256). Write `${NAME}`, not the key itself."
    )
    include_value: bool = Field(
        default=False, description="Send arguments, outputs and responses, too; by default they stay here."
    )


class ApprovalsKeys(Strict):
    """What is done about questions to people."""

    webhook: WebhookKeys | None = Field(default=None, description="An address that is told of them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """An address that is told. missing: a `file:line:column: message` for each variable that is not set."""

    url: str
    secret: str = field(repr=False)
    include_value: bool = False
    missing: tuple[str, ...] = ()


def read_webhook(
    keys: ApprovalsKeys, *, source: Source, environment: Mapping[str, str], problems: Problems
) -> WebhookSettings | None:
    """Return the webhook with its variables filled in, after adding to `problems` what is wrong with it.

    A variable that is not set is a warning until a runtime is opened.
    """
    webhook = keys.webhook
    if webhook is None:
        return None
    expansion = Expansion(environment=environment)
    url = str(expansion.expand(webhook.url, (*_AT, "url")))
    secret = str(expansion.expand(webhook.secret, (*_AT, "secret")))
    missing: list[str] = []
    for path, text in expansion.malformed.items():
        problems.error(source.place(path), f"`{text}` is neither ${{NAME}} nor ${{NAME:-default}}")
    for path, variable in expansion.missing.items():
        message = f"the environment variable {variable} is not set"
        problems.warn(source.place(path), message)
        missing.append(f"{source.place(path)}: {message}")
    if not expansion.touched((*_AT, "url")) and (problem := _url_problem(url)):
        problems.error(source.place((*_AT, "url")), f"`url` {problem}")
    if not secret and not expansion.touched((*_AT, "secret")):
        problems.error(source.place((*_AT, "secret")), "`secret` must not be empty")
    return WebhookSettings(url=url, secret=secret, include_value=webhook.include_value, missing=tuple(missing))


def _url_problem(url: str) -> str:
    """Return what is wrong with a URL; it is not repeated, as it may hold a key."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "must be an http or https URL with a host"
    return ""

"""Webhook: POSTs what runs ask people, and what policies want told, to a URL, signed."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

import aiohttp
from yarl import URL

from agentcore.adapters.models.proxy import proxy_for
from agentcore.domain.announcement import Announcement
from agentcore.domain.approval import choices
from agentcore.domain.errors import NotificationFailed
from agentcore.domain.json import JSON
from agentcore.domain.notice import Notice
from agentcore.version import __version__

SECONDS: Final = 10.0
"""How long the receiver may take."""

_NOT_NOW: Final = frozenset({408, 425, 429})
"""Answers that mean another time, unlike the others below 500."""


class Webhook:
    """A Notifier and an Announcer over HTTP. It follows no redirects, and what the receiver answers is not read.

    Header `Agentcore-Signature`: `t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256, with the secret, of the time, a dot
    and the body. `Agentcore-Delivery`: the same for the same notice, however often it is sent.
    include_value: send the arguments, outputs and responses, too.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        include_value: bool = False,
        environment: Mapping[str, str] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._url = URL(url)
        self._secret = secret.encode()
        self._include_value = include_value
        self._environment = os.environ if environment is None else environment
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    async def notify(self, notice: Notice) -> None:
        """Send a notice. Raises NotificationFailed unless the answer is a 2xx."""
        sent = payload(notice, include_value=self._include_value)
        await self._post(sent, notice.id, notice.record.approval.id)

    async def announce(self, announcement: Announcement) -> None:
        """Send an announcement. Raises NotificationFailed unless the answer is a 2xx."""
        sent = {"event": "announced", "delivery": announcement.id, **asdict(announcement)}
        del sent["id"]
        await self._post(sent, announcement.id, announcement.id)

    async def _post(self, sent: Mapping[str, Any], delivery: str, about: str) -> None:
        body = json.dumps(sent).encode()
        stamp = int(self._now())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"agentcore/{__version__}",
            "Agentcore-Delivery": delivery,
            "Agentcore-Signature": f"t={stamp},v1={signature(self._secret, stamp, body)}",
        }
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS))
        what = f"{about} could not be told to {self._url.origin()}"
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers=headers,
                allow_redirects=False,
                proxy=proxy_for(self._url, self._environment),
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            why = "no answer in time" if isinstance(error, TimeoutError) else f"{type(error).__name__}: {error}"
            raise NotificationFailed(f"{what}: {why}") from error
        if not 200 <= status < 300:
            refused = status < 500 and status not in _NOT_NOW
            raise NotificationFailed(f"{what}: it answered {status}", refused=refused)

    async def aclose(self) -> None:
        """Close the connections. May be called twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def signature(secret: bytes, stamp: int, body: bytes) -> str:
    """Return the HMAC-SHA256 of time and body, as 64 hexadecimal digits."""
    return hmac.new(secret, b"%d." % stamp + body, hashlib.sha256).hexdigest()


def payload(notice: Notice, *, include_value: bool) -> Mapping[str, JSON]:
    """Return what is sent."""
    record = notice.record
    asked, ruling = record.approval, record.ruling
    over = notice.event in {"decided", "closed"}
    sent: dict[str, JSON] = {
        "event": notice.event,
        "delivery": notice.id,
        "approval": asked.id,
        "run": record.run,
        "tenant": record.tenant,
        "step": asked.step,
        "agent": asked.agent,
        "subject": asked.subject,
        "name": asked.name,
        "reason": asked.reason,
        "approver": notice.approver,
        "version": notice.version,
        "asked_at": asked.asked_at,
        "due_at": None if over else notice.due_at,
        "commands": {"show": f"agentcore approvals show {asked.id}"},
        "ruling": None,
    }
    if not over and record.status == "pending" and notice.version == asked.version:
        verbs = (verb for verb in choices(asked) if verb not in {"edit", "respond"})
        decide: dict[str, JSON] = {
            verb: f"agentcore approvals {verb} {asked.id} --version {asked.version}" for verb in verbs
        }
        sent["commands"] = {"show": f"agentcore approvals show {asked.id}", **decide}
    if over and ruling is not None:
        said: dict[str, JSON] = {"verb": ruling.verb, "actor": ruling.actor, "reason": ruling.reason, "at": ruling.at}
        sent["ruling"] = {**said, "value": ruling.value} if include_value else said
    return {**sent, "value": asked.value} if include_value else sent

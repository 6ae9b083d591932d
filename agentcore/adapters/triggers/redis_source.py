"""RedisSource: messages of a Redis stream, by a consumer group. Only this module imports redis."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from agentcore.adapters.triggers.patience import Patience, raise_if_cancelled, shown
from agentcore.ports.message_source import Message

if TYPE_CHECKING:
    from agentcore.adapters.triggers.redis import RedisOptions

BODY: Final = b"body"
"""The field that holds a message's JSON. An entry without it is a message of its fields."""
ID: Final = b"id"
"""Beside `body`: the message's own id, for a sender who may send it twice."""

READ_SECONDS = 2.0
"""How long one request for a message stays with the server."""

ANSWER_SECONDS = 5.0
"""How long the server may take to answer."""

_FAULTS = (RedisError, OSError, asyncio.TimeoutError)

# A consumer that is deleted loses what it was given, so it is deleted only when it has nothing. A reading that the
# server does after this makes the consumer anew.
_LEAVE = """
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
  return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
return 0
"""


class RedisSource:
    """A MessageSource over one stream.

    Each process is a consumer of its own; what a process that died had received is claimed by the others.
    """

    def __init__(self, name: str, options: RedisOptions) -> None:
        self._name = name
        self._stream = options.stream
        self._group = options.group or f"agentcore-{name}"
        self._rejected = options.rejected or f"{options.stream}.rejected"
        self._consumer = f"agentcore-{token_hex(8)}"
        self._idle_ms = max(int(options.redeliver_seconds * 1000), 1)
        self._patience = Patience(name, shown(options.url))
        self._url = options.url
        self._redis: Any = None
        self._grouped = False
        self._claim_from: Any = "0-0"
        self._claim_at = 0.0

    async def receive(self) -> Message:
        """Wait for the next message: one that nothing became of elsewhere first."""
        while True:
            try:
                async with asyncio.timeout(READ_SECONDS + ANSWER_SECONDS):
                    await self._join()
                    entry = await self._claimed()
                    redelivered = entry is not None
                    entry = entry or await self._new()
            except _FAULTS as error:
                self._grouped = False
                await self._patience.wait(error)
                continue
            raise_if_cancelled()
            self._patience.reached()
            if entry is not None:
                id, fields = entry
                return _message(id, fields, redelivered=redelivered)

    async def acknowledge(self, message: Message) -> None:
        """Acknowledge."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._client().xack(self._stream, self._group, message.token)
        except _FAULTS as error:
            raise self._patience.unavailable(error) from error

    async def reject(self, message: Message, reason: str) -> None:
        """Move the message to the stream for rejected ones, with the reason: both or nothing."""
        client = self._client()
        told = {"agentcore-trigger": self._name, "agentcore-message": message.token, "agentcore-reason": reason}
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                entries: Any = await client.xrange(self._stream, message.token, message.token)
                fields: dict[Any, Any] = dict(entries[0][1]) if entries else {BODY: message.body}
                async with client.pipeline(transaction=True) as both:
                    both.xadd(self._rejected, fields | told)
                    both.xack(self._stream, self._group, message.token)
                    await both.execute()
        except _FAULTS as error:
            raise self._patience.unavailable(error) from error

    async def extend(self, message: Message) -> None:
        """Let the time until redelivery begin anew."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._client().xclaim(
                    self._stream,
                    self._group,
                    self._consumer,
                    min_idle_time=0,
                    message_ids=[message.token],
                    justid=True,
                )
        except _FAULTS as error:
            raise self._patience.unavailable(error) from error

    async def aclose(self) -> None:
        """Leave the group, unless something was received and not taken care of, and disconnect."""
        client, self._redis = self._redis, None
        if client is None:
            return
        with suppress(*_FAULTS):
            async with asyncio.timeout(ANSWER_SECONDS):
                if self._grouped:
                    await client.eval(_LEAVE, 1, self._stream, self._group, self._consumer)
        with suppress(*_FAULTS):
            await client.aclose()

    async def _join(self) -> None:
        """Make the group, and with it the stream, when there is none. It begins with the oldest message."""
        if self._grouped:
            return
        try:
            await self._client().xgroup_create(self._stream, self._group, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):  # it is there already
                raise
        self._grouped = True

    async def _claimed(self) -> tuple[bytes, Mapping[bytes, bytes]] | None:
        """Return an entry that was delivered long ago and not acknowledged; None when there is none now."""
        while time.monotonic() >= self._claim_at:
            found: Any = await self._client().xautoclaim(
                self._stream,
                self._group,
                self._consumer,
                min_idle_time=self._idle_ms,
                start_id=self._claim_from,
                count=1,
            )
            self._claim_from = found[0]
            for id, fields in found[1]:
                if fields:
                    return id, fields
                await self._client().xack(self._stream, self._group, id)  # deleted: there is nothing to do
            if self._claim_from == b"0-0":
                self._claim_at = time.monotonic() + self._idle_ms / 4000
        return None

    async def _new(self) -> tuple[bytes, Mapping[bytes, bytes]] | None:
        wait = min(READ_SECONDS, self._idle_ms / 4000)
        found: Any = await self._client().xreadgroup(
            self._group, self._consumer, {self._stream: ">"}, count=1, block=max(int(wait * 1000), 1)
        )
        for _, entries in found or ():
            for id, fields in entries:
                return id, fields
        return None

    def _client(self) -> Any:
        if self._redis is None:
            make: Any = getattr(Redis, "from_url")  # noqa: B009  its options have no types
            self._redis = make(
                self._url,
                socket_connect_timeout=ANSWER_SECONDS,
                socket_timeout=None,  # ours is asyncio.timeout: the client's loses cancellations on Python 3.11
                health_check_interval=20,
                client_name=self._consumer,
                protocol=2,  # whose answers are the same for all versions of server and library
                retry=Retry(NoBackoff(), 1),  # a connection that was closed while idle; for more there is Patience
            )
        return self._redis


def _message(id: bytes, fields: Mapping[bytes, bytes], *, redelivered: bool) -> Message:
    """Return an entry as a message."""
    token = id.decode()
    if BODY in fields:
        own = fields.get(ID, b"").decode(errors="replace")
        return Message(id=own or token, body=fields[BODY], token=token, redelivered=redelivered)
    try:
        body = json.dumps({name.decode(): value.decode() for name, value in fields.items()}).encode()
    except UnicodeDecodeError as error:
        body = error.object  # whoever reads it finds the same, and says so
    return Message(id=token, body=body, token=token, redelivered=redelivered)

"""NatsSource: messages of a JetStream stream, by a durable pull consumer. Only this module imports nats."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy
from nats.js.errors import NotFoundError

from agentcore.adapters.triggers.patience import Patience, raise_if_cancelled, shown
from agentcore.domain.errors import SourceUnavailable
from agentcore.ports.message_source import Message

if TYPE_CHECKING:
    from agentcore.adapters.triggers.nats import NatsOptions

FETCH_SECONDS = 5.0
"""How long one request for a message stays with the server. After that, the consumer is looked at."""

ANSWER_SECONDS = 5.0
"""How long the server may take to answer anything else."""

_FAULTS = (NatsError, OSError, asyncio.TimeoutError)
_MESSAGE_ID: Final = "Nats-Msg-Id"
_MAX_HEADER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """A connection that has found its stream and consumer.

    born: when the stream was made; one that is deleted and made again counts from 1 again.
    """

    client: Any
    jetstream: Any
    subscription: Any
    consumer: str
    born: str


class NatsSource:
    """A MessageSource over one stream. A message's id is its `Nats-Msg-Id`, or else its number in the stream."""

    def __init__(self, name: str, options: NatsOptions, credentials: Path | None = None) -> None:
        self._name = name
        self._options = options
        self._credentials = credentials
        self._patience = Patience(name, shown(options.url))
        self._connecting = asyncio.Lock()
        self._link: _Link | None = None

    async def receive(self) -> Message:
        """Wait for the next message."""
        while True:
            try:
                link = await self._connected()
                raise_if_cancelled()
                message = await self._next(link)
            except (SourceUnavailable, *_FAULTS) as error:
                raise_if_cancelled()
                await self._drop()
                await self._patience.wait(error)
                continue
            raise_if_cancelled()
            if message is not None:
                return message

    async def acknowledge(self, message: Message) -> None:
        """Acknowledge, and wait until the server has noted it."""
        await self._answer(message, b"+ACK")

    async def reject(self, message: Message, reason: str) -> None:
        """Copy the message to the subject for rejected ones, if there is one, and end its delivery."""
        if self._options.rejected:
            headers = {
                _MESSAGE_ID: _header(f"rejected {self._options.stream} {message.id}"),  # copied twice, it is kept once
                "Agentcore-Trigger": self._name,
                "Agentcore-Message": _header(message.id),
                "Agentcore-Reason": _header(reason),
            }
            try:
                link = await self._connected()
                await link.jetstream.publish(
                    self._options.rejected, message.body, headers=headers, timeout=ANSWER_SECONDS
                )
            except _FAULTS as error:
                raise self._patience.unavailable(error) from error
        await self._answer(message, b"+TERM")

    async def extend(self, message: Message) -> None:
        """Let the time until redelivery begin anew."""
        await self._answer(message, b"+WPI", confirmed=False)

    async def aclose(self) -> None:
        """Disconnect."""
        await self._drop()

    async def _answer(self, message: Message, what: bytes, *, confirmed: bool = True) -> None:
        try:
            link = await self._connected()
            if confirmed:
                await link.client.request(message.token, what, timeout=ANSWER_SECONDS)
            else:
                await link.client.publish(message.token, what)
        except _FAULTS as error:
            raise self._patience.unavailable(error) from error

    async def _next(self, link: _Link) -> Message | None:
        """Return a message; None when none came for a while."""
        try:
            (found,) = await link.subscription.fetch(1, timeout=FETCH_SECONDS)
        except NatsTimeout:
            await link.jetstream.consumer_info(self._options.stream, link.consumer, timeout=ANSWER_SECONDS)
            self._patience.reached()
            return None
        delivery = found.metadata
        headers: dict[str, str] = found.headers or {}
        id = str(headers.get(_MESSAGE_ID) or "") or f"{delivery.sequence.stream} of {link.born}"
        return Message(id=id, body=found.data, token=found.reply, redelivered=delivery.num_delivered > 1)

    async def _connected(self) -> _Link:
        """Return the connection; a new one when there is none or it was lost."""
        async with self._connecting:
            if self._link is not None and self._link.client.is_closed:
                self._link = None
            if self._link is None:
                client = await self._connect()
                try:
                    self._link = await self._bind(client)
                except BaseException:
                    await client.close()
                    raise
                self._patience.reached()
            return self._link

    async def _connect(self) -> Any:
        options = self._options
        client: Any = Client()
        failures: list[Exception] = []

        async def note(error: Exception) -> None:
            failures.append(error)

        given: dict[str, Any] = {
            key: value
            for key, value in (
                ("user", options.user),
                ("password", options.password),
                ("token", options.token),
                ("user_credentials", self._credentials and str(self._credentials)),
            )
            if value
        }
        try:
            await client.connect(
                [each.strip() for each in options.url.split(",")],
                name=f"agentcore {self._name}",
                allow_reconnect=False,  # `receive` does: it has to find stream and consumer again, too
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=int(ANSWER_SECONDS),
                ping_interval=20,
                error_cb=note,
                **given,
            )
        except NatsError as error:
            raise (failures[-1] if failures else error) from error  # "no servers available" says nothing
        except asyncio.CancelledError:
            with suppress(*_FAULTS):
                await client.close()
            raise
        return client

    async def _bind(self, client: Any) -> _Link:
        """Find the stream, and find or make the consumer. Raises SourceUnavailable with what is amiss."""
        options, jetstream = self._options, client.jetstream(timeout=ANSWER_SECONDS)
        name = options.consumer or f"agentcore-{self._name}"
        try:
            stream = await jetstream.stream_info(options.stream)
        except NotFoundError:
            hint = f"make it, such as with: nats stream add {options.stream}"
            raise self._patience.refused(f"there is no stream `{options.stream}`", hint) from None
        if stream.config.retention not in {None, RetentionPolicy.LIMITS} and not options.rejected:
            problem = f"the stream `{options.stream}` deletes messages that are rejected"
            raise self._patience.refused(problem, "name a subject that keeps them: options: { rejected: SUBJECT }")
        try:
            found = await jetstream.consumer_info(options.stream, name)
        except NotFoundError:
            found = await jetstream.add_consumer(
                options.stream,
                ConsumerConfig(
                    durable_name=name,
                    name=name,
                    ack_policy=AckPolicy.EXPLICIT,
                    ack_wait=options.redeliver_seconds,
                    filter_subject=options.subject or None,
                ),
            )
        if found.config.deliver_subject or found.config.ack_policy != AckPolicy.EXPLICIT:
            problem = f"the consumer `{name}` is not one that is pulled from and acknowledges each message"
            raise self._patience.refused(problem, "name another one: options: { consumer: NAME }")
        subscription = await jetstream.pull_subscribe_bind(name, options.stream)
        return _Link(
            client=client, jetstream=jetstream, subscription=subscription, consumer=name, born=str(stream.created)
        )

    async def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            with suppress(*_FAULTS):
                await link.client.close()


def _header(text: str) -> str:
    """Return text as a header can hold it: one line of ASCII."""
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()[:_MAX_HEADER]

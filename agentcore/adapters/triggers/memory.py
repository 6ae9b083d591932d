"""MemorySource: messages that are gone with their process, for tests and for programs that make their own."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace

from agentcore.ports.message_source import Message


class MemorySource:
    """A MessageSource without a server.

    `publish` puts a message in, `redeliver` puts those in again of which nothing became.
    """

    def __init__(self) -> None:
        self.rejected: list[tuple[Message, str]] = []
        """Messages of which nothing could be made, with the reason."""
        self.acknowledged: list[str] = []
        """Ids of messages that have been taken care of."""
        self.extended: list[str] = []
        """Ids of messages that were said to be worked on still."""
        self._waiting: deque[Message] = deque()
        self._delivered: dict[str, Message] = {}
        self._arrived = asyncio.Condition()
        self._published = 0

    async def publish(self, body: bytes, *, id: str | None = None) -> None:
        """Put a message in; its id is by default its number."""
        self._published += 1
        token = str(self._published)
        async with self._arrived:
            self._waiting.append(Message(id=id or token, body=body, token=token))
            self._arrived.notify()

    async def redeliver(self) -> None:
        """Deliver again what was received, and neither acknowledged nor rejected."""
        async with self._arrived:
            again = [replace(message, redelivered=True) for message in self._delivered.values()]
            self._delivered.clear()
            self._waiting.extendleft(reversed(again))
            self._arrived.notify(len(again))

    async def receive(self) -> Message:
        """Wait for the next message."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self._waiting) > 0)
            message = self._waiting.popleft()
        self._delivered[message.token] = message
        return message

    async def acknowledge(self, message: Message) -> None:
        """Forget the message."""
        if self._delivered.pop(message.token, None) is not None:
            self.acknowledged.append(message.id)

    async def reject(self, message: Message, reason: str) -> None:
        """Keep the message with the reason."""
        if self._delivered.pop(message.token, None) is not None:
            self.rejected.append((message, reason))

    async def extend(self, message: Message) -> None:
        """Remember that it was asked for; nothing is redelivered by itself."""
        self.extended.append(message.id)

    async def aclose(self) -> None:
        """Deliver again what nothing became of."""
        await self.redeliver()

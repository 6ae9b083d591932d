"""The port to messages from outside that start runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message.

    id: the same at each delivery, and no other message's of its source.  body: what was sent.
    token: what the source knows the delivery by.  redelivered: it was delivered before.
    """

    id: str
    body: bytes
    token: str
    redelivered: bool = False


class MessageSource(Protocol):
    """A queue of messages, each of which is delivered until it is acknowledged or rejected: at least once.

    It connects at the first call. Methods raise SourceUnavailable when the server cannot be reached or refuses; once
    it was reached, `receive` waits until it is there again.
    """

    async def receive(self) -> Message:
        """Wait for the next message. It is delivered again, here or elsewhere, unless something becomes of it soon.

        May be cancelled: a message that was on its way is delivered again.
        """
        ...

    async def acknowledge(self, message: Message) -> None:
        """Say that the message has been taken care of: it is not delivered again."""
        ...

    async def reject(self, message: Message, reason: str) -> None:
        """Put aside, with the reason, a message of which nothing can be made: it is kept, but not delivered again."""
        ...

    async def extend(self, message: Message) -> None:
        """Say that the message is still being worked on, so that it is not delivered again yet."""
        ...

    async def aclose(self) -> None:
        """Disconnect. What was received and not taken care of is delivered again. May be called twice."""
        ...

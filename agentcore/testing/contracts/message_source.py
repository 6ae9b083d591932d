"""What every MessageSource must do. Inherit, and give a `queue` fixture: an object of this shape, over an empty queue
whose unsettled messages are delivered again after `redeliver_seconds`:

    class Queue(Protocol):
        redeliver_seconds: float

        async def publish(self, body: bytes, *, id: str = "") -> None: ...     # id: the sender's own, if any
        def source(self) -> MessageSource: ...                                 # one more process of the same trigger
        async def rejected(self) -> list[tuple[bytes, str]]: ...               # bodies and reasons
        async def pass_time(self) -> None: ...                                 # until messages are delivered again
"""  # noqa: D205, D415  an example explains more than a summary

# ruff: noqa: S101  pytest's way

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Protocol

from agentcore.ports.message_source import Message, MessageSource

SECONDS = 10.0
"""How long anything may take."""

MAX_CANCEL_SECONDS = 2.5
"""How long a cancelled `receive` may go on."""


class Queue(Protocol):
    """See above."""

    redeliver_seconds: float

    async def publish(self, body: bytes, *, id: str = "") -> None:
        """Send a message."""
        ...

    def source(self) -> MessageSource:
        """Return a new source of the same trigger, as another process would make it."""
        ...

    async def rejected(self) -> list[tuple[bytes, str]]:
        """Return the bodies of rejected messages, with what is recorded of the reason."""
        ...

    async def pass_time(self) -> None:
        """Wait until what was received and not settled is delivered again."""
        ...


class MessageSourceContract:
    """Tests of the MessageSource port."""

    async def test_messages_come_whole_and_in_order(self, queue: Queue) -> None:
        """Bodies are bytes, whatever they are."""
        bodies = [b'{"a": 1}', b"", b"\xff\x00", "é".encode() * 1000]
        for body in bodies:
            await queue.publish(body)
        async with aclosing(queue.source()) as source:
            received = [await _receive(source) for _ in bodies]
            assert [message.body for message in received] == bodies
            assert len({message.id for message in received}) == len(bodies)
            assert not any(message.redelivered for message in received)
            for message in received:
                await source.acknowledge(message)

    async def test_receiving_waits(self, queue: Queue) -> None:
        """For a message that comes later."""
        async with aclosing(queue.source()) as source:
            waiting = asyncio.ensure_future(_receive(source))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            await queue.publish(b"late")
            assert (await waiting).body == b"late"

    async def test_what_was_sent_before_anybody_asked_is_not_lost(self, queue: Queue) -> None:
        """Nor what comes while nobody is there."""
        await queue.publish(b"1")
        async with aclosing(queue.source()) as source:
            await source.acknowledge(await _receive(source))
        await queue.publish(b"2")
        async with aclosing(queue.source()) as source:
            assert (await _receive(source)).body == b"2"

    async def test_acknowledged_messages_do_not_come_again(self, queue: Queue) -> None:
        """Not to another process either."""
        await queue.publish(b"1")
        async with aclosing(queue.source()) as source:
            await source.acknowledge(await _receive(source))
        await queue.pass_time()
        await queue.publish(b"2")
        async with aclosing(queue.source()) as source:
            assert (await _receive(source)).body == b"2"

    async def test_a_message_that_nothing_became_of_comes_again_with_its_id(self, queue: Queue) -> None:
        """To whoever asks."""
        await queue.publish(b"1")
        async with aclosing(queue.source()) as lost:
            first = await _receive(lost)
            await queue.pass_time()
            async with aclosing(queue.source()) as source:
                again = await _receive(source)
                assert (again.id, again.body, again.redelivered) == (first.id, b"1", True)
                await source.acknowledge(again)

    async def test_it_comes_again_after_its_process_has_left(self, queue: Queue) -> None:
        """Closing acknowledges nothing."""
        await queue.publish(b"1")
        async with aclosing(queue.source()) as left:
            first = await _receive(left)
        await queue.pass_time()
        async with aclosing(queue.source()) as source:
            assert (await _receive(source)).id == first.id

    async def test_each_message_goes_to_one_process(self, queue: Queue) -> None:
        """Processes share the work."""
        for number in range(20):
            await queue.publish(str(number).encode())
        async with aclosing(queue.source()) as one, aclosing(queue.source()) as other:
            received: list[bytes] = []

            async def work(source: MessageSource) -> None:
                while len(received) < 20:
                    message = await source.receive()
                    received.append(message.body)
                    await source.acknowledge(message)

            workers = [asyncio.ensure_future(work(source)) for source in (one, other)]
            async with asyncio.timeout(SECONDS):
                while len(received) < 20:  # noqa: ASYNC110  either may be the last
                    await asyncio.sleep(0.01)
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            assert sorted(received, key=int) == [str(number).encode() for number in range(20)]

    async def test_a_rejected_message_is_kept_with_the_reason_and_does_not_come_again(self, queue: Queue) -> None:
        """The next one does."""
        await queue.publish(b"poison \xff")
        await queue.publish(b"good")
        async with aclosing(queue.source()) as source:
            await source.reject(await _receive(source), "not JSON:\r\nexpecting value, ü")
            assert (await _receive(source)).body == b"good"
            await queue.pass_time()
        ((body, reason),) = await queue.rejected()
        assert body == b"poison \xff"
        assert "expecting value" in reason

    async def test_one_that_is_still_worked_on_does_not_come_again_yet(self, queue: Queue) -> None:
        """As long as it is said often enough."""
        await queue.publish(b"1")
        async with aclosing(queue.source()) as source, aclosing(queue.source()) as other:
            message = await _receive(source)
            waiting = asyncio.ensure_future(other.receive())
            for _ in range(6):
                await asyncio.sleep(queue.redeliver_seconds / 4)
                await source.extend(message)
            assert not waiting.done()
            await source.acknowledge(message)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    async def test_an_id_of_the_sender_is_the_messages_id(self, queue: Queue) -> None:
        """So that what was sent twice can be told."""
        await queue.publish(b"1", id="order-17")
        async with aclosing(queue.source()) as source:
            assert (await _receive(source)).id == "order-17"

    async def test_a_cancelled_receive_loses_nothing(self, queue: Queue) -> None:
        """What was on its way comes again."""
        received = set[bytes]()
        async with aclosing(queue.source()) as source:
            for number in range(4):
                waiting = asyncio.ensure_future(source.receive())
                await asyncio.sleep(0.02 * number)
                await queue.publish(str(number).encode())
                waiting.cancel()
                (found,) = await asyncio.wait_for(asyncio.gather(waiting, return_exceptions=True), SECONDS)
                if isinstance(found, Message):  # it was there before
                    received.add(found.body)
                    await source.acknowledge(found)
            await queue.pass_time()
            while len(received) < 4:
                message = await _receive(source)
                received.add(message.body)
                await source.acknowledge(message)

    async def test_receiving_can_be_cancelled_at_any_moment(self, queue: Queue) -> None:
        """Also while it connects: nothing swallows it, and nothing stays open."""
        for turns in range(60):
            async with aclosing(queue.source()) as source:
                waiting = asyncio.ensure_future(source.receive())
                for _ in range(turns):
                    await asyncio.sleep(0)
                waiting.cancel()
                done, _ = await asyncio.wait([waiting], timeout=MAX_CANCEL_SECONDS)
                assert done, f"it goes on after {turns} turns"
                assert waiting.cancelled()

    async def test_it_can_be_closed_twice_and_unused(self, queue: Queue) -> None:
        """Closing again is harmless."""
        source = queue.source()
        await source.aclose()
        await source.aclose()


async def _receive(source: MessageSource) -> Message:
    async with asyncio.timeout(SECONDS):
        return await source.receive()

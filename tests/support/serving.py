"""A loopback model server in a thread of its own, for tests that call the command line from this one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from agentcore.testing.loopback import Answers, ChatServer


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """Serve until the block ends; yields the server's address."""
    ready, stop, found = threading.Event(), asyncio.Event(), {}

    async def serve():
        async with ChatServer(answers) as running:
            found.update(url=running.url, loop=asyncio.get_running_loop())
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    yield found["url"]
    found["loop"].call_soon_threadsafe(stop.set)
    thread.join()

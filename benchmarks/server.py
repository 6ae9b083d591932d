"""A chat-completions server that costs next to nothing, so that what is measured is the client.

`python -m benchmarks.server --core 1 --delay-ms 0` prints its port and serves until its standard input closes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from typing import cast

SUPERVISOR = "You are the supervisor of this benchmark."
CRITIC = "You are the critic of this benchmark."
PLAN = {
    "steps": [
        {"id": "count", "agent": "worker", "task": "Say how many routers Acme ordered.", "uses": []},
        {"id": "price", "agent": "worker", "task": "Say what a router costs.", "uses": []},
    ],
}
OPINION = {"checked": "the number and the price against the facts", "problems": [], "accepts": True}
SENTENCE = "Acme ordered twelve Falcon routers in October, at 1,250 dollars each, before any discount."


def body(text: str) -> bytes:
    """Return a whole answer of the chat-completions API."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_760_000_000,
            "model": "loopback",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 210, "completion_tokens": 24, "total_tokens": 234},
        }
    ).encode()


def response(text: str) -> bytes:
    """Return the HTTP response with that answer."""
    answer = body(text)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
    return head.encode() + answer


PLANNED = response(json.dumps(PLAN))
JUDGED = response(json.dumps(OPINION))
WORKED = response(SENTENCE)


class Connection(asyncio.Protocol):
    """One keep-alive connection. Knows just enough HTTP for the clients that are measured."""

    def __init__(self, delay_seconds: float) -> None:
        self.delay_seconds = delay_seconds
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self.buffer += data
        while True:
            head, separator, rest = self.buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.answer(rest[:length])

    def answer(self, request: bytes) -> None:
        """Send what the role in the prompt calls for, after the delay."""
        if SUPERVISOR.encode() in request:
            answer = PLANNED
        elif CRITIC.encode() in request:
            answer = JUDGED
        else:
            answer = WORKED
        if self.delay_seconds:
            asyncio.get_running_loop().call_later(self.delay_seconds, self.transport.write, answer)
        else:
            self.transport.write(answer)


async def serve(delay_seconds: float) -> None:
    """Serve on a free port until standard input closes."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(delay_seconds), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {arguments.core})
    asyncio.run(serve(arguments.delay_ms / 1000))


if __name__ == "__main__":
    main()

"""A way to PostgreSQL that can lose the answer to a commit, or everything."""

from __future__ import annotations

import asyncio
from typing import Self
from urllib.parse import urlsplit

READ = 1 << 16


class LossyProxy:
    """Passes bytes on between clients and a server; use it with `async with`.

    url: of the server, through here.  lose_commits: how many commits are executed without their answer reaching the
    client, whose connection is closed instead.  cut: close all connections, and refuse new ones until `mend`.
    """

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._connections: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._refusing = False
        self.lose_commits = 0
        self.lost = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = self._parts._replace(netloc=f"{self._parts.username}:pass%40word@127.0.0.1:{port}").geturl()
        self._server = server
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        self._refusing = True
        for writer in self._connections:
            writer.transport.abort()

    def mend(self) -> None:
        self._refusing = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        self._tasks.add(asyncio.current_task())
        try:
            to_reader, to_writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        except OSError:
            writer.transport.abort()
            return
        self._connections |= {writer, to_writer}
        losing = asyncio.Event()

        async def up() -> None:
            while data := await reader.read(READ):
                if b"COMMIT" in data and self.lose_commits:
                    self.lose_commits -= 1
                    losing.set()
                to_writer.write(data)

        async def down() -> None:
            while data := await to_reader.read(READ):
                if losing.is_set():
                    self.lost += 1
                    return
                writer.write(data)

        done = [asyncio.ensure_future(up()), asyncio.ensure_future(down())]
        await asyncio.wait(done, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.cancel()
        await asyncio.gather(*done, return_exceptions=True)
        writer.transport.abort()
        to_writer.transport.abort()

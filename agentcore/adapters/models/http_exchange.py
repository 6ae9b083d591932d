"""HttpExchange: POST after POST to one address, on aiohttp's connections, without its session.

For every request, aiohttp's session makes objects for the request, the response and their streams, and a task that
writes; that is two thirds of what a whole call costs. Here the head of a request is made once. Connections (their
pool, name resolution, TLS) and the parser of answers (chunks, compression, limits) are aiohttp's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import TimerNoop
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer. headers: names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpExchange:
    """Posts to one URL, always with the same headers. Redirects are answers like any other; there are no cookies."""

    def __init__(
        self,
        url: URL,
        headers: Mapping[str, str],
        connector: aiohttp.BaseConnector,
        *,
        timeout: aiohttp.ClientTimeout,
    ) -> None:
        """Take where to post and with what. timeout: only the part about connecting is used.

        Raises ValueError when a header has a line break.
        """
        self._connector = connector
        self._timeout = timeout
        self._timer = TimerNoop()
        # Never sent: it tells the connector where to connect, and brings the headers that aiohttp always sends.
        self._request = aiohttp.ClientRequest("POST", url, headers=headers, loop=asyncio.get_running_loop())
        lines = [f"POST {url.raw_path_qs} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self._request.headers.items() if name != "Content-Length"]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header must not have a line break")
        self._head = "\r\n".join([*lines, "Content-Length: "]).encode()

    async def post(self, body: bytes) -> Answer:
        """Return the whole answer to a body. Raises aiohttp.ClientError. Cancelling it closes the connection."""
        try:
            connection = await self._connector.connect(self._request, traces=[], timeout=self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {self._request.url}") from error
        try:
            answer = await self._exchange(connection.protocol, body)
        except aiohttp.ClientError:
            connection.close()
            raise
        except HttpProcessingError as error:
            connection.close()
            raise aiohttp.ClientPayloadError(f"the answer is not HTTP: {error.message}") from error
        except OSError as error:
            connection.close()
            raise aiohttp.ClientOSError(*error.args) from error
        except BaseException:
            connection.close()
            raise
        connection.release()
        return answer

    async def _exchange(self, protocol: ResponseHandler | None, body: bytes) -> Answer:
        transport = None if protocol is None else protocol.transport
        if protocol is None or transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("the connection was closed before it could be used")
        protocol.set_response_params(
            timer=self._timer, read_until_eof=True, auto_decompress=True, read_bufsize=_READ_BYTES
        )
        transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        while True:
            message, content = await protocol.read()
            if message.code >= 200:
                return Answer(message.code, message.headers, await content.read())

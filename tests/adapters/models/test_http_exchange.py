from __future__ import annotations

import asyncio
import gzip
from contextlib import asynccontextmanager

import aiohttp
import pytest
from yarl import URL

from agentcore.adapters.models.http_exchange import HttpExchange

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=5)


def whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class Server:
    """Sends given bytes for each request; remembers requests and counts connections."""

    def __init__(self, *answers: bytes, close: bool = False) -> None:
        self.answers = list(answers)
        self.close = close
        self.requests: list[bytes] = []
        self.connections = 0
        self.asked = asyncio.Event()
        self.closed = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                self.asked.set()
                if not self.answers:
                    await reader.read()  # never answers; ends when the client leaves
                    return
                writer.write(self.answers.pop(0))
                await writer.drain()
                if self.close:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            self.closed.set()


@asynccontextmanager
async def exchange(server: Server, headers: dict[str, str] | None = None):
    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with aiohttp.TCPConnector(limit=0) as connector:
        yield HttpExchange(URL(f"http://127.0.0.1:{port}/v1/x?a=b"), headers or {}, connector, timeout=TIMEOUT)
    listening.close()
    await listening.wait_closed()


async def test_requests_follow_each_other_on_one_connection():
    server = Server(whole(b"one", "X-Which: 1"), whole("zwei ä".encode(), status="429 Too Many"))
    async with exchange(server, {"Authorization": "Bearer k", "Content-Type": "application/json"}) as posting:
        first, second = await posting.post(b"{}"), await posting.post("ö".encode())
    assert (first.status, first.headers["x-which"], first.body) == (200, "1", b"one")
    assert (second.status, second.body.decode()) == (429, "zwei ä")
    assert server.connections == 1
    head, _, body = server.requests[1].partition(b"\r\n\r\n")
    assert body.decode() == "ö"
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/x?a=b HTTP/1.1"
    assert {"Authorization: Bearer k", "Content-Type: application/json", "Content-Length: 2"} <= set(lines)
    assert [line.split(":")[0] for line in lines[1:]].count("Host") == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwho\r\n2\r\nle\r\n0\r\n\r\n",
        whole(gzip.compress(b"whole"), "Content-Encoding: gzip"),
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + whole(b"whole"),
        b"HTTP/1.1 200 OK\r\n\r\nwhole",
    ],
    ids=["chunked", "compressed", "after early hints", "until the end"],
)
async def test_an_answer_is_read_in_every_form(answer):
    async with exchange(Server(answer, close=True)) as posting:
        assert (await posting.post(b"{}")).body == b"whole"


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"SSH-2.0-OpenSSH_9.6\r\n\r\n"],
    ids=["nothing", "half", "not HTTP"],
)
async def test_what_is_no_whole_answer_is_a_client_error_and_the_next_request_gets_a_new_connection(answer):
    server = Server(answer, whole(b"fine"), close=True)
    async with exchange(server) as posting:
        with pytest.raises(aiohttp.ClientError):
            await posting.post(b"{}")
        assert (await posting.post(b"{}")).body == b"fine"
    assert server.connections == 2


async def test_cancelling_closes_the_connection():
    server = Server()
    async with exchange(server) as posting:
        task = asyncio.create_task(posting.post(b"{}"))
        await server.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            await server.closed.wait()


async def test_a_server_that_is_not_there_is_a_client_error():
    listening = await asyncio.start_server(Server(), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    listening.close()
    await listening.wait_closed()
    async with aiohttp.TCPConnector() as connector:
        with pytest.raises(aiohttp.ClientConnectorError):
            await HttpExchange(URL(f"http://127.0.0.1:{port}/"), {}, connector, timeout=TIMEOUT).post(b"{}")


async def test_a_header_cannot_smuggle_another():
    async with aiohttp.TCPConnector() as connector:
        with pytest.raises(ValueError, match="line break"):
            HttpExchange(URL("http://127.0.0.1/"), {"X-A": "b\r\nX-C: d"}, connector, timeout=TIMEOUT)

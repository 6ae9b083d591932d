from __future__ import annotations

import aiohttp
import pytest

from agentcore.testing.loopback import ChatServer


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/chat/completions", 405),
        ("GET", "/models", 200),
        ("POST", "/models", 405),
        ("GET", "", 404),
        ("POST", "/embeddings", 404),
    ],
)
async def test_what_is_no_request_for_a_completion_is_answered_as_http_says(caplog, method, path, status):
    async with (
        ChatServer() as server,
        aiohttp.ClientSession() as session,
        session.request(method, server.url + path) as reply,
    ):
        body = await reply.json()
        assert reply.status == status
        assert server.received == []
    assert ("data" if status == 200 else "error") in body
    assert not caplog.records

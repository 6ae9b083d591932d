"""The doctor's look at servers and prices."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime

import pytest
from support.postgres import execute, new_database

from agentcore.adapters.models.openai import OpenAIOptions
from agentcore.app import installed_plugins
from agentcore.surfaces.cli.diagnose_project import project_findings
from agentcore.surfaces.cli.diagnose_server import server_finding
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.loopback import ChatServer

ANSWERS = {
    "401 Unauthorized": ("warn", "URL answers, but rejects the key, or that there is none (HTTP 401)"),
    "403 Forbidden": ("warn", "URL answers, but rejects the key, or that there is none (HTTP 403)"),
    "404 Not Found": ("ok", "URL answers (HTTP 404)"),
    "500 Oh": ("ok", "URL answers (HTTP 500)"),
    "no http": ("fail", "URL cannot be reached"),
}


async def look(url, environment=None):
    found = await server_finding("far", OpenAIOptions(model="m", base_url=url, api_key_env="K"), environment or {})
    return found.state, found.found.replace(url, "URL").partition(":")[0]


async def test_a_server_that_answers_is_well():
    async with ChatServer() as server:
        assert await look(server.url) == ("ok", "URL answers (HTTP 200)")


@pytest.mark.parametrize("status", ANSWERS)
async def test_only_http_is_an_answer_and_a_rejected_key_is_told(status):
    heard = []

    async def serve(reader, writer):
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        start = "" if status == "no http" else "HTTP/1.1 "
        writer.write(f"{start}{status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        found = await look(url, {"K": "secret"})
    assert b"GET /v1/models " in heard[0]
    assert b"Authorization: Bearer secret" in heard[0]
    assert found == ANSWERS[status]


async def prices(desk, now, price):
    path = desk / "agentcore.yaml"
    text = path.read_text(encoding="utf-8")
    old = 'price: { input_usd_per_million: "1", output_usd_per_million: "2", as_of: 2999-01-01 }'
    assert old in text
    path.write_text(text.replace(old, f"price: {price}"), encoding="utf-8")
    clock = FakeClock(start=datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp())
    found = [finding async for finding in project_findings(desk, installed_plugins(), {}, clock)]
    return [(finding.state, finding.found) for finding in found if finding.found.startswith("its price")]


@pytest.mark.parametrize(
    ("price", "told"),
    [
        ("{ input_usd_per_million: 1 }", ["its price has no `as_of`"]),
        ("{ input_usd_per_million: 1, as_of: 2026-01-01 }", []),
        ("{ input_usd_per_million: 1, as_of: 2025-12-31 }", ["its price is of 2025-12-31, 181 days ago"]),
        ("{ input_usd_per_million: 0 }", []),
    ],
)
async def test_a_price_without_a_day_or_an_old_one_is_doubted(desk, price, told):
    assert [found for _, found in await prices(desk, "2026-06-30", price)] == told


async def stores(desk, store):
    path = desk / "agentcore.yaml"
    path.write_text(f"store: {store}\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    clock = FakeClock(start=0.0)
    found = [finding async for finding in project_findings(desk, installed_plugins(), {}, clock)]
    return [(finding.state, finding.found, finding.mend) for finding in found if finding.what == "store"]


async def test_a_database_that_can_be_reached_is_left_as_it_is(desk):
    async with new_database() as url:
        assert await stores(desk, url) == [("ok", f"{url}, tables will be made by the first run", "")]
        assert await execute(url, "SELECT count(*) FROM pg_namespace WHERE nspname = 'agentcore'") == [(0,)]


async def test_a_database_that_cannot_be_reached_is_told_without_its_password(desk):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ((state, found, mend),) = await stores(desk, f"postgres://me:secret@127.0.0.1:{port}/runs")
    assert (state, "secret" in found) == ("fail", False)
    assert found.startswith(f"the journal postgres://me@127.0.0.1:{port}/runs cannot be used")
    assert mend.startswith("check that PostgreSQL runs")


async def test_a_database_whose_variable_is_not_set_is_told(desk, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    ((state, found, mend),) = await stores(desk, "${DATABASE_URL}")
    assert (state, found.partition(": ")[2]) == ("fail", "the environment variable DATABASE_URL is not set")
    assert mend.startswith("export")

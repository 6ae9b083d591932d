"""The PostgreSQL that tests use: a database of their own on a server that is there, or a server of their own."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from agentcore.testing.postgres_server import PostgresServer, postgres_binaries

SERVER = os.environ.get("AGENTCORE_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")
"""A superuser's URL. Tests make databases with unique names there, and drop them."""


def missing(reason: str) -> None:
    """Skip the test, or fail it where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


async def create_database() -> str:
    """Return the URL of a new database, to be dropped afterwards; skip the test when there is no server."""
    name = f"agentcore_test_{secrets.token_hex(6)}"
    try:
        await script(SERVER, f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    except (OSError, asyncpg.PostgresError) as error:
        missing(f"no PostgreSQL at {SERVER} (set AGENTCORE_TEST_POSTGRES to a superuser's URL): {error}")
    return urlsplit(SERVER)._replace(path=f"/{name}").geturl()


async def drop_database(url: str) -> None:
    """Drop what `create_database` has made, whoever is connected."""
    await script(SERVER, f"DROP DATABASE {urlsplit(url).path[1:]} WITH (FORCE)")


@asynccontextmanager
async def new_database() -> AsyncIterator[str]:
    """Yield the URL of a new database, dropped afterwards. It takes a fifth of a second."""
    url = await create_database()
    try:
        yield url
    finally:
        await drop_database(url)


@asynccontextmanager
async def new_server(**settings: str) -> AsyncIterator[PostgresServer]:
    """Yield a server that may be stopped; skip the test when PostgreSQL's programs are not installed."""
    binaries = postgres_binaries()
    if binaries is None:
        missing("initdb and postgres are not installed: install PostgreSQL's server")
        raise AssertionError("skipped")
    async with PostgresServer(binaries, settings=settings) as server:
        yield server


async def script(url: str, sql: str) -> None:
    """Execute statements on a connection of their own."""
    connection = await asyncpg.connect(url, timeout=5)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def execute(url: str, sql: str, *arguments: object) -> list[tuple[object, ...]]:
    """Execute a statement on a connection of its own; return its rows."""
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]
    finally:
        await connection.close()

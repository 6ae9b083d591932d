"""PostgresLink: one connection to PostgreSQL, made when it is needed and again after it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs]

from agentcore.adapters.journal.postgres_failure import is_foreign, passes, postgres_failure, sqlstate
from agentcore.adapters.journal.postgres_store import Connection, PostgresStore, quoted
from agentcore.domain.errors import JournalUnavailable
from agentcore.domain.store_url import StoreUrl

T = TypeVar("T")

FIRST_SECONDS: Final = 2.0
"""How long to try to reach a server that has never answered: long enough for a restart, too short for a hang."""

_ANSWER_SECONDS: Final = 30.0
"""After which a server that says nothing counts as lost."""

_PATIENCES: Final = 3
"""How often patience may begin anew as the server was back for a while: a statement may be what brings it down."""

_PAUSES: Final = (0.02, 0.5)
"""Seconds to wait before another try, at first and at most."""


class PostgresLink:
    """A PostgresStore that survives restarts of the server. Not for two tasks at once."""

    def __init__(
        self,
        url: StoreUrl,
        *,
        schema: str,
        patience_seconds: float,
        made: Callable[[PostgresStore], Awaitable[None]],
    ) -> None:
        """Take a URL. made: called with each new connection before it is used."""
        self._url = url
        self._schema = schema
        self._patience_seconds = patience_seconds
        self._made = made
        self._store: PostgresStore | None = None
        self._seen = False

    async def use(self, operation: Callable[[PostgresStore], Awaitable[T]]) -> T:
        """Return what the operation does; it is repeated, on new connections, while patience lasts.

        So it must look whether it was done before. Raises JournalError, and any other error of the operation as it is.
        """
        clock = asyncio.get_running_loop().time
        started = since = clock()
        pause, longest = _PAUSES
        while True:
            try:
                if self._store is None:
                    self._store = await self._connect(max(1.0, since + self._patience() - clock()))
                    since, pause = clock(), _PAUSES[0]
                return await operation(self._store)
            except BaseException as error:
                self._drop()
                if not isinstance(error, Exception) or not is_foreign(error):
                    raise
                self._seen = self._seen or bool(sqlstate(error))
                last = min(since + self._patience(), started + _PATIENCES * self._patience())
                if not passes(error) or clock() + pause > last:
                    raise postgres_failure(str(self._url), error) from error
            await asyncio.sleep(pause)
            pause = min(2 * pause, longest)

    async def close(self) -> None:
        """Close the connection."""
        store, self._store = self._store, None
        if store is not None:
            try:
                await store.close()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                store.terminate()  # all is written; the server notices

    async def _connect(self, seconds: float) -> PostgresStore:
        store = await connect(self._url, schema=self._schema, seconds=seconds)
        self._seen = True
        try:
            await store.prepare(str(self._url))
            await self._made(store)
        except BaseException:
            store.terminate()
            raise
        return store

    def _patience(self) -> float:
        return self._patience_seconds if self._seen else min(self._patience_seconds, FIRST_SECONDS)

    def _drop(self) -> None:
        if self._store is not None:
            self._store.terminate()
            self._store = None


async def connect(url: StoreUrl, *, schema: str, seconds: float) -> PostgresStore:
    """Return a new connection. Raises JournalUnavailable when the URL is wrong, and what asyncpg raises otherwise."""
    dial = cast("Callable[..., Awaitable[Connection]]", asyncpg.connect)  # pyright: ignore[reportUnknownMemberType]
    try:
        connection = await dial(
            url.secret,
            timeout=seconds,
            command_timeout=_ANSWER_SECONDS,
            server_settings={"search_path": quoted(schema), "application_name": "agentcore"},
        )
    except ValueError:  # asyncpg's message might show what it took for the port: a part of the password
        raise JournalUnavailable(
            f"the URL of the journal, {url}, is not one",
            hint="postgres://USER:PASSWORD@HOST:PORT/DATABASE; special characters in a password are %40 and so on",
        ) from None
    return PostgresStore(connection, schema)

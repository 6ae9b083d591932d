"""SqliteSpace: gives the free pages of a journal's SQLite file back to the file system."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from agentcore.adapters.journal.inbox import Ask
from agentcore.domain.errors import JournalUnavailable

_PAGES_AT_ONCE: Final = 64
"""How many pages one transaction moves and cuts off: about 15 ms, as each is looked for among all that are free."""

_PAUSE_SECONDS: Final = 0.01
"""How long others have the file to themselves between two such transactions."""

_SOON_WRITTEN: Final = 64 * 1024 * 1024
"""Bytes in use that are written anew within a second, which is faster than to move pages."""

_RESERVE: Final = 4
"""One page of so many may stay free: what is recorded next takes them, and the file need not shrink and grow again."""

_INCREMENTAL: Final = 2
_PATIENCE_MS: Final = 100


class SqliteSpace:
    """A Space upon a SqliteJournal's store. Files that this package has made since version 2 can shrink in parts."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def give_back(self, *, everything: bool) -> int:
        """Return how many bytes the file has become smaller.

        everything: a file that cannot shrink in parts, or in which not much is in use, is written anew. That keeps
        others from writing meanwhile and needs the space for what is in use once more.
        """
        before, page = await self._number("page_count"), await self._number("page_size")
        in_parts = await self._number("auto_vacuum") == _INCREMENTAL
        in_use = (before - await self._number("freelist_count")) * page
        if everything and not (in_parts and in_use > _SOON_WRITTEN):
            await self._ask(lambda store: store.rows("PRAGMA auto_vacuum = INCREMENTAL"))
            await self._ask(lambda store: store.rows("VACUUM"))
        elif in_parts:
            await self._shrink(spare=not everything)
        if everything:
            await self._cut_log()
        return max(0, before - await self._number("page_count")) * page

    async def scrub(self) -> str:
        """Write the file anew, without what was deleted; return what is left to be done, empty when nothing is.

        Others cannot write meanwhile.
        """
        with contextlib.suppress(JournalUnavailable):
            await self._ask(lambda store: store.rows("VACUUM"))
            busy, _, _ = (await self._ask(lambda store: store.rows("PRAGMA wal_checkpoint(TRUNCATE)")))[0]
            if not busy:
                return ""
        return (
            "it is deleted, but another process uses the store, and its log may still have the text: when that has "
            "ended, run `agentcore runs prune --older-than 9999w --compact`"
        )

    async def _shrink(self, *, spare: bool) -> None:
        """Cut free pages off, some at a time, so that others can write in between."""
        kept = await self._number("page_count") // _RESERVE if spare else 0
        free = await self._number("freelist_count")
        while free > kept:
            pages = min(_PAGES_AT_ONCE, free - kept)
            await self._ask(lambda store, pages=pages: store.cut_free_pages(pages))
            before, free = free, await self._number("freelist_count")
            if free >= before:  # another process is filling them
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _cut_log(self) -> None:
        """Write the log into the file and cut it, unless somebody reads or writes just now."""
        patience = await self._number("busy_timeout")
        await self._ask(lambda store: store.rows(f"PRAGMA busy_timeout = {_PATIENCE_MS}"))
        try:
            await self._ask(lambda store: store.rows("PRAGMA wal_checkpoint(TRUNCATE)"))
        finally:
            await self._ask(lambda store: store.rows(f"PRAGMA busy_timeout = {patience}"))

    async def _number(self, pragma: str) -> int:
        return (await self._ask(lambda store: store.rows(f"PRAGMA {pragma}")))[0][0]

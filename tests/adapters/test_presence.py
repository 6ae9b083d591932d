"""Who is alive: by real processes, killed without a word."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest

from agentcore.adapters.presence import FilePresence
from agentcore.testing.contracts.presence import PresenceContract


class TestFilePresence(PresenceContract):
    @pytest.fixture
    async def presence_of(self, tmp_path):
        made = []

        async def another():
            made.append(FilePresence(tmp_path / "store" / "journal.db"))
            return made[-1]

        yield another
        for presence in made:
            await presence.aclose()


PROCESS = """
import os, subprocess, sys, time
from pathlib import Path
from agentcore.adapters.presence import FilePresence

presence = FilePresence(Path(sys.argv[1]))
print(presence.owner, flush=True)
if "child" in sys.argv:
    child = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
if "fork" in sys.argv:
    fork = os.fork()
    if not fork:
        time.sleep(60)
        os._exit(0)
    print(fork, flush=True)
sys.stdin.read()
"""


class Other:
    """Another process."""

    def __init__(self, path, *options):
        self.process = subprocess.Popen(  # waits until it is killed
            [sys.executable, "-c", PROCESS, str(path), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.owner = self.process.stdout.readline().strip()

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
async def presence(path):
    presence = FilePresence(path)
    yield presence
    await presence.aclose()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
async def test_a_process_is_alive_until_it_dies_however_it_dies(presence, path, number):
    with Other(path) as other:
        assert other.owner
        assert await presence.alive(other.owner)
        other.kill(number)
        assert not await presence.alive(other.owner)
        assert not await presence.alive(other.owner)


async def test_one_that_stands_still_is_not_dead(presence, path):
    with Other(path) as other:
        other.process.send_signal(signal.SIGSTOP)
        assert await presence.alive(other.owner)
        other.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("kind", ["child", "fork"])
async def test_the_lock_is_not_left_to_what_it_has_started(presence, path, kind):
    with Other(path, kind) as other:
        child = int(other.process.stdout.readline())
        other.kill()
        try:
            assert not await presence.alive(other.owner)
        finally:
            os.kill(child, signal.SIGKILL)


async def test_the_dead_leave_no_files_once_somebody_has_looked(presence, path):
    with ExitStack() as stack:
        others = [stack.enter_context(Other(path)) for _ in range(2)]
        for other in others:
            other.kill()
        looks = (presence.alive(other.owner) for other in others * 3)
        assert not any(await asyncio.gather(*looks))
    assert list(path.parent.iterdir()) == []
    assert presence.owner
    assert len(list(path.parent.iterdir())) == 1
    await presence.aclose()
    assert list(path.parent.iterdir()) == []


async def test_looking_takes_no_name_and_leaves_no_file(path):
    assert not await FilePresence(path).alive("1-0123456789ab")
    assert list(path.parent.iterdir()) == []


async def test_what_cannot_be_looked_at_is_not_taken_for_dead(presence, path):
    owner = "1-0123456789ab"
    os.mkdir(path.with_name(f"{path.name}-{owner}.lock"))  # noqa: PTH102  # as little as another user's lock
    assert await presence.alive(owner)


async def test_names_of_other_stores_in_the_same_folder_are_kept_apart(path):
    first, second = FilePresence(path), FilePresence(path.with_name("other.db"))
    assert not await second.alive(first.owner)
    await first.aclose()
    await second.aclose()

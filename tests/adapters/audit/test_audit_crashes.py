"""A process that is killed at any moment leaves a chain that is right and has just the decisions that are recorded."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from agentcore.app.audit import verify_store
from agentcore.app.store import sqlite_store
from agentcore.audit.drafts import drafts
from agentcore.audit.entry import read_entry

TESTS = Path(__file__).resolve().parents[2]

WRITER = """
import asyncio, sys
from pathlib import Path
from support.marked import office, run_of
from agentcore.app.store import sqlite_store

async def main():
    store = sqlite_store(Path(sys.argv[1]))
    async with office(store, "text") as running:
        for turn in range(10_000):
            await asyncio.gather(*(run_of(running, f"user{n}", "text", id=f"{turn}.{n}") for n in range(5)))

asyncio.run(main())
"""


def entries_in(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT count(*) FROM audit").fetchone()[0]
    except sqlite3.OperationalError:  # not made yet
        return 0


def killed_after(path: Path, enough: int) -> None:
    """Let a process write until there are so many entries, and kill it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    process = subprocess.Popen([sys.executable, "-c", WRITER, path], env=environment)
    try:
        while entries_in(path) < enough:
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("enough", [1, 150, 400])
async def test_a_killed_process_leaves_a_right_chain(tmp_path, enough):
    path = tmp_path / "journal.sqlite"
    killed_after(path, enough)
    store = sqlite_store(path)
    try:
        (found,) = await verify_store(store.audit)
        assert (found.fault, found.size >= enough) == (None, True)
        recorded = {
            (event.run, event.sequence, draft.facts["kind"], draft.facts.get("resource"))
            for summary in await store.journal.list(limit=100_000)
            for event in await store.journal.read(summary.run)
            for draft in drafts(event)
        }
        chained = [read_entry(link.entry) async for link in store.audit.links("acme")]
        assert {(entry.run, entry.event, entry.kind, entry.resource or None) for entry in chained} == recorded
    finally:
        await store.aclose()

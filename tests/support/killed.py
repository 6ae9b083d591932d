"""Processes that write a journal until they are killed."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping

CHILD = """
    import asyncio, sys
    from pathlib import Path
    from agentcore.adapters.journal.postgres import PostgresJournal
    from agentcore.adapters.journal.sqlite import SqliteJournal
    from agentcore.testing.contracts.journal import begin, go_on

    async def drive(journal, run):
        await journal.append([begin(run)], durable=True)
        for sequence in range(2, 1_000_000):
            durable = sequence % 3 == 0
            await journal.append([go_on(run, sequence, "x" * 500)], durable=durable)
            if durable:
                print(run, sequence, flush=True)

    async def main():
        place = sys.argv[1]
        journal = PostgresJournal(place) if "://" in place else SqliteJournal(Path(place))
        await asyncio.gather(*(drive(journal, f"{sys.argv[2]}{number}") for number in range(8)))

    asyncio.run(main())
"""


def write_until_killed(place: str, lines: int) -> Mapping[str, int]:
    """Have two processes write a journal, kill both, and return the last durable event of each run that they told of.

    place: a URL of PostgreSQL or a path of SQLite.  lines: how many durable events each is given time for.
    """
    children = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(CHILD), place, name], stdout=subprocess.PIPE, text=True
        )
        for name in ("left", "right")
    ]
    told = [line for child in children for line in itertools.islice(child.stdout, lines)]
    for child in children:
        child.send_signal(signal.SIGKILL)
    for child in children:
        rest, _ = child.communicate()
        told += [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    acknowledged = {}
    for line in told:
        run, sequence = line.split()
        acknowledged[run] = int(sequence)
    return acknowledged

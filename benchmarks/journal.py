"""What recording costs: durable appends a second, and CPU per event, with so many runs that wait for them at once.

Each run appends events of about 1.9 KB one after the other, and goes on when each is on disk. Runs wait for nothing
else, so a group is about as large as there are runs. CPU is this process's; PostgreSQL's own is not in it. Medians of
rounds that alternate. `probe` is a plain write and fsync of one event, for comparison: what the disk can do.

`python -m benchmarks.journal --store sqlite --store postgres --rounds 3 --json`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.domain.event import Event, PlanRejected
from agentcore.domain.ids import RunId
from agentcore.ports.journal import Journal
from agentcore.testing.contracts.journal import begin

WAITING = (1, 50, 200)
"""Runs at once."""

EVENTS = {1: 500, 50: 20_000, 200: 40_000}
"""Events of a round, by the number of runs."""

SERVER = os.environ.get("AGENTCORE_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A store's medians with so many runs waiting. probes_per_second: the disk's own, taken beside each round."""

    store: str
    waiting: int
    events_per_second: float
    cpu_us_per_event: float
    probes_per_second: float


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Journal]:
    """Yield a journal in a new file."""
    journal = SqliteJournal(folder / f"{secrets.token_hex(4)}.sqlite")
    try:
        yield journal
    finally:
        await journal.aclose()


@asynccontextmanager
async def postgres(_: Path) -> AsyncIterator[Journal]:
    """Yield a journal in a new schema of the server, which is dropped."""
    import asyncpg

    from agentcore.adapters.journal.postgres import PostgresJournal

    schema = f"benchmark_{secrets.token_hex(4)}"
    journal = PostgresJournal(SERVER, schema=schema)
    try:
        yield journal
    finally:
        await journal.aclose()
        connection = await asyncpg.connect(SERVER)
        await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        await connection.close()


STORES = {"sqlite": sqlite, "postgres": postgres}


def texts(count: int = 64, size: int = 1800) -> list[str]:
    """Return texts of about the size that models write, and that compress as badly."""
    chance = random.Random(7)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(3000)]
    return [" ".join(chance.choices(words, k=size // 5))[:size] for _ in range(count)]


async def round_of(journal: Journal, waiting: int, proposals: Sequence[str]) -> tuple[float, float]:
    """Return seconds and seconds of CPU per event."""
    each = EVENTS[waiting] // waiting
    runs = [RunId(f"{number:04}-{secrets.token_hex(8)}") for number in range(waiting)]
    await asyncio.gather(*(journal.append([begin(run)], durable=True) for run in runs))

    async def drive(number: int, run: RunId) -> None:
        for sequence in range(2, each + 2):
            proposal = proposals[(number + sequence) % len(proposals)]
            fact = PlanRejected(problems=("one thing", "another"), proposal=proposal)
            await journal.append([Event(run=run, sequence=sequence, at=time.time(), fact=fact)], durable=True)

    cpu, start = time.process_time(), time.perf_counter()
    await asyncio.gather(*(drive(number, run) for number, run in enumerate(runs)))
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return seconds / (each * waiting), cpu / (each * waiting)


def probe(folder: Path, seconds: float = 0.2) -> float:
    """Return how often a second one event's bytes can be written and flushed."""
    done, start = 0, time.perf_counter()
    with (folder / "probe").open("wb", buffering=0) as file:
        while time.perf_counter() - start < seconds:
            file.write(b"x" * 1900)
            os.fdatasync(file.fileno())
            done += 1
    return done / (time.perf_counter() - start)


async def measure(stores: Sequence[str], waiting: Sequence[int], rounds: int, folder: Path) -> list[Row]:
    """Measure the stores in turns."""
    proposals = texts()
    found: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for count in waiting:
        for _ in range(rounds):
            for store in stores:
                async with STORES[store](folder) as journal:
                    seconds, cpu = await round_of(journal, count, proposals)
                found.setdefault((store, count), []).append((1 / seconds, cpu * 1e6, probe(folder)))
    return [
        Row(
            store=store,
            waiting=count,
            events_per_second=median(each[0] for each in measured),
            cpu_us_per_event=median(each[1] for each in measured),
            probes_per_second=median(each[2] for each in measured),
        )
        for (store, count), measured in found.items()
    ]


def show(rows: Sequence[Row]) -> None:
    """Print a table for people."""
    print(f"{'store':10}{'waiting':>8}{'events/s':>11}{'CPU µs/event':>14}{'probe/s':>10}")
    for row in rows:
        print(f"{row.store:10}{row.waiting:8}{row.events_per_second:11,.0f}{row.cpu_us_per_event:14.1f}", end="")
        print(f"{row.probes_per_second:10,.0f}")


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", action="append", choices=list(STORES), help="may be repeated; sqlite by default")
    parser.add_argument("--waiting", type=int, nargs="+", default=list(WAITING), choices=WAITING, help="runs at once")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # In this folder, as the system's temporary one may be in memory.
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as folder:
        rows = asyncio.run(measure(arguments.store or ["sqlite"], arguments.waiting, arguments.rounds, Path(folder)))
    if arguments.json:
        print(json.dumps([asdict(each) for each in rows], indent=2))
    else:
        show(rows)


if __name__ == "__main__":
    main()

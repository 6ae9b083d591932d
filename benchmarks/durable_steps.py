"""Recorded steps a second: our journal beside DBOS' own steps on the same server, in turns; whole runs, too.

A run is plan, four parallel steps, check, final; a step waits until its outcome is on disk, and does nothing else.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from statistics import median
from typing import Any

from agentcore import Runtime, Task
from agentcore.adapters.journal.postgres import PostgresJournal
from agentcore.adapters.journal.sqlite import SqliteJournal
from agentcore.domain.event import AttemptFinished, Event
from agentcore.domain.ids import RunId, StepId
from agentcore.domain.label import Label
from agentcore.ports.journal import Journal
from agentcore.testing.contracts.journal import begin
from benchmarks.chaos_desk import goal, project

SIZE = 200
"""Characters of an outcome."""

RUNS = {1: 40, 50: 2000, 200: 6000}
"""Runs at once → how many of ours a round has; DBOS does fewer."""

THEIRS = {1: 15, 50: 50, 200: 200}


async def ours(journal: Journal, at_once: int, runs: int) -> tuple[float, float]:
    """Return steps a second, and seconds of CPU per 1,000 steps."""
    limit = asyncio.Semaphore(at_once)

    async def one(run: RunId) -> None:
        sequence = 1

        async def step(name: str) -> None:
            nonlocal sequence
            sequence += 1
            fact = AttemptFinished(step=StepId(name), attempt=1, output=name * SIZE, label=Label())
            event = Event(run=run, sequence=sequence, at=time.time(), fact=fact)
            await journal.append([event], durable=True)

        async with limit:
            await journal.append([begin(run)], durable=False)
            await step("p")
            await asyncio.gather(*(step(name) for name in "abcd"))
            await step("v")
            await step("f")

    ids = [RunId(f"{number:06}{secrets.token_hex(6)}") for number in range(runs)]
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(one, ids))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return 7 * runs / seconds, cpu * 1000 / (7 * runs)


async def theirs(url: str, at_once: int) -> tuple[float, float]:
    """Return the same of DBOS' own steps."""
    arguments = ["-m", "benchmarks.durable_dbos", url, str(at_once), str(THEIRS[at_once]), str(SIZE)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE)
    output, _ = await process.communicate()
    speed, cpu = json.loads(output.splitlines()[-1])
    return speed, cpu


async def compare_steps(url: str, folder: Path, rounds: int) -> list[dict[str, Any]]:
    """Return a row for each store and number of runs at once."""
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for at_once, runs in RUNS.items():
        for _ in range(rounds):
            sqlite = SqliteJournal(folder / f"{secrets.token_hex(4)}.sqlite")
            postgres = PostgresJournal(url, schema=f"steps_{secrets.token_hex(4)}")
            try:
                found.setdefault(("sqlite", at_once), []).append(await ours(sqlite, at_once, runs))
                found.setdefault(("postgres", at_once), []).append(await ours(postgres, at_once, runs))
            finally:
                await sqlite.aclose()
                await postgres.aclose()
            found.setdefault(("dbos", at_once), []).append(await theirs(url, at_once))
    return [
        {
            "store": store,
            "runs_at_once": at_once,
            "steps_per_second": round(median(speed for speed, _ in measured)),
            "cpu_seconds_per_1000_steps": round(median(cpu for _, cpu in measured), 3),
        }
        for (store, at_once), measured in found.items()
    ]


async def whole_runs(store: str, *, runs: int = 600, at_once: int = 200) -> float:
    """Return whole runs a second, through the engine, in one process, driven where they are started."""
    limit = asyncio.Semaphore(at_once)
    async with Runtime(project(store, sink=0, seconds=0.0), resume=False) as runtime:

        async def one(number: int) -> None:
            async with limit:
                run = await runtime.run(Task(goal=goal(number)))
                assert run.status == "succeeded", run.reason

        await one(0)
        began = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(runs)))
        return round(runs / (time.perf_counter() - began), 1)

"""How fast and how cheap durable runs are, beside DBOS' own steps in the same run, against what they have to be.

`python -m benchmarks.durable --json`: on a PostgreSQL of its own, or the empty database that --store names.

Parts (--part, all by default): `steps` recorded by the journal and by DBOS; whole `runs` through the engine;
`approvals`, from a decision to its run going on in another process; `parked` runs, what they cost; `fairness` between
tenants.
Figures of rates depend on the machine and on what else it does; trust ratios and CPU. Exit code 1 when a target is
missed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from agentcore import Runtime, Task
from agentcore.domain.ids import RunId
from agentcore.testing.postgres_server import PostgresServer, postgres_binaries
from benchmarks.chaos_desk import goal, project
from benchmarks.chaos_worker import QUEUE
from benchmarks.durable_steps import compare_steps, whole_runs
from benchmarks.durable_waits import approvals, ended, parked

PARTS = ("steps", "runs", "approvals", "parked", "fairness")


async def fairness(store: str, folder: Path) -> dict[str, Any]:
    """Return how long a lone run takes by itself, and behind another tenant's 200, with a queue's default limits."""
    log = folder / "fair.log"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.chaos_worker", store, "0", str(log), "16", "0.1", "--tenant", "8",
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with Runtime(project(store, sink=0, seconds=0.1), resume=False, queue=QUEUE) as runtime:

            async def lone() -> float:
                began = time.perf_counter()
                await runtime.wait(await runtime.enqueue(Task(goal=goal(1), tenant="lone")))
                return time.perf_counter() - began

            await lone()  # the worker has begun
            alone = await lone()
            busy: list[RunId] = await asyncio.gather(
                *(runtime.enqueue(Task(goal=goal(number), tenant="busy")) for number in range(200))
            )
            behind = await lone()
            left = [run for run in busy if (await runtime.journal.read(run))[-1].fact.kind != "run_finished"]
            for run in busy:
                await runtime.wait(run)
    finally:
        await ended(process)
    return {
        "alone_seconds": round(alone, 2),
        "behind_200_seconds": round(behind, 2),
        "delay_in_own_times": round((behind - alone) / alone, 2),
        "others_left_then": len(left),
    }


async def measure(given: argparse.Namespace, folder: Path, databases: list[str]) -> dict[str, Any]:
    """Return the report."""
    report: dict[str, Any] = {}
    parts = given.part or PARTS
    first = databases[0]
    if "steps" in parts:
        report["steps"] = await compare_steps(first, folder, given.rounds)
    if "runs" in parts:
        report["runs_per_second"] = {
            "sqlite": await whole_runs(str(folder / "runs.sqlite")),
            "postgres": await whole_runs(first),
        }
    if "approvals" in parts:
        report["approval_to_running_seconds"] = {
            "sqlite": await approvals(str(folder / "approvals.sqlite"), folder),
            "postgres": await approvals(databases[1], folder),
        }
    if "fairness" in parts:
        report["fairness"] = await fairness(databases[2], folder)
    if "parked" in parts:
        report["parked"] = {
            "sqlite": await parked(str(folder / "parked.sqlite"), folder, count=given.parked),
            "postgres": await parked(databases[3], folder, count=given.parked),
        }
    report["missed"] = missed(report)
    return report


def missed(report: dict[str, Any]) -> list[str]:
    """Return the targets that are missed."""
    wrong: list[str] = []

    def check(what: str, value: float, bound: float, *, least: bool = False) -> None:
        if value < bound if least else value > bound:
            wrong.append(f"{what}: {value:g}, {'at least' if least else 'at most'} {bound:g}")

    if "steps" in report:
        speed = {(row["store"], row["runs_at_once"]): row["steps_per_second"] for row in report["steps"]}
        check("steps/s on SQLite", max(speed["sqlite", 50], speed["sqlite", 200]), 15_000, least=True)
        check("steps/s on PostgreSQL", speed["postgres", 200], 2_500, least=True)
        ratio = report["times_dbos"] = round(speed["postgres", 200] / speed["dbos", 200], 1)
        check("times DBOS' own steps", ratio, 10, least=True)
    if "approval_to_running_seconds" in report:
        check("approval to running on SQLite, p95", report["approval_to_running_seconds"]["sqlite"]["p95"], 0.1)
        check("approval to running on PostgreSQL, p95", report["approval_to_running_seconds"]["postgres"]["p95"], 0.5)
    if "fairness" in report:
        check("delay of a lone run, in its own times", report["fairness"]["delay_in_own_times"], 2)
    for store, found in report.get("parked", {}).items():
        # Two processes that do the same differ by as much.
        grown = found["memory_mib_with_all"] - found["memory_mib_with_one"]
        check(f"MiB of memory that parked runs take on {store}", grown, 3)
    return wrong


@contextlib.asynccontextmanager
async def _databases(given: argparse.Namespace) -> AsyncIterator[list[str]]:
    """Yield URLs of empty databases, or the one given several times."""
    if given.store:
        yield [given.store] * 4
        return
    binaries = postgres_binaries()
    if binaries is None:
        sys.exit("initdb and postgres are not installed: install PostgreSQL's server, or name one with --store")
    async with PostgresServer(binaries, settings={"max_connections": "200"}) as server:
        import asyncpg

        urls = [server.url]
        connection = await asyncpg.connect(server.url)
        for name in ("approvals", "fairness", "parked"):
            await connection.execute(f"CREATE DATABASE {name}")
            urls.append(server.url.rpartition("/")[0] + f"/{name}")
        await connection.close()
        yield urls


async def run(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    async with _databases(given) as databases:
        return await measure(given, folder, databases)


def show(report: dict[str, Any]) -> None:
    """Print for people."""
    for row in report.pop("steps", []):
        print(
            f"{row['store']:10}{row['runs_at_once']:5} runs at once{row['steps_per_second']:10,} steps/s"
            f"{row['cpu_seconds_per_1000_steps']:8.3f} CPU-s per 1,000"
        )
    for name, value in report.items():
        print(f"{name:28} {value}")


def main() -> None:
    """Read the command line, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, help="may be repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parked", type=int, default=100_000, help="how many runs wait")
    parser.add_argument("--store", help="URL of an empty database")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    # In this folder, as the system's temporary one may be in memory.
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".benchmark-") as folder:
        report = asyncio.run(run(given, Path(folder)))
    broken = report["missed"]
    if given.json:
        print(json.dumps(report, indent=2))
    else:
        show(report)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()

"""One measured client in a process of its own.

`python -m benchmarks.client aiohttp --url http://127.0.0.1:8000/v1 --core 0` reads one JSON object a line, such as
`{"runs": 100, "concurrency": 50}`, does those runs, and answers with one line: a Measure as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import os
import resource
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.workload import Arm, RunOnce

ARMS = {
    "aiohttp": "benchmarks.arm_aiohttp:arm",
    "agentcore, memory": "benchmarks.arm_agentcore:in_memory",
    "agentcore, SQLite": "benchmarks.arm_agentcore:on_disk",
    "semantic-kernel": "benchmarks.arm_semantic_kernel:arm",
}
STATM = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What some runs cost.

    cpu_seconds: of all threads of the process.  rss_kib: the highest seen, less what was resident before.
    failures: error → how many runs ended with it.
    """

    runs: int
    failed: int
    cpu_seconds: float
    wall_seconds: float
    rss_kib: int
    failures: dict[str, int]


def load(name: str) -> Arm:
    """Return the arm of that name; imports it only now, so that no client pays for another's imports."""
    module, _, attribute = ARMS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def resident_kib() -> int:
    """Return the resident memory; where the system does not say, its highest value so far."""
    if STATM.exists():
        return int(STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize() // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def describe(error: BaseException) -> str:
    """Return the first cause in words."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


async def measure(run_once: RunOnce, *, runs: int, concurrency: int) -> Measure:
    """Do the runs, `concurrency` at once."""
    failures: Counter[str] = Counter()
    left = iter(range(runs))

    async def drive() -> None:
        for _ in left:
            try:
                await run_once()
            except Exception as error:  # noqa: BLE001 - a failed run is a result
                failures[describe(error)] += 1

    gc.collect()
    before = highest = resident_kib()
    wall, cpu = time.perf_counter(), time.process_time()
    tasks = [asyncio.create_task(drive()) for _ in range(concurrency)]
    while (await asyncio.wait(tasks, timeout=0.02))[1]:
        highest = max(highest, resident_kib())
    return Measure(
        runs=runs,
        failed=failures.total(),
        cpu_seconds=time.process_time() - cpu,
        wall_seconds=time.perf_counter() - wall,
        rss_kib=highest - before,
        failures=dict(failures.most_common(3)),
    )


async def serve(arm: Arm, url: str) -> None:
    """Answer requests from standard input until it closes."""
    async with arm(url) as run_once:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(asdict(await measure(run_once, **json.loads(line)))), flush=True)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arm", choices=sorted(ARMS))
    parser.add_argument("--url", required=True)
    parser.add_argument("--core", type=int, default=0)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {arguments.core})
    asyncio.run(serve(load(arguments.arm), arguments.url))


if __name__ == "__main__":
    main()

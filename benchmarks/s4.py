"""What a model call costs beside raw aiohttp: CPU time, memory, and how it holds up with many runs at once.

The workload: one supervisor call, two worker calls at once, one call that makes the answer, one verifier call, against
a server on this machine that answers at once. Client and server have a process and a core each. Rounds of all clients
alternate, and the medians are compared, because absolute figures move with whatever else the machine does.

`python -m benchmarks.s4 --runs 400 --rounds 7 --json`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.client import ARMS, Measure
from benchmarks.workload import CALLS

MANY = 500
"""Runs at once, to see whether a client holds up."""

SLOW_MS = 1000
"""The delay of the server while memory is measured: long enough for all runs to be under way together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A client's figures.

    ratio: CPU per call over that of the yardstick, both medians.  many_ratio: CPU per call with MANY runs at once over
    the client's own with fewer.  failed: of all runs, how many did not end as they should.
    kib_per_run: resident memory that one of MANY concurrent runs adds, in a fresh process.
    """

    arm: str
    cpu_ms_per_call: float
    ratio: float
    runs_per_cpu_second: float
    runs_per_second: float
    many_ratio: float
    failed: int
    kib_per_run: float
    failures: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """MANY runs at once. ratio: CPU per call over that of fewer runs at once."""

    many: list[Measure]
    ratio: float


class Client:
    """A client in its own process."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def measure(self, runs: int, concurrency: int) -> Measure:
        """Have it do some runs. Raises EOFError when it has died; it has said why on standard error."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"runs": runs, "concurrency": concurrency}).encode() + b"\n")
        line = await self.process.stdout.readline()
        if not line:
            raise EOFError("a client has died")
        return Measure(**json.loads(line))


@asynccontextmanager
async def python(*arguments: str) -> AsyncIterator[Process]:
    """Run a module of this folder; closing its standard input ends it."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, stdin=PIPE, stdout=PIPE)
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def server(*, core: int, delay_ms: int) -> AsyncIterator[str]:
    """Run the server; yields its base URL."""
    async with python("benchmarks.server", "--core", str(core), "--delay-ms", str(delay_ms)) as process:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}/v1"


@asynccontextmanager
async def client(arm: str, url: str, core: int) -> AsyncIterator[Client]:
    """Run a client, warmed up."""
    async with python("benchmarks.client", arm, "--url", url, "--core", str(core)) as process:
        started = Client(process)
        await started.measure(runs=20, concurrency=5)
        yield started


def cpu_per_call(measures: Sequence[Measure]) -> float:
    """Return the median of seconds per model call."""
    return median(measure.cpu_seconds / (measure.runs * CALLS) for measure in measures)


async def compare(arms: Sequence[str], *, runs: int, rounds: int, concurrency: int) -> list[Row]:
    """Measure the arms, the first of which is the yardstick."""
    client_core, server_core = cores()
    few: dict[str, list[Measure]] = {arm: [] for arm in arms}
    crowds: dict[str, Crowd] = {}
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(server(core=server_core, delay_ms=0))
        clients = {arm: await stack.enter_async_context(client(arm, url, client_core)) for arm in arms}
        for _ in range(rounds):
            for arm, running in clients.items():
                few[arm].append(await running.measure(runs, concurrency))
        for arm, running in clients.items():
            crowds[arm] = await crowd(running, runs=runs, rounds=rounds, concurrency=concurrency)
    memory = {arm: await memory_per_run(arm, client_core, server_core) for arm in arms}
    yardstick = cpu_per_call(few[arms[0]])
    return [row(arm, few[arm], crowds[arm], memory[arm], yardstick) for arm in arms]


async def crowd(running: Client, *, runs: int, rounds: int, concurrency: int) -> Crowd:
    """Measure MANY runs at once beside fewer, in turns; the first turn only opens the connections."""
    many = [await running.measure(MANY, MANY)]
    few: list[Measure] = []
    for _ in range(max(2, rounds // 2)):
        few.append(await running.measure(runs, concurrency))
        many.append(await running.measure(MANY, MANY))
    return Crowd(many=many, ratio=cpu_per_call(many[1:]) / cpu_per_call(few))


async def memory_per_run(arm: str, client_core: int, server_core: int) -> float:
    """Return the KiB that one of MANY concurrent runs adds, in a fresh process."""
    async with server(core=server_core, delay_ms=SLOW_MS) as url, client(arm, url, client_core) as running:
        return (await running.measure(MANY, MANY)).rss_kib / MANY


def row(arm: str, few: Sequence[Measure], many: Crowd, kib_per_run: float, yardstick: float) -> Row:
    """Summarise an arm."""
    each = cpu_per_call(few)
    failures: Counter[str] = Counter()
    for measure in [*few, *many.many]:
        failures.update(measure.failures)
    return Row(
        arm=arm,
        cpu_ms_per_call=each * 1000,
        ratio=each / yardstick,
        runs_per_cpu_second=1 / (each * CALLS),
        runs_per_second=median(measure.runs / measure.wall_seconds for measure in few),
        many_ratio=many.ratio,
        failed=sum(measure.failed for measure in [*few, *many.many]),
        kib_per_run=kib_per_run,
        failures=dict(failures),
    )


def cores() -> tuple[int, int]:
    """Return a core for the client and another for the server, or the only one twice."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    return usable[0], usable[-1]


def show(rows: Sequence[Row], concurrency: int) -> None:
    """Print a table for people."""
    print(f"{concurrency} runs at once, {CALLS} model calls a run, a server that answers at once")
    print(f"{'':24}{'x ' + rows[0].arm:>12}{'ms/call':>9}{'runs/CPU s':>12}{'runs/s':>8}{f'x at {MANY}':>10}", end="")
    print(f"{'failed':>8}{'KiB/run':>9}")
    for each in rows:
        print(f"{each.arm:24}{each.ratio:12.2f}{each.cpu_ms_per_call:9.3f}{each.runs_per_cpu_second:12.0f}", end="")
        print(f"{each.runs_per_second:8.0f}{each.many_ratio:10.2f}{each.failed:8}{each.kib_per_run:9.0f}")
        for error, count in each.failures.items():
            print(f"    {count} x {error}")


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300, help="runs of each client in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=50, help="runs at once")
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS), help="the first is the yardstick")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = asyncio.run(
        compare(arguments.arms, runs=arguments.runs, rounds=arguments.rounds, concurrency=arguments.concurrency)
    )
    if arguments.json:
        print(json.dumps([asdict(each) for each in rows], indent=2))
    else:
        show(rows, arguments.concurrency)


if __name__ == "__main__":
    main()

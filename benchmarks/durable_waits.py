"""Runs that wait for people: what a hundred thousand of them cost, and how soon one goes on once somebody has decided.

`python -m benchmarks.durable_waits STORE`: opens a runtime, and prints its memory, in MiB, when it has settled.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

from agentcore import Runtime, Task
from agentcore.adapters.journal.codec import SCHEMA, EventCodec
from agentcore.app.store import open_store
from agentcore.domain.event import Event, RunResumed
from agentcore.domain.ids import RunId
from benchmarks.chaos_desk import goal, project
from benchmarks.chaos_judge import percentile
from benchmarks.chaos_worker import QUEUE

SETTLE_SECONDS = 8.0


def resident_mib() -> float:
    """Return this process' memory."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def worker(store: str, folder: Path) -> Process:
    """Start a worker process."""
    log = folder / f"worker-{secrets.token_hex(3)}.log"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.chaos_worker", store, "0", str(log), "64", "0.001", "--ask",
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    while not log.exists():  # noqa: ASYNC110  # of a file that appears, no event tells
        await asyncio.sleep(0.05)
    return process


async def ended(process: Process) -> None:
    """Kill it."""
    process.kill()
    await process.wait()


async def approvals(store: str, folder: Path, *, count: int = 100) -> dict[str, float]:
    """Return how long after a decision, made in this process, its run goes on in another one."""
    process = await worker(store, folder)
    seconds: list[float] = []
    try:
        async with Runtime(project(store, sink=0, seconds=0.001, ask=True), resume=False, queue=QUEUE) as runtime:
            runs = [await runtime.enqueue(Task(goal=goal(number))) for number in range(count)]
            for run in runs:
                assert (await runtime.wait(run)).status == "waiting"
            for run in runs:
                (asked,) = await runtime.approvals(run=run)
                ruled = await runtime.rule(asked.approval.id, "approve", actor="benchmark")
                assert ruled.ruling is not None
                async with asyncio.timeout(30):
                    while not (after := await _resumed(runtime, run, ruled.ruling.at)):  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
                seconds.append(after)
                await asyncio.sleep(0.01)
            for run in runs:
                assert (await runtime.wait(run)).status == "succeeded"
    finally:
        await ended(process)
    return {"p50": round(percentile(seconds, 50), 4), "p95": round(percentile(seconds, 95), 4)}


async def _resumed(runtime: Runtime, run: RunId, at: float) -> float:
    for event in await runtime.journal.read(run):
        if isinstance(event.fact, RunResumed) and event.at >= at:
            return event.at - at
    return 0.0


async def parked(store: str, folder: Path, *, count: int, resumed: int = 100) -> dict[str, Any]:
    """Return what so many parked runs cost: memory of a runtime, seconds to list, and to go on with some of them."""
    desk = project(store, sink=0, seconds=0.001, ask=True)
    async with Runtime(desk, resume=False) as runtime:
        template = await runtime.run(Task(goal=goal(7)))
        assert template.status == "waiting", template.reason
        events = await runtime.journal.read(template.id)
    before = await _memory(store)
    began = time.perf_counter()
    await _copies(store, events, count)
    made = time.perf_counter() - began
    after = await _memory(store)
    process = await worker(store, folder)
    try:
        async with Runtime(desk, resume=False, queue=QUEUE) as runtime:
            began = time.perf_counter()
            asked = await runtime.approvals(limit=resumed)
            listed = time.perf_counter() - began
            began = time.perf_counter()
            await runtime.journal.list(limit=100, status="waiting")
            runs_listed = time.perf_counter() - began
            began = time.perf_counter()
            await asyncio.gather(*(runtime.rule(each.approval.id, "approve", actor="b") for each in asked))
            for each in asked:
                while (await runtime.wait(each.run)).status == "waiting":  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            went_on = time.perf_counter() - began
    finally:
        await ended(process)
    return {
        "runs": count,
        "seconds_to_make": round(made, 1),
        "memory_mib_with_one": round(before, 1),
        "memory_mib_with_all": round(after, 1),
        "seconds_to_list_100_approvals": round(listed, 3),
        "seconds_to_list_100_runs": round(runs_listed, 3),
        f"seconds_until_{resumed}_have_gone_on_and_ended": round(went_on, 2),
    }


async def _copies(store: str, events: list[Event] | Any, count: int) -> None:
    """Record so many runs like the one whose events are given: another id, the rest the same."""
    codec = EventCodec()
    texts = [(event.sequence, event.at, codec.encode(event.fact)) for event in events]
    opened = open_store(project(store, sink=0, seconds=0.0, ask=True))
    old = str(events[0].run)

    async def copy() -> None:
        id = RunId(secrets.token_hex(len(old) // 2))
        copied = [codec.decode(id, number, at, SCHEMA, text.replace(old, id)) for number, at, text in texts]
        await opened.journal.append(copied, durable=True)

    try:
        for _ in range(count // 500):
            await asyncio.gather(*(copy() for _ in range(500)))
    finally:
        await opened.aclose()


async def _memory(store: str) -> float:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.durable_waits", store, stdout=PIPE
    )
    output, _ = await process.communicate()
    return float(output.split()[-1])


async def _settled(store: str) -> None:
    async with Runtime(project(store, sink=0, seconds=0.0, ask=True), resume=True, queue=QUEUE):
        await asyncio.sleep(SETTLE_SECONDS)
        print(resident_mib())


if __name__ == "__main__":
    asyncio.run(_settled(sys.argv[1]))

"""DBOS' own steps, for comparison: a workflow of seven steps, so many at once. `… URL AT_ONCE WORKFLOWS TEXT_SIZE`.

Prints steps per second and seconds of CPU per 1,000 steps. In a process of its own: DBOS is one object a process.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import dbos


async def main() -> None:
    """Measure."""
    url, at_once, workflows, size = sys.argv[1], *map(int, sys.argv[2:5])
    config: dbos.DBOSConfig = {
        "name": "durable",
        "system_database_url": url.replace("postgres://", "postgresql://"),
        "dbos_system_schema": "dbos_own_steps",
        "log_level": "CRITICAL",
        "sys_db_pool_size": 20,
    }
    dbos.DBOS(config=config)

    @dbos.DBOS.step()
    async def step(name: str) -> str:
        return name * size

    @dbos.DBOS.workflow()
    async def run() -> str:
        await step("p")
        await asyncio.gather(*(step(name) for name in "abcd"))
        await step("v")
        return await step("f")

    dbos.DBOS.launch()
    limit = asyncio.Semaphore(at_once)

    async def one() -> Any:
        async with limit:
            return await (await dbos.DBOS.start_workflow_async(run)).get_result()

    await one()
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one() for _ in range(workflows)))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    steps = 7 * workflows
    print(json.dumps([steps / seconds, cpu * 1000 / steps]), flush=True)
    dbos.DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main())

"""The yardstick: aiohttp, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from benchmarks.workload import RunOnce, by_hand


@asynccontextmanager
async def arm(url: str) -> AsyncIterator[RunOnce]:
    """Yield the workload over one session without a limit of connections."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(system: str, user: str) -> str:
            messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
            request = {"model": "loopback", "messages": messages, "max_tokens": 256, "temperature": 0.0}
            async with session.post(f"{url}/chat/completions", json=request) as response:
                response.raise_for_status()
                answer = await response.json()
            return answer["choices"][0]["message"]["content"]

        yield by_hand(ask)

"""The contract, on every source."""

from __future__ import annotations

import asyncio

import pytest

from agentcore.adapters.triggers.memory import MemorySource
from agentcore.testing.contracts.message_source import MessageSourceContract


class _Process:
    """A process of its own over a queue in memory."""

    def __init__(self, shared):
        self._shared = shared
        self.receive, self.acknowledge = shared.receive, shared.acknowledge
        self.reject, self.extend = shared.reject, shared.extend

    async def aclose(self):
        await asyncio.sleep(0)


class _MemoryQueue:
    redeliver_seconds = 0.01

    def __init__(self):
        self.shared = MemorySource()

    async def publish(self, body, *, id=""):
        await self.shared.publish(body, id=id or None)

    def source(self):
        return _Process(self.shared)

    async def rejected(self):
        return [(message.body, reason) for message, reason in self.shared.rejected]

    async def pass_time(self):
        await self.shared.redeliver()


class TestMemory(MessageSourceContract):
    @pytest.fixture
    def queue(self):
        return _MemoryQueue()


class TestNats(MessageSourceContract):
    @pytest.fixture
    def queue(self, nats_queue):
        return nats_queue


class TestRedis(MessageSourceContract):
    @pytest.fixture
    def queue(self, redis_queue):
        return redis_queue

"""Queues of each provider, for the contract and for tests with real servers."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import nats
import pytest
from redis.asyncio import Redis
from support.servers import server

from agentcore.adapters.triggers.nats import NatsOptions
from agentcore.adapters.triggers.nats_source import NatsSource
from agentcore.adapters.triggers.redis import RedisOptions
from agentcore.adapters.triggers.redis_source import RedisSource


class NatsQueue:
    redeliver_seconds = 0.6

    def __init__(self, url, stream):
        self.url = url
        self.stream = stream

    async def __aenter__(self):
        self.client = await nats.connect(self.url)
        self.jetstream = self.client.jetstream()
        await self.jetstream.add_stream(name=self.stream, subjects=[f"{self.stream}.new"])
        await self.jetstream.add_stream(name=f"{self.stream}-rejected", subjects=[f"{self.stream}.rejected"])
        return self

    async def __aexit__(self, *_):
        for stream in (self.stream, f"{self.stream}-rejected"):
            await self.jetstream.delete_stream(stream)
        await self.client.close()

    def options(self, **other) -> NatsOptions:
        given = {
            "url": self.url,
            "stream": self.stream,
            "redeliver_seconds": self.redeliver_seconds,
            "rejected": f"{self.stream}.rejected",
        }
        return NatsOptions(**given | other)

    def source(self, **other) -> NatsSource:
        return NatsSource("orders", self.options(**other))

    async def publish(self, body, *, id=""):
        headers = {"Nats-Msg-Id": id} if id else None
        await self.jetstream.publish(f"{self.stream}.new", body, headers=headers)

    async def rejected(self):
        name = f"{self.stream}-rejected"
        count = (await self.jetstream.stream_info(name)).state.messages
        found = [await self.jetstream.get_msg(name, number) for number in range(1, count + 1)]
        return [(each.data or b"", each.headers["Agentcore-Reason"]) for each in found]

    async def pass_time(self):
        await asyncio.sleep(self.redeliver_seconds + 0.1)


class RedisQueue:
    redeliver_seconds = 0.6

    def __init__(self, url, stream):
        self.url = url
        self.stream = stream
        self.client = Redis.from_url(url, protocol=2)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.client.delete(self.stream, f"{self.stream}.rejected")
        await self.client.aclose()

    def options(self, **other) -> RedisOptions:
        given = {"url": self.url, "stream": self.stream, "redeliver_seconds": self.redeliver_seconds}
        return RedisOptions(**given | other)

    def source(self, **other) -> RedisSource:
        return RedisSource("orders", self.options(**other))

    async def publish(self, body, *, id=""):
        await self.client.xadd(self.stream, {"body": body} | ({"id": id} if id else {}))

    async def rejected(self):
        entries = await self.client.xrange(f"{self.stream}.rejected")
        return [(fields[b"body"], fields[b"agentcore-reason"].decode()) for _, fields in entries]

    async def pass_time(self):
        await asyncio.sleep(self.redeliver_seconds + 0.2)


@pytest.fixture
async def nats_queue():
    url = server("AGENTCORE_TEST_NATS", "nats://127.0.0.1:4222", 4222)
    async with NatsQueue(url, f"test-{uuid4().hex}") as queue:
        yield queue


@pytest.fixture
async def redis_queue():
    url = server("AGENTCORE_TEST_REDIS", "redis://127.0.0.1:6379/0", 6379)
    async with RedisQueue(url, f"test-{uuid4().hex}") as queue:
        yield queue

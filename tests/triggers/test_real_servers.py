"""Triggers of a project, with NATS and Redis servers that the tests start, kill and start again."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from textwrap import dedent

import nats
import pytest
from redis.asyncio import Redis
from support.servers import OwnServer, free_port
from support.triggers import until

from agentcore.app import load_project
from agentcore.domain.errors import SourceUnavailable
from agentcore.testing.fake_starter import FakeStarter
from agentcore.triggers.run import run_triggers


class Nats:
    provider = "nats"
    command = ["nats-server", "-js", "-sd", "{folder}", "-a", "127.0.0.1", "-p", "{port}"]
    scheme = "nats"

    @asynccontextmanager
    async def client(self, port):
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        yield client.jetstream()
        await client.close()

    async def prepare(self, port):
        async with self.client(port) as jetstream:
            await jetstream.add_stream(name="orders", subjects=["orders.new"])

    async def publish(self, port, body):
        async with self.client(port) as jetstream:
            await jetstream.publish("orders.new", body)

    async def unsettled(self, port):
        async with self.client(port) as jetstream:
            found = await jetstream.consumer_info("orders", "agentcore-desk")
            return found.num_pending + found.num_ack_pending


class RedisStreams:
    provider = "redis"
    command = [
        *("redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--dir", "{folder}"),
        *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
    ]
    scheme = "redis"

    async def prepare(self, port):
        return None

    async def publish(self, port, body):
        async with Redis(port=port) as client:
            await client.xadd("orders", {"body": body})

    async def unsettled(self, port):
        async with Redis(port=port) as client:
            (group,) = await client.xinfo_groups("orders")
            return group["pending"] + (group["lag"] or 0)


@pytest.fixture(params=[Nats, RedisStreams], ids=["nats", "redis"])
def kind(request):
    return request.param()


@pytest.fixture
def queue(kind, tmp_path):
    folder = tmp_path / "server"
    folder.mkdir()
    own = OwnServer(kind.command, folder)
    yield own
    own.kill()


@pytest.fixture
def project(kind, tmp_path, monkeypatch):
    """Write a project whose trigger listens to a port."""
    monkeypatch.chdir(tmp_path)

    def write(port):
        files = {
            "agentcore.yaml": f"""
                models: {{ local: {{ provider: llama, options: {{ model: smollm2-135m-instruct }} }} }}
                team: {{ supervisor: planner, workers: [clerk], answer: clerk }}
                triggers:
                  desk:
                    provider: {kind.provider}
                    scenario: price
                    options: {{ url: "{kind.scheme}://127.0.0.1:{port}", stream: orders, redeliver_seconds: 0.5 }}
                """,
            "agents/planner.yaml": "role: supervisor\ninstructions: plan\n",
            "agents/clerk.yaml": "instructions: work\n",
            "scenarios/price.yaml": 'goal: "{{customer}}?"\ninputs: { customer: {} }\n',
        }
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(dedent(text), encoding="utf-8")
        return load_project(tmp_path)

    return write


@asynccontextmanager
async def triggered(project, starter):
    task = asyncio.ensure_future(run_triggers(project, starter))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def body(customer) -> bytes:
    return json.dumps({"customer": customer}).encode()


async def settled(kind, port):
    async with asyncio.timeout(10):
        while await kind.unsettled(port):  # noqa: ASYNC110  the server does not tell
            await asyncio.sleep(0.05)


def customers(starter):
    return [task.inputs["customer"] for task in starter.started.values()]


async def test_a_server_that_is_down_at_the_beginning_is_a_clear_error(kind, project):
    port = free_port()
    with pytest.raises(SourceUnavailable, match=rf"trigger `desk`: {kind.scheme}://127\.0\.0\.1:{port}: .*") as raised:
        async with asyncio.timeout(10):
            await run_triggers(project(port), FakeStarter())
    assert "111" in raised.value.message or "refused" in raised.value.message.lower()
    assert "is the server up" in raised.value.hint


async def test_a_server_that_dies_in_the_middle_is_waited_for(kind, project, queue, logged):
    queue.start()
    await kind.prepare(queue.port)
    starter = FakeStarter()
    async with triggered(project(queue.port), starter):
        await kind.publish(queue.port, body("before"))
        await starter.have(1)
        await settled(kind, queue.port)
        queue.kill()
        await until(lambda: any("trying until it works" in line for line in logged))
        queue.start()
        await kind.publish(queue.port, b"not JSON")
        await kind.publish(queue.port, body("after"))
        await starter.have(2)
        await settled(kind, queue.port)
    assert customers(starter) == ["before", "after"]
    assert sum("is there again" in line for line in logged) == 1


class Killed(BaseException):
    """The process is gone."""


class Dying(FakeStarter):
    """A process that dies when it has started a run."""

    def __init__(self):
        super().__init__()
        self.dies = True

    async def start(self, task, **given):
        started = await super().start(task, **given)
        if self.dies:
            raise Killed
        return started


async def test_a_process_killed_between_start_and_acknowledgement(kind, project, queue):
    queue.start()
    await kind.prepare(queue.port)
    starter = Dying()
    first = asyncio.ensure_future(run_triggers(project(queue.port), starter))
    await kind.publish(queue.port, body("Acme"))
    with pytest.raises(Killed):
        await first
    assert customers(starter) == ["Acme"]
    starter.dies = False
    async with triggered(project(queue.port), starter):
        await until(lambda: bool(starter.refused))  # it came again, and its run was there
        await settled(kind, queue.port)
    assert customers(starter) == ["Acme"]


async def test_many_processes_make_one_run_of_each_message(kind, project, queue):
    queue.start()
    await kind.prepare(queue.port)
    starter = FakeStarter()
    found = project(queue.port)
    async with triggered(found, starter), triggered(found, starter), triggered(found, starter):
        for number in range(60):
            await kind.publish(queue.port, body(f"C{number}") if number % 6 else b"poison")
        await starter.have(50)
        await settled(kind, queue.port)
    assert len(starter.started) == 50
    assert sorted(customers(starter)) == sorted(f"C{number}" for number in range(60) if number % 6)

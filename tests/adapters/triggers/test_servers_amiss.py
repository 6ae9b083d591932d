"""What a NATS or Redis server may have that is not as it must be; and what its messages look like."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import pytest

from agentcore.adapters.triggers.nats import PLUGIN as NATS
from agentcore.adapters.triggers.patience import shown
from agentcore.adapters.triggers.redis import PLUGIN as REDIS
from agentcore.domain.errors import ConfigError, SourceUnavailable
from agentcore.ports.plugin import BuildContext


@pytest.mark.parametrize("named", [{"stream": "nowhere"}, {}, {"consumer": "pushed"}], ids=str)
async def test_a_stream_that_is_not_as_it_must_be_is_a_clear_error(nats_queue, named):
    jetstream, stream = nats_queue.jetstream, nats_queue.stream
    await jetstream.add_consumer(stream, durable_name="pushed", deliver_subject="there")
    if not named:
        await jetstream.delete_stream(stream)
        await jetstream.add_stream(name=stream, subjects=[f"{stream}.new"], retention="workqueue")
    source = nats_queue.source(rejected="", **named)
    with pytest.raises(SourceUnavailable) as raised:
        await source.receive()
    assert re.search(
        r": (there is no stream `nowhere`|the stream `.*` deletes messages that are rejected"
        r"|the consumer `pushed` is not one that is pulled from)",
        raised.value.message,
    )
    assert raised.value.hint
    await source.aclose()


async def test_messages_of_a_stream_that_was_made_again_are_others(nats_queue):
    ids = []
    for _ in range(2):
        await nats_queue.publish(b"1")
        source = nats_queue.source()
        ids.append((await source.receive()).id)
        await source.aclose()
        await nats_queue.jetstream.delete_stream(nats_queue.stream)
        await nats_queue.jetstream.add_stream(name=nats_queue.stream, subjects=[f"{nats_queue.stream}.new"])
    assert ids[0] != ids[1]


async def test_only_messages_of_the_subject(nats_queue):
    stream = nats_queue.stream
    await nats_queue.jetstream.update_stream(name=stream, subjects=[f"{stream}.new", f"{stream}.other"])
    await nats_queue.jetstream.publish(f"{stream}.other", b"other")
    await nats_queue.publish(b"new")
    source = nats_queue.source(subject=f"{stream}.new")
    assert (await source.receive()).body == b"new"
    await source.aclose()


async def test_a_rejection_that_nobody_keeps_is_not_one(nats_queue):
    await nats_queue.publish(b"poison")
    source = nats_queue.source(rejected="nobody.listens")
    message = await source.receive()
    with pytest.raises(SourceUnavailable):
        await source.reject(message, "not JSON")
    await nats_queue.pass_time()
    assert (await source.receive()).redelivered
    await source.aclose()


async def test_a_consumer_that_is_deleted_is_made_again(nats_queue, monkeypatch):
    monkeypatch.setattr("agentcore.adapters.triggers.nats_source.FETCH_SECONDS", 0.2)
    await nats_queue.publish(b"1")
    source = nats_queue.source()
    await source.acknowledge(await source.receive())
    await nats_queue.jetstream.delete_consumer(nats_queue.stream, "agentcore-orders")
    again = await source.receive()  # a new consumer begins at the beginning: its run is there already
    assert again.body == b"1"
    await source.aclose()


async def test_an_entry_without_a_body_is_a_message_of_its_fields(redis_queue):
    client, stream = redis_queue.client, redis_queue.stream
    await client.xadd(stream, {"customer": "Acme", "boxes": 3, "id": "7"})
    await client.xadd(stream, {"customer": b"\xff"})
    source = redis_queue.source()
    first, second = await source.receive(), await source.receive()
    assert json.loads(first.body) == {"customer": "Acme", "boxes": "3", "id": "7"}
    assert first.id == first.token  # `id` is an input here
    assert second.body == b"\xff"
    await source.reject(second, "not UTF-8: byte 1")
    ((_, kept),) = await client.xrange(f"{stream}.rejected")
    assert kept[b"customer"] == b"\xff"
    assert kept[b"agentcore-reason"] == b"not UTF-8: byte 1"
    await source.aclose()


async def test_a_group_that_is_gone_is_made_again(redis_queue):
    source = redis_queue.source()
    await redis_queue.publish(b"1")
    await source.acknowledge(await source.receive())
    await redis_queue.client.delete(redis_queue.stream)
    await redis_queue.publish(b"2")
    assert (await source.receive()).body == b"2"
    await source.aclose()


async def test_an_entry_that_was_deleted_is_nothing(redis_queue):
    await redis_queue.publish(b"1")
    lost = redis_queue.source()
    message = await lost.receive()
    await redis_queue.client.xdel(redis_queue.stream, message.token)
    await redis_queue.pass_time()
    await redis_queue.publish(b"2")
    source = redis_queue.source()
    assert (await source.receive()).body == b"2"
    await source.aclose()
    await lost.aclose()


async def test_who_leaves_with_nothing_leaves_no_trace(redis_queue):
    await redis_queue.publish(b"1")
    await redis_queue.publish(b"2")
    busy, idle = redis_queue.source(), redis_queue.source()
    await busy.receive()
    await idle.acknowledge(await idle.receive())
    await idle.aclose()
    await busy.aclose()
    consumers = await redis_queue.client.xinfo_consumers(redis_queue.stream, "agentcore-orders")
    assert [each["name"].decode() for each in consumers] == [busy._consumer]


async def test_wrong_credentials_are_a_clear_error(nats_queue, redis_queue):
    for queue, url in ((redis_queue, "redis://nobody:secret@"), (nats_queue, "nats://127.0.0.1:1,nats://a:secret@")):
        address = url + queue.url.partition("://")[2] if queue is redis_queue else url + "127.0.0.1:1"
        source = queue.source(url=address)
        with pytest.raises(SourceUnavailable) as raised:
            await source.receive()
        assert "secret" not in raised.value.message
        await source.aclose()


def test_addresses_are_shown_without_passwords():
    assert shown("nats://a:b@one:4222, two:4222") == "nats://one:4222,two:4222"
    assert shown("redis://:p@ss@one/0") == "redis://one/0"


@pytest.mark.parametrize(("plugin", "module"), [(NATS, "nats_source"), (REDIS, "redis_source")])
def test_an_extra_that_is_missing_is_named(plugin, module, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, f"agentcore.adapters.triggers.{module}", None)
    options = plugin.options(stream=f"s{uuid4().hex}")
    with pytest.raises(ConfigError, match="needs a package that is not installed") as raised:
        plugin.build("orders", options, BuildContext(root=tmp_path, environment={}))
    assert raised.value.hint == f"pip install 'agentcore-runtime[{module[:-7]}]'"

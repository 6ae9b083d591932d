"""What a runtime does for the audit by itself: it signs, and deletes what is old enough."""

from __future__ import annotations

from support.marked import office, run_of

from agentcore.app.audit import CHECKPOINT_SECONDS, checkpoint_all, checkpointed, expire_all, verify_store
from agentcore.app.store import memory_store, sqlite_store
from agentcore.app.subjects import Subjects
from agentcore.config.audit import AuditSettings
from agentcore.testing.fake_clock import FakeClock


async def opened(tmp_path):
    store = sqlite_store(tmp_path / "journal.sqlite")
    async with office(store, "text") as running:
        await run_of(running, "ann", "text")
    return store


async def sizes(store):
    return [each.read().size for each in await store.audit.checkpoints("acme")]


async def test_what_stands_at_the_end_is_signed(tmp_path):
    store = await opened(tmp_path)
    async with checkpointed(store, FakeClock(), AuditSettings()):
        assert await sizes(store) == []
    assert await sizes(store) == [14]
    await store.aclose()


async def until(clock, store, is_so):
    """Let minutes pass until something has followed."""
    for _ in range(1_000):
        if await is_so(store):
            return
        await clock.advance(CHECKPOINT_SECONDS)
    raise AssertionError("it did not happen")


async def signed(store):
    return bool(await sizes(store))


async def shortened(store):
    return [link.sequence async for link in store.audit.links("acme")] == [15]


async def test_it_is_signed_every_minute_and_what_is_old_goes(tmp_path):
    store = await opened(tmp_path)
    clock = FakeClock()
    async with checkpointed(store, clock, AuditSettings(keep_seconds=30.0)):
        await until(clock, store, signed)
        await until(clock, store, shortened)
    assert [each.fault for each in await verify_store(store.audit)] == [None]
    await store.aclose()


async def test_nothing_of_a_tenant_goes_of_which_something_is_held(tmp_path):
    store = await opened(tmp_path)
    clock = FakeClock()
    await checkpoint_all(store.audit, clock)
    subjects = Subjects(store, actor="dpo", reason="trial")
    await subjects.hold("ann", "acme", 1.0)
    assert await expire_all(store, store.audit, clock.now() + 1) == 0
    await subjects.release("ann", "acme")
    assert await expire_all(store, store.audit, clock.now() + 1) == 14
    assert [each.fault for each in await verify_store(store.audit)] == [None]
    await store.aclose()


async def test_a_store_in_memory_has_none():
    async with checkpointed(memory_store(), FakeClock(), AuditSettings()):
        pass

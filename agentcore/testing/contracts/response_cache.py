"""What every ResponseCache must do: inherit from ResponseCacheContract and give a `responses` fixture."""

# ruff: noqa: S101  pytest's way

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

from agentcore.domain.budget import Usage
from agentcore.domain.ids import EffectId, RunId
from agentcore.domain.label import Confidentiality, Label
from agentcore.ports.response_cache import MOST_LIKE, CachedReply, ResponseCache


def cached_reply(key: str, **changes: Any) -> CachedReply:
    """Return a reply of the tenant `acme` and the user `ann`, kept at 100 and served until 200."""
    reply = CachedReply(
        key=key,
        group="",
        tenant="acme",
        user="ann",
        only_for="",
        label=Label(sources=frozenset({"user"})),
        question="How many?",
        output={"text": "four", "finish": "stop"},
        reply_label=Label(
            sources=frozenset({"user", "model:m"}),
            confidentiality=Confidentiality.PERSONAL,
            findings=frozenset({"pii"}),
        ),
        used=Usage(input_tokens=10, output_tokens=2, calls=1, usd=Decimal("0.0012")),
        run=RunId("r"),
        effect=EffectId("1/a/1/x/model.1"),
        at=100.0,
        expires_at=200.0,
    )
    return replace(reply, **changes)


class ResponseCacheContract:
    """Tests of the ResponseCache port."""

    async def test_a_reply_comes_back_as_it_was_put(self, responses: ResponseCache) -> None:
        """With every field, whatever letters are in it."""
        reply = cached_reply("k", question='"\u00e9\u2028', output={"text": "x" * 100_000, "finish": "length"})
        await responses.put(reply, most_entries=10)
        assert list(await responses.find(key="k", now=100.0)) == [reply]

    async def test_what_was_never_put_is_not_there(self, responses: ResponseCache) -> None:
        """Nor is anything found by an empty group."""
        await responses.put(cached_reply("k"), most_entries=10)
        assert not any([list(await responses.find(key=key, now=100.0)) for key in ("", "K", "%")])

    async def test_a_later_reply_takes_the_place_of_one_with_its_key(self, responses: ResponseCache) -> None:
        """Also when several are put at once."""
        await responses.put(cached_reply("k", question="old"), most_entries=10)
        await responses.put(cached_reply("k", question="new"), most_entries=10)
        assert [each.question for each in await responses.find(key="k", now=100.0)] == ["new"]
        await asyncio.gather(*(responses.put(cached_reply("k"), most_entries=10) for _ in range(5)))
        assert [each.entries for each in await responses.stats(100.0)] == [1]

    async def test_nothing_is_found_from_its_expiry_on(self, responses: ResponseCache) -> None:
        """By its key or by its group."""
        await responses.put(cached_reply("k", group="g"), most_entries=10)
        assert [len(await responses.find(key="k", now=now)) for now in (199.9, 200.0, 1e9)] == [1, 0, 0]
        assert [len(await responses.find(key="", group="g", now=now)) for now in (199.9, 200.0)] == [1, 0]

    async def test_a_group_is_found_newest_first(self, responses: ResponseCache) -> None:
        """But the very call comes alone, and there is an end to how many."""
        for number in range(MOST_LIKE + 3):
            await responses.put(
                cached_reply(f"k{number}", group="g", at=100.0 + number, expires_at=1e9), most_entries=500
            )
        await responses.put(cached_reply("other", group="h"), most_entries=500)
        found = [each.key for each in await responses.find(key="none", group="g", now=150.0)]
        assert found == [f"k{number}" for number in range(MOST_LIKE + 2, 2, -1)]
        assert [each.key for each in await responses.find(key="k1", group="g", now=150.0)] == ["k1"]

    async def test_the_oldest_of_a_tenant_go_when_there_are_too_many(self, responses: ResponseCache) -> None:
        """Other tenants' stay."""
        await responses.put(cached_reply("theirs", tenant="other"), most_entries=2)
        for number in range(4):
            await responses.put(cached_reply(f"k{number}", at=100.0 + number), most_entries=2)
        left = [key for key in ("theirs", "k0", "k1", "k2", "k3") if await responses.find(key=key, now=110.0)]
        assert left == ["theirs", "k2", "k3"]

    async def test_what_has_expired_is_deleted_by_the_next_put_of_its_tenant(self, responses: ResponseCache) -> None:
        """And counted until then."""
        await responses.put(cached_reply("a"), most_entries=10)
        assert [(each.entries, each.expired) for each in await responses.stats(200.0)] == [(1, 1)]
        await responses.put(cached_reply("b", at=200.0, expires_at=300.0), most_entries=10)
        assert [(each.entries, each.expired) for each in await responses.stats(200.0)] == [(1, 0)]

    async def test_replies_are_removed_by_key(self, responses: ResponseCache) -> None:
        """What is not there is not counted."""
        for key in ("a", "b", "c"):
            await responses.put(cached_reply(key), most_entries=10)
        assert await responses.remove(["a", "a", "c", "z"]) == 2
        assert await responses.remove([]) == 0
        assert [bool(await responses.find(key=key, now=100.0)) for key in ("a", "b", "c")] == [False, True, False]

    async def test_a_users_or_a_tenants_replies_are_deleted(self, responses: ResponseCache) -> None:
        """Those of others stay."""
        for key, tenant, user in (("a", "acme", "ann"), ("b", "acme", "bob"), ("c", "other", "ann"), ("d", "x", "y")):
            await responses.put(cached_reply(key, tenant=tenant, user=user), most_entries=10)
        assert await responses.clear(tenant="acme", user="ann") == 1
        assert await responses.clear(user="ann") == 1
        assert await responses.clear(tenant="acme") == 1
        assert [(each.tenant, each.entries) for each in await responses.stats(100.0)] == [("x", 1)]
        assert await responses.clear() == 1
        assert list(await responses.stats(100.0)) == []

    async def test_stats_are_by_tenant(self, responses: ResponseCache) -> None:
        """In the order of their names, with the oldest entry and the size."""
        await responses.put(cached_reply("a", at=120.0), most_entries=10)
        await responses.put(cached_reply("b"), most_entries=10)
        await responses.put(cached_reply("c", tenant="a tenant"), most_entries=10)
        first, second = await responses.stats(150.0)
        assert (first.tenant, first.entries) == ("a tenant", 1)
        assert (second.tenant, second.entries, second.expired, second.oldest_at) == ("acme", 2, 0, 100.0)
        assert second.bytes > first.bytes > 100

"""What every LiveStore must do: inherit from LiveStoreContract and give a `live_store` fixture."""

# ruff: noqa: S101  pytest's way

from __future__ import annotations

import asyncio

from agentcore.ports.live_store import LiveStore
from agentcore.routing.breaker import Turn
from agentcore.routing.live_state import LiveState
from agentcore.routing.tally import Tally


def seen(calls: int, *, now: float = 1_000.0) -> LiveState:
    """Return what a process may have seen: calls, failures, verdicts, and breakers that opened and closed."""
    tally = Tally()
    for number in range(calls):
        at = now + number
        tally = tally.answered(now=at, seconds=0.25, output_tokens=8, input_tokens=4, cached_tokens=2, price=0.5)
        tally = tally.judged(number % 2 == 0, now=at)
    return LiveState(
        tallies={("m", ""): tally.broke(now=now + calls), ("m", "étape"): tally},
        models={"m": Turn(at=now, until=now + 15.0, openings=2)},
        tools={"t": Turn(at=now)},
    )


class LiveStoreContract:
    """Tests of the LiveStore port."""

    async def test_others_read_what_a_process_has_told(self, live_store: LiveStore) -> None:
        """All of it, but for the last digits; the process itself is not told."""
        state = seen(40)
        await live_store.publish("s", "a", state, now=1_000.0)
        assert not await live_store.others("s", "a", since=0.0, limit=9)
        (told,) = await live_store.others("s", "b", since=0.0, limit=9)
        assert (told.owner, told.at) == ("a", 1_000.0)
        assert (told.state.models, told.state.tools) == (state.models, state.tools)
        assert told.state.tallies.keys() == state.tallies.keys()
        for key, tally in told.state.tallies.items():
            known = state.tallies[key]
            assert (tally.calls, tally.failures, tally.at) == (known.calls, known.failures, known.at)
            assert tally.verdicts.recent == known.verdicts.recent
            for one, two in zip(tally.seconds.summary(), known.seconds.summary(), strict=True):
                assert abs(one - two) < 1e-3

    async def test_what_is_told_replaces_what_was_told(self, live_store: LiveStore) -> None:
        """So that telling it twice counts once."""
        for calls in (1, 2, 2):
            await live_store.publish("s", "a", seen(calls), now=1_000.0 + calls)
        (told,) = await live_store.others("s", "b", since=0.0, limit=9)
        assert told.state.tallies["m", "étape"].calls == 2

    async def test_others_are_the_newest_of_the_same_scope(self, live_store: LiveStore) -> None:
        """Newest first, as many as asked for, since the time asked for."""
        for number, owner in enumerate("abcd"):
            await live_store.publish("s", owner, seen(1), now=1_000.0 + number)
        await live_store.publish("else", "e", seen(1), now=1_010.0)
        told = await live_store.others("s", "d", since=0.0, limit=9)
        assert [each.owner for each in told] == ["c", "b", "a"]
        assert [each.owner for each in await live_store.others("s", "x", since=0.0, limit=2)] == ["d", "c"]
        assert [each.owner for each in await live_store.others("s", "x", since=1_002.0, limit=9)] == ["d", "c"]

    async def test_one_at_a_time_holds_a_claim(self, live_store: LiveStore) -> None:
        """It renews it, and loses it to another only once it has lapsed."""
        assert await live_store.claim("s", "model:m", "a", now=1_000.0, seconds=5.0)
        assert not await live_store.claim("s", "model:m", "b", now=1_003.0, seconds=5.0)
        assert await live_store.claim("s", "model:m", "a", now=1_004.0, seconds=5.0)
        assert not await live_store.claim("s", "model:m", "b", now=1_006.0, seconds=5.0)
        assert await live_store.claim("s", "model:m", "b", now=1_010.0, seconds=5.0)
        assert not await live_store.claim("s", "model:m", "a", now=1_011.0, seconds=5.0)
        assert await live_store.claim("s", "tool:m", "a", now=1_011.0, seconds=5.0)
        assert await live_store.claim("else", "model:m", "a", now=1_011.0, seconds=5.0)

    async def test_of_many_at_once_one_gets_the_claim(self, live_store: LiveStore) -> None:
        """Whoever is first."""
        claims = [live_store.claim("s", "model:m", f"w{number}", now=1.0, seconds=5.0) for number in range(8)]
        assert sum(await asyncio.gather(*claims)) == 1

    async def test_what_is_old_can_be_swept(self, live_store: LiveStore) -> None:
        """Claims too."""
        await live_store.publish("s", "old", seen(1), now=1_000.0)
        await live_store.publish("s", "new", seen(1), now=2_000.0)
        await live_store.claim("s", "model:m", "old", now=1_000.0, seconds=5.0)
        await live_store.sweep(1_500.0)
        assert [each.owner for each in await live_store.others("s", "x", since=0.0, limit=9)] == ["new"]
        assert await live_store.claim("s", "model:m", "new", now=1_001.0, seconds=5.0)

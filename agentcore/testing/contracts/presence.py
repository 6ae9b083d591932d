"""What every Presence must do: inherit from PresenceContract and give a `presence_of` fixture.

`presence_of` makes the Presence of one more process of the same store; the fixture closes what it made.
"""

# ruff: noqa: S101  pytest's way

from __future__ import annotations

from collections.abc import Awaitable, Callable

from agentcore.ports.presence import Presence

Another = Callable[[], Awaitable[Presence]]
"""Makes the Presence of one more process."""


class PresenceContract:
    """Tests of the Presence port."""

    async def test_a_process_is_alive_to_itself_and_to_others(self, presence_of: Another) -> None:
        """Whoever asks, and as often as they ask."""
        first, second = await presence_of(), await presence_of()
        for _ in range(2):
            assert await first.alive(first.owner)
            assert await second.alive(first.owner)
            assert await first.alive(second.owner)

    async def test_its_name_stays_and_is_its_own(self, presence_of: Another) -> None:
        """No two processes have the same."""
        first, second = await presence_of(), await presence_of()
        assert first.owner == first.owner != second.owner == second.owner

    async def test_one_that_has_closed_is_not_alive(self, presence_of: Another) -> None:
        """Others may take its runs at once. Closing twice is allowed."""
        first, second = await presence_of(), await presence_of()
        owner = first.owner
        assert await second.alive(owner)
        await first.aclose()
        await first.aclose()
        assert not await second.alive(owner)
        assert not await second.alive(owner)

    async def test_one_that_never_was_is_not_alive(self, presence_of: Another) -> None:
        """Whatever its name; a store may hold anything."""
        presence = await presence_of()
        for owner in ("", "nobody", "1-0123456789ab", "../../etc/passwd", "a/b", "\0", "x" * 10_000, "é\ud800"):
            assert not await presence.alive(owner)

"""What every Snapshots must do: inherit from SnapshotsContract and give a `snapshots` fixture."""

# ruff: noqa: S101  pytest's way

from __future__ import annotations

import asyncio

from agentcore.ports.snapshots import Snapshots


class SnapshotsContract:
    """Tests of the Snapshots port."""

    async def test_a_manifest_comes_back_as_it_was_put(self, snapshots: Snapshots) -> None:
        """However long it is."""
        for digest, manifest in {"a": '{"b": "\\u00e9"}', "long": '"' + "x" * 300_000 + '"'}.items():
            await snapshots.put(digest, manifest)
            assert await snapshots.get(digest) == manifest

    async def test_what_was_never_kept_is_not_there(self, snapshots: Snapshots) -> None:
        """It is None, and no error."""
        await snapshots.put("a", "{}")
        for digest in ("", "b", "A", "%"):
            assert await snapshots.get(digest) is None

    async def test_the_first_stays(self, snapshots: Snapshots) -> None:
        """Also of several that are put at once."""
        await snapshots.put("a", "1")
        await snapshots.put("a", "2")
        assert await snapshots.get("a") == "1"
        await asyncio.gather(*(snapshots.put("b", "3") for _ in range(5)))
        assert await snapshots.get("b") == "3"

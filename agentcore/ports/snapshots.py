"""The port to the definitions that runs were started on."""

from __future__ import annotations

from typing import Protocol


class Snapshots(Protocol):
    """Definitions by their digest, so that a run finishes on those that it was started on."""

    async def put(self, digest: str, manifest: str) -> None:
        """Keep a manifest (JSON text). One that is there already stays as it is, and is not forgotten for a day."""
        ...

    async def get(self, digest: str) -> str | None:
        """Return the manifest, None when it was never kept."""
        ...

"""MemorySnapshots: the definitions of runs that are gone with their process."""

from __future__ import annotations


class MemorySnapshots:
    """Snapshots in a dictionary."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def put(self, digest: str, manifest: str) -> None:
        """Keep a manifest; one that is there already stays as it is."""
        self._kept.setdefault(digest, manifest)

    async def get(self, digest: str) -> str | None:
        """Return the manifest, None when it was never kept."""
        return self._kept.get(digest)

"""MemoryLiveStore: what runtimes of one process tell each other of models and tools."""

from __future__ import annotations

from collections.abc import Sequence

from agentcore.ports.live_store import Published
from agentcore.routing.live_state import LiveState


class MemoryLiveStore:
    """A LiveStore that is gone with its process."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], Published] = {}
        self._claims: dict[tuple[str, str], tuple[str, float]] = {}

    async def publish(self, scope: str, owner: str, state: LiveState, *, now: float) -> None:
        """Tell all that this process has seen, instead of what it told before."""
        self._told[scope, owner] = Published(owner=owner, at=now, state=state)

    async def others(self, scope: str, owner: str, *, since: float, limit: int) -> Sequence[Published]:
        """Return what other processes have told since then, the newest first."""
        told = [each for (of, name), each in self._told.items() if of == scope and name != owner and each.at >= since]
        return sorted(told, key=lambda each: (-each.at, each.owner))[:limit]

    async def claim(self, scope: str, name: str, owner: str, *, now: float, seconds: float) -> bool:
        """Return whether this process alone may probe something for so long."""
        holder, until = self._claims.get((scope, name), (owner, 0.0))
        if holder != owner and until >= now:
            return False
        self._claims[scope, name] = (owner, now + seconds)
        return True

    async def sweep(self, before: float) -> None:
        """Forget what was told before then."""
        self._told = {key: each for key, each in self._told.items() if each.at >= before}
        self._claims = {key: claim for key, claim in self._claims.items() if claim[1] >= before}

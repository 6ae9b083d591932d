"""Definitions: what the runs of a project are started on now, and what those before were."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from agentcore.adapters.journal.value_codec import ValueCodec
from agentcore.app.build import custom_checks, definition_of, policy_texts
from agentcore.domain.errors import ConfigError
from agentcore.engine.definition import Definition, Manifest
from agentcore.policy.engine import PolicyEngine
from agentcore.ports.clock import Clock
from agentcore.ports.snapshots import Snapshots

if TYPE_CHECKING:
    from agentcore.config.project import Project


KEEP_AGAIN_SECONDS: Final = 3600.0
"""How often to say that a project's definitions are in use; those that no run refers to are forgotten after a day."""


class Definitions:
    """The definitions of one project.

    snapshots: where they are kept; None when only the project's own are known.
    """

    def __init__(self, project: Project, snapshots: Snapshots | None, clock: Clock) -> None:
        self._project = project
        self._snapshots = snapshots
        self._clock = clock
        self._kept_at: float | None = None

    async def keep(self) -> None:
        """Keep the project's own, so that its runs can finish on them. It costs something once an hour."""
        now = self._clock.monotonic()
        if self._snapshots is None or (self._kept_at is not None and now - self._kept_at < KEEP_AGAIN_SECONDS):
            return
        await self.keep_others(definition_of(self._project), policy_texts(self._project))
        self._kept_at = now

    async def keep_others(self, definition: Definition, policies: Mapping[str, str]) -> None:
        """Keep definitions and their policies (file name → text), so that runs can finish on them."""
        if self._snapshots is not None:
            manifest = ValueCodec(Manifest).encode(Manifest.of(definition, policies))
            await self._snapshots.put(definition.snapshot, manifest)

    async def manifest(self, snapshot: str) -> Manifest:
        """Return what belongs to a digest. Raises ConfigError when it is not known, or what it needs is gone."""
        project = self._project
        if snapshot == project.snapshot:
            return Manifest.of(definition_of(project), policy_texts(project))
        text = None if self._snapshots is None else await self._snapshots.get(snapshot)
        if text is None:
            raise ConfigError(
                [f"the definitions of snapshot {snapshot[:12]} are not in the store"],
                hint="run it with the project as it was then, or cancel it",
            )
        manifest = ValueCodec(Manifest).decode(text)
        used = {tool for agent in manifest.agents.values() for tool in agent.tools}
        lacking = sorted(tool for tool in used if not project.known.has_tool(tool))
        if lacking:
            raise ConfigError(
                [f"the run was started on agents that use tools which the project lacks: {', '.join(lacking)}"],
                hint="put them back into agentcore.yaml until it has finished, or cancel it",
            )
        return manifest

    async def revive(self, snapshot: str) -> tuple[Definition, PolicyEngine]:
        """Return the definitions that a run was started on. Raises as `manifest`."""
        manifest = await self.manifest(snapshot)
        return await asyncio.to_thread(self.of, manifest)

    def of(self, manifest: Manifest) -> tuple[Definition, PolicyEngine]:
        """Return the definitions, and the engine of their policies."""
        checks = custom_checks(manifest.agents, self._project.root)
        return manifest.definition(checks), PolicyEngine.load(manifest.policies)

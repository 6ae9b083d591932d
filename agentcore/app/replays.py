"""Replays: runs driven again on what is recorded of them, to see that the same comes of it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agentcore.adapters.clock import SystemClock
from agentcore.app.build import build_tools, definition_of, policy_texts
from agentcore.app.definitions import Definitions
from agentcore.app.store import Store, open_store
from agentcore.domain.ids import RunId
from agentcore.domain.run import Run
from agentcore.engine.pool import ModelPool
from agentcore.engine.runtime import Engine
from agentcore.policy.engine import PolicyEngine
from agentcore.ports.journal import Journal

if TYPE_CHECKING:
    from agentcore.config.project import Project


class Replays:
    """Replays a project's runs; an async context manager.

    It has no models at all, so that none need be there, and calls no tool. Tools are made, as they say what stands of
    them in a prompt; that may read files of theirs. store: by default the project's; it is closed at the end.
    """

    def __init__(self, project: Project, *, store: Store | None = None) -> None:
        self._project = project
        self._store = open_store(project) if store is None else store
        self._stack = AsyncExitStack()
        self._engine: Engine | None = None

    @property
    def journal(self) -> Journal:
        """The record of all runs."""
        return self._store.journal

    async def __aenter__(self) -> Self:
        """Make the tools. Raises ConfigError or PluginError with what to do next."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._store.aclose)
            tools = await asyncio.to_thread(build_tools, self._project)
            for tool in tools.values():
                stack.push_async_callback(tool.aclose)
            clock = SystemClock()
            self._engine = Engine(
                definition_of(self._project),
                journal=self._store.journal,
                clock=clock,
                policy=await asyncio.to_thread(lambda: PolicyEngine.load(policy_texts(self._project))),
                pool=ModelPool({}, clock),
                tools=tools,
                revive=Definitions(self._project, self._store.snapshots, clock).revive,
            )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine = None
        await self._stack.aclose()

    async def replay(self, run: RunId) -> Run:
        """Return a run as its replay has it.

        Raises ReplayMismatch at the first difference, RunNotFound, ConfigError when what it was started on is not
        known, or JournalError.
        """
        if self._engine is None:
            raise RuntimeError("the replays are not open; use `async with Replays(project) as replays:`")
        return await self._engine.replay(run)

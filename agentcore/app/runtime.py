"""Runtime: runs tasks on a project. The only place, with `build` and `store`, that wires adapters into the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from loguru import logger

from agentcore.adapters.clock import SystemClock
from agentcore.app.audit import checkpointed
from agentcore.app.background import attended, heralded, pruned, shared
from agentcore.app.build import build_announcer, build_guards, build_models, build_tools, definition_of, load_policies
from agentcore.app.caching import build_caching
from agentcore.app.definitions import Definitions
from agentcore.app.fork import Fork, plan_fork
from agentcore.app.learning import build_learning
from agentcore.app.store import Store, open_queue, open_store
from agentcore.domain.approval import ApprovalRecord, ApprovalStatus, Ruling, Verb
from agentcore.domain.budget import Budget
from agentcore.domain.errors import JournalError
from agentcore.domain.ids import ModelName, RunId, StepId
from agentcore.domain.json import JSON
from agentcore.domain.route import Route
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import OnExceeded
from agentcore.engine.attend import CARE_SECONDS, LOOK_SECONDS, SHARED_CARE_SECONDS, Attendant
from agentcore.engine.handle import RunHandle
from agentcore.engine.runtime import Engine
from agentcore.ports.clock import Clock
from agentcore.ports.journal import Journal
from agentcore.ports.work_queue import WorkQueue

if TYPE_CHECKING:
    from agentcore.config.project import Project


class Runtime:
    """Runs tasks on a project; an async context manager.

        async with Runtime(project) as runtime:
            run = await runtime.run("How many units are in open orders?")

    Models are loaded and connections opened when they are first used. Runs are durable: those that a process left when
    it died or was closed go on by themselves while a runtime of their project is open, and so do those that waited for
    a person who has decided. Leaving the block breaks off what still runs; it goes on the next time.

    store: where runs are recorded, the project's by default.  resume: whether to take up what others have left.
    at_once: how many runs may be under way here when another is taken up.  resumed: called with each run that is.
    look_seconds: how often to look whether another process has written anything.  dispatch: who drives on what others
    have left, by default this runtime; a store that many machines share leaves that to its workers, by its queue.
    """

    def __init__(
        self,
        project: Project,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        resume: bool = True,
        at_once: int = 64,
        resumed: Callable[[RunHandle], None] | None = None,
        look_seconds: float = LOOK_SECONDS,
        dispatch: Callable[[RunId], Awaitable[None]] | None = None,
        queue: str = "default",
    ) -> None:
        self.project = project
        self._store = open_store(project) if store is None else store
        self._clock = SystemClock() if clock is None else clock
        self._dispatch = dispatch
        self._queue_name = queue
        self._queue: WorkQueue | None = None
        self._at_once = at_once if resume and (self._store.url is None or dispatch is not None) else 0
        self._resumed = resumed
        self._look_seconds = look_seconds
        self._stack = AsyncExitStack()
        self._engine: Engine | None = None
        self._attendant: Attendant | None = None
        self._definitions = Definitions(project, self._store.snapshots, self._clock)

    @property
    def journal(self) -> Journal:
        """The record of all runs of the project."""
        return self._store.journal

    async def __aenter__(self) -> Self:
        """Build the parts. Raises ConfigError, PluginError or ModelError with what to do next."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._store.aclose)
            pool = await asyncio.to_thread(build_models, self.project, self._clock)
            stack.push_async_callback(pool.aclose)
            guards = await asyncio.to_thread(build_guards, self.project)
            tools = await asyncio.to_thread(build_tools, self.project, guards)
            for tool in tools.values():
                stack.push_async_callback(tool.aclose)
            announcer = build_announcer(self.project)
            if announcer is not None:
                stack.push_async_callback(announcer.aclose)
            policy = await asyncio.to_thread(load_policies, self.project)
            if self._store.presence is not None:  # after all that may be wrong with the project
                await self._store.presence.begin()
            await stack.enter_async_context(checkpointed(self._store, self._clock, self.project.audit))
            engine = Engine(
                definition_of(self.project),
                journal=self._store.journal,
                clock=self._clock,
                policy=policy,
                pool=pool,
                tools=tools,
                guards=guards,
                inbox=self._store.inbox,
                presence=self._store.presence,
                revive=self._definitions.revive,
                announcer=announcer,
                caching=build_caching(self.project, self._store.responses),
                learning=await build_learning(self.project, self._store),
            )
            await stack.enter_async_context(shared(self.project, self._store, pool, self._clock))
            await stack.enter_async_context(heralded(self.project, self._store, self._clock))
            self._engine = await stack.enter_async_context(engine)
            await stack.enter_async_context(pruned(self.project, self._store, self._clock))
            self._attendant = self._attending(engine)
            await stack.enter_async_context(attended(self._attendant))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine = self._attendant = None
        try:
            await self._stack.aclose()
        except JournalError as late:  # what is written last fails for the reason that is being told already
            if error is None:
                raise
            logger.warning("the store could not be closed in good order: {}", late.message)

    @property
    def shared(self) -> bool:
        """Whether many machines share the store, so that a queue hands out what is enqueued."""
        return self._store.url is not None

    @property
    def driving(self) -> int:
        """How many runs are under way here."""
        return self._open().driving

    async def take_up(self) -> int:
        """Look at once for what waits for a process; return how many runs were taken up."""
        return 0 if self._attendant is None else await self._attendant.once()

    def drain(self) -> None:
        """Take up nothing any more that others have left."""
        if self._attendant is not None:
            self._attendant.drain()

    async def start(
        self,
        task: Task | str,
        *,
        name: str = "",
        budget: Budget | None = None,
        on_exceeded: OnExceeded | None = None,
        id: RunId | None = None,
    ) -> RunHandle:
        """Record a task durably, begin to work on it, and return a handle to watch, await or cancel it.

        name: for lists of runs; the project's by default.  budget, on_exceeded: instead of the project's.
        id: of your choice, so that the same task is not started twice. Raises JournalError: JournalConflict when there
        is a run of that id.
        """
        engine = self._open()
        await self._definitions.keep()
        return await engine.start(_task(task), name=name, budget=budget, on_exceeded=on_exceeded, id=id)

    async def run(
        self,
        task: Task | str,
        *,
        name: str = "",
        budget: Budget | None = None,
        on_exceeded: OnExceeded | None = None,
        id: RunId | None = None,
    ) -> Run:
        """Do a task and return the run once it has ended, or waits for people; see its status.

        Cancelling cancels the run.
        """
        handle = await self.start(task, name=name, budget=budget, on_exceeded=on_exceeded, id=id)
        try:
            return await handle.result()
        except asyncio.CancelledError:
            await handle.cancel()
            raise

    async def enqueue(
        self,
        task: Task | str,
        *,
        name: str = "",
        budget: Budget | None = None,
        on_exceeded: OnExceeded | None = None,
        id: RunId | None = None,
    ) -> RunId:
        """Record a task durably and return its run's id; a worker, or any runtime of the project, takes it up."""
        engine = self._open()
        await self._definitions.keep()
        asked = _task(task)
        run = await engine.enqueue(asked, name=name, budget=budget, on_exceeded=on_exceeded, id=id)
        await self._submit(run, asked.tenant)
        return run

    async def resume(self, run: RunId) -> RunHandle:
        """Drive a run on from what is recorded.

        Raises RunNotFound; RunBusy when it has ended, is driven, or waits for people; ConfigError when this project
        lacks what the run needs; JournalConflict when another process was quicker.
        """
        return await self._open().resume(run)

    async def replay(self, run: RunId) -> Run:
        """Drive a run again on what is recorded, without calling anything, and return it as the replay has it.

        `Replays` does the same without the models. Raises ReplayMismatch at the first difference, RunNotFound,
        ConfigError or JournalError.
        """
        return await self._open().replay(run)

    async def fork(
        self,
        run: RunId,
        step: StepId | str,
        *,
        model: str | None = None,
        prompt: str | None = None,
        inputs: Mapping[str, JSON] | None = None,
        budget: Budget | None = None,
    ) -> RunHandle:
        """Begin a run that shares another's record and does a step, and all that depends on it, anew.

        step: `plan` for the whole run.  model: the only one that the step's agent may use.  prompt: instead of that
        agent's instructions.  inputs: other values of the task's; texts are read as the types that they have.  budget:
        instead of the other run's. It begins with nothing spent.

        The fork starts from the definitions of its origin. Raises RunNotFound, ForkError, ConfigError or JournalError.
        """
        engine = self._open()
        fork = await self._planned(run, StepId(step), model=model, prompt=prompt, inputs=inputs, budget=budget)
        return await engine.fork(run, fork.step, changes=fork.changes, started=fork.started, rules=fork.rules)

    async def enqueue_fork(
        self,
        run: RunId,
        step: StepId | str,
        *,
        model: str | None = None,
        prompt: str | None = None,
        inputs: Mapping[str, JSON] | None = None,
        budget: Budget | None = None,
    ) -> RunId:
        """Record a fork durably and return its id; a worker, or any runtime of the project, takes it up.

        Arguments and errors are those of `fork`.
        """
        engine = self._open()
        fork = await self._planned(run, StepId(step), model=model, prompt=prompt, inputs=inputs, budget=budget)
        id = await engine.enqueue_fork(run, fork.step, changes=fork.changes, started=fork.started, rules=fork.rules)
        await self._submit(id, fork.started.task.tenant)
        return id

    async def _planned(
        self,
        run: RunId,
        step: StepId,
        *,
        model: str | None,
        prompt: str | None,
        inputs: Mapping[str, JSON] | None,
        budget: Budget | None,
    ) -> Fork:
        return await plan_fork(
            self.project,
            self._definitions,
            self.journal,
            run,
            step,
            model=None if model is None else ModelName(model),
            prompt=prompt,
            inputs=inputs or {},
            budget=budget,
        )

    async def wait(self, run: RunId) -> Run:
        """Wait until a run has ended, or waits for people, whoever drives it, and return it.

        Raises RunNotFound or JournalError.
        """
        pause = 0.02
        while True:
            handle = self._open().handle(run)
            if handle is not None:
                return await handle.result()
            found = Run.fold(await self.journal.read(run))
            if found.status != "running":
                return found
            await self._clock.sleep(pause)
            pause = min(1.0, pause * 1.5)

    async def cancel(self, run: RunId, reason: str = "cancelled") -> Run | None:
        """End a run, wherever it is. Return it, or None when another process has been asked to end it.

        Raises RunNotFound, RunBusy when it has ended, or JournalError.
        """
        return await self._open().cancel(run, reason)

    async def approvals(
        self, *, run: RunId | None = None, status: ApprovalStatus | None = "pending", limit: int = 100
    ) -> Sequence[ApprovalRecord]:
        """Return the questions that runs ask, the oldest first."""
        return await self._store.inbox.approvals(run=run, status=status, limit=limit)

    async def rule(
        self,
        approval: str,
        verb: Verb,
        *,
        actor: str,
        reason: str = "",
        value: JSON = None,
        version: int | None = None,
    ) -> ApprovalRecord:
        """Decide about a question, durably; its run goes on. The same decision again changes nothing.

        approval: its id, or the beginning.  value: for `edit` and `respond`.  version: of the question that was looked
        at, the latest by default. Raises ApprovalError: there is none, it is decided otherwise, or has changed.
        """
        inbox = self._store.inbox
        asked = (await inbox.approval(approval)).approval
        ruling = Ruling(
            verb=verb,
            actor=actor,
            reason=reason,
            value=value,
            version=asked.version if version is None else version,
            at=self._clock.now(),
        )
        decided = await inbox.rule(asked.id, ruling)
        if self._attendant is not None:
            self._attendant.poke()
        return decided

    async def dry_run(
        self, task: Task | str, *, name: str = "", budget: Budget | None = None
    ) -> tuple[Run, Mapping[StepId, Route]]:
        """Plan a task without doing it; return the run, and the route of each step's first model call."""
        engine = self._open()
        await self._definitions.keep()
        return await engine.dry_run(_task(task), name=name, budget=budget)

    async def _submit(self, run: RunId, tenant: str) -> None:
        """Put a run into the queue of a store that many machines share."""
        if self._store.queued is None:
            return
        if self._queue is None:
            self._queue = open_queue(self._store, name=self._queue_name)
            self._stack.push_async_callback(self._queue.aclose)
        await self._queue.submit(run, tenant=tenant, epoch=0)
        await self._store.queued(run, True)

    def _open(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the runtime is not open; use `async with Runtime(project) as runtime:`")
        return self._engine

    def _attending(self, engine: Engine) -> Attendant:
        async def take(run: RunId) -> None:
            handle = await engine.resume(run)
            if self._resumed is not None:
                self._resumed(handle)

        store = self._store
        return Attendant(
            engine,
            inbox=store.inbox,
            presence=store.presence,
            clock=self._clock,
            changed=store.changed,
            take=self._dispatch or take,
            most=self._at_once,
            look_seconds=self._look_seconds,
            care_seconds=CARE_SECONDS if store.url is None else SHARED_CARE_SECONDS,
        )


def _task(task: Task | str) -> Task:
    return Task(goal=task) if isinstance(task, str) else task

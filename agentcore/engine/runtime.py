"""Engine: starts runs and drives them on, lets them be watched, decided about and cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from loguru import logger

from agentcore.domain.budget import Budget
from agentcore.domain.errors import ReplayMismatch, RunBusy
from agentcore.domain.event import OPEN, Lineage, RunFinished, RunStarted
from agentcore.domain.fork import changed_values, forked, shared_facts
from agentcore.domain.ids import RunId, StepId, ToolName
from agentcore.domain.route import Route
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.domain.team import OnExceeded
from agentcore.engine.definition import Definition, Rules
from agentcore.engine.drive import Driver
from agentcore.engine.guards import Guards
from agentcore.engine.handle import RunHandle
from agentcore.engine.history import History
from agentcore.engine.parts import Parts
from agentcore.engine.permits import Permits
from agentcore.engine.pool import ModelPool
from agentcore.engine.recorder import Recorder
from agentcore.engine.replay import ReplayRecorder, replayed
from agentcore.engine.response_caching import Caching
from agentcore.engine.takeover import Takeover
from agentcore.policy.engine import PolicyEngine
from agentcore.ports.announcer import Announcer
from agentcore.ports.clock import Clock
from agentcore.ports.inbox import Inbox
from agentcore.ports.journal import Journal
from agentcore.ports.presence import Presence
from agentcore.ports.tool import Tool

if TYPE_CHECKING:
    from agentcore.engine.learning import Learning

Revive = Callable[[str], Awaitable[tuple[Definition, PolicyEngine]]]
"""Returns the definition of a snapshot, by its digest. Raises ConfigError when this project lacks what it needs."""


class Engine:
    """Drives runs over given parts; an async context manager.

    At its end it stops what still runs, records the calls that it breaks off, and leaves the runs as they are: they go
    on when somebody resumes them.

    guards: what looks at what comes into runs; by default, that a task is text of a bearable size.
    inbox, presence: None for runs that only this process knows.  revive: None when no other definition is known.
    announcer: who is told outside, before it is done, what policies want told.  caching: None when no model's reply is
    served again.  learning: from verdicts, None for none.
    """

    def __init__(
        self,
        definition: Definition,
        *,
        journal: Journal,
        clock: Clock,
        policy: PolicyEngine,
        pool: ModelPool,
        tools: Mapping[ToolName, Tool],
        guards: Guards | None = None,
        inbox: Inbox | None = None,
        presence: Presence | None = None,
        revive: Revive | None = None,
        announcer: Announcer | None = None,
        caching: Caching | None = None,
        learning: Learning | None = None,
    ) -> None:
        self._definition = definition
        self._journal = journal
        self._clock = clock
        self._parts = Parts(
            pool=pool,
            tools=tools,
            clock=clock,
            guards=guards or Guards(),
            announcer=announcer,
            caching=caching,
            learning=learning,
        )
        self._inbox = inbox
        self._takeover = Takeover(journal=journal, clock=clock, inbox=inbox, presence=presence, rules=self._rules_for)
        self._revive = revive
        self._rules = {definition.snapshot: self._rules_of(definition, policy)}
        self._driven_here: dict[RunId, tuple[Driver, Recorder]] = {}
        self._running: dict[RunId, asyncio.Task[Run]] = {}
        self._held: set[RunId] = set()
        self._leaving = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    @property
    def driving(self) -> int:
        """How many runs are under way here."""
        return len(self._running)

    def drives(self, run: RunId) -> bool:
        """Return whether a run is under way here, or is about to be, or is being ended."""
        return run in self._running or run in self._held

    def handle(self, run: RunId) -> RunHandle | None:
        """Return the handle of a run that is under way here."""
        found = self._driven_here.get(run)
        return None if found is None else RunHandle(found[1], self._running[run], found[0].drafts)

    async def start(
        self,
        task: Task,
        *,
        name: str = "",
        budget: Budget | None = None,
        on_exceeded: OnExceeded | None = None,
        id: RunId | None = None,
    ) -> RunHandle:
        """Record a task durably and begin to drive it.

        name: of the scenario, else the project's.  budget, on_exceeded: instead of the project's.  id: a new one by
        default. Raises JournalError: JournalConflict when there is a run of that id; GuardDenied.
        """
        with self._holding(id or RunId(self._clock.new_id())) as new:
            recorder = await self._begin(task, name, budget, on_exceeded, new)
            return await self._drive(self._driver(recorder, self._own_rules), recorder)

    async def enqueue(
        self,
        task: Task,
        *,
        name: str = "",
        budget: Budget | None = None,
        on_exceeded: OnExceeded | None = None,
        id: RunId | None = None,
    ) -> RunId:
        """Record a task durably and leave it to whoever takes it up. Raises like `start`."""
        new = id or RunId(self._clock.new_id())
        recorder = await self._begin(task, name, budget, on_exceeded, new, owner="")
        recorder.close()
        return new

    async def resume(self, id: RunId) -> RunHandle:
        """Drive a run on from what is recorded: one whose process is gone, or that people have decided about.

        Raises RunNotFound; RunBusy when it has ended, is driven, or waits for people; ConfigError when this project
        lacks what it needs; JournalConflict when another process was quicker.
        """
        self._check_free(id)
        with self._holding(id):
            recorder, rules = await self._takeover.claim(id)
            return await self._drive(self._driver(recorder, rules), recorder)

    async def cancel(self, id: RunId, reason: str = "cancelled") -> Run | None:
        """End a run, wherever it is. Returns it once its end is recorded, None when another process has been asked to.

        Raises RunNotFound, RunBusy when it has ended, or JournalError.
        """
        if id in self._running:
            driver, _ = self._driven_here[id]
            driver.stopping(reason)
            self._running[id].cancel()
            await asyncio.wait([self._running[id]])
            return driver.run
        self._check_free(id)
        with self._holding(id):
            try:
                recorder, rules = await self._takeover.claim(id, to_end=self._own_rules)
            except RunBusy:
                if self._inbox is None or Run.fold(await self._journal.read(id)).status not in OPEN:
                    raise
                await self._inbox.request_cancel(id, reason)
                return None
            try:
                return await self._driver(recorder, rules).cancel(reason)
            finally:
                recorder.close()

    async def take_rulings(self, id: RunId) -> None:
        """Tell a run that is under way here what people have decided about it."""
        found = self._driven_here.get(id)
        if found is not None and await self._takeover.record_rulings(found[1]):
            found[0].wake()

    async def fork(
        self,
        id: RunId,
        step: StepId,
        *,
        changes: Sequence[str] = (),
        started: RunStarted | None = None,
        rules: tuple[Definition, PolicyEngine] | None = None,
    ) -> RunHandle:
        """Begin a run that shares another's record and does a step, and all that depends on it, anew.

        changes: what is different, in words.  started, rules: how the run starts and on what, by default as the other.
        Raises RunNotFound, ForkError when there is no such step, GuardDenied, ConfigError or JournalError.
        """
        recorder, known = await self._fork(id, step, changes, started, rules, owner=self._takeover.owner)
        return await self._drive(self._driver(recorder, known), recorder)

    async def enqueue_fork(
        self,
        id: RunId,
        step: StepId,
        *,
        changes: Sequence[str] = (),
        started: RunStarted | None = None,
        rules: tuple[Definition, PolicyEngine] | None = None,
    ) -> RunId:
        """Record a fork durably and leave it to whoever takes it up. Raises like `fork`."""
        recorder, _ = await self._fork(id, step, changes, started, rules, owner="")
        recorder.close()
        return recorder.run.id

    async def _fork(
        self,
        id: RunId,
        step: StepId,
        changes: Sequence[str],
        started: RunStarted | None,
        rules: tuple[Definition, PolicyEngine] | None,
        *,
        owner: str,
    ) -> tuple[Recorder, Rules]:
        events = await self._journal.read(id)
        origin = Run.fold(events)
        begins = started or origin.started
        if begins.task != origin.started.task:
            begins = replace(begins, task=await self._parts.guards.task(begins.task))
        shared = shared_facts(events, step, changed=changed_values(origin.started.task, begins.task))
        if rules is None:
            known = await self._rules_for(origin)
        else:
            known = self._rules[rules[0].snapshot] = self._rules_of(*rules)
        begun = replace(
            begins,
            agents={name: agent.version for name, agent in known.definition.agents.items()},
            snapshot=known.definition.snapshot,
            runtime=self._definition.version,
            owner=owner,
            lineage=Lineage(run=id, step=step, events=len(shared), changes=tuple(changes)),
            dry=False,
        )
        fork = forked(RunId(self._clock.new_id()), self._clock.now(), begun, shared)
        await self._journal.append(fork, durable=True)
        run, history = Run.fold(fork), History.of(fork, spent=False)
        return Recorder(fork[0].run, self._journal, self._clock, run=run, history=history), known

    async def replay(self, id: RunId) -> Run:
        """Drive a run again on its recorded outcomes, without calling anything, and return it as the replay has it.

        Raises ReplayMismatch at the first difference, RunNotFound, ConfigError or JournalError.
        """
        recorder = ReplayRecorder(await self._journal.read(id))
        rules = await self._rules_for(recorder.run)

        def driver() -> Driver:
            return self._parts.driver(recorder, rules, leaving=lambda: True, script=recorder)

        try:
            return await replayed(recorder, driver)
        except ReplayMismatch as mismatch:
            started, version = recorder.run.started, self._definition.version
            if started.runtime == version:
                raise
            hint = f"the run was started by agentcore {started.runtime}; this is {version}"
            raise ReplayMismatch(mismatch.message, hint=hint) from None

    async def dry_run(
        self, task: Task, *, name: str = "", budget: Budget | None = None
    ) -> tuple[Run, Mapping[StepId, Route]]:
        """Plan, call no worker, and return the run with the route of each step's first model call."""
        with self._holding(RunId(self._clock.new_id())) as id:
            recorder = await self._begin(task, name, budget, None, id, dry=True)
            try:
                routes = await self._driver(recorder, self._own_rules).dry_run()
            finally:
                recorder.close()
            return recorder.run, routes

    @contextlib.contextmanager
    def _holding(self, id: RunId) -> Generator[RunId]:
        """Keep others in this process from taking a run up that is not driven by a task of its own (yet)."""
        new = id not in self._held
        self._held.add(id)
        try:
            yield id
        finally:
            if new:
                self._held.discard(id)

    async def _drive(self, driver: Driver, recorder: Recorder) -> RunHandle:
        id = recorder.run.id
        running = asyncio.create_task(self._driven(driver, recorder), name=f"run {id}")
        running.add_done_callback(_noted)
        self._running[id] = running
        self._driven_here[id] = (driver, recorder)
        handle = RunHandle(recorder, running, driver.drafts)
        try:
            await asyncio.sleep(0)  # a task that is cancelled before its first step would not record the run's end
        except asyncio.CancelledError:  # nobody gets the handle
            await handle.cancel()
            raise
        return handle

    async def _driven(self, driver: Driver, recorder: Recorder) -> Run:
        id = recorder.run.id
        try:
            return await driver.drive()
        finally:
            recorder.close()
            driver.drafts.close()
            del self._running[id], self._driven_here[id]

    def _driver(self, recorder: Recorder, rules: Rules) -> Driver:
        return self._parts.driver(recorder, rules, leaving=lambda: self._leaving)

    async def _begin(
        self,
        task: Task,
        name: str,
        budget: Budget | None,
        on_exceeded: OnExceeded | None,
        id: RunId,
        *,
        owner: str | None = None,
        dry: bool = False,
    ) -> Recorder:
        definition = self._definition
        recorder = Recorder(id, self._journal, self._clock)
        started = RunStarted(
            task=await self._parts.guards.task(task),
            name=name or definition.name,
            budget=definition.budget if budget is None else budget,
            agents={agent: definition.agents[agent].version for agent in definition.agents},
            snapshot=definition.snapshot,
            runtime=definition.version,
            on_exceeded=on_exceeded,
            owner=self._takeover.owner if owner is None else owner,
            dry=dry,
        )
        try:
            await recorder.record(started, durable=True)
        except asyncio.CancelledError:  # cancelling does not take the event back, and nobody will drive this run
            await asyncio.shield(
                recorder.record(RunFinished(status="cancelled", answer=None, reason="cancelled"), durable=True)
            )
            raise
        return recorder

    @property
    def _own_rules(self) -> Rules:
        return self._rules[self._definition.snapshot]

    def _check_free(self, id: RunId) -> None:
        if self.drives(id):
            raise RunBusy(f"run {id} is being driven already, by this process")

    def _rules_of(self, definition: Definition, policy: PolicyEngine) -> Rules:
        return Rules(definition=definition, policy=policy, permits=Permits(policy, self._parts.pool.entries))

    async def _rules_for(self, run: Run) -> Rules:
        """Return the definition that a run was started on."""
        snapshot = run.started.snapshot
        if snapshot not in self._rules:
            if self._revive is None:
                raise RunBusy(
                    f"run {run.id} was started on other definitions, which are not kept here",
                    hint="resume it with the project as it was then, or cancel it",
                )
            self._rules[snapshot] = self._rules_of(*await self._revive(snapshot))
        return self._rules[snapshot]


def _noted(task: asyncio.Task[Run]) -> None:
    """Log why a run is broken off: whoever waits for it is told too, but perhaps nobody does."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        logger.warning("{} is broken off: {}", task.get_name(), error)

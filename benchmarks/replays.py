"""Forks and replays of random runs with permuted timing: does the same come of each?

Each run is of a random project (`benchmarks.random_world`) on a fake clock. It is killed and taken up again, closed
and opened, cancelled, left waiting or under way. Then its record, and a beginning of it, are replayed without models
and tools, on an event loop that does what is ready in random order; a fork is begun at a random step, driven with the
same troubles, and replayed; so is a fork of the fork.

`python -m benchmarks.replays --runs 10000 --json`; one that went wrong again: `--seed S --runs 1`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, fields
from typing import Any

from agentcore.adapters.journal.memory import MemoryJournal
from agentcore.adapters.journal.memory_inbox import MemoryInbox
from agentcore.domain.approval import overdue
from agentcore.domain.errors import AgentcoreError, ApprovalError, RunBusy
from agentcore.domain.event import OPEN, ApprovalDecided, Event, Fact
from agentcore.domain.ids import RunId, StepId, ToolName
from agentcore.domain.run import Run
from agentcore.domain.task import Task
from agentcore.engine.handle import RunHandle
from agentcore.engine.pool import ModelEntry, ModelPool
from agentcore.engine.runtime import Engine
from agentcore.policy.engine import PolicyEngine
from agentcore.ports.tool import Tool
from agentcore.testing.fake_clock import FakeClock
from benchmarks.random_world import POLICIES, Silent, World

FORKS = 2
"""A fork of each run, and a fork of the fork."""

PATIENCE_SECONDS = 20.0
"""What takes longer hangs."""

SPANS = 30
"""How often a run is taken up at the most, before it is left as it is."""


@dataclass(kw_only=True)
class Report:
    """What came of it. ends: status → how many records had it when they were replayed."""

    runs: int = 0
    forks: int = 0
    replays: int = 0
    events: int = 0
    crashes: int = 0
    closings: int = 0
    rulings: int = 0
    mismatches: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> str:
        """Return it as JSON. Not by `asdict`, which takes a Counter's items for what is counted."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return json.dumps(values, indent=2)


class Shuffled(asyncio.SelectorEventLoop):
    """An event loop that does what is ready in random order."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(seed)

    def _run_once(self) -> None:
        ready: Any = getattr(self, "_ready")  # noqa: B009  # not in the interface
        if len(ready) > 1:
            self._chance.shuffle(ready)
        super()._run_once()  # type: ignore[misc]


class Case:
    """One run and its forks."""

    def __init__(self, seed: int, report: Report, policies: Sequence[PolicyEngine]) -> None:
        self.seed = seed
        self.world = World(seed)
        self.chance = random.Random(seed + 1)
        self.clock = FakeClock()
        self.drives = 0
        self.report = report
        self.policy = policies[POLICIES.index(self.world.policies)]
        self.events: Sequence[Event] = ()

    @asynccontextmanager
    async def engine(self, journal: MemoryJournal, inbox: MemoryInbox) -> AsyncIterator[Engine]:
        """Yield the engine of one process."""
        models = {
            profile.name: ModelEntry(profile=profile, model=model)
            for profile, model in self.world.models(self.clock).items()
        }
        tools: dict[ToolName, Tool] = dict(self.world.built_tools(self.clock))
        async with Engine(
            self.world.definition,
            journal=journal,
            clock=self.clock,
            policy=self.policy,
            pool=ModelPool(models, self.clock),
            tools=tools,
            inbox=inbox,
        ) as made:
            yield made

    async def drive(self, before: Sequence[Event], step: StepId | None = None) -> list[Event]:
        """Drive a run, or a fork of one at a step, until it has ended or is left; return its record."""
        # A clock belongs to its event loop; a fork begins later, and under another id.
        self.clock = FakeClock(start=before[-1].at + 1 if before else 1_800_000_000.0, auto=True, seed=self.seed)
        for _ in range(self.drives):
            self.clock.new_id()
        self.drives += 1
        journal = MemoryJournal()
        if before:
            await journal.append(before, durable=True)
        inbox = MemoryInbox(journal)
        id: RunId | None = None
        for span in range(SPANS):
            async with self.engine(journal, inbox) as engine:
                if id is not None:
                    handle = await self._taken_up(engine, inbox, id)
                elif step is None:
                    handle = await engine.start(Task(goal="go", inputs={"to": "Ann"}))
                else:
                    handle = await engine.fork(before[0].run, step)
                if handle is not None:
                    id = handle.id
                    await self._watched(engine, inbox, id)
            if id is None:
                raise AssertionError
            recorded = list(await journal.read(id))
            run = Run.fold(recorded)
            if run.status not in OPEN or (span > 2 and self.chance.random() < 0.1):
                return recorded
            if run.status == "running" and self.chance.random() < 0.7:
                # What had not been written to the disk is gone.
                shared = 1 + (run.started.lineage.events if run.started.lineage else 0)
                cut = self.chance.randint(max(shared, len(recorded) - 6), len(recorded))
                journal = MemoryJournal()
                await journal.append(recorded[:cut], durable=True)
                inbox = MemoryInbox(journal)
                self.report.crashes += 1
        return list(await journal.read(id)) if id else []

    async def _taken_up(self, engine: Engine, inbox: MemoryInbox, id: RunId) -> RunHandle | None:
        for record in await inbox.approvals(run=id, status="pending"):
            if self.chance.random() < 0.7:
                await self._rule(inbox, record)
        try:
            return await engine.resume(id)
        except RunBusy:  # it waits for people
            return None

    async def _rule(self, inbox: MemoryInbox, record: Any) -> None:
        due = record.approval.due_at
        now = self.clock.now()
        ruling = overdue(record.approval, now) if due is not None and due <= now else self.world.ruling(record, now)
        with suppress(ApprovalError):
            await inbox.rule(record.approval.id, ruling)
            self.report.rulings += 1

    async def _watched(self, engine: Engine, inbox: MemoryInbox, id: RunId) -> None:
        """Let a run go on, decide about some of what it asks, and leave it at some time, or cancel it."""
        handle = engine.handle(id)
        if handle is None:
            return
        patience = self.chance.choice((3.0, 10.0, 1_000.0, 1_000.0))
        result = asyncio.ensure_future(handle.result())
        until = self.clock.monotonic() + patience
        while not result.done() and self.clock.monotonic() < until:
            pause = asyncio.ensure_future(self.clock.sleep(self.chance.random() * 2))
            await asyncio.wait([result, pause], return_when=asyncio.FIRST_COMPLETED)
            pause.cancel()
            if result.done():
                break
            for record in await inbox.approvals(run=id, status="pending"):
                if self.chance.random() < 0.3:
                    await self._rule(inbox, record)
                    await engine.take_rulings(id)
            if self.chance.random() < 0.01:
                with suppress(RunBusy):  # it has just ended
                    await engine.cancel(id, "enough")
        if result.done():
            result.result()
        else:
            result.cancel()
            self.report.closings += 1

    async def replayed(self, events: Sequence[Event]) -> None:
        """Replay a record. Raises ReplayMismatch, or AssertionError when something else comes of it."""
        journal = MemoryJournal()
        await journal.append(events, durable=True)
        async with Engine(
            self.world.definition,
            journal=journal,
            clock=FakeClock(auto=True),
            policy=self.policy,
            pool=ModelPool({}, self.clock),
            tools={ToolName(name): Silent(definition) for name, definition in self.world.tools.items()},
        ) as engine:
            again = await engine.replay(events[0].run)
        run = Run.fold(events)
        assert list(await journal.read(run.id)) == list(events), "a replay writes"
        if run.status not in OPEN:
            assert (again.status, again.answer, again.reason) == (run.status, run.answer, run.reason)
            assert {id: again.steps[id].output for id in again.steps} == {id: run.steps[id].output for id in run.steps}
        self.report.replays += 1
        self.report.events += len(events)

    def run(self) -> None:
        """Drive, replay, fork, replay. Raises what goes wrong."""
        report = self.report
        events = asyncio.run(asyncio.wait_for(self.drive(()), PATIENCE_SECONDS))
        report.runs += 1
        self._replay(events)
        for _ in range(FORKS):
            step = StepId(self.world.fork_step(Run.fold(events).plan))
            events = asyncio.run(asyncio.wait_for(self.drive(events, step), PATIENCE_SECONDS))
            report.forks += 1
            self._replay(events)

    def _replay(self, events: Sequence[Event]) -> None:
        report = self.report
        self.events = events
        report.ends[Run.fold(events).status] += 1
        report.facts.update(event.fact.kind for event in events)
        started: Any = events[0].fact
        shared = 1 + (started.lineage.events if started.lineage else 0)
        cut = self.chance.randint(shared, len(events))
        while cut > shared and _closes(events[cut - 1].fact):  # which is written with the end, or not at all
            cut -= 1
        for record in (events, events[:cut]):
            self.events = record
            loop = Shuffled(self.chance.randint(0, 1_000_000))
            try:
                loop.run_until_complete(asyncio.wait_for(self.replayed(record), PATIENCE_SECONDS))
                loop.run_until_complete(loop.shutdown_asyncgens())
            finally:
                loop.close()


def _closes(fact: Fact) -> bool:
    return isinstance(fact, ApprovalDecided) and fact.ruling.closes


def prove(runs: int, seed: int, *, most_seconds: float = 1_000_000.0) -> Report:
    """Return the report on so many runs, or as many as there is time for."""
    report = Report()
    policies = [PolicyEngine.load(texts) for texts in POLICIES]
    start = time.perf_counter()
    for number in range(seed, seed + runs):
        case = Case(number, report, policies)
        try:
            case.run()
        except (AgentcoreError, AssertionError, ValueError, KeyError, RuntimeError, TimeoutError) as error:
            report.mismatches += 1
            where = "" if isinstance(error, AgentcoreError) else f" at {traceback.extract_tb(error.__traceback__)[-1]}"
            report.failures.append(f"seed {number}: {type(error).__name__}: {error}{where}")
        report.seconds = time.perf_counter() - start
        if report.seconds > most_seconds:
            break
    return report


def main() -> None:
    """Read the command line, prove, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300, help="each is replayed, forked twice, and these replayed")
    parser.add_argument("--seed", type=int, default=0, help="of the first run; each has the next one")
    parser.add_argument("--seconds", type=float, default=1_200.0, help="stop then")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    report = prove(arguments.runs, arguments.seed, most_seconds=arguments.seconds)
    if arguments.json:
        print(report.as_json())
    else:
        print(f"{report.runs:,} runs and {report.forks:,} forks of them, {report.replays:,} replays", end=" ")
        print(f"of {report.events:,} events in {report.seconds:,.0f} s: {report.mismatches} mismatches")
        print(f"on the way: {report.crashes:,} crashes, {report.closings:,} closings, {report.rulings:,} rulings")
        print(", ".join(f"{count:,} {status}" for status, count in report.ends.most_common()))
        print("\n".join(report.failures))
    raise SystemExit(report.mismatches > 0)


if __name__ == "__main__":
    main()

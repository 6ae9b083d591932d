"""Workers on one PostgreSQL that take runs from its queue: in this process, and in others that are killed."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from loguru import logger
from support.postgres import new_database

from agentcore import Project, Runtime, Task, agent, tool
from agentcore.app.shared_worker import SharedWorker
from agentcore.app.store import open_queue, open_store
from agentcore.config.models import STRUCTURED
from agentcore.domain.errors import JournalCorrupt, JournalTooNew
from agentcore.domain.event import RunResumed
from agentcore.domain.store_url import StoreUrl
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.scripted import Call, ScriptedModel

ROOT = Path(__file__).resolve().parents[2]
WORKER = "benchmarks.chaos_worker"


@pytest.fixture
async def database():
    async with new_database() as url:
        yield url


@pytest.fixture
def told():
    """Yield the messages that the runtime logs."""
    messages = []
    logger.enable("agentcore")
    sink = logger.add(lambda message: messages.append(message.record["message"]), level="DEBUG")
    yield messages
    logger.remove(sink)
    logger.disable("agentcore")


@tool(safety="read")
def weigh(thing: str) -> str:
    """Weigh a thing."""
    return f"{thing} weighs 3"


@agent(role="supervisor")
def planner():
    """You plan."""


@agent(tools=[weigh])
def clerk():
    """You work."""


@agent()
def porter():
    """You carry."""


def shop(url, *, weighs):
    """Return a project whose clerk can weigh, or which has no clerk."""
    worker = "clerk" if weighs else "porter"
    model = ScriptedModel(lambda asked: {"steps": [{"agent": worker, "task": "x"}]} if asked.schema else "done")
    profile = ModelProfile(
        name="m", family="m", quality=0.5, context_tokens=8000, capabilities=STRUCTURED, price=Price(),
        latency_seconds=0.1,
    )  # fmt: skip
    return Project(
        name="shop",
        root=ROOT,
        agents=[planner, clerk if weighs else porter],
        built_models=[(profile, model)],
        built_tools=[weigh] if weighs else [],
        store=url if isinstance(url, Path) else StoreUrl(url),
    )


@contextlib.asynccontextmanager
async def working(project):
    """Work in this process."""
    store = open_store(project)
    made = asyncio.get_running_loop().create_future()

    async def dispatch(run):
        await (await asyncio.shield(made)).submit(run)

    async with Runtime(project, store=store, dispatch=dispatch) as runtime:
        worker = SharedWorker(runtime, store, store.presence, open_queue(store, name="default"))
        made.set_result(worker)
        async with worker.at_work():
            yield worker


async def settled(runtime, run, seconds=25.0):
    async with asyncio.timeout(seconds):
        return await runtime.wait(run)


async def test_a_run_that_is_enqueued_without_a_worker_waits_for_one(database):
    project = shop(database, weighs=True)
    async with Runtime(project) as runtime:
        run = await runtime.enqueue(Task(goal="g"))
        (summary,) = await runtime.journal.list()
        assert (summary.status, summary.events) == ("running", 1)
        async with working(project):
            assert (await settled(runtime, run)).status == "succeeded"


async def test_a_worker_that_lacks_a_tool_leaves_the_run_to_others(database, told):
    able, unable = shop(database, weighs=True), shop(database, weighs=False)
    async with Runtime(able) as runtime:
        run = await runtime.enqueue(Task(goal="g"))
        async with working(unable):
            async with asyncio.timeout(20):
                while sum("which the project lacks: weigh" in each for each in told) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            other = await runtime.enqueue(Task(goal="h"))
        assert len(await runtime.journal.read(run)) == 1
        async with working(able):
            assert (await settled(runtime, run)).status == "succeeded"
            assert (await settled(runtime, other)).status == "succeeded"


async def test_a_worker_with_other_agents_finishes_a_run_on_those_it_was_started_on(database):
    other = Project(
        name="shop",
        root=ROOT,
        agents=[planner, porter],
        built_models=list(shop(database, weighs=True).built_models.values()),
        built_tools=[weigh],
        store=StoreUrl(database),
    )
    async with Runtime(shop(database, weighs=True)) as runtime:
        run = await runtime.enqueue(Task(goal="g"))
        async with working(other):
            done = await settled(runtime, run)
    assert done.status == "succeeded"
    assert "clerk" in done.started.agents


def held(project):
    """Return a project whose first call of a worker's model never answers, and an event of that call."""
    (profile, model), reached = project.built_models["m"], asyncio.Event()

    class Held(ScriptedModel):
        async def complete(self, request, on_text=None):
            if not request.schema:
                reached.set()
                await asyncio.Event().wait()
            return await model.complete(request, on_text)

    return replace(project, built_models={"m": (profile, Held([]))}), reached


async def test_a_run_that_did_not_come_from_the_queue_goes_on_there_when_its_process_is_gone(database):
    project = shop(database, weighs=True)
    slow, reached = held(project)
    async with Runtime(slow) as runtime:
        run = (await runtime.start(Task(goal="g"))).id
        await reached.wait()
    async with working(project) as worker:
        assert (await settled(worker._runtime, run)).status == "succeeded"


@tool(name="weigh", safety="read", approval=True)
def weigh_when_told(thing: str) -> str:
    """Weigh a thing."""
    return weigh(thing)


def calls_first(asked):
    """Plan a step, in which the tool is called once."""
    if asked.schema:
        return {"steps": [{"agent": "clerk", "task": "x"}]}
    works = asked.messages[-1].content == "Task: x"
    return Call("weigh", {"thing": "it"}) if works else "done"


async def test_a_run_that_waited_and_went_on_elsewhere_comes_back_when_that_process_is_gone(database):
    project = shop(database, weighs=True)
    built_models = {"m": (project.built_models["m"][0], ScriptedModel(calls_first))}
    project = replace(project, built_models=built_models, built_tools={"weigh": weigh_when_told})
    async with working(project) as worker:
        run = await worker._runtime.enqueue(Task(goal="g"))
        assert (await settled(worker._runtime, run)).status == "waiting"
    slow, reached = held(project)
    async with Runtime(slow) as runtime:
        (record,) = await runtime.approvals()
        await runtime.rule(record.approval.id, "approve", actor="ann")
        await runtime.resume(run)  # not by the queue
        await reached.wait()
    async with working(project) as worker:
        assert (await settled(worker._runtime, run)).status == "succeeded"


async def test_a_fork_that_is_enqueued_comes_to_a_worker(database):
    project = shop(database, weighs=True)
    async with working(project) as worker:
        run = await worker._runtime.enqueue(Task(goal="g"))
        await settled(worker._runtime, run)
    async with Runtime(project, resume=False) as runtime:
        fork = await runtime.enqueue_fork(run, "answer")
        async with working(project):
            done = await settled(runtime, fork)
    assert (done.status, done.started.lineage.run) == ("succeeded", run)


class Eager:
    """A queue that hands out runs, each several times at once."""

    def __init__(self, runs, times):
        self.taken = [run for run in runs for _ in range(times)]
        self.all_taken = asyncio.Event()

    async def owners(self):
        return frozenset()

    async def serve(self, take):
        await asyncio.gather(*(take(run) for run in self.taken))
        self.all_taken.set()
        await asyncio.Event().wait()

    async def aclose(self):
        pass


class Staggered:
    """A journal to which the claims of a run come one after the other, while the first is driven already."""

    def __init__(self, journal):
        self._journal = journal
        self._claims = Counter()
        self.read, self.find, self.list, self.aclose = journal.read, journal.find, journal.list, journal.aclose

    async def append(self, events, *, durable):
        if isinstance(events[0].fact, RunResumed):
            self._claims[events[0].run] += 1
            await asyncio.sleep(0.004 * (self._claims[events[0].run] - 1))
        await self._journal.append(events, durable=durable)


async def test_a_run_that_is_handed_out_several_times_at_once_is_driven_once(tmp_path):
    project = shop(tmp_path / "journal.sqlite", weighs=True)
    store = open_store(project)
    store = replace(store, journal=Staggered(store.journal))
    async with Runtime(project, store=store, resume=False) as runtime:
        runs = [await runtime.enqueue(Task(goal="g")) for _ in range(20)]
        queue = Eager(runs, times=4)
        async with SharedWorker(runtime, store, store.presence, queue).at_work(), asyncio.timeout(20):
            await queue.all_taken.wait()
        done = [await runtime.wait(run) for run in runs]
    assert [(run.status, run.epoch) for run in done] == [("succeeded", 1)] * 20


class Broken(Eager):
    """A queue that can be served no more."""

    async def serve(self, take):
        raise RuntimeError("a defect")


async def test_a_worker_whose_queue_fails_ends(tmp_path):
    project = shop(tmp_path / "journal.sqlite", weighs=True)
    store = open_store(project)
    async with Runtime(project, store=store, resume=False) as runtime:
        with pytest.raises(RuntimeError, match="a defect"):
            async with SharedWorker(runtime, store, store.presence, Broken([], times=0)).at_work():
                await asyncio.wait_for(asyncio.Event().wait(), 20)


class Unreadable:
    """A journal one run of which cannot be read."""

    def __init__(self, journal, run, error):
        self._journal, self._run, self._error = journal, run, error
        self.append, self.find, self.list, self.aclose = journal.append, journal.find, journal.list, journal.aclose

    async def read(self, run):
        if run == self._run:
            raise self._error
        return await self._journal.read(run)


@pytest.mark.parametrize(("error", "is_given_back"), [(JournalCorrupt("bad"), False), (JournalTooNew("new"), True)])
async def test_a_run_that_cannot_be_read_keeps_no_place(tmp_path, told, error, is_given_back):
    project = shop(tmp_path / "journal.sqlite", weighs=True)
    store = open_store(project)
    store = replace(store, journal=Unreadable(store.journal, "bad", error))
    given_back = []

    class Queue(Eager):
        async def serve(self, take):
            for run in self.taken:
                try:
                    await take(run)
                except JournalTooNew:
                    given_back.append(run)
            self.all_taken.set()

    async with Runtime(project, store=store, resume=False) as runtime:
        good = await runtime.enqueue(Task(goal="g"))
        queue = Queue(["bad", good], times=1)
        async with SharedWorker(runtime, store, store.presence, queue).at_work(), asyncio.timeout(20):
            await queue.all_taken.wait()
        assert (await runtime.wait(good)).status == "succeeded"
    assert given_back == (["bad"] if is_given_back else [])
    assert any("the run cannot go on" in each for each in told)


class Workers:
    """Worker processes of the chaos benchmark."""

    def __init__(self, url, sink, folder):
        self._arguments = [url, str(sink)]
        self._folder = folder
        self.processes = []

    def start(self):
        log = self._folder / f"{len(self.processes)}.log"
        command = [sys.executable, "-m", WORKER, *self._arguments, str(log), "16", "0.3"]
        self.processes.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL))
        return self.processes[-1]

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.mark.timeout(120)
async def test_the_runs_of_a_worker_that_is_killed_go_on_in_another(database, tmp_path):
    from benchmarks.chaos_desk import answer, goal, project
    from benchmarks.chaos_sink import Sink

    sink = Sink(tmp_path / "sink.log", 0.01)
    async with await asyncio.start_server(sink.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        workers = Workers(database, port, tmp_path)
        async with Runtime(project(database, sink=port, seconds=0.3), queue="chaos") as runtime:
            try:
                first = workers.start()
                runs = [await runtime.enqueue(Task(goal=goal(number))) for number in range(4)]
                await asyncio.gather(*(_has(runtime, run, 8) for run in runs))
                workers.start()
                first.kill()
                done = [await settled(runtime, run, 40) for run in runs]
            finally:
                workers.end()
                sink.close()
            assert [run.answer for run in done] == [answer(number) for number in range(4)]
            for run in runs:
                events = await runtime.journal.read(run)
                owners = [event.fact.owner for event in events if isinstance(event.fact, RunResumed)]
                assert len(set(owners)) == len(owners) == 2
    calls = (tmp_path / "sink.log").read_text().splitlines()
    assert sum('"applied": true' in call for call in calls) == 8


async def _has(runtime, run, events):
    async with asyncio.timeout(30):
        while len(await runtime.journal.read(run)) < events:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

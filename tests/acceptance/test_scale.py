"""Many steps, many runs: time in proportion, bounded memory, and records that can still be read."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

from agentcore import Project, Runtime, agent
from agentcore.config.models import STRUCTURED
from agentcore.config.project_file import STORE
from agentcore.domain.agent import Limits
from agentcore.domain.budget import Budget
from agentcore.domain.team import RunLimits
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.scripted import ScriptedModel

AGENTCORE = Path(sys.executable).parent / "agentcore"
GIGABYTE = 1024**3


@agent(role="supervisor", model="m", limits=Limits(output_tokens=1_000_000))
def planner() -> None:
    """You plan."""


@agent()
def worker() -> None:
    """You work."""


@agent(uses="earlier")
def writer() -> None:
    """You write."""


class Forgetful(ScriptedModel):
    """Answers with a plan of so many steps, and anything else with a word; remembers nothing."""

    def __init__(self, steps):
        super().__init__([])
        listed = [
            {"id": f"s{number}", "agent": "worker", "task": "x", "uses": [f"s{number - 7}"] if number % 40 > 7 else []}
            for number in range(steps)
        ]
        self._plan = json.dumps({"steps": listed})

    async def complete(self, request, on_text=None):
        self._next = lambda _: self._plan if request.schema else "done"
        self.requests.clear()
        return await super().complete(request, on_text)


class Waiting(Forgetful):
    """Answers only when it is told to."""

    def __init__(self, steps):
        super().__init__(steps)
        self.go = asyncio.Event()

    async def complete(self, request, on_text=None):
        await self.go.wait()
        return await super().complete(request, on_text)


def profile(name, quality):
    return ModelProfile(
        name=name,
        family=name,
        quality=quality,
        context_tokens=10_000_000,
        capabilities=STRUCTURED,
        price=Price(),
        latency_seconds=0.01,
    )


def project(folder, model, steps, *better):
    return Project(
        name="many",
        root=folder,
        agents=[planner, worker, writer],
        built_models=[(profile("m", 0.5), model), *((profile("better", 0.9), each) for each in better)],
        limits=RunLimits(parallel_steps=16, max_steps=steps + 1, max_depth=100),
        budget=Budget(),
    )


async def test_ten_thousand_steps_take_ten_times_as_long_as_one_thousand(tmp_path):
    async def seconds(steps):
        async with Runtime(project(tmp_path / str(steps), Forgetful(steps), steps)) as runtime:
            began = time.process_time()
            run = await runtime.run("many")
            assert run.status == "succeeded"
            assert len(run.steps) == steps + 1
            return time.process_time() - began, run.id

    small = min([(await seconds(1_000))[0] for _ in range(2)])
    large, run = await seconds(10_000)
    assert large < 25 * small
    assert large < 30
    async with Runtime(project(tmp_path / "10000", Forgetful(1), 1)) as runtime:
        assert (await runtime.journal.list())[0].run == run


async def test_five_hundred_runs_at_once_on_one_file(tmp_path):
    async with Runtime(project(tmp_path, Forgetful(4), 4)) as runtime:
        runs = await asyncio.gather(*(runtime.run(f"task {number}") for number in range(500)))
        assert {run.status for run in runs} == {"succeeded"}
        listed = await runtime.journal.list(limit=1000)
        assert {(one.status, one.events) for one in listed} == {("succeeded", runs[0].sequence)}
        assert len(listed) == 500
    assert (tmp_path / STORE).stat().st_size / 500 < 200_000


async def test_a_run_under_way_takes_little_memory(tmp_path):
    async def all_steps_wait(handle):
        calls = 0
        async for event in handle.events():
            calls += event.fact.kind == "effect_started"
            if calls == 1 + 4:
                return

    model = Waiting(4)
    async with Runtime(project(tmp_path, Forgetful(4), 4, model)) as runtime:
        model.go.set()
        await runtime.run("warm up")
        model.go.clear()
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        handles = [await runtime.start(f"task {number}") for number in range(300)]
        for handle in handles:
            await all_steps_wait(handle)
        gc.collect()
        each = (tracemalloc.get_traced_memory()[0] - before) / len(handles)
        tracemalloc.stop()
        model.go.set()
        for handle in handles:
            assert (await handle.result()).status == "succeeded"
    assert each < 120 * 1024


def test_the_record_of_a_large_run_is_shown_in_seconds(shop):
    async def work():
        large = project(shop, Forgetful(2_000), 2_000)
        async with Runtime(large) as runtime:
            return (await runtime.run("many")).id

    run = asyncio.run(work())
    for words in (
        ("runs", "list"),
        ("runs", "show", run, "--json"),
        ("trace", run),
        ("graph", run, "--format", "mermaid"),
    ):
        # A process of its own: the limits must hold for the command, whatever other tests have loaded into this one.
        done = subprocess.run([AGENTCORE, *words], stdout=subprocess.PIPE, check=False, preexec_fn=bound)
        assert done.returncode == 0, words
        assert done.stdout


def bound():
    """Let this process, a command, use 20 seconds of a processor and a gigabyte of memory, and no more."""
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    resource.setrlimit(resource.RLIMIT_DATA, (GIGABYTE, GIGABYTE))

"""The runtime as a library: ten lines, agents and tools by decorators, and handles that behave."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

from agentcore import Project, Runtime, agent, load_project, model, tool
from agentcore.config.models import STRUCTURED
from agentcore.domain.budget import Budget
from agentcore.domain.errors import ConfigError
from agentcore.domain.label import Confidentiality, Label
from agentcore.domain.task import Task
from agentcore.domain.team import RunLimits
from agentcore.routing.profile import ModelProfile, Price
from agentcore.testing.cassette import CassetteModel
from agentcore.testing.loopback import Answer, ChatServer
from agentcore.testing.scripted import Call, ScriptedModel


class Worth(BaseModel):
    """What the stock is worth."""

    answer: str
    usd: float


THREADS = []


@tool(safety="read")
def look_up(product: str) -> dict[str, int]:
    """Return price and number of boxes of a product."""
    THREADS.append(threading.current_thread())
    return {"usd_per_box": 6, "boxes": 120}


@agent(role="supervisor")
def planner() -> None:
    """You plan."""


@agent(tools=[look_up], tool_use="output", uses="none")
def clerk() -> None:
    """You look up."""


@agent(uses="earlier", verify=["schema", "numbers"])
def writer() -> Worth:
    """You write."""


REPLIES = {
    "You plan": {"steps": [{"agent": "clerk", "task": "price and stock of tea"}]},
    "You look up": Call("look_up", {"product": "tea"}),
    "You write": {"answer": "120 boxes at 6", "usd": 6},
}


def say(request):
    system = request.messages[0].content
    return next(reply for start, reply in REPLIES.items() if system.startswith(start))


def scripted(script=say, *, price=None):
    profile = ModelProfile(
        name="m",
        family="m",
        quality=0.5,
        context_tokens=100_000,
        capabilities=STRUCTURED,
        price=price or Price(),
        latency_seconds=0.1,
    )
    return profile, ScriptedModel(script)


def project(folder, *models, **more):
    return Project(
        name="shop",
        root=folder,
        agents=[planner, clerk, writer],
        built_tools=[look_up],
        built_models=models or [scripted()],
        **more,
    )


async def test_ten_lines(tmp_path):
    async with Runtime(project(tmp_path)) as runtime:
        handle = await runtime.start("What is the tea in stock worth?")
        kinds = [event.fact.kind async for event in handle.events()]
        run = await handle.result()
    assert (run.status, run.answer) == ("succeeded", {"answer": "120 boxes at 6", "usd": 6})
    assert (kinds[0], kinds[-1]) == ("run_started", "run_finished")
    assert {"plan_accepted", "attempt_started", "effect_started", "verdict_reached"} <= set(kinds)
    assert THREADS[-1] is not threading.main_thread()


async def test_the_project_of_a_folder_from_python(shop):
    async with Runtime(load_project(Path())) as runtime:
        run = await runtime.run(Task(goal="What is all the assam in stock worth?", tenant="tea", principal="ann"))
    assert run.status == "succeeded"
    assert (run.started.task.tenant, run.started.task.principal) == ("tea", "ann")


async def test_an_endpoint_instead_of_the_embedded_model(tmp_path):
    answers = [
        Answer(text=json.dumps(REPLIES["You plan"])),
        Answer(tool_calls=(("look_up", '{"product": "tea"}'),)),
        Answer(text=json.dumps(REPLIES["You write"])),
    ]
    async with ChatServer(answers) as server:
        hosted = model("hosted", "openai", options={"model": "tiny", "base_url": server.url})
        team = Project(
            name="shop", root=tmp_path, agents=[planner, clerk, writer], built_tools=[look_up], models=[hosted]
        )
        async with Runtime(team) as runtime:
            assert (await runtime.run("worth?")).status == "succeeded"


async def test_a_model_built_in_python_is_not_taken_for_a_local_one(tmp_path):
    team = project(tmp_path)
    async with Runtime(team) as runtime:
        secret = Label(confidentiality=Confidentiality.SECRET)
        run = await runtime.run(Task(goal="What is the tea in stock worth?", label=secret))
    assert run.status == "denied"
    assert "secrets-stay-on-this-machine" in run.reason
    assert team.built_models["m"][1].requests == []


def test_what_does_not_fit_together_is_told_before_anything_runs(tmp_path):
    with pytest.raises(ConfigError) as caught:
        Project(name="shop", root=tmp_path, agents=[planner, clerk, writer], built_models=[scripted()])
    assert "clerk" in str(caught.value)
    assert "look_up" in str(caught.value)


async def test_a_runtime_that_is_not_open_says_so(tmp_path):
    with pytest.raises(RuntimeError, match="async with"):
        await Runtime(project(tmp_path)).start("x")


async def test_late_and_second_watchers_see_the_whole_run(tmp_path):
    async with Runtime(project(tmp_path)) as runtime:
        handle = await runtime.start("x")
        early = [event async for event in handle.events()]
        late = [event async for event in handle.events()]
        assert early == late
        assert [event.sequence for event in early] == list(range(1, len(early) + 1))
        recorded = await runtime.journal.read(handle.id)
    assert list(recorded) == early


class Sleepy(ScriptedModel):
    """Never answers."""

    async def complete(self, request, on_text=None):
        await asyncio.sleep(3600)


async def test_a_run_that_is_cancelled_ends_so_for_everyone(tmp_path):
    async with Runtime(project(tmp_path, (scripted()[0], Sleepy([])))) as runtime:
        handle = await runtime.start("x")
        watched = asyncio.create_task(_kinds(handle))
        waiting = asyncio.create_task(handle.result())
        await asyncio.sleep(0.05)
        assert (await handle.cancel()).status == "cancelled"
        assert (await watched)[-1] == "run_finished"
        assert (await waiting).status == "cancelled"
        assert (await handle.result()).status == "cancelled"
        assert (await handle.cancel()).status == "cancelled"


async def test_a_run_that_is_cancelled_at_once_is_recorded_all_the_same(tmp_path):
    async with Runtime(project(tmp_path, (scripted()[0], Sleepy([])))) as runtime:
        handle = await runtime.start("x")
        run = await handle.cancel()
        assert run.status == "cancelled"
        kinds = await asyncio.wait_for(_kinds(handle), 5)
    assert (kinds[0], kinds[-1]) == ("run_started", "run_finished")


async def test_a_run_that_was_left_at_once_goes_on_when_the_project_is_opened_again(tmp_path):
    async with Runtime(project(tmp_path)) as runtime:
        handle = await runtime.start("x")
    async with Runtime(project(tmp_path)) as runtime:
        run = await runtime.wait(handle.id)
    assert (run.status, run.epoch) == ("succeeded", 1)


@pytest.mark.parametrize("turns", range(12))
async def test_starting_a_run_may_be_cancelled_at_any_turn(tmp_path, turns):
    async with Runtime(project(tmp_path, (scripted()[0], Sleepy([])))) as runtime:
        starting = asyncio.create_task(runtime.run("x"))
        for _ in range(turns):
            await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
    async with Runtime(project(tmp_path)) as runtime:
        assert {summary.status for summary in await runtime.journal.list()} <= {"cancelled"}


async def given_up_once_it_is_recorded(runtime, work):
    """Do something, and cancel it when its run is in the store."""
    doing = asyncio.create_task(work)
    async with asyncio.timeout(20):
        while not await runtime.journal.list():  # noqa: ASYNC110  # of what another task writes, no event tells
            await asyncio.sleep(0.005)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing


async def test_a_dry_run_that_is_cancelled_is_recorded(tmp_path):
    async with Runtime(project(tmp_path, (scripted()[0], Sleepy([])))) as runtime:
        await given_up_once_it_is_recorded(runtime, runtime.dry_run("x"))
        assert [summary.status for summary in await runtime.journal.list()] == ["cancelled"]


async def test_giving_up_on_a_run_cancels_it(tmp_path):
    async with Runtime(project(tmp_path, (scripted()[0], Sleepy([])))) as runtime:
        await given_up_once_it_is_recorded(runtime, runtime.run("x"))
        [summary] = await runtime.journal.list()
        assert summary.status == "cancelled"


async def _kinds(handle):
    return [event.fact.kind async for event in handle.events()]


@pytest.mark.parametrize("prices", [(1, 2), (1000, 5000)])
@pytest.mark.parametrize("limit", [{"calls": 7}, {"tokens": 300}, {"usd": "0.0004"}])
async def test_a_budget_holds_however_many_steps_run_at_once(tmp_path, limit, prices):
    def script(request):
        if request.messages[0].content.startswith("You plan"):
            return {"steps": [{"agent": "clerk", "task": f"look {number}"} for number in range(30)]}
        return say(request)

    costly = scripted(script, price=Price(input=Decimal(prices[0]), output=Decimal(prices[1])))
    budget = Budget(**{name: Decimal(value) if name == "usd" else value for name, value in limit.items()})
    wide = RunLimits(parallel_steps=30, max_steps=40, max_depth=40, replans=0)
    async with Runtime(project(tmp_path, costly, limits=wide)) as runtime:
        run = await runtime.run("x", budget=budget)
    assert run.status == "over_budget"
    assert run.used.calls <= (budget.calls or run.used.calls)
    assert run.used.tokens <= (budget.tokens or run.used.tokens)
    assert run.used.usd <= (budget.usd or run.used.usd)
    assert min(run.used.calls, run.used.tokens, run.used.usd) >= 0


async def test_a_synchronous_tool_does_not_stop_the_others(tmp_path):
    @tool(safety="read")
    def look_up(product: str) -> str:
        """Look slowly."""
        time.sleep(0.4)
        return product

    team = Project(
        name="shop", root=tmp_path, agents=[planner, clerk, writer], built_tools=[look_up], built_models=[scripted()]
    )
    longest = 0.0

    async def beat():
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - before)

    async with Runtime(team) as runtime:
        await runtime.run("warm up")
        beating = asyncio.create_task(beat())
        started = time.monotonic()
        await asyncio.gather(*(runtime.run("x") for _ in range(4)))
        assert time.monotonic() - started < 1.4
        beating.cancel()
    assert longest < 0.25


async def test_a_whole_run_is_replayed_from_a_cassette(tmp_path):
    tape = tmp_path / "run.json"
    profile, answering = scripted()
    runs = []
    for mode, real in (("record", answering), ("replay", None)):
        played = CassetteModel(tape, mode=mode, model=real)
        async with Runtime(project(tmp_path / mode, (profile, played))) as runtime:
            runs.append(await runtime.run("What is the tea worth?"))
    assert [run.status for run in runs] == ["succeeded"] * 2
    assert runs[0].answer == runs[1].answer
    assert runs[0].used == runs[1].used
    async with Runtime(project(tmp_path / "other", (profile, CassetteModel(tape)))) as runtime:
        run = await runtime.run("Something else?")
    assert run.status == "failed"
    assert "no recording of this request" in run.reason


async def test_a_schema_holds_together_with_tools_over_the_wire(tmp_path):
    @agent(role="worker", tools=[look_up], uses="earlier", verify=["schema"])
    def answerer() -> Worth:
        """You answer."""

    def answer(received):
        system = received.body["messages"][0]["content"]
        if system.startswith("You plan"):
            return Answer(text='{"steps": [{"agent": "clerk", "task": "x"}]}')
        if system.startswith("You look up"):
            return Answer(tool_calls=(("look_up", '{"product": "tea"}'),))
        asked.append(received.body)
        if received.body["messages"][-1]["role"] == "user" and len(asked) == 1:
            return Answer(tool_calls=(("look_up", '{"product": "tea"}'),))
        return Answer(text='{"answer": "six"}' if len(asked) == 2 else '{"answer": "six", "usd": 6}')

    asked = []
    async with ChatServer(answer) as server:
        team = Project(
            name="shop",
            root=tmp_path,
            agents=[planner, clerk, answerer],
            built_tools=[look_up],
            models=[model("m", "openai", options={"model": "tiny", "base_url": server.url})],
        )
        async with Runtime(team) as runtime:
            run = await runtime.run("x")
    assert (run.status, run.answer) == ("succeeded", {"answer": "six", "usd": 6})
    assert all(body["response_format"]["type"] == "json_schema" for body in asked)
    assert asked[0]["tools"][0]["function"]["name"] == "look_up"
    assert asked[1]["messages"][-1]["role"] == "tool"
    assert "usd" in asked[2]["messages"][-1]["content"]


async def test_what_a_task_is_labelled_with_reaches_the_answer(tmp_path):
    async with Runtime(project(tmp_path)) as runtime:
        secret = Label(sources=frozenset({"user"}), confidentiality=Confidentiality.PERSONAL)
        handle = await runtime.start(Task(goal="x", label=secret))
        run = await handle.result()
    assert run.steps["answer"].label.confidentiality is Confidentiality.PERSONAL

"""`agentcore cache`, and what the command line says of what a run saved."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from support.desk import BOSS, FINDER, WRITER, engine, plan, profile

from agentcore.app.store import sqlite_store
from agentcore.domain.ids import RunId
from agentcore.domain.task import Task
from agentcore.engine.response_caching import Caching
from agentcore.routing.profile import Price
from agentcore.testing.fake_clock import FakeClock
from agentcore.testing.scripted import ModelReply, ScriptedModel

FILE = "# yaml-language-server: $schema=schemas/project.schema.json\n"
LONG = "\n".join(f"line {number} of a letter" for number in range(2000))


def reply(request):
    system = request.messages[0].content
    if system.startswith("Plan."):
        return plan("finder")
    if system.startswith("Find."):
        return ModelReply(text=LONG, input_tokens=1000, output_tokens=10, cached_tokens=800)
    return "A letter."


def record(*runs):
    async def go():
        store = sqlite_store(Path("store/journal.sqlite"))
        price = Price(input=Decimal(10), output=Decimal(10), cached_input=Decimal(1))
        models = [(replace(profile("m"), price=price, context_tokens=4000), ScriptedModel(reply))]
        async with engine(
            models,
            agents=(BOSS, FINDER, replace(FINDER, name="adder"), WRITER),
            journal=store.journal,
            clock=FakeClock(auto=True, start=1_700_000_000.0),
            caching=Caching(replies=store.responses, mode="exact"),
        ) as running:
            for id, tenant, user in runs:
                task = Task(goal="read the letter", tenant=tenant, principal=user)
                assert (await (await running.start(task, id=RunId(id))).result()).status == "succeeded"
        await store.aclose()

    asyncio.run(go())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "agentcore.yaml").write_text(f"{FILE}store: store/journal.sqlite\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    record(("a", "acme", "ann"), ("b", "acme", "bob"), ("c", "other", "ann"))
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_stats_are_by_tenant(agentcore):
    shown = agentcore("cache", "stats")
    assert (shown.exit_code, shown.stdout.splitlines()[1].split()[:3]) == (0, ["acme", "3", "3"])
    acme, other = json.loads(agentcore("cache", "stats", "--json").stdout)
    assert {**acme, "bytes": 0} == {
        "tenant": "acme",
        "entries": 3,
        "expired": 3,  # the runs were in 2023
        "oldest_at": 1_700_000_000.0,
        "bytes": 0,
    }
    assert (other["tenant"], other["entries"]) == ("other", 3)


@pytest.mark.usefixtures("folder")
def test_replies_are_deleted_and_models_asked_again(agentcore):
    asked = agentcore("cache", "clear", "--tenant", "acme", "--user", "ann")
    assert asked.exit_code != 0
    assert "Delete the replies of tenant acme of user ann?" in asked.stderr
    assert agentcore("cache", "clear", "--tenant", "acme", "--yes").stdout == "deleted 3 replies\n"
    assert agentcore("cache", "clear", "--user", "ann", "--yes").stdout == "deleted 3 replies\n"
    assert agentcore("cache", "clear", "--yes").stdout == "deleted no replies\n"
    assert agentcore("cache", "stats").stdout == "no reply is kept\n"


@pytest.mark.usefixtures("folder")
def test_a_run_tells_what_it_was_spared(agentcore):
    saved = json.loads(agentcore("trace", "a", "--json").stdout)["saved"]
    assert saved["prompt_cache"] == {"tokens": 800, "usd": 0.0072}
    assert saved["exact"]["replies"] == 0
    assert saved["trimmed"]["requests"] == 1
    assert saved["usd"] == 0.0072
    again = json.loads(agentcore("runs", "show", "b", "--json").stdout)["saved"]
    assert (again["exact"]["replies"], again["exact"]["used"]["calls"]) == (3, 3)
    assert again["usd"] == again["exact"]["used"]["usd"] > 0
    tree = agentcore("trace", "a").stdout
    assert "saved 800 input tokens by the provider's cache, $0.0072 off;" in tree
    assert "tokens left out of 1 request" in tree
    assert "saved 3 calls, " in agentcore("trace", "b").stdout
    step = agentcore("trace", "b", "--step", "finder").stdout
    assert "the reply to the same call, 1/finder/1/finder/model.1 of run a; saved 1,010 tokens, $0.0029" in step
    answer = agentcore("trace", "a", "--step", "answer").stdout
    assert "to fit 3,488" in answer
    assert "message 2: a part of finder" in answer

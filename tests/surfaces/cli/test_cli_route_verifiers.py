# ruff: noqa: E501  # lines stand as people read them
from __future__ import annotations

import asyncio
import json
import random

import pytest
from click.testing import CliRunner
from inline_snapshot import snapshot
from support.votes import recorded, said

from agentcore.app import open_store
from agentcore.surfaces.cli.main import cli

PROJECT = "models: { m: { provider: llama, options: { model: smollm2-135m-instruct } } }\n"


@pytest.fixture
def verifiers(tmp_path, monkeypatch):
    """Put runs into the store of a project, and return what the command says of them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agentcore.yaml").write_text(PROJECT, encoding="utf-8")

    async def put(runs):
        store = open_store(tmp_path)
        try:
            for events in runs:
                await store.journal.append(events, durable=True)
        finally:
            await store.aclose()

    def call(*options, runs=()):
        asyncio.run(put(runs))
        done = CliRunner().invoke(cli, ["route", "verifiers", *options], env={"COLUMNS": "160"})
        assert done.exit_code == 0, done.output
        return done.stdout

    return call


def runs(outputs=40):
    chance = random.Random(3)  # noqa: S311  no secret
    found = []
    for number in range(outputs):
        right = chance.random() < 0.6
        votes = [
            said("check:schema", True),
            said("agent:good", right if chance.random() < 0.95 else not right),
            said("agent:fair", right if chance.random() < 0.8 else not right),
            said("agent:other", right if chance.random() < 0.85 else not right),
            said("agent:always", True),
        ]
        found.append(recorded(f"r{number:02}", votes, accepted=right))
    return found


def test_what_votes_have_been_worth(verifiers):
    lines = verifiers(runs=runs()).splitlines()
    assert [line.rstrip() for line in lines[:12]] == snapshot(
        [
            "40 outputs judged by agents, 0 of them by people, 55 % of them right by estimate",
            "verifier      votes  accepts  abstains       agrees  accepts right  rejects wrong  weight",
            "agent:always     40    100 %         0  48 % of 120  96 % (85-100)    10 % (0-18)    0.12",
            "agent:fair       40     38 %         0  59 % of 120   64 % (42-79)   89 % (73-99)    1.19",
            "agent:good       40     60 %         0  71 % of 120  94 % (82-100)   85 % (66-96)    2.15",
            "agent:other      40     45 %         0  64 % of 120   76 % (55-89)   90 % (73-99)    1.57",
            "check:schema     40    100 %         0",
            "warning: agent:always accepted 40 of 40 (92.8 % at least, with 95 % confidence), 30 that others rejected among them: its vote tells nothing",
            "as a panel: [{agent: fair, weight: 1.19}, {agent: good, weight: 2.15}, {agent: other, weight: 1.57}]",
            "30 to look at, where verifiers disagree:",
            "  r12 s1 attempt 1: good accepts, fair accepts, other rejects, always accepts; accepted",
            "  r13 s1 attempt 1: good accepts, fair rejects, other rejects, always accepts; rejected",
        ]
    )
    assert [line for line in lines if line.startswith("  r")][:2] == snapshot(
        [
            "  r12 s1 attempt 1: good accepts, fair accepts, other rejects, always accepts; accepted",
            "  r13 s1 attempt 1: good accepts, fair rejects, other rejects, always accepts; rejected",
        ]
    )


def test_the_same_as_json(verifiers):
    found = json.loads(verifiers("--json", runs=runs()))
    assert (found["outputs"], found["reviewed"]) == (40, 0)
    by_name = {each["verifier"]: each for each in found["verifiers"]}
    assert by_name["agent:always"]["accepted"] == 40
    assert "tells nothing" in by_name["agent:always"]["warnings"][0]
    assert by_name["agent:good"]["weight"] > by_name["agent:always"]["weight"]
    assert "weight" not in by_name["check:schema"]
    first = found["disagreements"][0]
    assert first.keys() == {"run", "step", "attempt", "agent", "model", "votes", "accepted", "truth"}
    assert set(first["votes"].values()) == {True, False}


def test_only_the_votes_about_one_agent(verifiers):
    assert json.loads(verifiers("--json", "--agent", "nobody", runs=runs(3)))["verifiers"] == []
    assert len(json.loads(verifiers("--json", "--agent", "writer"))["verifiers"]) == 5


def test_without_votes_it_says_how_to_get_some(verifiers):
    assert verifiers() == snapshot("no votes yet: give agents `verify.checks` or a `verify.panel`, and run them\n")

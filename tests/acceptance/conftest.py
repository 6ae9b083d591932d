"""The project that `agentcore init` writes, its model a server on this machine, as a newcomer would set it up."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.serving import serving

from agentcore.surfaces.cli.main import cli
from agentcore.testing.loopback import Answer

AGENTCORE = Path(sys.executable).parent / "agentcore"

AGENTS = {
    "You plan work": "planner",
    "You look up one product": "clerk",
    "You write the arithmetic": "calculator",
    "You answer the question": "writer",
    **{f"You judge as number {number}": f"critic{number}" for number in range(3)},
}

HOSTED = """\
models:
  local:
    provider: openai
    price: { input_usd_per_million: "1", output_usd_per_million: "2", as_of: 2026-11-01, source: a test }
    options: { model: tiny, base_url: "${MODEL_URL}" }
"""


class Script:
    """What the model answers each agent. calls: agents in the order in which they asked."""

    def __init__(self):
        steps = [{"agent": "clerk", "task": "price and stock"}, {"agent": "calculator", "task": "worth of the stock"}]
        self.answers = {
            "planner": Answer(text=json.dumps({"steps": steps})),
            "clerk": Answer(tool_calls=(("price_list", '{"product": "assam"}'),)),
            "calculator": Answer(tool_calls=(("calculator", '{"expression": "usd_per_box * boxes_in_stock"}'),)),
            "writer": Answer(text='{"answer": "The stock is worth 768.00."}'),
        }
        self.calls = []
        self.received = []

    def __call__(self, received):
        system = str(received.body["messages"][0]["content"])
        agent = next(name for start, name in AGENTS.items() if system.startswith(start))
        self.calls.append(agent)
        self.received.append(received)
        answer = self.answers[agent]
        return answer(received) if callable(answer) else answer


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def server(script):
    """Yield the server's address; it runs in a thread of its own."""
    with serving(script) as url:
        yield url


@pytest.fixture
def agentcore():
    """Run a command line in this process; the result has exit_code, stdout, stderr and output."""

    def call(*arguments):
        done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert "Traceback" not in done.output
        return done

    return call


@pytest.fixture
def process():
    """Run a command line as a process of its own."""

    def call(*arguments, **environment):
        return subprocess.run(
            [AGENTCORE, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
            env={**os.environ, **environment},
        )

    return call


def hosted(folder):
    """Replace the models of the starter project by one at the address in MODEL_URL."""
    file = folder / "agentcore.yaml"
    text, changed = re.subn(r"models:\n(?: +.*\n)+", HOSTED, file.read_text(encoding="utf-8"), count=1)
    assert changed == 1
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def shop(tmp_path, monkeypatch, agentcore, server):
    """Make the starter project in a folder, and make that the current one."""
    folder = tmp_path / "shop"
    assert agentcore("init", folder).exit_code == 0
    hosted(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MODEL_URL", server)
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("FORCE_COLOR", "CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def edit(shop):
    """Replace a text in a file of the project."""

    def replace(file, before, after):
        path = shop / file
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after, 1), encoding="utf-8")

    return replace


@pytest.fixture
def latest(agentcore, shop):
    """Read the newest run in every way that there is, check that the journal is whole, and return the run as JSON."""

    def read():
        shown = agentcore("runs", "show", "latest", "--json")
        assert shown.exit_code == 0, shown.output
        for words in (
            ("runs", "list"),
            ("runs", "list", "--json"),
            ("runs", "show", "latest"),
            ("trace", "latest"),
            ("trace", "latest", "--json"),
            ("graph", "latest"),
            ("graph", "latest", "--format", "mermaid"),
        ):
            done = agentcore(*words)
            assert (done.exit_code, done.stderr) == (0, ""), (words, done.output)
        begun = {step["id"] for step in json.loads(agentcore("trace", "latest", "--json").stdout)["steps"]}
        plan = agentcore("trace", "latest", "--step", "plan")
        assert plan.exit_code == (0 if "plan" in begun else 2), plan.output
        with sqlite3.connect(shop / ".agentcore" / "journal.sqlite") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        return json.loads(shown.stdout)

    return read

"""A small project on disk whose models are a server on this machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner
from support.bank import write_bank
from support.serving import serving

from agentcore.surfaces.cli.main import cli
from agentcore.testing.loopback import Answer

AGENTCORE = Path(sys.executable).parent / "agentcore"

FILES = {
    "agentcore.yaml": """
        name: desk
        models:
          local:
            provider: openai
            quality: 0.5
            latency_seconds: 1
            price: {{ input_usd_per_million: "1", output_usd_per_million: "2", as_of: 2999-01-01 }} # never too old
            options: {{ model: tiny, base_url: "{url}" }}
        tools:
          handbook: {{ provider: documents, options: {{ path: handbook }} }}
          orders: {{ provider: sql, options: {{ tables: {{ orders: orders.csv }} }} }}
          calculate: {{ provider: calculator }}
        team:
          supervisor: planner
          workers: [researcher, analyst, calculator]
          answer: writer
        """,
    "agents/planner.yaml": """
        name: planner
        role: supervisor
        instructions: You plan.
        """,
    "agents/researcher.yaml": """
        name: researcher
        description: looks things up
        instructions: You research.
        uses: none
        tools: [handbook]
        tool_use: first
        output:
          type: object
          properties: {{ passage: {{ type: string }}, quote: {{ type: string }} }}
          required: [passage, quote]
        verify: {{ checks: [{{ quotes: {{ source_field: passage, min: 1 }} }}] }}
        limits: {{ attempts: 2, escalations: 0 }}
        """,
    "agents/analyst.yaml": """
        name: analyst
        description: queries the orders
        instructions: You query.
        uses: none
        tools: [orders]
        tool_use: output
        verify: {{ checks: [rows] }}
        limits: {{ attempts: 2, escalations: 0 }}
        """,
    "agents/calculator.yaml": """
        name: calculator
        description: calculates
        instructions: You calculate.
        uses: earlier
        tools: [calculate]
        tool_use: output
        limits: {{ attempts: 1, escalations: 0 }}
        """,
    "agents/writer.yaml": """
        name: writer
        instructions: You write.
        uses: earlier
        output:
          type: object
          properties: {{ answer: {{ type: string }}, sources: {{ type: array, items: {{ type: string }} }} }}
          required: [answer, sources]
        verify: {{ checks: [numbers] }}
        limits: {{ attempts: 1, escalations: 0 }}
        """,
    "scenarios/price.yaml": """
        name: price
        goal: What should {{{{customer}}}} pay?
        inputs:
          customer: {{ default: Acme }}
        cases:
          - name: known customer
            inputs: {{ customer: Acme }}
            expect: {{ contains: ["6652.80"], not_contains: [sorry] }}
          - name: unknown customer
            inputs: {{ customer: Nobody }}
            expect: {{ status: refused }}
        """,
    "handbook/pricing.md": """
        # Pricing

        ## Volume discounts
        An order of 25 or more units earns a volume discount of 12 % on the whole order.

        ## Delivery
        Delivery is free.
        """,
    "orders.csv": """
        customer,product,quantity,unit_price
        Acme,Falcon router,40,189.00
        Globex,Kestrel switch,12,245.50
        """,
}


class Script:
    """What the model answers each agent; a test changes what it is about."""

    def __init__(self) -> None:
        self.answers = {
            "You plan.": self.plan,
            "You research.": Answer(
                text=json.dumps(
                    {
                        "passage": "pricing.md#volume-discounts",
                        "quote": "An order of 25 or more units earns a volume discount of 12 % on the whole order.",
                    }
                )
            ),
            "You query.": self.query,
            "You calculate.": Answer(tool_calls=(("calculate", json.dumps({"expression": "amount * (1 - 12%)"})),)),
            "You write.": Answer(
                text=json.dumps({"answer": "It is 6652.80.", "sources": ["researcher", "analyst", "calculator"]})
            ),
        }

    @staticmethod
    def plan(prompt: str) -> Answer:
        customer = "Nobody" if "Nobody" in prompt else "Acme"
        tasks = {"researcher": "the discount", "analyst": f"amount of {customer}", "calculator": "price"}
        listed = [{"agent": agent, "task": task} for agent, task in tasks.items()]
        return Answer(text=json.dumps({"steps": listed}))

    @staticmethod
    def query(prompt: str) -> Answer:
        customer = "Nobody" if "Nobody" in prompt else "Acme"
        query = f"SELECT quantity * unit_price AS amount FROM orders WHERE customer = '{customer}'"  # noqa: S608
        return Answer(tool_calls=(("orders", json.dumps({"query": query})),))

    def __call__(self, received) -> Answer:
        messages = received.body["messages"]
        prompt = "\n".join(str(message.get("content")) for message in messages)
        for start, answer in self.answers.items():
            if prompt.startswith(start):
                return answer(prompt) if callable(answer) else answer
        raise AssertionError(f"nobody answers: {prompt}")


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def server(script):
    """Yield the address of the model's server, which runs in a thread of its own."""
    with serving(script) as url:
        yield url


@pytest.fixture
def desk(tmp_path, monkeypatch, server):
    """Write the project into the current folder."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        filled = text if name.startswith("handbook") or name.endswith(".csv") else text.format(url=server)
        path.write_text(dedent(filled).lstrip(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("FORCE_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def agentcore():
    """Run a command line in this process; the result has exit_code, stdout and stderr."""

    def call(*arguments):
        done = CliRunner().invoke(cli, [str(argument) for argument in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return call


VOLATILE = (
    (re.compile(r"\b1[0-9a-z]{15}\b"), "1run000000000000"),
    (re.compile(r"\b[0-9]+\.[0-9]+ s\b"), "0.0 s"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "2026-11-01 12:00:00"),
    (re.compile(r"utility [0-9.]+"), "utility 0.500"),
    (re.compile(r" +$", re.MULTILINE), ""),
)


@pytest.fixture
def steady():
    """Return output with what differs from run to run held still."""

    def hold(text: str) -> str:
        for pattern, instead in VOLATILE:
            text = pattern.sub(instead, text)
        return "".join(line if len(line) < 100 else f"{line[:98]}…\n" for line in text.splitlines(keepends=True))

    return hold


@pytest.fixture
def bank(tmp_path, monkeypatch):
    """Write a project whose runs pay into a new current folder: `bank(script, safety=…, approval=…)`."""
    with ExitStack() as stack:

        def write(script, **settings):
            write_bank(tmp_path, stack.enter_context(serving(script)), **settings)
            return tmp_path

        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "120")
        monkeypatch.setenv("AGENTCORE_ACTOR", "ann")
        for name in ("FORCE_COLOR", "CI"):
            monkeypatch.delenv(name, raising=False)
        yield write


@pytest.fixture
def spawn(tmp_path):
    """Start a command line as a process of its own; all end with the test."""
    started = []

    def start(*arguments):
        process = subprocess.Popen([AGENTCORE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    (tmp_path / "hold").unlink(missing_ok=True)
    for process in started:
        process.kill()
        process.communicate()
